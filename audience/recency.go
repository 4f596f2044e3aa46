package audience

import (
	"fmt"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// Recency adds conditions that grade a rule with a did by how long ago that was:
// the i-th holds if the rule does and the last time lies at most ages[i] back, and
// more than the age before. So at most one of them holds. The ages ascend. It
// reports, and returns none for, a rule without a plain did.
func (b *Builder) Recency(r *Rule, ages []conf.Duration, at []conf.Pos) []Ref {
	base := b.rule(r)
	if r.Did == nil || r.Did.Then != nil {
		b.ps.Errorf(r.Pos(), "such as if: {did: {visit: automotive}}", "how long ago was what? The condition needs a did, without then")
		return nil
	}
	p := plainDid(base, r.KeyAt("did"))
	if p == nil {
		return nil // it could not be compiled, which has been reported
	}
	refs, before := make([]Ref, 0, len(ages)), int64(0)
	for i, age := range ages {
		if !b.checkReach(at[i], age, b.reach()) {
			return nil
		}
		last := &lastTime{kind: p.kind, topics: p.topics, names: p.names, over: before, upTo: age.Seconds()}
		refs = append(refs, b.root(&term{op: opAll, pos: at[i], kids: []*term{base, predicateTerm(at[i], last)}}))
		before = last.upTo
	}
	return refs
}

// plainDid returns the did at a place among what a rule asks for.
func plainDid(t *term, at conf.Pos) *did {
	if p, ok := t.pred.(*did); ok && t.pos == at {
		return p
	}
	for _, kid := range t.kids {
		if p, ok := kid.pred.(*did); ok && kid.pos == at {
			return p
		}
	}
	return nil
}

// lastTime tests how long ago something happened for the last time.
type lastTime struct {
	kind       profile.Kind
	topics     []string
	names      []profile.Name
	over, upTo int64 // seconds; over is 0 for none
}

func (p *lastTime) cost() int          { return costDid * len(p.names) }
func (p *lastTime) needsProfile() bool { return true }

func (p *lastTime) eval(e *Eval) Truth {
	if len(e.rec) == 0 {
		return Unknown
	}
	at, ok := e.rec.LastAny(p.kind, p.names)
	age := e.now - at
	return truth(ok && age >= 0 && (p.over == 0 || age > p.over) && age <= p.upTo)
}

func (p *lastTime) key() string {
	return fmt.Sprintf("last %d %q %d %d", p.kind, p.topics, p.over, p.upTo)
}

func (p *lastTime) words() string {
	w := deed(p.kind, orList(p.topics)) + " for the last time "
	if p.over > 0 {
		w += "more than " + durationText(p.over) + " and "
	}
	return w + "at most " + durationText(p.upTo) + " ago"
}

func (p *lastTime) found(e *Eval) string {
	if len(e.rec) == 0 {
		return e.nobody()
	}
	at, ok := e.rec.LastAny(p.kind, p.names)
	if !ok {
		return "never " + deed(p.kind, orList(p.topics))
	}
	return deed(p.kind, orList(p.topics)) + " " + since(at, e.now)
}
