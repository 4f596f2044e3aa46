package audience

import (
	"slices"
	"strings"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// Ref refers to a rule of one Set: a named audience or a condition. The zero
// Ref is the rule that holds for everybody.
type Ref int32

// Builder checks rules and compiles them into a Set. Problems are reported to
// the conf.Problems that it was made with, some of them by Build only, since
// audiences may be referred to before they are defined.
type Builder struct {
	// Retention is how long profiles remember, which no rule may exceed. It is
	// set before the first rule.
	Retention profile.Retention

	// Mention is called with each topic that a rule asks for, unless nil.
	Mention func(k profile.Kind, topic conf.Value[string])

	ps     *conf.Problems
	tables Tables
	named  map[string]*term
	order  []string // of named, as defined
	roots  []*term  // by Ref

	slots map[profile.Name]int32 // of attributes
	nodes []node
	byKey map[string]int32
	depth []int32  // by node
	path  []string // of the audiences being lowered, each within the one before
}

// NewBuilder returns a builder of rules over the given tables. Retention is the
// default.
func NewBuilder(tables Tables, ps *conf.Problems) *Builder {
	return &Builder{
		Retention: profile.DefaultRetention(),
		ps:        ps,
		tables:    tables,
		named:     make(map[string]*term),
		roots:     []*term{{op: opTrue}},
		slots:     make(map[profile.Name]int32),
		byKey:     make(map[string]int32),
	}
}

// Define adds a named audience. Audiences may refer to each other, in any order.
// A nil rule stands for one that could not be read: it may be referred to.
func (b *Builder) Define(name string, r *Rule) {
	t := &term{op: opBroken}
	if r != nil {
		t = b.rule(r)
	}
	if _, again := b.named[name]; again {
		b.ps.Errorf(t.pos, "", "audience %q is defined twice", name)
		return
	}
	b.named[name] = t
	b.order = append(b.order, name)
}

// Condition adds a rule without a name.
func (b *Builder) Condition(r *Rule) Ref { return b.root(b.rule(r)) }

// Audience refers to a named audience from the place at.
func (b *Builder) Audience(name string, at conf.Pos) Ref {
	return b.root(&term{op: opAudience, pos: at, name: name})
}

func (b *Builder) root(t *term) Ref {
	b.roots = append(b.roots, t)
	return Ref(len(b.roots) - 1)
}

// opcode says how a term or node is answered.
type opcode uint8

const (
	opBroken    opcode = iota // could not be compiled: Unknown
	opTrue                    // always True
	opPredicate               // by a predicate
	opAll                     // by all kids
	opAny                     // by any kid
	opNone                    // by none of the kids
	opAudience                // by the audience of that name (terms only)
)

// term is a rule as it was written, with its place. Terms are kept to explain.
type term struct {
	op   opcode
	pos  conf.Pos
	kids []*term
	pred predicate
	name string // of the audience

	node  int32
	state visit
}

// visit is where the lowering of a term stands.
type visit uint8

const (
	unvisited visit = iota
	visiting
	visited
)

// rule compiles a rule into a term.
func (b *Builder) rule(r *Rule) *term {
	t := &term{op: opAll, pos: r.Pos()}
	list := func(key string, op opcode, rules []Rule) {
		if len(rules) == 0 {
			return
		}
		kid := &term{op: op, pos: r.KeyAt(key)}
		for i := range rules {
			kid.kids = append(kid.kids, b.rule(&rules[i]))
		}
		if op == opAll {
			t.kids = append(t.kids, kid.kids...)
			return
		}
		t.kids = append(t.kids, kid)
	}
	list("all", opAll, r.All)
	list("any", opAny, r.Any)
	for i := range r.Has {
		for _, p := range b.has(&r.Has[i]) {
			t.kids = append(t.kids, predicateTerm(r.Has[i].KeyPos, p))
		}
	}
	if list := b.names(r.Segment, "segment"); len(list) > 0 {
		t.kids = append(t.kids, predicateTerm(r.KeyAt("segment"), newSegments(list)))
	}
	if r.Did != nil {
		t.kids = append(t.kids, predicateTerm(r.KeyAt("did"), b.did(r.Did)))
	}
	if r.Lookup != nil {
		t.kids = append(t.kids, predicateTerm(r.KeyAt("lookup"), b.lookup(r.Lookup)))
	}
	for i := range r.Context {
		t.kids = append(t.kids, predicateTerm(r.Context[i].KeyPos, b.context(&r.Context[i])))
	}
	if kid := audienceTerm(r); kid != nil {
		t.kids = append(t.kids, kid)
	}
	list("none", opNone, r.None)
	b.checkEmpty(r, t)
	if len(t.kids) == 1 {
		return t.kids[0]
	}
	return t
}

// predicateTerm is a term of one predicate; without one, it could not be
// compiled, which has been reported.
func predicateTerm(pos conf.Pos, p predicate) *term {
	if p == nil {
		return &term{op: opBroken, pos: pos}
	}
	return &term{op: opPredicate, pos: pos, pred: p}
}

func audienceTerm(r *Rule) *term {
	if len(r.Audience) == 0 {
		return nil
	}
	any := &term{op: opAny, pos: r.KeyAt("audience")}
	for _, v := range r.Audience {
		any.kids = append(any.kids, &term{op: opAudience, pos: v.Pos, name: v.Value})
	}
	if len(any.kids) == 1 {
		return any.kids[0]
	}
	return any
}

// checkEmpty reports a rule that demands nothing, or a part of it.
func (b *Builder) checkEmpty(r *Rule, t *term) {
	for _, part := range []struct {
		key   string
		empty bool
	}{{"has", r.Has != nil && len(r.Has) == 0}, {"context", r.Context != nil && len(r.Context) == 0}} {
		if part.empty {
			b.ps.Errorf(r.At(part.key), "", "%s is empty", part.key)
			return
		}
	}
	if len(t.kids) > 0 {
		return
	}
	t.op = opBroken
	if slices.ContainsFunc([]string{"all", "any", "none", "has", "segment", "did", "lookup", "context", "audience"}, r.Located.Has) {
		return // what it has is wrong, which has been reported
	}
	b.ps.Errorf(r.Pos(), "such as {did: {visit: automotive}}", "the rule is empty")
}

// audienceNames returns the names of all audiences.
func (b *Builder) audienceNames() []string { return slices.Clone(b.order) }

// unknownAudience reports a reference to nothing.
func (b *Builder) unknownAudience(t *term) {
	hint := conf.DidYouMean(t.name, b.audienceNames())
	if hint == "" && len(b.order) > 0 && len(b.order) <= 20 {
		hint = "the audiences are " + strings.Join(b.order, ", ")
	}
	b.ps.Errorf(t.pos, hint, "there is no audience %q", t.name)
}
