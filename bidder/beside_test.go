package bidder_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/ledger"
	"bidwell/loadtest"
)

// BenchmarkBidsBesideEvents bids at 1,000 requests a second while events are written to
// a ledger on disk, one by one, each acknowledged when it is synced, as notices are. It
// reports how long a bid takes from its bytes to those of the response, and from when it
// was due, which is also late where the processors are busy. An operation takes a
// millisecond: run it with -benchtime 10000x.
func BenchmarkBidsBesideEvents(b *testing.B) {
	for _, rate := range []int{0, 10_000, 20_000} {
		b.Run(fmt.Sprintf("%d a second", rate), func(b *testing.B) {
			population := loadtest.People{Seed: 5, N: 2000, Exchange: "example"}
			r := newRig(b, generatedPaced(20, 50, "even"), ndjson(b, population))
			disk, err := ledger.Open(ledger.Config{Dir: b.TempDir(), Lifetime: lifetime})
			if err != nil {
				b.Fatal(err)
			}
			defer closed(b, disk)
			r.Engine.Ledger = disk
			corpus := make([][]byte, 1024)
			for traffic, i := newTraffic(b, 17, population), 0; i < len(corpus); i++ {
				corpus[i] = traffic.Append(nil)
			}
			end := writeEvents(b, disk, rate)
			took, late := bidEveryMillisecond(b, r, corpus)
			written := end()
			for name, times := range map[string][]time.Duration{"took": took, "from-due": late} {
				slices.Sort(times)
				b.ReportMetric(micros(times[len(times)/2]), name+"-p50-µs")
				b.ReportMetric(micros(times[len(times)*99/100]), name+"-p99-µs")
				b.ReportMetric(micros(times[len(times)*999/1000]), name+"-p99.9-µs")
			}
			b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// bidEveryMillisecond answers b.N requests, and returns how long each took, and how long
// from when it was due.
func bidEveryMillisecond(b *testing.B, r *rig, corpus [][]byte) (took, late []time.Duration) {
	var sc bidder.Scratch
	var out []byte
	ex, s := r.exchange(b, "example"), r.Snapshot()
	b.ResetTimer()
	begun := time.Now()
	for i := range b.N {
		due := begun.Add(time.Duration(i) * time.Millisecond)
		time.Sleep(time.Until(due))
		start := time.Now()
		var err error
		if out, _, err = r.whole(&sc, out[:0], corpus[i%len(corpus)], ex, s); err != nil {
			b.Fatal(err)
		}
		done := time.Now()
		took, late = append(took, done.Sub(start)), append(late, done.Sub(due))
		release(r, &sc)
	}
	b.StopTimer()
	return took, late
}

// writeEvents appends events at a rate, each by somebody who waits until it is on disk,
// until the function that it returns is called, which says how many there were.
func writeEvents(b *testing.B, l *ledger.Ledger, rate int) (end func() uint64) {
	const each = 50 // events a second
	var stop atomic.Bool
	var next atomic.Uint64
	var wg sync.WaitGroup
	for w := range rate / each {
		wg.Go(func() {
			due := time.Now().Add(time.Duration(w) * time.Second / time.Duration(rate))
			for ; !stop.Load(); due = due.Add(time.Second / each) {
				time.Sleep(time.Until(due))
				n := next.Add(1)
				e := ad.Event{
					Kind: ad.EventBilling, Bid: ad.BidID{15: 1}, Time: monday.UnixMilli(), BidTime: monday.Unix(), Price: 2_500_000, Offer: 3_000_000,
					Exchange: ad.ID(n % 5), Advertiser: 1, Campaign: ad.ID(n % 100), Line: ad.ID(n % 300),
				}
				for i := range 8 {
					e.Bid[i] = byte(n >> (8 * i))
				}
				if why, err := l.Append(&e); why != ad.OK || err != nil {
					b.Error(why, err)
					return
				}
			}
		})
	}
	return func() uint64 {
		stop.Store(true)
		wg.Wait()
		return next.Load()
	}
}
