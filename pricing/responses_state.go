package pricing

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"

	"bidwell/ad"
)

// responsesVersion is the first byte of a trainer's state.
const responsesVersion = 3

// ErrResponses is what errors of Trainer.Restore wrap.
var ErrResponses = errors.New("state of response models")

// AppendState appends everything that was learned, as Restore reads it. The same
// examples in the same order give the same bytes.
func (t *Trainer) AppendState(dst []byte) []byte {
	dst = append(dst, responsesVersion)
	dst = le.AppendUint64(le.AppendUint64(dst, uint64(t.date)), uint64(t.day))
	for i, m := range t.models {
		if m == nil {
			dst = append(dst, 0)
		} else {
			dst = appendPages(append(dst, 1), m.main[:])
			dst = m.scale.append(le.AppendUint64(m.strength.append(dst), m.examples))
		}
		dst = t.house[i].append(dst)
	}
	for _, c := range t.crosses {
		if c != nil {
			dst = c.strength.append(appendPages(dst, c.pages[:]))
		}
	}
	dst = t.rates.house.append(dst)
	for _, m := range t.rates.levels() {
		dst = le.AppendUint32(dst, uint32(len(m)))
		for _, id := range slices.Sorted(maps.Keys(m)) {
			dst = m[id].append(le.AppendUint64(dst, uint64(id)))
		}
	}
	dst = le.AppendUint32(dst, uint32(len(t.campaigns)))
	for _, id := range slices.Sorted(maps.Keys(t.campaigns)) {
		dst = t.campaigns[id].append(le.AppendUint64(dst, uint64(id)))
	}
	dst = le.AppendUint32(dst, uint32(len(t.credits)))
	for _, k := range slices.SortedFunc(maps.Keys(t.credits), creativeKey.compare) {
		dst = le.AppendUint64(le.AppendUint64(dst, uint64(k.line)), uint64(k.creative))
		dst = t.credits[k].append(dst)
	}
	return dst
}

func (k creativeKey) compare(o creativeKey) int {
	return cmp.Or(cmp.Compare(k.line, o.line), cmp.Compare(k.creative, o.creative))
}

// appendPages writes the pages that hold something, each with its number.
func appendPages(dst []byte, pages []*cells) []byte {
	at, n := len(dst), uint16(0)
	dst = append(dst, 0, 0)
	for i, c := range pages {
		if c == nil || c.empty() {
			continue
		}
		n++
		dst = c.append(le.AppendUint16(dst, uint16(i)))
	}
	le.PutUint16(dst[at:], n)
	return dst
}

func (c *cells) empty() bool { return c.w == [pageSize]float32{} && c.n == [pageSize]float32{} }

// append writes which of 64 cells at a time hold something, and those.
func (c *cells) append(dst []byte) []byte {
	for from := 0; from < pageSize; from += 64 {
		held := uint64(0)
		for i := range 64 {
			if math.Float32bits(c.w[from+i])|math.Float32bits(c.n[from+i]) != 0 {
				held |= 1 << i
			}
		}
		dst = le.AppendUint64(dst, held)
		for ; held != 0; held &= held - 1 {
			i := from + bits.TrailingZeros64(held)
			dst = le.AppendUint32(dst, math.Float32bits(c.w[i]))
			dst = append(le.AppendUint32(dst, math.Float32bits(c.n[i])), byte(c.kind[i]))
		}
	}
	return dst
}

func (s *strength) append(dst []byte) []byte {
	for _, x := range s {
		dst = le.AppendUint32(dst, math.Float32bits(x))
	}
	return dst
}

func (s *scale) append(dst []byte) []byte {
	for _, x := range [...]float64{s.by[0], s.by[1], s.known[0], s.known[1], s.known[2]} {
		dst = appendFloat(dst, x)
	}
	return dst
}

func (c *counts) append(dst []byte) []byte {
	dst = le.AppendUint64(dst, uint64(c.seen))
	for _, t := range c.of {
		dst = appendFloat(appendFloat(dst, t.n), t.y)
	}
	return dst
}

func (q *progress) append(dst []byte) []byte {
	for _, x := range q.kept() {
		dst = appendFloat(dst, *x)
	}
	for i := range q.scores {
		for _, x := range q.scores[i] {
			dst = le.AppendUint32(dst, math.Float32bits(x))
		}
	}
	return dst
}

func (c *record) append(dst []byte) []byte {
	dst = le.AppendUint64(append(dst, byte(c.goal)), uint64(c.seen))
	has := byte(0)
	for t, q := range c.progress {
		if q != nil {
			has |= 1 << t
		}
	}
	dst = append(dst, has)
	for _, q := range c.progress {
		if q != nil {
			dst = q.append(dst)
		}
	}
	return dst
}

