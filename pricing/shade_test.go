package pricing

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bidwell/ad"
)

// lot is one auction: what it is worth to us, and the highest rival bid.
type lot struct{ value, price ad.Money }

// TestShadeLearns trades on a market that nothing was known of.
func TestShadeLearns(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	lots := make([]lot, 20_000)
	for i := range lots {
		lots[i].price, _ = ad.FromCPM(2 * math.Exp(0.8*chance.NormFloat64()))
		lots[i].value, _ = ad.FromCPM(4 * math.Exp(0.7*chance.NormFloat64()))
	}
	got := 0.0
	for _, s := range trade(lots, feedbacks["exact"], 10*time.Minute) {
		got += s
	}
	if best := hindsight(lots); got < 0.95*best || got < constant(lots) {
		t.Errorf("surplus %.4f of hindsight, %.4f of the best constant factor", got/best, got/constant(lots))
	}
}

func TestShadeKnowsNothing(t *testing.T) {
	c := (*Market)(nil).Curve(1, 2)
	if bid, win := c.Shade(5, 1); bid != 5 || !math.IsNaN(win) {
		t.Errorf("got %d with %g, want willingness and no chance", bid, win)
	}
}

// hindsight returns the best surplus with one map from values to bids, known the distribution of all prices.
func hindsight(lots []lot) (surplus float64) {
	var sorted []ad.Money
	for _, l := range lots {
		sorted = append(sorted, l.price)
	}
	slices.Sort(sorted)
	c := &Curve{known: true}
	for i, p := range sorted {
		if i+1 < len(sorted) && sorted[i+1] == p {
			continue
		}
		c.offer(p, float64(i+1)/float64(len(sorted)))
	}
	for _, l := range lots {
		b, _ := c.Shade(l.value, 0)
		surplus += gain(l, b)
	}
	return surplus
}

func gain(l lot, bid ad.Money) float64 {
	if bid < l.price {
		return 0
	}
	return float64(l.value - bid)
}

func constant(lots []lot) (best float64) {
	for f := 0.05; f <= 1; f += 0.01 {
		s := 0.0
		for _, l := range lots {
			s += gain(l, l.value.Mul(f))
		}
		best = max(best, s)
	}
	return best
}

// feedback is what is told of an auction.
type feedback func(chance *rand.Rand, l lot, bid ad.Money, won bool) []Observation

var feedbacks = map[string]feedback{
	"exact": func(_ *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		return []Observation{{Bid: bid, Least: l.price, Won: won}}
	},
	"exactwins": func(_ *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		o := Observation{Bid: bid, Won: won}
		if won {
			o.Least = l.price
		}
		return []Observation{o}
	},
	"outcomes": func(_ *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		return []Observation{{Bid: bid, Won: won}}
	},
	"sampled": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		if won {
			return []Observation{{Bid: bid, Won: true}}
		}
		if c.IntN(20) == 0 {
			return []Observation{{Bid: bid, Weight: 20}}
		}
		return nil
	},
	"wrong10": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		o := Observation{Bid: bid, Least: l.price, Won: won}
		if c.IntN(10) == 0 {
			o.Least = ad.Money(math.Exp(c.Float64()*20) * 1000)
		}
		return []Observation{o}
	},
	"echo": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		o := Observation{Bid: bid, Won: won}
		if won {
			o.Least = bid
		}
		return []Observation{o}
	},
	"tiny": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		o := Observation{Bid: bid, Won: won}
		if won {
			o.Least = 10000
		}
		return []Observation{o}
	},
	"times0.7": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		return []Observation{{Bid: bid, Least: l.price.Mul(0.7), Won: won}}
	},
	"times1.3": func(c *rand.Rand, l lot, bid ad.Money, won bool) []Observation {
		return []Observation{{Bid: bid, Least: l.price.Mul(1.3), Won: won}}
	},
}

// trade bids on lots, spread over a day, and learns. It returns the surplus by hundredths of the day.
func trade(lots []lot, tell feedback, every time.Duration) []float64 {
	var r Rates
	m := r.Publish()
	chance := rand.New(rand.NewPCG(1, 2))
	day := 24 * time.Hour
	out := make([]float64, 100)
	next := every
	for i, l := range lots {
		at := time.Duration(float64(day) * float64(i) / float64(len(lots)))
		if at >= next {
			m = r.Publish()
			next += every
		}
		c := m.Curve(1, 0)
		bid, _ := c.Shade(l.value, 0)
		bid, _, _ = c.Explore(l.value, bid, 0, chance.Uint64())
		out[i*100/len(lots)] += gain(l, bid)
		for _, o := range tell(chance, l, bid, bid >= l.price) {
			o.Exchange, o.At = 1, int64(at)+1e18
			r.Observe(&o)
		}
	}
	return out
}
