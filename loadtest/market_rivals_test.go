package loadtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"pgregory.net/rapid"

	"bidwell/ad"
)

// TestRivalDistributions compares the moments of what is drawn with those of the
// distributions that are asked for.
func TestRivalDistributions(t *testing.T) {
	for _, sigma := range []float64{0.3, 0.7, 1} {
		for _, isGamma := range []bool{false, true} {
			r := Rivals{Median: 2, Sigma: sigma, Gamma: isGamma}
			rnd := rand.New(rand.NewPCG(1, 2))
			const n = 400_000
			sum, squares := 0.0, 0.0
			for range n {
				x := r.draw(r.Median, rnd)
				if !(x > 0) {
					t.Fatalf("a bid of %v", x)
				}
				sum += x
				squares += x * x
			}
			mean, wantMean := sum/n, 2*math.Exp(sigma*sigma/2)
			variance, wantVariance := squares/n-mean*mean, wantMean*wantMean*math.Expm1(sigma*sigma)
			if math.Abs(mean/wantMean-1) > 0.02 || math.Abs(variance/wantVariance-1) > 0.1 {
				t.Errorf("sigma %v, gamma %v: mean %v, variance %v; want %v, %v", sigma, isGamma, mean, variance, wantMean, wantVariance)
			}
		}
	}
}

// TestSegmentsDiffer checks that there is something to learn: medians differ by
// format and category as much as was asked for, and stay the same.
func TestSegmentsDiffer(t *testing.T) {
	r := Rivals{Most: 1, Median: 2, Spread: 0.5, Seed: 9}
	seen := map[float64]bool{}
	sum := 0.0
	one := uint64(0) // a seed that gives one rival, not none
	for rand.New(rand.NewPCG(0, one)).IntN(2) == 0 {
		one++
	}
	for i := range 200 {
		bid := func() float64 {
			return r.best("banner", "300x250", fmt.Sprint("IAB", i), 0, rand.New(rand.NewPCG(0, one)))
		}
		a, b := bid(), bid()
		if a != b || a == 0 {
			t.Fatalf("segment %d: rivals bid %v, then %v", i, a, b)
		}
		seen[a] = true
		sum += math.Pow(math.Log(a/2), 2)
	}
	if sigma := math.Sqrt(sum / 200); len(seen) < 200 || math.Abs(sigma-0.5) > 0.07 {
		t.Errorf("%d different medians of 200, sigma %v; want all different, 0.5", len(seen), sigma)
	}
}

func TestReadPrices(t *testing.T) {
	p, err := ReadPrices(strings.NewReader(`segment,quantile,cpm
# nobody bids in two of ten auctions
*/*,0.2,0
*/*,1,4
video/*,0,10
video/*,0.5,20
*/IAB12,0.5,3
video/IAB12,0.5,77
`))
	if err != nil {
		t.Fatal(err)
	}
	f := func(format, category string, share, want float64) {
		t.Helper()
		if got := p.of(format, category).at(share); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s/%s at %v: %v, want %v", format, category, share, got, want)
		}
	}
	f("300x250", "IAB1", 0, 0)
	f("300x250", "IAB1", 0.2, 0)
	f("300x250", "IAB1", 0.6, 2)
	f("300x250", "IAB1", 1, 4)
	f("300x250", "IAB12", 0.1, 3)
	f("video", "IAB1", 0.25, 15)
	f("video", "IAB1", 0.9, 20)
	f("video", "IAB12", 0.9, 77)
	r := Rivals{Prices: p}
	if got := r.best("video", "video", "IAB12", 78, rand.New(rand.NewPCG(1, 1))); got != 0 {
		t.Errorf("a rival below the floor bids %v", got)
	}
	bad := func(text, want string) {
		t.Helper()
		if _, err := ReadPrices(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	const head = "segment,quantile,cpm\n"
	bad("", "begin with the line")
	bad("a,b,c\n", "begin with the line")
	bad(head, "no row of the segment */*")
	bad(head+"*/*,0.5\n", "wrong number of fields")
	bad(head+"video,0.5,1\n", "line 2: \"video\" is no segment")
	bad(head+"*/*,1.5,1\n", "no number from 0 to 1")
	bad(head+"*/*,NaN,1\n", "no number from 0 to 1")
	bad(head+"*/*,0.5,-1\n", "no CPM")
	bad(head+"*/*,0.5,1\n*/*,0.5,2\n", "there twice")
	bad(head+"*/*,0.5,2\n*/*,0.9,1\n", "less than")
}

// TestHistogramsSurviveJSON checks that a histogram read from a file is the one
// that was written.
func TestHistogramsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h, got Histogram
		for _, d := range rapid.SliceOf(rapid.Int64()).Draw(t, "durations") {
			h.Add(time.Duration(d))
		}
		b, err := h.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := got.UnmarshalJSON(b); err != nil || got != h {
			t.Fatalf("%v: %s", err, b)
		}
	})
}

