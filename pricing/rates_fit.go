package pricing

import (
	"math"
	"slices"
)

// point is a part of the prices: with a chance of mass the price that wins is this one.
type point struct {
	at   cell
	top  uint8
	mass float64
}

// fitter makes points of what nodes have seen. It is kept for its buffers.
type fitter struct {
	points []point // the result
	part   bool    // of an exchange
	unit   float64 // observations that stand for one, on average
	prior  []float64
	exact  []int32 // index of the point of each price
	bids   []int32 // and of each bid
	mass   []float64
	last   []float64
	need   []float64
	blocks []block
}

const (
	// Rounds of self-consistency: each spreads what was told of one side only over
	// the prices there, as they were found in the round before.
	rounds = 24

	// A format or a place begins with what its exchange is like, and there are many.
	partRounds = 8

	leastMove = 1e-3 // of the masses in a round; with less there is no other

	leastBelief = 0.02 // in a memory that is asked

	newPoint = 1e-3 // observations that a price counts for that nobody has seen
)

// fit returns the points of a node whose parent has points. It is valid until the next
// call.
//
// A price told is one observation. An outcome, a win at or below the bid or a loss
// above it, is one that is spread over the prices on its side in proportion to their
// mass (Efron's self-consistency; Turnbull 1976). The parent's points count for
// likeParent observations. The memories are mixed as they are believed.
func (f *fitter) fit(n *node, censored []bids, parent []point, scale *tally) []point {
	f.unit = n.unit()
	f.merge(n, censored, parent)
	sum := 0.0
	for i := range scale {
		if n.belief[i] < leastBelief {
			continue
		}
		sum += n.belief[i]
		f.memory(i, n, censored, scale[i])
		for j := range f.points {
			f.points[j].mass += n.belief[i] * f.mass[j]
		}
	}
	for j := range f.points {
		f.points[j].mass /= sum
	}
	return f.points
}

// merge puts the prices of the parent and of the node in one order.
func (f *fitter) merge(n *node, censored []bids, parent []point) {
	f.points, f.prior = f.points[:0], f.prior[:0]
	f.exact, f.bids = f.exact[:0], f.bids[:0]
	for i, j, k := 0, 0, 0; i < len(parent) || j < len(n.exact) || k < len(censored); {
		p, prior := point{at: noPrice + 1}, 0.0
		if i < len(parent) {
			p.at = parent[i].at
		}
		if j < len(n.exact) {
			p.at = min(p.at, n.exact[j].at)
		}
		if k < len(censored) {
			p.at = min(p.at, censored[k].at)
		}
		if k < len(censored) && censored[k].at == p.at {
			p.top = censored[k].top
			prior = newPoint * f.unit
			f.bids = append(f.bids, int32(len(f.points)))
			k++
		}
		if i < len(parent) && parent[i].at == p.at {
			p.top, prior = max(p.top, parent[i].top), likeParent*f.unit*parent[i].mass
			i++
		}
		if j < len(n.exact) && n.exact[j].at == p.at {
			p.top = n.exact[j].top
			f.exact = append(f.exact, int32(len(f.points)))
			j++
		}
		f.points = append(f.points, p)
		f.prior = append(f.prior, prior)
	}
	f.mass = slices.Grow(f.mass[:0], len(f.points))[:len(f.points)]
	f.need = slices.Grow(f.need[:0], len(f.points)+1)[:len(f.points)+1]
}

// memory finds the masses by one memory.
func (f *fitter) memory(i int, n *node, censored []bids, scale float64) {
	copy(f.mass, f.prior)
	for j, at := range f.exact {
		f.mass[at] += n.exact[j].mass[i] / scale
	}
	normalize(f.mass)
	if len(censored) == 0 {
		return
	}
	for range f.rounds(n) {
		if f.round(i, n, censored, scale) < leastMove {
			break
		}
	}
	if n.silent() {
		f.isotonic(i, censored, scale)
	}
}

// rounds returns how many there are for a node. Where outcomes are pooled, a part of an
// exchange needs none, for its exchange had them.
func (f *fitter) rounds(n *node) int {
	switch {
	case !f.part:
		return rounds
	case n.silent():
		return 0
	}
	return partRounds
}

// round spreads the outcomes over the prices once. It returns how much mass moved.
func (f *fitter) round(i int, n *node, censored []bids, scale float64) (moved float64) {
	f.last = append(f.last[:0], f.mass...)
	clear(f.need)
	below, at := 0.0, 0
	for j := range censored {
		for ; at <= int(f.bids[j]); at++ {
			below += f.mass[at]
		}
		won, lost := censored[j].won[i]/scale, censored[j].lost[i]/scale
		if below > 0 {
			f.need[0] += won / below
			f.need[at] -= won / below
		}
		if above := 1 - below; above > 1e-12 {
			f.need[at] += lost / above
		}
	}
	factor := 0.0
	for j := range f.mass {
		factor += f.need[j]
		f.mass[j] = f.prior[j] + f.mass[j]*max(factor, 0)
	}
	for j, at := range f.exact {
		f.mass[at] += n.exact[j].mass[i] / scale
	}
	normalize(f.mass)
	for j, m := range f.mass {
		moved += math.Abs(m - f.last[j])
	}
	return moved
}

// normalize makes masses sum to 1.
func normalize(mass []float64) {
	sum := 0.0
	for _, m := range mass {
		sum += m
	}
	for i := range mass {
		mass[i] /= sum
	}
}

const (
	baseWidth = 0.5 // scale of a log-logistic distribution where there are no prices to take it from
	baseStep  = 4   // cells from one point of it to the next

	// A part of it is slab, as wide as slabWidth, so that a market that leaves
	// everything that was seen is found again.
	slab      = 0.1
	slabWidth = 1.0
	baseEdge  = 4 // logarithmic, to either side
)

// base returns points of a log-logistic distribution: how prices are spread where
// nobody has seen enough of them. Its last point is above all prices.
func base(center, width float64) []point {
	first, _ := cellOf(moneyOf(math.Exp(center - baseEdge)))
	last, _ := cellOf(moneyOf(math.Exp(center + baseEdge)))
	var points []point
	below := 0.0
	for c := first | (baseStep - 1); c < noPrice && c < last+baseStep; c += baseStep {
		x := math.Log(float64(priceAt(c, 255))) - center
		p := (1-slab)*logistic(x/width) + slab*logistic(x/slabWidth)
		points = append(points, point{c, 255, p - below})
		below = p
	}
	return append(points, point{noPrice, 0, 1 - below})
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logLogistic returns the parameters of the log-logistic distribution with the
// median and the quartiles of points.
func logLogistic(points []point) (center, width float64) {
	low, mid, high := quantile(points, 0.25), quantile(points, 0.5), quantile(points, 0.75)
	return mid, max((high-low)/(2*math.Log(3)), 0.02)
}

// quantile returns the logarithm of a quantile.
func quantile(points []point, q float64) float64 {
	sum := 0.0
	for _, p := range points {
		sum += p.mass
	}
	at := 0.0
	for _, p := range points {
		if at += p.mass; at >= q*sum {
			return math.Log(float64(max(min(priceAt(p.at, p.top), mostPrice), 1)))
		}
	}
	return math.Log(float64(mostPrice))
}
