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
type lot struct {
	value, price ad.Money
	segment      Segment
}

// markets are how rivals bid, CPM.
var markets = map[string]func(*rand.Rand) float64{
	"log-normal": func(c *rand.Rand) float64 { return 2 * math.Exp(0.8*c.NormFloat64()) },
	"gamma":      func(c *rand.Rand) float64 { return -1.5 * math.Log(c.Float64()*c.Float64()) },
	"two kinds of rivals": func(c *rand.Rand) float64 {
		if c.IntN(3) == 0 {
			return 0.5 * math.Exp(0.2*c.NormFloat64())
		}
		return 4 * math.Exp(0.2*c.NormFloat64())
	},
	"one in thirty winnable": func(c *rand.Rand) float64 { return 12 * math.Exp(0.5*c.NormFloat64()) },
	"nearly equal":           func(c *rand.Rand) float64 { return 3 + 0.01*c.NormFloat64() },
	"mostly one floor": func(c *rand.Rand) float64 {
		if c.IntN(20) == 0 {
			return 3 * math.Exp(c.NormFloat64())
		}
		return 2.9
	},
	"whole numbers": func(c *rand.Rand) float64 { return math.Ceil(4 * math.Exp(0.7*c.NormFloat64())) },
}

// auctions returns lots of a market, in which a shift comes at half time.
func auctions(n int, market func(*rand.Rand) float64, shift float64) []lot {
	chance := rand.New(rand.NewPCG(3, 4))
	lots := make([]lot, n)
	for i := range lots {
		price := market(chance)
		if i >= n/2 {
			price *= shift
		}
		lots[i].price, _ = ad.FromCPM(price)
		lots[i].value, _ = ad.FromCPM(4 * math.Exp(0.7*chance.NormFloat64()))
	}
	return lots
}

func (l lot) gain(bid ad.Money) float64 {
	if bid < l.price {
		return 0
	}
	return float64(l.value - bid)
}

// hindsight returns what is gained by who knows how the prices of lots are spread.
func hindsight(lots []lot) (sum float64) {
	prices := make([]ad.Money, len(lots))
	for i, l := range lots {
		prices[i] = l.price
	}
	c := Empirical(prices)
	for _, l := range lots {
		bid, _ := c.Shade(l.value, 0)
		sum += l.gain(bid)
	}
	return sum
}

// constant returns what the best constant factor of the value gains.
func constant(lots []lot) (best float64) {
	for f := 1.0; f > 0.02; f *= 0.97 {
		sum := 0.0
		for _, l := range lots {
			sum += l.gain(l.value.Mul(f))
		}
		best = max(best, sum)
	}
	return best
}

// telling is what an exchange tells of a bid. An observation of weight 0 is none.
type telling func(c *rand.Rand, l lot, o *Observation)

func tellsPrices(_ *rand.Rand, l lot, o *Observation) { o.Least = l.price }
func tellsOutcomes(*rand.Rand, lot, *Observation)     {}

func tellsWonPrices(_ *rand.Rand, l lot, o *Observation) {
	if o.Won {
		o.Least = l.price
	}
}

// tellsWins tells no losses: one in ten bids stands in for those.
func tellsWins(c *rand.Rand, _ lot, o *Observation) {
	if o.Won {
		return
	}
	if o.Weight = 0; c.IntN(10) == 0 {
		o.Weight = 10
	}
}

// trade bids on lots over a day, and learns. It returns what each bid gains.
func trade(lots []lot, tell telling) (gains []float64) {
	gains, _ = tradeAndDoubt(lots, tell)
	return gains
}

// tradeAndDoubt trades, and says how often the exchange was disbelieved when curves were
// published.
func tradeAndDoubt(lots []lot, tell telling) (gains []float64, doubts int) {
	const day, every = 24 * time.Hour, 10 * time.Minute
	var r Rates
	m, next := r.Publish(), every
	chance := rand.New(rand.NewPCG(1, 2))
	gains = make([]float64, len(lots))
	for i, l := range lots {
		at := time.Duration(float64(day) * float64(i) / float64(len(lots)))
		if at >= next {
			m, next = r.Publish(), next+every
			doubts += len(m.Disbelieved())
		}
		c := m.Curve(1, l.segment)
		bid, _ := c.Shade(l.value, 0)
		bid, _, _ = c.Explore(l.value, bid, 0, chance.Uint64())
		gains[i] = l.gain(bid)
		o := Observation{Exchange: 1, Segment: l.segment, Bid: bid, Won: bid >= l.price, Weight: 1, At: int64(at) + 1e18}
		if tell(chance, l, &o); o.Weight > 0 {
			r.Observe(&o)
		}
	}
	return gains, doubts
}

func total(gains []float64) (sum float64) {
	for _, g := range gains {
		sum += g
	}
	return sum
}