func (c *credit) append(dst []byte) []byte {
	dst = le.AppendUint64(dst, uint64(c.seen))
	for t := range c.y {
		dst = appendFloat(appendFloat(dst, c.y[t]), c.e[t])
	}
	return dst
}

// Restore replaces what was learned by a state. If that is cut short, damaged, or
// holds what no example leaves behind, it returns an error that wraps ErrResponses
// and changes nothing.
func (t *Trainer) Restore(state []byte) error {
	d := reader{rest: state}
	if d.byte() != responsesVersion {
		return fmt.Errorf("%w: it is of another version, or none", ErrResponses)
	}
	s := NewTrainer()
	s.date, s.day = d.int64(), d.int64()
	for i := range s.models {
		has := d.byte()
		if d.check(has <= 1); has == 1 {
			m := s.model(Task(i))
			d.pages(m.main[:])
			d.strength(&m.strength)
			m.examples = d.uint64()
			d.scale(&m.scale)
		}
		d.progress(&s.house[i])
	}
	for _, c := range s.crosses {
		if c != nil {
			d.pages(c.pages[:])
			d.strength(&c.strength)
		}
	}
	d.counts(&s.rates.house)
	for _, m := range s.rates.levels() {
		restore(&d, maxKept, func() {
			c := new(counts)
			m[ad.ID(d.uint64())] = c
			d.counts(c)
		})
	}
	restore(&d, maxKept, func() { id := ad.ID(d.uint64()); s.campaigns[id] = d.record() })
	restore(&d, maxCredits, func() {
		k := creativeKey{ad.ID(d.uint64()), ad.ID(d.uint64())}
		s.credits[k] = d.credit()
	})
	d.check(len(d.rest) == 0)
	if d.failed {
		return fmt.Errorf("%w: it is damaged or cut short", ErrResponses)
	}
	*t = *s
	return nil
}

// restore reads a list of at most so many.
func restore(d *reader, most uint32, one func()) {
	n := d.uint32()
	d.check(n <= most)
	for range n {
		if d.failed {
			return
		}
		one()
	}
}

// number reads one that is not negative and not absurd.
func (d *reader) number() float64 {
	x := math.Float64frombits(d.uint64())
	d.check(x >= 0 && x <= 1e15)
	return x
}

// small reads a number from low to high.
func (d *reader) small(low, high float32) float32 {
	x := math.Float32frombits(d.uint32())
	d.check(low <= x && x <= high)
	return x
}

func (d *reader) pages(to []*cells) {
	for range d.uint16() {
		i := int(d.uint16())
		if d.check(i < len(to)); d.failed {
			return
		}
		to[i] = d.cells()
	}
}

func (d *reader) cells() *cells {
	c := new(cells)
	for from := 0; from < pageSize && !d.failed; from += 64 {
		for held := d.uint64(); held != 0; held &= held - 1 {
			i := from + bits.TrailingZeros64(held)
			c.w[i], c.n[i], c.kind[i] = d.small(-maxWeight, maxWeight), d.small(0, maxMemory), kind(d.byte())
			d.check(c.kind[i] < numKinds)
		}
	}
	return c
}

func (d *reader) strength(s *strength) {
	for k := range s {
		s[k] = d.small(leastStrength, mostStrength)
	}
}

func (d *reader) scale(s *scale) {
	for i := range s.by {
		s.by[i] = d.number()
		d.check(s.by[i] <= mostScale)
	}
	for i := range s.known {
		s.known[i] = math.Float64frombits(d.uint64())
	}
	d.check(s.valid())
}

func (d *reader) counts(c *counts) {
	c.seen = d.int64()
	for t := range c.of {
		c.of[t] = count{d.number(), d.number()}
	}
}

func (d *reader) progress(q *progress) {
	for _, x := range q.kept() {
		*x = math.Float64frombits(d.uint64())
		d.check(math.Abs(*x) <= 1e15)
	}
	for i := range q.scores {
		for b := range q.scores[i] {
			q.scores[i][b] = d.small(0, math.MaxFloat32)
		}
	}
}

func (d *reader) record() *record {
	c := &record{goal: Goal(d.byte()), seen: d.int64()}
	has := d.byte()
	d.check(c.goal < numGoals && has < 1<<NumTasks)
	for t := range c.progress {
		if has>>t&1 != 0 {
			c.progress[t] = new(progress)
			d.progress(c.progress[t])
		}
	}
	return c
}

func (d *reader) credit() *credit {
	c := &credit{seen: d.int64()}
	for t := range c.y {
		c.y[t], c.e[t] = d.number(), d.number()
	}
	return c
}
