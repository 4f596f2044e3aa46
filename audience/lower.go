package audience

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxNesting is how deep rules may lie within each other, by way of other
// audiences too: evaluation goes as deep.
const maxNesting = 500

// node is one shared subexpression. Kids come before it.
type node struct {
	op      opcode
	profile bool // depends on the person's profile
	cost    int32
	kids    []int32 // cheapest first
	pred    predicate
}

// Build compiles all rules. The Set is whole only if no problem is an error;
// what could not be compiled is Unknown in it. The builder cannot be used again.
func (b *Builder) Build() *Set {
	s := &Set{terms: b.roots, roots: make([]int32, len(b.roots)), refs: make(map[string]Ref, len(b.order))}
	for _, name := range b.order {
		b.path = append(b.path[:0], name)
		b.lower(b.named[name])
	}
	for i, t := range b.roots {
		b.path = b.path[:0]
		s.roots[i] = b.lower(t)
	}
	for _, name := range b.order {
		s.refs[name] = Ref(len(s.roots))
		s.roots = append(s.roots, b.named[name].node)
		s.terms = append(s.terms, &term{op: opAudience, pos: b.named[name].pos, name: name, kids: []*term{b.named[name]}, node: b.named[name].node})
	}
	s.nodes = b.nodes
	s.names = b.order
	s.slots = len(b.slots)
	return s
}

// lower returns the node of a term.
func (b *Builder) lower(t *term) int32 {
	switch t.state {
	case visited:
		return t.node
	case visiting:
		return b.node("broken", node{op: opBroken}) // reported by lowerAudience
	}
	t.state = visiting
	t.node = b.lowerTerm(t)
	t.state = visited
	return t.node
}

func (b *Builder) lowerTerm(t *term) int32 {
	switch t.op {
	case opTrue:
		return b.node("true", node{op: opTrue})
	case opPredicate:
		return b.node(t.pred.key(), node{op: opPredicate, cost: int32(t.pred.cost()), profile: t.pred.needsProfile(), pred: t.pred})
	case opAudience:
		return b.lowerAudience(t)
	case opAll, opAny, opNone:
		return b.lowerList(t)
	}
	return b.node("broken", node{op: opBroken})
}

func (b *Builder) lowerAudience(t *term) int32 {
	target, ok := b.named[t.name]
	if !ok {
		b.unknownAudience(t)
		return b.node("broken", node{op: opBroken})
	}
	if target.state == visiting {
		from := max(0, slices.Index(b.path, t.name))
		b.ps.Errorf(t.pos, "", "audience %q refers to itself: %s → %s", t.name, strings.Join(b.path[from:], " → "), t.name)
		return b.node("broken", node{op: opBroken})
	}
	t.kids = []*term{target}
	b.path = append(b.path, t.name)
	id := b.lower(target)
	b.path = b.path[:len(b.path)-1]
	return id
}

func (b *Builder) lowerList(t *term) int32 {
	n := node{op: t.op}
	at := make(map[int32]*term, len(t.kids))
	for _, kid := range t.kids {
		id := b.lower(kid)
		if first, twice := at[id]; twice {
			if b.nodes[id].op != opBroken {
				b.ps.Warnf(kid.pos, "", "this repeats the rule on line %d", first.pos.Line)
			}
			continue
		}
		at[id] = kid
		n.kids = append(n.kids, id)
		n.cost += b.nodes[id].cost
		n.profile = n.profile || b.nodes[id].profile
	}
	if t.op == opAll {
		b.contradiction(t)
	}
	slices.SortStableFunc(n.kids, func(x, y int32) int {
		return cmp.Or(cmp.Compare(b.nodes[x].cost, b.nodes[y].cost), cmp.Compare(x, y))
	})
	if len(n.kids) == 1 && t.op != opNone {
		return n.kids[0]
	}
	var key strings.Builder
	key.WriteByte('0' + byte(t.op))
	deepest := int32(0)
	for _, id := range n.kids {
		key.WriteByte(' ')
		key.WriteString(strconv.Itoa(int(id)))
		deepest = max(deepest, b.depth[id])
	}
	if deepest >= maxNesting {
		b.ps.Errorf(t.pos, "", "rules are nested more than %d levels deep, by way of other audiences too", maxNesting)
		return b.node("broken", node{op: opBroken})
	}
	return b.node(key.String(), n)
}

// node returns the node of a key, which it makes if need be.
func (b *Builder) node(key string, n node) int32 {
	if id, ok := b.byKey[key]; ok {
		return id
	}
	id, deepest := int32(len(b.nodes)), int32(0)
	for _, kid := range n.kids {
		deepest = max(deepest, b.depth[kid])
	}
	b.nodes = append(b.nodes, n)
	b.depth = append(b.depth, deepest+1)
	b.byKey[key] = id
	return id
}
