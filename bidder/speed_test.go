package bidder_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/loadtest"
	"bidwell/pricing"
)

// severalImps returns a request for n banners.
func severalImps(n int) []byte {
	body := []byte(`{"id":"several","imp":[`)
	for i := range n {
		body = fmt.Appendf(body, `{"id":"%d","banner":{"format":[{"w":300,"h":250},{"w":728,"h":90}]}},`, i)
	}
	return append(body[:len(body)-1], `],"site":{"domain":"news.example","page":"https://news.example/a\u00e4"},"cur":["EUR","USD"]}`...)
}

// whole decodes a request, decides on it and appends the response.
func (r *rig) whole(sc *bidder.Scratch, dst, body []byte, ex *campaign.Exchange, s *campaign.Snapshot) ([]byte, ad.Reason, error) {
	if err := sc.Req.Decode(body); err != nil {
		return dst, ad.Malformed, err
	}
	reason := r.Decide(sc, s, ex, monday, soon(), nil)
	if reason != ad.OK {
		return dst, reason, nil
	}
	return r.AppendResponse(dst, sc), ad.OK, nil
}

// TestNothingIsAllocated checks that from the bytes of a request to those of its
// response nothing is allocated, once everything has its size and the people are
// in the cache: for every medium, several impressions, deals, audiences, and
// requests that are not bid on.
func TestNothingIsAllocated(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	population := loadtest.People{Seed: 5, N: 100, Exchange: "example"}
	requests := append(exampleRequests(t), severalImps(2), severalImps(20), []byte(bannerRequest("none", `,"cur":["XTS"]`)))
	traffic := newTraffic(t, 13, population)
	for range 150 {
		requests = append(requests, traffic.Append(nil))
	}
	wide := sub(t, configs.Files(), "wide")
	for name, r := range map[string]*rig{
		"examples":              newRig(t, configs.Files(), ndjson(t, population)+string(read(t, configs.Files(), "people/automobile.ndjson"))),
		"wide":                  newRig(t, wide, ndjson(t, population)),
		"a thousand line items": newRig(t, generated(20, 50), ndjson(t, population)),
		"a thousand, paced":     pacedRig(t, ndjson(t, population)),
		"goals, learned":        learnedRig(t, population, "click"),
	} {
		t.Run(name, func(t *testing.T) {
			ex, s := r.exchange(t, "example"), r.Snapshot()
			var sc bidder.Scratch
			var out []byte
			media := map[openrtb2.MarkupType]int{}
			for range 3 { // to the steady state
				for _, body := range requests {
					var why ad.Reason
					if out, why, _ = r.whole(&sc, out[:0], body, ex, s); why == ad.OK {
						count(t, media, out)
					}
				}
			}
			for m := openrtb2.MarkupBanner; m <= openrtb2.MarkupNative; m++ {
				if media[m] == 0 {
					t.Errorf("no bid has markup of type %d: the test shows little", m)
				}
			}
			// The book grows with the reservations that are open: free them, so
			// that what is measured is the steady state.
			release(r, &sc)
			for _, body := range requests {
				if n := fewestAllocs(func() {
					var why ad.Reason
					out, why, _ = r.whole(&sc, out[:0], body, ex, s)
					if why == ad.OK {
						release(r, &sc)
					}
				}); n > 0 {
					t.Errorf("%v allocations for %.300s", n, body)
				}
			}
		})
	}
}

// pacedRig has a thousand line items whose campaigns are paced.
func pacedRig(tb testing.TB, people string) *rig {
	r := newRig(tb, generatedPaced(20, 50, "even"), people)
	r.paceAtRandom(rand.New(rand.NewPCG(1, 1)), monday)
	return r
}

// fewestAllocs returns how often f allocates. What goes on beside it, as in the
// cache, is counted with it now and then: that is not so every time.
func fewestAllocs(f func()) float64 {
	n := testing.AllocsPerRun(5, f)
	for try := 0; n > 0 && try < 10; try++ {
		n = min(n, testing.AllocsPerRun(5, f))
	}
	return n
}

