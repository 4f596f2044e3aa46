package audience

import (
	"math"
	"slices"
	"strings"

	"bidwell/profile"
)

// contradiction reports a rule that demands something and its absence.
func (b *Builder) contradiction(t *term) {
	d := demands{builder: b, wanted: make(map[int32]*term)}
	for _, kid := range t.kids {
		d.wants(kid, 0)
	}
	for _, kid := range t.kids {
		d.refuses(kid)
	}
	d.compare()
}

// demands are what a rule asks for, as far as it can be seen to contradict itself.
type demands struct {
	builder *Builder
	wanted  map[int32]*term
	spans   []span
}

// span is what a rule asks of the number of deeds of one kind that happened more
// than lo and at most hi seconds ago.
type span struct {
	at       *term
	kind     profile.Kind
	topics   []string
	lo, hi   int64
	min, max int
}

// maxSpans bounds the time that a comparison of all with all takes.
const maxSpans = 256

// wants adds what must hold.
func (d *demands) wants(t *term, depth int) {
	switch t.op {
	case opAll, opAudience:
		if depth < 8 {
			for _, kid := range t.kids {
				d.wants(kid, depth+1)
			}
		}
		d.wanted[t.node] = t
	case opPredicate:
		d.wanted[t.node] = t
		if p, ok := t.pred.(*did); ok {
			d.add(p.spans(t)...)
		}
	}
}

// refuses adds what must not hold.
func (d *demands) refuses(t *term) {
	if t.op != opNone {
		return
	}
	for _, kid := range t.kids {
		if w, both := d.wanted[kid.node]; both && d.builder.nodes[kid.node].op != opBroken {
			d.builder.ps.Errorf(kid.pos, "remove one of them", "nobody is in this audience: the same is demanded on line %d", w.pos.Line)
			continue
		}
		p, ok := kid.pred.(*did)
		if !ok || p.notWithin > 0 || p.atMost != math.MaxInt || p.first != (ageTest{}) || p.last != (ageTest{}) {
			continue // to fail it there is more than one way
		}
		s := p.counted(kid)
		s.min, s.max = 0, p.atLeast-1
		d.add(s)
	}
}

func (d *demands) add(list ...span) {
	if len(d.spans)+len(list) <= maxSpans {
		d.spans = append(d.spans, list...)
	}
}

// compare reports the first two demands that cannot both be met.
func (d *demands) compare() {
	for i := range d.spans {
		for j := range d.spans {
			few, many := &d.spans[i], &d.spans[j]
			if few.at == many.at || !few.excludes(many) {
				continue
			}
			later, other := few, many
			if few.at.pos.Line < many.at.pos.Line {
				later, other = many, few
			}
			d.builder.ps.Errorf(later.at.pos, "remove one of them", "nobody is in this audience: it is at odds with line %d, %s", other.at.pos.Line, other.at.pred.words())
			return
		}
	}
}

// excludes reports whether s leaves no room for what o asks for.
func (s *span) excludes(o *span) bool {
	if s.kind != o.kind || s.max >= o.min || s.lo > o.lo || s.hi < o.hi {
		return false
	}
	return !slices.ContainsFunc(o.topics, func(topic string) bool { return !covered(topic, s.topics) })
}

// covered reports whether a topic is one of some, or lies below one.
func covered(topic string, by []string) bool {
	return slices.ContainsFunc(by, func(t string) bool {
		return topic == t || strings.HasPrefix(topic, t+"/") && strings.Count(t, "/") < profile.MaxLevels-1
	})
}

// counted is the span in which the rule counts.
func (p *did) counted(at *term) span {
	s := span{at: at, kind: p.kind, topics: p.topics, lo: -1, hi: math.MaxInt64, min: p.atLeast, max: p.atMost}
	if p.within > 0 {
		s.hi = p.within
	}
	if p.notWithin > 0 {
		s.lo = p.notWithin
	}
	return s
}

// spans are what the rule asks for.
func (p *did) spans(at *term) []span {
	counted := p.counted(at)
	list := []span{counted}
	part := func(hi int64, least, most int) {
		s := counted
		s.lo, s.hi, s.min, s.max = -1, hi, least, most
		list = append(list, s)
	}
	if p.notWithin > 0 {
		part(p.notWithin, 0, 0)
	}
	if p.last.over > 0 {
		part(p.last.over, 0, 0)
	}
	if p.last.under > 0 {
		part(p.last.under-1, 1, math.MaxInt)
	}
	return list
}
