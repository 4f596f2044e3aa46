package conf

import "go.yaml.in/yaml/v4"

const (
	maxDepth = 100
	maxNodes = 500_000
)

// shape checks what holds for YAML of any kind, and puts in the place of each
// alias the node that it stands for, so that decoding meets mappings, lists and
// scalars only.
type shape struct {
	ps    *Problems
	file  string
	state map[*yaml.Node]extent // anchored nodes; size 0 while being visited
}

// extent is how much a node holds once aliases are expanded.
type extent struct{ size, height int }

// checkShape reports whether the tree under n can be decoded without harm.
func (ps *Problems) checkShape(file string, n *yaml.Node) bool {
	s := &shape{ps: ps, file: file, state: make(map[*yaml.Node]extent)}
	_, ok := s.visit(n, 1)
	return ok
}

func (s *shape) visit(n *yaml.Node, depth int) (extent, bool) {
	if depth > maxDepth {
		s.ps.Errorf(s.ps.nodePos(s.file, n), "", "nested more than %d levels deep", maxDepth)
		return extent{}, false
	}
	if n.Anchor != "" {
		s.state[n] = extent{}
	}
	s.checkTag(n)
	if n.Kind == yaml.MappingNode {
		s.checkKeys(n)
	}
	e := extent{size: 1, height: 1}
	for i, c := range n.Content {
		sub, ok := extent{}, false
		if c.Kind == yaml.AliasNode {
			sub, ok = s.alias(c)
			n.Content[i] = c.Alias
		} else {
			sub, ok = s.visit(c, depth+1)
		}
		if !ok {
			return extent{}, false
		}
		e.size += sub.size
		e.height = max(e.height, sub.height+1)
	}
	if e.size > maxNodes || depth+e.height > maxDepth+1 {
		s.ps.Errorf(s.ps.nodePos(s.file, n), "use fewer or smaller anchors", "holds more than %d values, or is nested more than %d levels deep, once aliases are put in", maxNodes, maxDepth)
		return extent{}, false
	}
	if n.Anchor != "" {
		s.state[n] = e
	}
	return e, true
}

func (s *shape) alias(c *yaml.Node) (extent, bool) {
	e, seen := s.state[c.Alias]
	if !seen || e.size == 0 {
		s.ps.Errorf(s.ps.nodePos(s.file, c), "", "the alias *%s stands within what it stands for", c.Value)
		return extent{}, false
	}
	return e, true
}

func (s *shape) checkTag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 {
		return
	}
	s.ps.Errorf(s.ps.nodePos(s.file, n), "remove it", "tags such as %s are not supported", n.Tag)
}

// checkKeys reports keys that are no plain words and keys given twice.
func (s *shape) checkKeys(n *yaml.Node) {
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode:
			s.ps.Errorf(s.ps.nodePos(s.file, k), "", "a key must be a word")
			continue
		case k.Tag == mergeTag:
			s.ps.Errorf(s.ps.nodePos(s.file, k), "write the keys out", `merge keys ("<<") are not supported`)
			continue
		}
		if line, dup := first[k.Value]; dup {
			s.ps.Errorf(s.ps.nodePos(s.file, k), "keep one of them", "key %q is given twice, first on line %d", k.Value, line)
			continue
		}
		first[k.Value] = k.Line
	}
}
