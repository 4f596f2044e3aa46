package pricing

import "slices"

const (
	// A node is believed as much as its parent when it has seen likeParent observations.
	likeParent = 16.0

	// One in switches observations is taken to be the first of another market, which
	// another memory may know better; it bounds how little a memory can be believed.
	switches = 500.0

	// Of every prediction, a part stray is none: so one odd price moves no belief far.
	stray = 0.05

	wideCells = 64.0 // over which prices are spread where nothing is known
)

// learn teaches the nodes of a path, the market first. Before, each of them predicts,
// with what its parent predicts for want of own observations; the memories that predict
// better are believed more from then on. It is the fixed share of Herbster and Warmuth
// (1998), which follows the best memory when that changes.
func (r *Rates) learn(nodes []*node, e *event) {
	var scale tally
	for i := range scale {
		scale[i] = e.weight[i] / e.n
	}
	expect := 1 / wideCells
	if !e.exact {
		expect = 0.5
	}
	base := expect
	for _, n := range nodes {
		expect = n.predict(e, &scale, expect, base)
		n.add(e)
	}
}

// predict returns how likely e was by what n knows, and moves its beliefs.
func (n *node) predict(e *event, scale *tally, expect, base float64) float64 {
	hits, total := n.match(e)
	unit := n.unit()
	var sum, norm float64
	var likely [memories]float64
	for i := range scale {
		like := likeParent * unit * scale[i]
		p := (hits[i] + like*expect) / (total[i] + like)
		sum += n.belief[i] * p
		likely[i] = n.belief[i] * (p + stray*(base-p))
		norm += likely[i]
	}
	for i := range likely {
		n.belief[i] = likely[i]/norm*(1-1/switches) + 1/switches/memories
	}
	return sum
}

// match returns the weight of what was seen that is like e, and of all that could have
// been. A price is like those in its wide cell; an outcome is like the same outcome
// of bids about as high.
func (n *node) match(e *event) (hits, total tally) {
	wide := e.at.wide()
	if e.exact {
		i, _ := slices.BinarySearchFunc(n.exact, wide<<wideBits, func(p price, c cell) int { return p.compare(c) })
		for ; i < len(n.exact) && n.exact[i].at.wide() == wide; i++ {
			hits.add(&n.exact[i].mass)
		}
		return hits, n.all
	}
	won, lost := n.outcome(e.at)
	i, _ := findBid(n.censored, (max(wide, 1)-1)<<wideBits)
	for ; i < len(n.censored) && n.censored[i].at.wide() <= wide+1; i++ {
		won.add(&n.censored[i].won)
		lost.add(&n.censored[i].lost)
	}
	total = won
	total.add(&lost)
	if e.won {
		return won, total
	}
	return lost, total
}

// outcome returns the weight of the prices at or below a cell, and of those above.
func (n *node) outcome(c cell) (won, lost tally) {
	for i := range n.exact {
		if n.exact[i].at > c {
			break
		}
		won.add(&n.exact[i].mass)
	}
	for i := range lost {
		lost[i] = max(0, n.all[i]-won[i])
	}
	return won, lost
}
