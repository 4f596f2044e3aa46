package audience

import (
	"slices"
	"time"

	"bidwell/openrtb"
	"bidwell/profile"
)

// Set is the compiled rules of one configuration. It is immutable and safe for
// concurrent use.
type Set struct {
	nodes []node
	roots []int32 // by Ref
	terms []*term // by Ref, to explain
	refs  map[string]Ref
	names []string
	slots int // attributes that rules name
}

// Names returns the names of all audiences, sorted.
func (s *Set) Names() []string { return slices.Sorted(slices.Values(s.names)) }

// Ref returns the audience of a name.
func (s *Set) Ref(name string) (Ref, bool) {
	r, ok := s.refs[name]
	return r, ok
}

// Asks reports whether any rule looks at a field of requests.
func (s *Set) Asks(field string) bool {
	return slices.ContainsFunc(s.nodes, func(n node) bool {
		switch p := n.pred.(type) {
		case *context:
			return p.field.name == field
		case *lookup:
			return p.field != nil && p.field.name == field
		}
		return false
	})
}

// NeedsProfile reports whether a rule looks at the person's profile at all.
func (s *Set) NeedsProfile(ref Ref) bool {
	return s.valid(ref) && s.nodes[s.roots[ref]].profile
}

// Len returns the number of rules and of shared subexpressions.
func (s *Set) Len() (rules, nodes int) { return len(s.roots), len(s.nodes) }

func (s *Set) valid(ref Ref) bool { return ref >= 0 && int(ref) < len(s.roots) }

// Eval is the scratch of one request, reused from one to the next. It is not
// safe for concurrent use.
type Eval struct {
	set *Set
	rec profile.Record
	req *openrtb.Request
	now int64

	anonymous bool // what the request says of the person may not be used
	unread    bool // the profile exists, but could not be read

	memo       []uint32 // by node: the generation, and the answer in the lowest two bits
	gen        uint32
	attrs      []value            // by the attribute's slot
	attributes profile.Attributes // of the record
	lower      []byte

	before, after []int64 // moments of two deeds, one after the other
}

// value is an attribute's value as it was read in one generation.
type value struct {
	gen   uint32
	known bool
	profile.Value
}

// Reset prepares e for one request at the time now. A nil record stands for a
// person of whom nothing is known, or whose profile may not be read. The record
// and the request must not change while e is in use. It takes the same time
// whatever the size of the set, but for the first use of a larger one.
func (e *Eval) Reset(s *Set, rec profile.Record, req *openrtb.Request, now time.Time) {
	e.set, e.rec, e.req, e.now, e.unread = s, rec, req, now.Unix(), false
	e.anonymous = false
	e.attributes.Reset(rec)
	if len(e.memo) < len(s.nodes) {
		e.memo = make([]uint32, len(s.nodes))
	}
	if len(e.attrs) < s.slots {
		e.attrs = make([]value, s.slots)
	}
	if e.gen == 1<<30-1 {
		clear(e.memo)
		clear(e.attrs)
		e.gen = 0
	}
	e.gen++
}

// Unread says, after Reset with a nil record, that there may be a profile which
// could not be read in time: what it would have excluded is then not known, so
// that "none" over it is Unknown in the place of True.
func (e *Eval) Unread() { e.unread = true }

// Anonymous says, after Reset, that personal data may not be used: what the
// request says of the person (user.gender, user.keyword) is then not known.
func (e *Eval) Anonymous() { e.anonymous = true }

// nobody says why nothing is known of the person.
func (e *Eval) nobody() string {
	if e.unread {
		return "the person's profile could not be read in time"
	}
	return "nothing is known of the person"
}

// attr returns an attribute of the person, which it reads once per request: to
// find it in the record costs more than most tests of it.
func (e *Eval) attr(a *attribute) (*profile.Value, bool) {
	v := &e.attrs[a.slot]
	if v.gen != e.gen {
		e.read(a, v)
	}
	return &v.Value, v.known
}

func (e *Eval) read(a *attribute, v *value) {
	v.gen = e.gen
	v.Value, v.known = e.attributes.Get(a.name)
}

// Is answers a rule of the set that e was reset to. What it has answered for
// this request it remembers. It does not allocate.
func (e *Eval) Is(ref Ref) Truth {
	if !e.set.valid(ref) {
		return Unknown
	}
	return e.node(e.set.roots[ref])
}

func (e *Eval) node(id int32) Truth {
	if m := e.memo[id]; m>>2 == e.gen {
		return Truth(m & 3)
	}
	n := &e.set.nodes[id]
	t := Unknown
	switch n.op {
	case opPredicate:
		t = n.pred.eval(e)
	case opAll:
		t = e.all(n.kids)
	case opAny:
		t = e.any(n.kids)
	case opNone:
		t = e.none(n)
	case opTrue:
		t = True
	}
	e.memo[id] = e.gen<<2 | uint32(t)
	return t
}

func (e *Eval) all(kids []int32) Truth {
	t := True
	for _, kid := range kids {
		switch e.node(kid) {
		case False:
			return False
		case Unknown:
			t = Unknown
		}
	}
	return t
}

func (e *Eval) any(kids []int32) Truth {
	t := False
	for _, kid := range kids {
		switch e.node(kid) {
		case True:
			return True
		case Unknown:
			t = Unknown
		}
	}
	return t
}

// none excludes on evidence only, but for a profile that there may be.
func (e *Eval) none(n *node) Truth {
	switch e.any(n.kids) {
	case True:
		return False
	case Unknown:
		if e.unread && n.profile {
			return Unknown
		}
	}
	return True
}
