package pricing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"bidwell/ad"
)

// stateVersion is the first byte of a state.
const stateVersion = 2

// ErrState is what errors of Restore wrap.
var ErrState = errors.New("state of win rates")

// AppendState appends everything that is known, as Restore reads it. The same
// observations in the same order give the same bytes.
func (r *Rates) AppendState(dst []byte) []byte {
	dst = append(dst, stateVersion)
	dst = le.AppendUint64(dst, uint64(r.clock))
	dst = le.AppendUint64(dst, uint64(r.latest))
	for _, m := range r.mark {
		dst = le.AppendUint64(dst, uint64(m))
	}
	for _, c := range r.counts.list() {
		dst = le.AppendUint64(dst, *c)
	}
	dst = le.AppendUint32(dst, uint32(len(r.nodes)))
	for _, k := range r.order() {
		dst = le.AppendUint64(dst, uint64(k.exchange))
		dst = le.AppendUint32(dst, uint32(k.segment))
		dst = r.nodes[k].append(dst)
	}
	return dst
}

var le = binary.LittleEndian

func (c *Counts) list() []*uint64 {
	return []*uint64{&c.Exact, &c.Won, &c.Lost, &c.Contradictory, &c.Refused, &c.Dropped}
}

func (n *node) append(dst []byte) []byte {
	dst = appendTally(dst, &n.belief)
	dst = appendTally(dst, &n.all)
	dst = appendFloat(dst, n.mass)
	dst = appendFloat(dst, n.square)
	dst = appendFloat(dst, n.told)
	dst = appendFloat(dst, n.refuted)
	dst = le.AppendUint16(dst, uint16(len(n.exact)))
	for i := range n.exact {
		p := &n.exact[i]
		dst = le.AppendUint16(dst, uint16(p.at))
		dst = appendTally(append(dst, p.top), &p.mass)
	}
	for _, list := range [][]bids{n.censored, n.outcomes} {
		dst = le.AppendUint16(dst, uint16(len(list)))
		for i := range list {
			b := &list[i]
			dst = le.AppendUint16(dst, uint16(b.at))
			dst = appendTally(appendTally(append(dst, b.top), &b.won), &b.lost)
		}
	}
	dst = le.AppendUint16(dst, uint16(len(n.claims)))
	for i := range n.claims {
		c := &n.claims[i]
		dst = le.AppendUint16(dst, uint16(c.at))
		for _, x := range [...]float64{c.price, c.bid, c.won, c.lost} {
			dst = appendFloat(dst, x)
		}
	}
	for _, x := range n.follow.fields() {
		dst = appendFloat(dst, *x)
	}
	return dst
}

func appendTally(dst []byte, t *tally) []byte {
	for _, x := range t {
		dst = appendFloat(dst, x)
	}
	return dst
}

func appendFloat(dst []byte, x float64) []byte {
	return le.AppendUint64(dst, math.Float64bits(x))
}

// Restore replaces what is known by a state. If that is cut short, damaged, or holds
// what no observation leaves behind, it returns an error that wraps ErrState and
// changes nothing.
func (r *Rates) Restore(state []byte) error {
	d := reader{rest: state}
	if d.byte() != stateVersion {
		return fmt.Errorf("%w: it is of another version, or none", ErrState)
	}
	var s Rates
	s.clock, s.latest = d.int64(), d.int64()
	d.check(s.clock >= 0 && s.clock <= lastTime && s.latest >= 0)
	for i := range s.mark {
		s.mark[i] = d.int64()
		d.check(s.mark[i] >= 0 && s.mark[i] <= s.clock && float64(s.clock-s.mark[i]) <= rescaleAt*halfLives[i])
	}
	for _, c := range s.counts.list() {
		*c = d.uint64()
	}
	count := d.uint32()
	d.check(count <= mostNodes)
	s.nodes = make(map[key]*node)
	last := key{}
	for i := range count {
		k := key{ad.ID(d.uint64()), Segment(d.uint32())}
		n := d.node()
		d.check((i == 0 || last.inOrder(k) < 0) && (k.exchange != 0 || k.segment == 0))
		last = k
		if d.failed {
			break
		}
		s.nodes[k] = n
	}
	d.check(len(d.rest) == 0 && (count == 0 || s.nodes[key{}] != nil))
	if d.failed {
		return fmt.Errorf("%w: it is damaged or cut short", ErrState)
	}
	*r = s
	return nil
}

// lastTime leaves room for the time to come.
const lastTime = 1 << 62

// reader reads a state. After something that is not right it has failed and reads
// zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (d *reader) check(ok bool) {
	if !ok {
		d.failed, d.rest = true, nil
	}
}

func (d *reader) take(n int) []byte {
	if d.check(len(d.rest) >= n); d.failed {
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *reader) byte() byte     { return d.take(1)[0] }
func (d *reader) uint16() uint16 { return le.Uint16(d.take(2)) }
func (d *reader) uint32() uint32 { return le.Uint32(d.take(4)) }
func (d *reader) uint64() uint64 { return le.Uint64(d.take(8)) }
func (d *reader) int64() int64   { return int64(d.uint64()) }

// mass reads a weight.
func (d *reader) mass() float64 {
	x := math.Float64frombits(d.uint64())
	d.check(x >= 0 && x <= mostMass)
	return x
}

// mostMass is more than any weight comes to before the older ones are made lighter.
const mostMass = 1e30

func (d *reader) tally() (t tally) {
	for i := range t {
		t[i] = d.mass()
	}
	return t
}

func (d *reader) node() *node {
	n := &node{belief: d.tally(), all: d.tally(), mass: d.mass(), square: d.mass(), told: d.mass(), refuted: d.mass()}
	d.check(math.Abs(n.belief[0]+n.belief[1]+n.belief[2]-1) < 1e-6)
	for range d.uint16() {
		p := price{at: cell(d.uint16()), top: d.byte(), mass: d.tally()}
		d.check(p.at < noPrice && (len(n.exact) == 0 || n.exact[len(n.exact)-1].at < p.at))
		if d.failed {
			return n
		}
		n.exact = append(n.exact, p)
	}
	sum := tally{}
	for i := range n.exact {
		sum.add(&n.exact[i].mass)
	}
	for i := range sum {
		d.check(math.Abs(sum[i]-n.all[i]) <= 1e-6*(1+sum[i]))
	}
	n.censored = d.bids()
	n.outcomes = d.bids()
	for range d.uint16() {
		c := claim{at: cell(d.uint16()), price: d.mass(), bid: d.mass(), won: d.mass(), lost: d.mass()}
		d.check(c.at <= noPrice && (len(n.claims) == 0 || n.claims[len(n.claims)-1].at < c.at))
		if d.failed {
			return n
		}
		n.claims = append(n.claims, c)
	}
	for _, x := range n.follow.fields() {
		*x = d.mass()
	}
	return n
}

func (d *reader) bids() (list []bids) {
	for range d.uint16() {
		b := bids{at: cell(d.uint16()), top: d.byte(), won: d.tally(), lost: d.tally()}
		d.check(b.at < noPrice && (len(list) == 0 || list[len(list)-1].at < b.at))
		if d.failed {
			return nil
		}
		list = append(list, b)
	}
	return slices.Clip(list)
}