// TestShadeOnManyMarkets trades on markets of which nothing was known, where prices
// are told.
func TestShadeOnManyMarkets(t *testing.T) {
	for name, market := range markets {
		t.Run(name, func(t *testing.T) {
			lots := auctions(20_000, market, 1)
			got, best, factor := total(trade(lots, tellsPrices)), hindsight(lots), constant(lots)
			t.Logf("%.3f of hindsight; the best factor %.3f", got/best, factor/best)
			if got < 0.95*best || got < factor {
				t.Errorf("gained %.3f of hindsight, the best factor %.3f; want 0.95 and more than the factor", got/best, factor/best)
			}
		})
	}
}

// TestShadeFollowsTheMarket doubles all prices at noon.
func TestShadeFollowsTheMarket(t *testing.T) {
	for name, market := range markets {
		if name == "one in thirty winnable" {
			continue // hardly anything is, afterwards
		}
		t.Run(name, func(t *testing.T) {
			lots := auctions(20_000, market, 2)
			gains := trade(lots, tellsPrices)
			from, to := len(lots)*55/100, len(lots)*65/100
			got, best := total(gains[from:to]), hindsight(lots[len(lots)/2:])*float64(to-from)/float64(len(lots)/2)
			t.Logf("%.3f of hindsight", got/best)
			if got < 0.9*best {
				t.Errorf("from 5 %% of the day on gained %.3f of hindsight, want 0.9", got/best)
			}
		})
	}
}

// TestShadeWhateverIsTold trades where exchanges tell less, or what is not true.
func TestShadeWhateverIsTold(t *testing.T) {
	tests := map[string]struct {
		tell telling
		want float64 // of hindsight
	}{
		"prices of wins": {tellsWonPrices, 0.95},
		"outcomes":       {tellsOutcomes, 0.93},
		"wins only":      {tellsWins, 0.8},
		"one in ten prices is random": {func(c *rand.Rand, l lot, o *Observation) {
			if o.Least = l.price; c.IntN(10) == 0 {
				o.Least = moneyOf(1000 * math.Exp(20*c.Float64()))
			}
		}, 0.95},
		"its own bid for the price": {func(_ *rand.Rand, _ lot, o *Observation) {
			if o.Won {
				o.Least = o.Bid
			}
		}, 0.93},
		"next to nothing for the price": {func(_ *rand.Rand, _ lot, o *Observation) {
			if o.Won {
				o.Least = 10_000
			}
		}, 0.85},
		"a share of its own bid": {func(_ *rand.Rand, _ lot, o *Observation) {
			if o.Won {
				o.Least = o.Bid.Mul(0.9)
			}
		}, 0.93},
		"prices in another currency": {func(_ *rand.Rand, l lot, o *Observation) { o.Least = l.price.Mul(0.7) }, 0.85},
		"prices in a dear currency":  {func(_ *rand.Rand, l lot, o *Observation) { o.Least = l.price.Mul(140) }, 0.85},
	}
	lots := auctions(20_000, markets["log-normal"], 1)
	best := hindsight(lots)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := total(trade(lots, tt.tell)) / best
			t.Logf("%.3f of hindsight", got)
			if got < tt.want {
				t.Errorf("gained %.3f of hindsight, want %g", got, tt.want)
			}
		})
	}
}

// TestHonestMarketsAreBelieved trades where bids and prices hang together: rivals bid more
// for what is worth more to us, some places are dearer than others, or worth less, or
// too dear for us. What the exchange tells is true.
func TestHonestMarketsAreBelieved(t *testing.T) {
	const n = 20_000
	markets := map[string]func(c *rand.Rand, place float64) (value, price float64){
		"rivals who think alike": func(c *rand.Rand, _ float64) (value, price float64) {
			common := c.NormFloat64()
			return 4 * math.Exp(0.7*common), 2 * math.Exp(0.8*(0.7*common+0.71*c.NormFloat64()))
		},
		"five places": func(c *rand.Rand, place float64) (value, price float64) {
			return 8 * math.Exp(0.7*c.NormFloat64()), 0.5 * math.Exp2(place+0.4*c.NormFloat64())
		},
		"dear places worth no more": func(c *rand.Rand, place float64) (value, price float64) {
			return 4, 0.5 * math.Exp2(place+0.4*c.NormFloat64())
		},
		"dear places worth less": func(c *rand.Rand, place float64) (value, price float64) {
			return 8 * math.Exp2(-place/2), 0.5 * math.Exp2(place+0.4*c.NormFloat64())
		},
		"nearly all is won": func(c *rand.Rand, _ float64) (value, price float64) {
			if c.IntN(30) == 0 {
				return 9, 8 * math.Exp(0.1*c.NormFloat64())
			}
			return 5 * math.Exp(0.3*c.NormFloat64()), math.Exp(0.5 * c.NormFloat64())
		},
	}
	lots := map[string][]lot{}
	for name, market := range markets {
		chance := rand.New(rand.NewPCG(7, 8))
		for range n {
			place := chance.IntN(5)
			value, price := market(chance, float64(place))
			l := lot{segment: SegmentOf(ad.Banner, 300, 250, []byte{byte(place)})}
			l.value, _ = ad.FromCPM(value)
			l.price, _ = ad.FromCPM(price)
			lots[name] = append(lots[name], l)
		}
	}
	for name, lots := range lots {
		t.Run(name, func(t *testing.T) {
			gains, doubts := tradeAndDoubt(lots, tellsPrices)
			best, there := 0.0, map[Segment][]lot{}
			for _, l := range lots {
				there[l.segment] = append(there[l.segment], l)
			}
			for _, lots := range there {
				best += hindsight(lots)
			}
			got := total(gains) / best
			t.Logf("%.3f of hindsight", got)
			if got < 0.95 || doubts > 0 {
				t.Errorf("gained %.3f of hindsight and was disbelieved %d times, want 0.95 and none", got, doubts)
			}
		})
	}
}

