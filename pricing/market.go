package pricing

import (
	"cmp"
	"math"
	"slices"

	"bidwell/ad"
)

// Market is the curves of every part of the market as of one moment. It is immutable
// and safe for concurrent use. The zero value knows nothing.
type Market struct {
	curves      map[key]*Curve
	disbelieved []ad.ID
}

// Disbelieved returns the exchanges whose prices are not those that win: of them nothing
// is learned but outcomes, of all segments together. It must not be changed.
func (m *Market) Disbelieved() []ad.ID {
	if m == nil {
		return nil
	}
	return m.disbelieved
}

// unknown is the curve where nothing is known.
var unknown = &Curve{}

// Curve returns the curve of a segment of an exchange, or of the narrowest part around
// it that is known. It is never nil. It does not allocate.
func (m *Market) Curve(exchange ad.ID, s Segment) *Curve {
	for k := (key{exchange, s}); m != nil; k = k.parent() {
		if c := m.curves[k]; c != nil {
			return c
		}
		if k == (key{}) {
			break
		}
	}
	return unknown
}

const (
	// Observations that it takes until bids are shaded.
	leastSeen = 50.0

	// With fewer observations of its own, a node has its parent's curve.
	leastOwn = 3.0

	// An exchange of which less than this part of the outcomes are losses tells
	// no losses, it is assumed: whoever bids wins less than that.
	leastLost = 0.002

	// A node is made anew after so many publications, whether anything was seen or not.
	stalePublications = 32
)

// Publish returns what is known by now.
func (r *Rates) Publish() *Market {
	m := &Market{curves: make(map[key]*Curve, len(r.nodes))}
	var scale tally
	for i := range scale {
		scale[i] = r.scale(i)
	}
	keys := r.order()
	doubts := r.doubts(keys, scale[0])
	for _, k := range keys {
		r.publish(m, k, doubts, &scale)
	}
	r.published++
	return m
}

// order returns the keys of all nodes, parents first.
func (r *Rates) order() []key {
	keys := make([]key, 0, len(r.nodes))
	for k := range r.nodes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, key.inOrder)
	return keys
}

func (k key) inOrder(o key) int { return cmp.Or(cmp.Compare(k.level(), o.level()), k.compare(o)) }

// level returns 0 for the market, 3 for a place.
func (k key) level() int {
	switch {
	case k == (key{}):
		return 0
	case k.segment == 0:
		return 1
	case k.segment&placeMask == 0 || k.segment.Format() == 0:
		return 2
	}
	return 3
}

// publish makes the curve of one node; its parent's is made.
func (r *Rates) publish(m *Market, k key, doubts map[ad.ID]*doubt, scale *tally) {
	n := r.nodes[k]
	r.fit.part = k.level() > 1
	seen := n.seen(scale[0])
	switch k.level() {
	case 0:
		n.points = r.root(n, scale)
		n.curve = curveOf(n.points, seen)
	case 1:
		if r.exchange(n, seen, doubts[k.exchange], scale); n.whole {
			m.disbelieved = append(m.disbelieved, k.exchange)
		}
	default:
		up := r.above(k)
		if seen < leastOwn || !up.curve.known || up.whole {
			n.points, n.curve, n.whole = up.points, up.curve, up.whole
			break
		}
		n.whole = false
		if n.heard || n.curve == nil || r.stale(k) {
			n.points = slices.Clone(r.fit.fit(n, n.censored, up.points, scale))
			n.curve = newCurve(n.points, seen)
		}
	}
	n.heard = false
	m.curves[k] = n.curve
}

// stale reports whether it is a node's turn to be made anew, though nothing was seen
// there: what is around it changes.
func (r *Rates) stale(k key) bool {
	return (uint64(k.segment)+r.published)%stalePublications == 0
}

// above returns the nearest node above k.
func (r *Rates) above(k key) *node {
	for {
		k = k.parent()
		if n := r.nodes[k]; n != nil {
			return n
		}
	}
}

// exchange makes the curve of an exchange, of whose prices there may be doubt.
func (r *Rates) exchange(n *node, seen float64, doubt *doubt, scale *tally) {
	root := r.above(key{exchange: 1})
	n.whole = false
	if n.mute(scale[0]) {
		n.points, n.curve = nil, unknown
		return
	}
	n.points = slices.Clone(r.fit.fit(n, n.censored, root.points, scale))
	if n.lies(doubt, scale[0]) {
		n.whole = true
		heard := &node{belief: n.belief, mass: n.mass, square: n.square}
		n.points = slices.Clone(r.fit.fit(heard, n.outcomes, base(regress(n.outcomes)), scale))
	}
	n.curve = curveOf(n.points, seen)
	if seen < leastSeen {
		n.curve = root.curve
	}
}

func curveOf(points []point, seen float64) *Curve {
	if seen < leastSeen {
		return unknown
	}
	return newCurve(points, seen)
}

// root returns the points of the whole market, which shrink to a log-logistic
// distribution.
func (r *Rates) root(n *node, scale *tally) []point {
	center, width := n.guess()
	points := r.fit.fit(n, n.censored, base(center, width), scale)
	if !n.silent() && len(n.censored) > 0 {
		points = r.fit.fit(n, n.censored, base(logLogistic(points)), scale)
	}
	return slices.Clone(points)
}

// guess returns parameters of a log-logistic distribution.
func (n *node) guess() (center, width float64) {
	if n.silent() {
		return regress(n.censored)
	}
	points := make([]point, len(n.exact))
	for i, p := range n.exact {
		points[i] = point{p.at, p.top, p.mass[0]}
	}
	return logLogistic(points)
}

// seen returns the observations that are remembered.
func (n *node) seen(scale float64) float64 { return n.mass / n.unit() / scale }

// mute reports whether an exchange tells wins only: then whatever is bid seems to win.
func (n *node) mute(scale float64) bool {
	var won, lost float64
	for i := range n.censored {
		won += n.censored[i].won[0] / scale
		lost += n.censored[i].lost[0] / scale
	}
	return n.all[0]/scale < leastOwn && lost < max(leastOwn, leastLost*won)
}

// between returns the amount at a share of the way from low to high, in proportion.
func between(low, high ad.Money, share float64) ad.Money {
	return min(high, max(low, moneyOf(float64(low)*math.Pow(float64(high)/float64(low), share))))
}
