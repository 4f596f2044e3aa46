package pricing

import (
	"math"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
)

// learned returns rates that have seen n auctions, and the chance they were made by.
func learned(n int, tell telling) (*Rates, *rand.Rand) {
	var r Rates
	chance := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		l := lot{}
		l.price, _ = ad.FromCPM(2 * math.Exp(0.8*chance.NormFloat64()))
		bid, _ := ad.FromCPM(3 * math.Exp(0.8*chance.NormFloat64()))
		o := Observation{Exchange: ad.ID(1 + i%2), Segment: SegmentOf(ad.Banner, 300, 250, []byte{byte(i % 7)}),
			Bid: bid, Won: bid >= l.price, Weight: 1, At: 1e18 + int64(i)*3e9}
		if tell(chance, l, &o); o.Weight > 0 {
			r.Observe(&o)
		}
	}
	return &r, chance
}

// TestShadeGainsMost compares with every bid.
func TestShadeGainsMost(t *testing.T) {
	r, chance := learned(5000, tellsPrices)
	c := r.Publish().Curve(1, 0)
	for range 300 {
		u, _ := ad.FromCPM(6 * chance.Float64())
		bid, win := c.Shade(u, 0)
		if bid > u || math.Abs(win-c.Win(bid)) > 2*leastStep {
			t.Fatalf("willing %d: bid %d with a chance of %g, the curve says %g", u, bid, win, c.Win(bid))
		}
		got := float64(u-bid) * win
		for f := 0.001; f < 1; f += 0.001 {
			if b := u.Mul(f); float64(u-b)*c.Win(b) > got+2*leastStep*float64(u) {
				t.Fatalf("willing %d: bid %d gains %g, %d gains %g", u, bid, got, b, float64(u-b)*c.Win(b))
			}
		}
	}
}

// TestShadeKeepsBounds bids between floor and willingness, whatever is known.
func TestShadeKeepsBounds(t *testing.T) {
	r, chance := learned(5000, tellsPrices)
	for _, c := range []*Curve{unknown, r.Publish().Curve(2, 0)} {
		for i := range 20_000 {
			u, least := ad.Money(chance.Int64N(8e6)), ad.Money(chance.Int64N(8e6))
			bid, win := c.Shade(u, least)
			if bid > u || bid < least && u > least || least >= u && bid != u {
				t.Fatalf("willing %d, at least %d: bid %d", u, least, bid)
			}
			if c.Known() && !(win >= 0 && win <= 1) {
				t.Fatalf("willing %d, at least %d: chance %g", u, least, win)
			}
			other, cost, ok := c.Explore(u, bid, least, uint64(i))
			if other > u || ok && other < least || !ok && other != bid || cost < 0 {
				t.Fatalf("willing %d, at least %d: tries %d at a cost of %d, %t", u, least, other, cost, ok)
			}
		}
	}
}

func TestExploreIsRare(t *testing.T) {
	r, _ := learned(5000, tellsPrices)
	c, n := r.Publish().Curve(1, 0), 0
	for seed := range uint64(100_000) {
		if _, _, ok := c.Explore(5e6, 2e6, 0, seed); ok {
			n++
		}
	}
	if n < 1300 || n > 1700 {
		t.Errorf("%d of 100,000 bids try another price, want 1.5 %%", n)
	}
}

func TestShadeKnowsNothing(t *testing.T) {
	var r Rates
	for _, m := range []*Market{nil, {}, r.Publish()} {
		c := m.Curve(1, 2)
		if bid, win := c.Shade(5, 1); bid != 5 || !math.IsNaN(win) || c.Known() {
			t.Errorf("got %d with a chance of %g, want willingness and none", bid, win)
		}
	}
}

// TestMuteExchange does not shade where every bid seems to win.
func TestMuteExchange(t *testing.T) {
	var r Rates
	for i := range 5000 {
		r.Observe(&Observation{Exchange: 1, Bid: ad.Money(1e6 + i), Won: true, At: 1e18 + int64(i)*1e9})
		r.Observe(&Observation{Exchange: 2, Bid: 2e6, Least: 1e6, Won: true, At: 1e18 + int64(i)*1e9})
	}
	m := r.Publish()
	if bid, _ := m.Curve(1, 77).Shade(5e6, 0); bid != 5e6 {
		t.Errorf("bid %d where only wins are told, want 5000000", bid)
	}
	if bid, _ := m.Curve(2, 77).Shade(5e6, 0); bid > 1.01e6 || bid < 1e6 {
		t.Errorf("bid %d where 1000000 wins, want that", bid)
	}
}