func release(r *rig, sc *bidder.Scratch) {
	for i := range sc.Bids {
		r.Money.Release(sc.Bids[i].ID)
		r.Exposures.Drop(sc.Person.ID, sc.Bids[i].ID)
	}
}

func count(t *testing.T, media map[openrtb2.MarkupType]int, body []byte) {
	t.Helper()
	var resp openrtb2.BidResponse
	if err := json.Unmarshal(body, &resp); err != nil {
		t.Fatal(err)
	}
	for _, b := range resp.SeatBid[0].Bid {
		media[b.MType]++
	}
}

// benchmark prepares a bidder with line items in campaigns, ten audiences and
// people in memory, and a varied corpus of requests.
func benchmark(b *testing.B, files fs.FS, f func(r *rig, sc *bidder.Scratch, ex *campaign.Exchange, s *campaign.Snapshot, body []byte)) {
	population := loadtest.People{Seed: 5, N: 2000, Exchange: "example"}
	measure(b, newRig(b, files, ndjson(b, population)), population, f)
}

func measure(b *testing.B, r *rig, population loadtest.People, f func(r *rig, sc *bidder.Scratch, ex *campaign.Exchange, s *campaign.Snapshot, body []byte)) {
	traffic := newTraffic(b, 17, population)
	corpus := make([][]byte, 2048)
	size := 0
	var sc bidder.Scratch
	ex, s := r.exchange(b, "example"), r.Snapshot()
	bids := 0
	for i := range corpus {
		corpus[i] = traffic.Append(nil)
		size += len(corpus[i])
		if _, why, err := r.whole(&sc, nil, corpus[i], ex, s); err != nil {
			b.Fatal(err)
		} else if why == ad.OK {
			bids++
		}
		release(r, &sc)
	}
	b.SetBytes(int64(size / len(corpus)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f(r, &sc, ex, s, corpus[i%len(corpus)])
		release(r, &sc)
	}
	b.ReportMetric(float64(bids)/float64(len(corpus)), "bids/op")
}

// BenchmarkDecide decodes and decides; what a decision costs is the difference
// to the decoder's own benchmark.
func BenchmarkDecide(b *testing.B) {
	benchmark(b, generated(50, 20), func(r *rig, sc *bidder.Scratch, ex *campaign.Exchange, s *campaign.Snapshot, body []byte) {
		if err := sc.Req.Decode(body); err != nil {
			b.Fatal(err)
		}
		r.Decide(sc, s, ex, monday, soon(), nil)
	})
}

// BenchmarkGoals is BenchmarkWhole for campaigns that pay for clicks, with models that
// know something and with those that do not.
func BenchmarkGoals(b *testing.B) {
	population := loadtest.People{Seed: 5, N: 2000, Exchange: "example"}
	for _, learned := range []bool{false, true} {
		b.Run(fmt.Sprintf("1000/learned=%v", learned), func(b *testing.B) {
			r := newRig(b, generatedGoals(50, 20, "click"), ndjson(b, population))
			if learned {
				m := r.teach(b, population, 3000)
				r.Model = func() *pricing.Model { return m }
				r.Pace(monday)
			}
			var out []byte
			measure(b, r, population, func(r *rig, sc *bidder.Scratch, ex *campaign.Exchange, s *campaign.Snapshot, body []byte) {
				var err error
				if out, _, err = r.whole(sc, out[:0], body, ex, s); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkWhole goes from the bytes of a request to those of its response. It
// shows how that grows with the line items that there are: the index picks
// candidates, and the search ends where nothing can win. Those that are paced bid
// a twentieth of their price, as all do in the beginning: the most has to be
// looked at to find the best bid.
func BenchmarkWhole(b *testing.B) {
	for _, n := range [][2]int{{10, 10}, {50, 20}, {100, 100}, {500, 200}} {
		for _, curve := range []string{"asap", "even"} {
			b.Run(fmt.Sprint(n[0]*n[1], "/", curve), func(b *testing.B) {
				var out []byte
				benchmark(b, generatedPaced(n[0], n[1], curve), func(r *rig, sc *bidder.Scratch, ex *campaign.Exchange, s *campaign.Snapshot, body []byte) {
					var err error
					if out, _, err = r.whole(sc, out[:0], body, ex, s); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}
