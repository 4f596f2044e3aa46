package pricing

import (
	"math"

	"bidwell/ad"
)

// Memories are how fast what was observed is forgotten. A long one knows most, a short
// one follows a market that has moved; which of them is believed is learned.
const memories = 3

// halfLives are of what each memory holds, in nanoseconds of time in which something
// was observed.
var halfLives = [memories]float64{48 * hour, 3 * hour, hour / 4}

const (
	hour   = 3600e9
	minute = 60e9

	// No silence counts for more than a minute, so that neither a night nor a clock
	// that jumps ahead wipes out what is known. A clock that is set back by more than
	// late is followed; less is what notices are late by.
	longestStep = int64(minute)
	late        = int64(6 * hour)

	// A mass that is added weighs 2^rescaleAt at most, when the older ones are made
	// lighter instead.
	rescaleAt = 40

	mostWeight = 1000.0 // of one observation
	mostNodes  = 4096   // of which the lightest quarter goes when one more is to come
)

// Observation is what became of one bid.
type Observation struct {
	Exchange ad.ID
	Segment  Segment
	Bid      ad.Money // 0 if not known: only Least is learned from then
	Least    ad.Money // the lowest bid that would have won, or the clearing price of a second-price win; 0 not known
	Won      bool
	Weight   float64 // how many bids it stands for; 0 means 1
	At       int64   // time of the bid, unix nanoseconds
}

// Rates is what is known of the prices that win, by segment. It learns from
// observations, one after another, and publishes what it has learned. The same
// observations in the same order make the same Rates, byte for byte. The zero value
// knows nothing. It is not safe for concurrent use.
type Rates struct {
	nodes  map[key]*node
	clock  int64 // nanoseconds in which something was observed
	latest int64 // time of the latest observation
	mark   [memories]int64
	counts Counts
	fit    fitter

	published uint64 // how often, not a part of the state
}

// Counts tell what was learned from since the beginning.
type Counts struct {
	Exact         uint64 // observations that told the price
	Won, Lost     uint64 // observations that told on which side of the bid it was
	Contradictory uint64 // of Won and Lost: told a price on the other side of the bid
	Refused       uint64 // told nothing
	Dropped       uint64 // segments that made room for others
}

// Counts returns what was learned from.
func (r *Rates) Counts() Counts { return r.counts }

// key names a node: a segment of an exchange, a format of it, an exchange, or, as the
// zero key, the whole market.
type key struct {
	exchange ad.ID
	segment  Segment
}

// parent returns the key of the node that k shrinks to.
func (k key) parent() key {
	switch {
	case k.segment&placeMask != 0 && k.segment.Format() != 0:
		return key{k.exchange, k.segment.Format()}
	case k.segment != 0:
		return key{exchange: k.exchange}
	}
	return key{}
}

// mostLevels are the market, an exchange, a format, a place.
const mostLevels = 4

// path appends k and all nodes above it, the market first.
func (k key) path(dst []key) []key {
	if k != (key{}) {
		dst = k.parent().path(dst)
	}
	return append(dst, k)
}

// event is an observation as nodes take it.
type event struct {
	exact  bool // at is the price; else the price is at or below at, or above it
	won    bool
	at     cell
	place  uint8
	weight tally
	n      float64 // of them, as of now
}

// Observe learns from one observation. A Least that contradicts the outcome is
// ignored and counted; what the outcome says is learned all the same.
func (r *Rates) Observe(o *Observation) {
	if o.Weight == 0 {
		o.Weight = 1
	}
	if !(o.Weight > 0) || o.Bid < 0 || o.Least < 0 || o.Bid == 0 && o.Least == 0 {
		r.counts.Refused++
		return
	}
	r.advance(max(o.At, 0))
	k := key{o.Exchange, o.Segment}
	if k.exchange == 0 {
		k = key{}
	}
	e := event{won: o.Won, n: min(o.Weight, mostWeight)}
	for i := range e.weight {
		e.weight[i] = e.n * r.scale(i)
	}
	e.exact = r.tells(o)
	var path [mostLevels]*node
	nodes := r.path(path[:0], k)
	if e.exact {
		e.at, e.place = cellOf(o.Least)
		r.counts.Exact++
	} else {
		e.at, e.place = side(nodes, o)
		r.count(o.Won)
	}
	r.learn(nodes, &e)
	if k.exchange != 0 && o.Bid > 0 {
		nodes[1].hear(o, &e)
		nodes[len(nodes)-1].witness(o, e.weight[0])
	}
}

func (r *Rates) count(won bool) {
	if won {
		r.counts.Won++
		return
	}
	r.counts.Lost++
}

// tells reports whether o tells the price that wins. A win at exactly its own bid
// tells no more than the win does: some exchanges give back the bid.
func (r *Rates) tells(o *Observation) bool {
	switch {
	case o.Least == 0 || o.Bid > 0 && o.Won && o.Least == o.Bid:
		return false
	case o.Bid > 0 && o.Won != (o.Least <= o.Bid):
		r.counts.Contradictory++
		return false
	}
	return true
}

// side returns the cell that the price was at or below, or above. A bid that lost
// below the highest price seen in its cell says nothing of that price.
func side(path []*node, o *Observation) (cell, uint8) {
	c, place := cellOf(o.Bid)
	if o.Won || c == 0 {
		return c, place
	}
	for _, n := range path {
		if p := n.price(c); p != nil && place < p.top {
			return c - 1, 255
		}
	}
	return c, place
}

// advance moves the clock on to the time of an observation.
func (r *Rates) advance(at int64) {
	switch step := at - r.latest; {
	case r.latest == 0 || step < -late:
		r.latest = at
	case step > 0:
		r.clock += min(step, longestStep)
		r.latest = at
	}
	for i := range r.mark {
		if float64(r.clock-r.mark[i]) > rescaleAt*halfLives[i] {
			r.rescale(i)
		}
	}
}

// scale returns what an observation of now weighs in a memory, where one at the mark
// weighs 1. So nothing that is held has to change as time goes by.
func (r *Rates) scale(i int) float64 {
	return math.Exp2(float64(r.clock-r.mark[i]) / halfLives[i])
}

// rescale puts the mark of a memory to now.
func (r *Rates) rescale(i int) {
	f := 1 / r.scale(i)
	for _, n := range r.nodes {
		n.rescale(i, f)
	}
	r.mark[i] = r.clock
}

// path appends the nodes of k from the market down, made where there is none yet.
func (r *Rates) path(dst []*node, k key) []*node {
	var keys [mostLevels]key
	if len(r.nodes)+mostLevels > mostNodes {
		r.drop()
	}
	for _, k := range k.path(keys[:0]) {
		dst = append(dst, r.node(k))
	}
	return dst
}

func (r *Rates) node(k key) *node {
	if n := r.nodes[k]; n != nil {
		return n
	}
	if r.nodes == nil {
		r.nodes = make(map[key]*node)
	}
	n := newNode()
	r.nodes[k] = n
	return n
}