// TestMovingMarketsAreBelieved doubles all prices at noon, also where they are nearly equal
// before and after.
func TestMovingMarketsAreBelieved(t *testing.T) {
	for name, market := range markets {
		if _, doubts := tradeAndDoubt(auctions(20_000, market, 2), tellsPrices); doubts > 0 {
			t.Errorf("%s: disbelieved %d times", name, doubts)
		}
	}
}

// TestOneBidIsNoWitness has one bid win that is higher than all others, at a price at which
// these would have won as well, where they are won more seldom.
func TestOneBidIsNoWitness(t *testing.T) {
	var r Rates
	observe := func(bid, price float64) {
		o := Observation{Exchange: 1, At: 1e18, Weight: 1}
		o.Bid, _ = ad.FromCPM(bid)
		o.Least, _ = ad.FromCPM(price)
		o.Won = o.Bid >= o.Least
		r.Observe(&o)
	}
	for i := range 2000 {
		observe(5, []float64{1, 2, 3, 20, 20}[i%5])
	}
	observe(6, 2)
	if got := r.Publish().Disbelieved(); len(got) > 0 {
		t.Errorf("the exchange is not believed")
	}
}

// TestLiesAreKnown has an exchange tell next to nothing for the price of all that is won,
// or a share of the bid, where impressions are of many values, and of three.
func TestLiesAreKnown(t *testing.T) {
	lots := auctions(20_000, markets["log-normal"], 1)
	three := slices.Clone(lots)
	for i := range three {
		three[i].value, _ = ad.FromCPM([]float64{4, 8, 12.8}[i%3])
	}
	for name, lots := range map[string][]lot{"many": lots, "three": three} {
		for _, share := range []float64{0, 0.9} {
			gains, doubts := tradeAndDoubt(lots, func(_ *rand.Rand, _ lot, o *Observation) {
				if o.Won {
					o.Least = max(10_000, o.Bid.Mul(share))
				}
			})
			if got := total(gains) / hindsight(lots); doubts < 100 || got < 0.9 {
				t.Errorf("%s values: who tells %g of the bid is disbelieved %d times in a day of 144, and %.3f of hindsight is gained", name, share, doubts, got)
			}
		}
	}
}

// TestThinSegments bids on 200 places of 60 auctions each, half of them dear.
func TestThinSegments(t *testing.T) {
	const places, each = 200, 60
	chance := rand.New(rand.NewPCG(5, 6))
	var r Rates
	m := r.Publish()
	var got, best, together float64
	var all []lot
	known := make([][]lot, places)
	for i := range places * each {
		p := chance.IntN(places)
		var l lot
		l.price, _ = ad.FromCPM(float64(1+4*(p%2)) * math.Exp(0.4*chance.NormFloat64()))
		l.value, _ = ad.FromCPM(6 * math.Exp(0.5*chance.NormFloat64()))
		s := Segment(1<<16) | Segment(p+1)
		if i%100 == 0 {
			m = r.Publish()
		}
		bid, _ := m.Curve(1, s).Shade(l.value, 0)
		if i > places*each/2 {
			got += l.gain(bid)
			known[p], all = append(known[p], l), append(all, l)
		}
		r.Observe(&Observation{Exchange: 1, Segment: s, Bid: bid, Least: l.price, Won: bid >= l.price, At: 1e18 + int64(i)*5e9})
	}
	kinds := [2][]lot{}
	for p := range known {
		kinds[p%2] = append(kinds[p%2], known[p]...)
	}
	best, together = hindsight(kinds[0])+hindsight(kinds[1]), hindsight(all)
	t.Logf("%.3f of hindsight by kind; all places alike %.3f", got/best, together/best)
	if got < 0.85*best || got < together {
		t.Errorf("gained %.3f of hindsight that knows the kind of each place, which is %.3f without; want 0.85 and more than that", got/best, together/best)
	}
}