func TestValues(t *testing.T) {
	values, err := ParseValues([]string{"a=2/thousand", "b=0.5/click", "*=10/conversion"})
	if err != nil {
		t.Fatal(err)
	}
	r := Response{View: 0.5, Click: 0.1, Complete: 0.4, ClickConversion: 0.2, ViewConversion: 0.01}
	for campaign, want := range map[string]float64{"a": 0.002, "b": 0.025, "other": 10 * (0.01 + 0.0045)} {
		if got, ok := values.of(campaign, &r); !ok || math.Abs(got.Units()-want) > 1e-8 {
			t.Errorf("%s is worth %v, want %v", campaign, got, want)
		}
	}
	if _, ok := (Values{"a": {}}).of("b", &r); ok {
		t.Error("a value that was not given is known")
	}
	for _, s := range []string{"", "a", "a=1", "a=x/click", "a=-1/click", "a=NaN/click", "a=1/smile"} {
		if _, err := ParseValues([]string{s}); err == nil || !strings.Contains(err.Error(), "such as roadster=0.40/click") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// TestSurplus checks that no price gains more than the oracle, that the least price
// that wins gains just as much, and that a loss gains nothing.
func TestSurplus(t *testing.T) {
	values := Values{"a": {Amount: 3_000_000, Event: "thousand"}} // 3 per thousand
	imp := openrtb2.Imp{ID: "1", Banner: &openrtb2.Banner{}, BidFloor: 0.5, BidFloorCur: "EUR"}
	a := auctioneer{rates: ad.NewRates(ad.EUR, nil), rivals: Rivals{Most: 3, Median: 2, Sigma: 0.8}}
	bid := func(request string, price float64) verdict {
		req := &openrtb2.BidRequest{ID: request, AT: 1, Cur: []string{"EUR"}, Imp: []openrtb2.Imp{imp}}
		resp := &openrtb2.BidResponse{ID: request, Cur: "EUR", SeatBid: []openrtb2.SeatBid{{Bid: []openrtb2.Bid{
			{ID: "b", ImpID: "1", Price: price, AdM: "x", CID: "a", CrID: "c", ADomain: []string{"a.example"}}}}}}
		v := a.clear(newOffer(req), resp)[0]
		v.shown = true
		return v
	}
	gained := 0
	rapid.Check(t, func(t *rapid.T) {
		request := rapid.StringN(1, 8, -1).Draw(t, "request")
		v := bid(request, rapid.Float64Range(0.01, 9).Draw(t, "price"))
		s := values.surplusOf(&v)
		if s.Gained > s.Oracle || !v.won && (s.Gained != 0 || s.Worth != 0) {
			t.Fatalf("won %v at %v where %v wins: %+v", v.won, v.clearing, v.minToWin, s)
		}
		best := bid(request, v.minToWin)
		if b := values.surplusOf(&best); best.minToWin != v.minToWin || !best.won || b.Oracle != s.Oracle || max(b.Gained, 0) != s.Oracle {
			t.Fatalf("at the least price %v: won %v, %+v; want %+v", v.minToWin, best.won, b, s)
		}
		gained += b2i(s.Oracle > 0)
	})
	if gained == 0 {
		t.Error("there was never anything to gain")
	}
	v := bid("r", 9)
	v.shown = false
	if s := values.surplusOf(&v); s != (Surplus{}) {
		t.Errorf("what is not shown gains %+v", s)
	}
}
