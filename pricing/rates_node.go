package pricing

import (
	"cmp"
	"slices"
)

// tally is a weight in each memory.
type tally [memories]float64

func (t *tally) add(w *tally) {
	for i := range t {
		t[i] += w[i]
	}
}

// price is what was seen exactly in one cell.
type price struct {
	at   cell
	top  uint8 // place of the highest one
	mass tally
}

// bids is what was seen of bids in one cell whose rivals' price was not told.
type bids struct {
	at        cell
	top       uint8 // place of the highest one
	won, lost tally
}

// node is what is known of one part of the market.
type node struct {
	exact    []price // in the order of their cells
	censored []bids  // in the order of their cells
	all      tally   // sum of exact
	belief   tally   // in each memory; sums to 1
	mass     float64 // of everything, in the longest memory
	square   float64 // of the same, each times how many it stands for

	// Of exchanges only: every outcome, by four cells, to learn from where the prices that
	// the exchange tells are not those that win.
	outcomes      []bids
	told, refuted float64 // prices told in the longest memory, and those that the outcome refuted

	// Of what has no parts, to tell the same: see doubt.go.
	claims []claim // in the order of their cells
	follow follow

	heard  bool    // something since the last Publish
	whole  bool    // of an exchange as a whole, for its parts cannot be told
	curve  *Curve  // of the last Publish
	points []point // that curve was made of
}

func newNode() *node {
	n := &node{}
	for i := range n.belief {
		n.belief[i] = 1.0 / memories
	}
	return n
}

func (p *price) compare(c cell) int { return cmp.Compare(p.at, c) }

func (n *node) price(c cell) *price {
	i, ok := slices.BinarySearchFunc(n.exact, c, func(p price, c cell) int { return p.compare(c) })
	if !ok {
		return nil
	}
	return &n.exact[i]
}

// add learns an event.
func (n *node) add(e *event) {
	n.heard = true
	n.mass += e.weight[0]
	n.square += e.weight[0] * e.n
	if !e.exact {
		n.censored = addBid(n.censored, e.at, e.place, e.won, &e.weight)
		return
	}
	i, ok := slices.BinarySearchFunc(n.exact, e.at, func(p price, c cell) int { return p.compare(c) })
	if !ok {
		n.exact = slices.Insert(n.exact, i, price{at: e.at})
	}
	p := &n.exact[i]
	p.top = max(p.top, e.place)
	p.mass.add(&e.weight)
	n.all.add(&e.weight)
}

func findBid(list []bids, c cell) (int, bool) {
	return slices.BinarySearchFunc(list, c, func(b bids, c cell) int { return cmp.Compare(b.at, c) })
}

func addBid(list []bids, at cell, place uint8, won bool, w *tally) []bids {
	i, ok := findBid(list, at)
	if !ok {
		list = slices.Insert(list, i, bids{at: at})
	}
	b := &list[i]
	b.top = max(b.top, place)
	if won {
		b.won.add(w)
		return list
	}
	b.lost.add(w)
	return list
}

// hear notes an outcome of an exchange.
func (n *node) hear(o *Observation, e *event) {
	c, _ := cellOf(o.Bid)
	n.outcomes = addBid(n.outcomes, c|3, 255, o.Won, &e.weight)
	if o.Least > 0 {
		n.told += e.weight[0]
		if o.Won != (o.Least <= o.Bid) {
			n.refuted += e.weight[0]
		}
	}
}

// rescale multiplies a memory by f, and lets go what is next to nothing in all of them.
func (n *node) rescale(i int, f float64) {
	n.all[i] = 0
	for j := range n.exact {
		n.exact[j].mass[i] *= f
		n.all[i] += n.exact[j].mass[i]
	}
	for _, list := range [][]bids{n.censored, n.outcomes} {
		for j := range list {
			list[j].won[i] *= f
			list[j].lost[i] *= f
		}
	}
	if i == 0 {
		n.mass *= f
		n.square *= f
		n.told *= f
		n.refuted *= f
		n.forget(f)
		n.exact = slices.DeleteFunc(n.exact, func(p price) bool { return p.mass[0] < leastMass })
		n.censored = slices.DeleteFunc(n.censored, func(b bids) bool { return b.won[0]+b.lost[0] < leastMass })
		n.outcomes = slices.DeleteFunc(n.outcomes, func(b bids) bool { return b.won[0]+b.lost[0] < leastMass })
	}
}

// leastMass is what an entry has to weigh in the longest memory when it is rescaled.
const leastMass = 1e-3

// unit returns how many observations one stands for: few that stand for many are worth
// less than as many that stand for themselves.
func (n *node) unit() float64 {
	if !(n.mass > 0) {
		return 1
	}
	return max(1, n.square/n.mass)
}

// drop makes room: the lightest quarter of the nodes goes. None goes before those
// below it, which are not heavier.
func (r *Rates) drop() {
	type weighed struct {
		key
		weight float64
	}
	list := make([]weighed, 0, len(r.nodes))
	for k, n := range r.nodes {
		list = append(list, weighed{k, n.mass})
	}
	slices.SortFunc(list, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), -a.key.compare(b.key))
	})
	for _, w := range list[:len(list)/4] {
		if w.key.segment&placeMask == 0 && w.key.segment.Format() == 0 {
			continue // exchanges are few, and from the configuration
		}
		delete(r.nodes, w.key)
		r.counts.Dropped++
	}
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.exchange, o.exchange), cmp.Compare(k.segment, o.segment))
}
