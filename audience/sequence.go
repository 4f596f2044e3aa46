package audience

import (
	"fmt"
	"slices"
	"strings"

	"bidwell/profile"
)

// sequence tests whether a person did one thing and then another.
type sequence struct{ steps []step }

// step is one deed of a sequence.
type step struct {
	kind   profile.Kind
	topics []string
	names  []profile.Name
	within int64 // seconds since the step before, of the first up to now; 0: not bounded
}

// maxSteps is how many deeds a sequence has at most.
const maxSteps = 8

func (p *sequence) needsProfile() bool { return true }

func (p *sequence) cost() int {
	n := 0
	for i := range p.steps {
		n += 2 * costDid * len(p.steps[i].names)
	}
	return n
}

func (p *sequence) eval(e *Eval) Truth {
	if len(e.rec) == 0 {
		return Unknown
	}
	p.begin(e)
	for i := 1; i < len(p.steps) && len(e.before) > 0; i++ {
		p.follow(e, i)
	}
	return truth(len(e.before) > 0)
}

// begin fills e.before with the moments at which a sequence may begin, oldest
// first.
func (p *sequence) begin(e *Eval) {
	s := &p.steps[0]
	from := int64(0)
	if s.within > 0 {
		from = e.now - s.within
	}
	e.before = e.rec.AppendMoments(e.before[:0], s.kind, s.names, from, e.now+1)
	slices.Sort(e.before)
}

// follow goes from the moments in e.before to those of step i that come after one
// of them, and in time. Of several before it the last is the nearest.
func (p *sequence) follow(e *Eval, i int) {
	s := &p.steps[i]
	e.after = e.rec.AppendMoments(e.after[:0], s.kind, s.names, e.before[0]+1, e.now+1)
	slices.Sort(e.after)
	n, j := 0, 0
	for _, at := range e.after {
		for j < len(e.before) && e.before[j] < at {
			j++
		}
		if j > 0 && (s.within == 0 || at-e.before[j-1] <= s.within) {
			e.after[n] = at
			n++
		}
	}
	e.before, e.after = e.after[:n], e.before
}

func (p *sequence) key() string { return fmt.Sprintf("sequence %v", p.steps) }

func (p *sequence) words() string {
	var b strings.Builder
	for i := range p.steps {
		s := &p.steps[i]
		if i > 0 {
			b.WriteString(", then " + s.inTime())
		}
		b.WriteString(deed(s.kind, orList(s.topics)))
		if i == 0 && s.within > 0 {
			b.WriteString(" " + inTheLast(s.within))
		}
	}
	return b.String()
}

// inTime says within what time of the step before.
func (s *step) inTime() string {
	if s.within == 0 {
		return ""
	}
	return "within " + durationText(s.within) + " "
}

func (p *sequence) found(e *Eval) string {
	if len(e.rec) == 0 {
		return e.nobody()
	}
	var b strings.Builder
	p.begin(e)
	for i := range p.steps {
		s := &p.steps[i]
		if i > 0 {
			b.WriteString("; after it " + s.inTime())
			p.follow(e, i)
		}
		b.WriteString(deed(s.kind, orList(s.topics)))
		if n := len(e.before); n > 0 {
			b.WriteString(" " + times(n) + ", the last time " + since(e.before[n-1], e.now))
			continue
		}
		b.WriteString(" 0 times")
		if last, ok := e.rec.LastAny(s.kind, s.names); ok && last <= e.now {
			b.WriteString(", though " + since(last, e.now))
		}
		break
	}
	return b.String()
}

// sequence compiles a test of deeds one after the other.
func (b *Builder) sequence(d *Did) predicate {
	p := &sequence{}
	ok := true
	for ; d != nil; d = d.Then {
		if len(p.steps) == maxSteps {
			b.ps.Errorf(d.Pos(), "", "a sequence has at most %d deeds", maxSteps)
			return nil
		}
		for _, key := range []string{"at_least", "at_most", "not_within", "first", "last"} {
			if d.Has(key) {
				b.ps.Errorf(d.KeyAt(key), "write it as a rule of its own", "in a sequence each deed has no other test than within")
				ok = false
			}
		}
		var one did
		if !b.didKind(d, &one) {
			return nil
		}
		s := step{kind: one.kind, topics: one.topics, names: one.names}
		if d.Within != nil {
			s.within = d.Within.Seconds()
			ok = b.checkReach(d.At("within"), *d.Within, b.reach()) && ok
		}
		p.steps = append(p.steps, s)
	}
	if !ok {
		return nil
	}
	return p
}
