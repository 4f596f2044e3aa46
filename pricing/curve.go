package pricing

import (
	"math"
	"slices"
	"sort"

	"bidwell/ad"
)

// Curve is how likely a bid wins in one part of the market. It is immutable and safe
// for concurrent use. The zero value knows nothing.
type Curve struct {
	known bool
	steps []step   // ascending
	best  []choice // ascending
	seen  float64
}

// step is where the chance to win rises.
type step struct {
	bid ad.Money
	win float32 // of a bid at or above, below the next one
}

// choice is the bid that gains most for every willingness from from on, up to the next
// choice's.
type choice struct {
	from, bid ad.Money
	win       float64
}

// Known reports whether enough was seen to shade bids.
func (c *Curve) Known() bool { return c.known }

// Seen returns how many observations the curve rests on, as far as they are
// remembered, without those of the parts around it.
func (c *Curve) Seen() float64 { return c.seen }

// Win returns the chance that a bid wins, NaN where nothing is known.
func (c *Curve) Win(bid ad.Money) float64 {
	if !c.known {
		return math.NaN()
	}
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].bid > bid })
	if i == 0 {
		return 0
	}
	return float64(c.steps[i-1].win)
}

// leastStep is the rise of the chance to win that is worth a step of its own.
const leastStep = 1.0 / 1024

// newCurve makes a curve of points.
func newCurve(points []point, seen float64) *Curve {
	c := &Curve{known: true, seen: seen}
	var sum, last float64
	c.best = make([]choice, 0, 64)
	for _, p := range points {
		if p.at >= noPrice {
			break
		}
		sum = min(sum+p.mass, 1)
		bid := priceAt(p.at, p.top)
		c.offer(bid, sum)
		if sum-last >= leastStep {
			c.steps = append(c.steps, step{bid, float32(sum)})
			last = sum
		}
	}
	if sum > last && len(points) > 0 {
		c.steps = append(c.steps, step{c.best[len(c.best)-1].bid, float32(sum)})
	}
	return c
}

// offer adds a bid above all others to the choices. What a bid gains is a line over
// willingness u, (u − bid) × win; the choices are those on the upper envelope of
// all lines, which are added in the order of their slopes.
func (c *Curve) offer(bid ad.Money, win float64) {
	if !(win > 0) {
		return
	}
	from := float64(bid)
	for len(c.best) > 0 {
		b := &c.best[len(c.best)-1]
		if win <= b.win {
			return
		}
		from = (float64(bid)*win - float64(b.bid)*b.win) / (win - b.win)
		if from > float64(b.from) {
			break
		}
		c.best = c.best[:len(c.best)-1]
		from = float64(bid)
	}
	c.best = append(c.best, choice{moneyOf(math.Ceil(from)), bid, win})
}

// moneyOf returns an amount for a number of nano-units.
func moneyOf(x float64) ad.Money { return ad.Money(1).Mul(x) }

// Empirical returns the curve of prices as they are, each as likely as every other. It
// reorders them.
func Empirical(prices []ad.Money) *Curve {
	if len(prices) == 0 {
		return unknown
	}
	slices.Sort(prices)
	c := &Curve{known: true, seen: float64(len(prices))}
	for i, p := range prices {
		if i+1 < len(prices) && prices[i+1] == p {
			continue
		}
		win := float64(i+1) / float64(len(prices))
		c.offer(p, win)
		c.steps = append(c.steps, step{p, float32(win)})
	}
	return c
}
