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
	for _, k := range r.order() {
		r.publish(m, k, &scale)
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
func (r *Rates) publish(m *Market, k key, scale *tally) {
	n := r.nodes[k]
	r.fit.part = k.level() > 1
	seen := n.seen(scale[0])
	switch k.level() {
	case 0:
		n.points = r.root(n, scale)
		n.curve = curveOf(n.points, seen)
	case 1:
		if r.exchange(n, seen, scale); n.whole {
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

// exchange makes the curve of an exchange.
func (r *Rates) exchange(n *node, seen float64, scale *tally) {
	root := r.above(key{exchange: 1})
	n.whole = false
	if n.mute(scale[0]) {
		n.points, n.curve = nil, unknown
		return
	}
	n.points = slices.Clone(r.fit.fit(n, n.censored, root.points, scale))
	if n.lies(scale[0]) {
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

const (
	mostRefuted = 0.1  // part of the prices told that outcomes may refute
	mostWrong   = 0.04 // see wrong
)

// lies reports whether the prices that an exchange tells are not those that win: too
// many were refuted by the outcome, or lower bids win less often than they would have to
// by what was told of higher ones. Then outcomes are learned from only.
func (n *node) lies(scale float64) bool {
	if n.told/scale < leastSeen {
		return false
	}
	return n.refuted > mostRefuted*n.told || n.wrong(scale) > mostWrong
}

// wrong returns how much likelier outcomes are by the wins that there were than by the
// prices told, less what chance makes of it: nats a bid. Bids are taken together with
// others about as high. If prices are true, bids so high would have won as often among the
// auctions in which more was bid as the prices told there say, and would do so more often
// where they were made: more is bid where rivals are dearer, for an impression is worth
// more to them as well, or because bids follow prices. So it counts only if they win less.
func (n *node) wrong(scale float64) float64 {
	var above, all float64 // auctions in which more was bid, and the price told or the bid lost; all bids
	for i := range n.outcomes {
		above += n.outcomes[i].lost[0]
		all += n.outcomes[i].won[0] + n.outcomes[i].lost[0]
	}
	for _, c := range n.claims {
		above += c.bid
	}
	var off, claimed, won, lost float64 // claimed: of above, those that the bid would have won
	next := 0
	for i := range n.outcomes {
		b := &n.outcomes[i]
		won, lost = won+b.won[0], lost+b.lost[0]
		if i+1 < len(n.outcomes) && n.outcomes[i+1].at.wide() == b.at.wide() {
			continue
		}
		for ; next < len(n.claims) && n.claims[next].at < b.at.wide(); next++ {
			claimed += n.claims[next].price - n.claims[next].bid
			above -= n.claims[next].bid
		}
		same := 0.0 // would have won, and more was bid, but not in a higher cell
		if next < len(n.claims) && n.claims[next].at == b.at.wide() {
			same = n.claims[next].bid
		}
		above -= lost
		if win := max(0, claimed-same) / max(above-same, 1); above/scale >= leastSeen && win*(won+lost) > won {
			win, count := min(win, 1), (won+lost)/scale
			off += max(0, surprise(won/scale, win*count)+surprise(lost/scale, (1-win)*count)-2*n.unit())
		}
		won, lost = 0, 0
	}
	return off / max(all/scale, 1)
}

// surprise returns a part of the logarithm of how much less likely it was to see so
// many where so many were expected.
func surprise(seen, expected float64) float64 {
	if !(seen > 0) {
		return 0
	}
	return seen * math.Log(seen/max(expected, 1e-3*seen))
}

// between returns the amount at a share of the way from low to high, in proportion.
func between(low, high ad.Money, share float64) ad.Money {
	return min(high, max(low, moneyOf(float64(low)*math.Pow(float64(high)/float64(low), share))))
}
