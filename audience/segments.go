package audience

import (
	"fmt"

	"bidwell/profile"
)

// segments tests whether the person is in one of several segments.
type segments struct {
	list  []string
	names []profile.Name
}

func newSegments(list []string) *segments {
	p := &segments{list: list}
	for _, s := range list {
		p.names = append(p.names, profile.NameOf(s))
	}
	return p
}

func (p *segments) eval(e *Eval) Truth {
	if len(e.rec) == 0 {
		return Unknown
	}
	for _, n := range p.names {
		if e.rec.Segment(n, e.now) {
			return True
		}
	}
	return False
}

func (p *segments) cost() int          { return costAttr * len(p.names) }
func (p *segments) needsProfile() bool { return true }
func (p *segments) key() string        { return fmt.Sprintf("segment %q", p.list) }
func (p *segments) words() string      { return "in segment " + orList(p.list) }

func (p *segments) found(e *Eval) string {
	if len(e.rec) == 0 {
		return e.nobody()
	}
	left, when := "", int64(0)
	for i, n := range p.names {
		expires, ok := e.rec.SegmentExpiry(n)
		switch {
		case ok && e.now < expires:
			return "in segment " + p.list[i] + ", which ends in " + length(expires-e.now)
		case ok && expires > when:
			left, when = p.list[i], expires
		}
	}
	if left != "" {
		return "in none of them now; segment " + left + " ended " + since(when, e.now)
	}
	return "in none of them"
}