func TestObserveRefuses(t *testing.T) {
	var r Rates
	for _, o := range []Observation{
		{}, {Bid: -1}, {Bid: 1, Least: -1}, {Bid: 1, Weight: -1}, {Bid: 1, Weight: math.NaN()},
	} {
		r.Observe(&o)
	}
	if c := r.Counts(); c != (Counts{Refused: 5}) {
		t.Errorf("counts %+v, want all refused", c)
	}
	r.Observe(&Observation{Exchange: 1, Bid: 5, Least: 6, Won: true})
	r.Observe(&Observation{Exchange: 1, Bid: 5, Least: 5})
	r.Observe(&Observation{Exchange: 1, Bid: ad.MaxMoney, Weight: math.Inf(1), At: math.MinInt64})
	r.Observe(&Observation{Exchange: 1, Least: 1, At: math.MaxInt64})
	r.Observe(&Observation{Exchange: 1, Bid: 1, Won: true, At: 5})
	if c := r.Counts(); c != (Counts{Refused: 5, Contradictory: 2, Won: 2, Lost: 2, Exact: 1}) {
		t.Errorf("counts %+v", c)
	}
	r.Publish()
}

func TestCells(t *testing.T) {
	last, lastPlace := cell(0), uint8(0)
	for m := ad.Money(0); m < mostPrice; m += 1 + m/1000 {
		c, place := cellOf(m)
		if c < last || c == last && place < lastPlace || c >= noPrice {
			t.Fatalf("%d has cell %d, place %d after %d, %d", m, c, place, last, lastPlace)
		}
		last, lastPlace = c, place
		back := priceAt(c, place)
		if c2, place2 := cellOf(back); back < m || c2 != c || place2 != place || float64(back-m) > 1e-4*float64(m) {
			t.Fatalf("%d comes back as %d", m, back)
		}
	}
}

func TestSegmentOf(t *testing.T) {
	a := SegmentOf(ad.Banner, 300, 250, []byte("news.example"))
	for _, b := range []Segment{
		SegmentOf(ad.Banner, 728, 90, []byte("news.example")), SegmentOf(ad.Banner, 300, 250, []byte("cars.example")),
		SegmentOf(ad.Video, 300, 250, []byte("news.example")), SegmentOf(ad.Banner, 300, 250, nil),
	} {
		if a == b || b == 0 {
			t.Errorf("segments %x and %x, want others", a, b)
		}
	}
	if got, want := a.Format(), SegmentOf(ad.Banner, 300, 250, nil); got != want {
		t.Errorf("format %x, want %x", got, want)
	}
	if SegmentOf(ad.Video, 640, 360, nil) != SegmentOf(ad.Video, 854, 480, nil) {
		t.Error("players about as wide differ")
	}
}

// TestManySegments keeps the number of segments bounded, and those most seen.
func TestManySegments(t *testing.T) {
	var r Rates
	for i := range 3 * mostNodes {
		r.Observe(&Observation{Exchange: 1, Segment: Segment(i<<4 + 1<<16), Bid: 5, Least: 7})
		r.Observe(&Observation{Exchange: 1, Segment: 1<<16 | 5, Bid: 5, Least: 7})
	}
	if len(r.nodes) > mostNodes || r.Counts().Dropped == 0 {
		t.Errorf("%d segments, %d dropped", len(r.nodes), r.Counts().Dropped)
	}
	if n := r.nodes[key{1, 1<<16 | 5}]; n == nil || n.mass < 3*mostNodes {
		t.Error("the segment most seen was dropped")
	}
	r.Publish()
}

func BenchmarkShade(b *testing.B) {
	r, chance := learned(20_000, tellsPrices)
	m := r.Publish()
	var bids [1024]ad.Money
	for i := range bids {
		bids[i], _ = ad.FromCPM(6 * chance.Float64())
	}
	s := SegmentOf(ad.Banner, 300, 250, []byte{3})
	b.ReportAllocs()
	for i := range b.N {
		m.Curve(1, s).Shade(bids[i&1023], 1e6)
	}
}

func BenchmarkObserve(b *testing.B) {
	r, chance := learned(20_000, tellsPrices)
	s := SegmentOf(ad.Banner, 300, 250, []byte{3})
	var prices [1024]ad.Money
	for i := range prices {
		prices[i], _ = ad.FromCPM(2 * math.Exp(0.8*chance.NormFloat64()))
	}
	b.ReportAllocs()
	for i := range b.N {
		r.Observe(&Observation{Exchange: 1, Segment: s, Bid: 1e6, Least: prices[i&1023], Won: prices[i&1023] <= 1e6, At: 1e18 + int64(i)*1e6})
	}
}

func BenchmarkPublish(b *testing.B) {
	for name, tell := range map[string]telling{"prices": tellsPrices, "outcomes": tellsOutcomes} {
		b.Run(name, func(b *testing.B) {
			r, _ := learned(20_000, tell)
			for range b.N {
				for _, n := range r.nodes {
					n.heard = true
				}
				r.Publish()
			}
			b.ReportMetric(float64(len(r.nodes)), "segments")
		})
	}
}

func TestShadeDoesNotAllocate(t *testing.T) {
	r, _ := learned(5000, tellsPrices)
	m := r.Publish()
	s := SegmentOf(ad.Banner, 300, 250, []byte{3})
	if n := testing.AllocsPerRun(1000, func() {
		c := m.Curve(1, s)
		bid, _ := c.Shade(5e6, 1e6)
		c.Explore(5e6, bid, 1e6, uint64(bid))
	}); n != 0 {
		t.Errorf("%g allocations, want none", n)
	}
}
