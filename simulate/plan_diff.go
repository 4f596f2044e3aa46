package simulate

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"bidwell/ad"
	"bidwell/internal/prose"
)

// Change is what a change of configuration does to one thing in it.
type Change struct {
	Change string      `json:"change"` // added, changed or removed
	Kind   string      `json:"kind"`   // process, exchange, audience, table, campaign, advertiser, line item, creative
	Name   string      `json:"name"`   // of a line item or creative, with its campaign's
	Where  string      `json:"where"`  // file and line: in the new configuration, or in the old one for what is removed
	With   []string    `json:"with,omitempty"`
	Keys   []KeyChange `json:"keys,omitempty"` // what changed
}

// KeyChange is one key that changed. Old or New is empty where the key is missing.
type KeyChange struct {
	Key   string `json:"key"` // such as bid.price
	Old   string `json:"old"`
	New   string `json:"new"`
	Where string `json:"where"` // in the new configuration
}

// Kinds of changes.
const (
	added   = "added"
	changed = "changed"
	removed = "removed"
)

// Diff returns what differs between two configurations, which must be valid: as
// campaign managers think of it, by what things are called. In which file something
// stands, in which order or layout, and comments make no difference.
func Diff(before, after fs.FS) ([]Change, error) {
	a, err := readTree(before)
	if err != nil {
		return nil, fmt.Errorf("read the old configuration: %w", err)
	}
	b, err := readTree(after)
	if err != nil {
		return nil, fmt.Errorf("read the new configuration: %w", err)
	}
	var out []Change
	for _, t := range b.things {
		was := a.byID[t.id()]
		if was == nil {
			out = appendWhole(out, added, t, b, a)
			continue
		}
		if keys := diffThings(a, b, was, t); len(keys) > 0 {
			out = append(out, Change{Change: changed, Kind: t.kind, Name: t.name, Where: t.where(), Keys: keys})
		}
	}
	for _, t := range a.things {
		if b.byID[t.id()] == nil {
			out = appendWhole(out, removed, t, a, b)
		}
	}
	return out, nil
}

// appendWhole adds a thing that stands in one configuration alone. What belongs to
// it is named with it.
func appendWhole(out []Change, what string, t *thing, in, other *tree) []Change {
	if t.owner != "" && other.byID[t.owner] == nil {
		return out // its campaign says so
	}
	c := Change{Change: what, Kind: t.kind, Name: t.name, Where: t.where()}
	for _, part := range in.things {
		if part.owner == t.id() {
			c.With = append(c.With, part.kind+" "+strings.TrimPrefix(part.name, t.name+"/"))
		}
	}
	return append(out, c)
}

// diffThings returns the keys that differ.
func diffThings(a, b *tree, was, is *thing) []KeyChange {
	if is.node == nil {
		return diffTables(was, is)
	}
	d := differ{file: is.file, apart: is.apart, a: a.files, b: b.files}
	d.mappings("", was.node, is.node)
	return d.out
}

// diffTables compares tables line by line.
func diffTables(was, is *thing) []KeyChange {
	a, b := lines(was.text), lines(is.text)
	if slices.EqualFunc(a, b, bytes.Equal) {
		return nil
	}
	first := 0
	for first < len(a) && first < len(b) && bytes.Equal(a[first], b[first]) {
		first++
	}
	old := map[string]int{}
	for _, l := range a {
		old[string(l)]++
	}
	fresh := 0
	for _, l := range b {
		if old[string(l)]--; old[string(l)] < 0 {
			fresh++
		}
	}
	return []KeyChange{{
		Key: "rows", Old: prose.Count(len(a)-1, "row"), New: fmt.Sprintf("%s, %d of them new", prose.Count(len(b)-1, "row"), fresh),
		Where: fmt.Sprintf("%s:%d", is.file, min(first+1, len(b))),
	}}
}

func lines(text []byte) [][]byte {
	return bytes.Split(bytes.TrimRight(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n"), []byte("\n"))
}

// differ compares two trees of YAML.
type differ struct {
	file  string   // of the new one
	apart []string // keys on top that are things of their own
	a, b  fs.FS
	out   []KeyChange
}

func (d *differ) add(key string, a, b, at *yaml.Node) {
	d.out = append(d.out, KeyChange{Key: key, Old: render(a), New: render(b), Where: fmt.Sprintf("%s:%d", d.file, at.Line)})
}

func (d *differ) nodes(key string, a, b *yaml.Node) {
	a, b = resolved(a), resolved(b)
	switch {
	case a.Kind != b.Kind:
		d.add(key, a, b, b)
	case b.Kind == yaml.MappingNode:
		d.mappings(key, a, b)
	case b.Kind == yaml.SequenceNode:
		d.sequences(key, a, b)
	case !sameScalar(a, b):
		d.add(key, a, b, b)
	case strings.HasSuffix(key, "_file"):
		d.contents(key, b)
	}
}

func (d *differ) mappings(key string, a, b *yaml.Node) {
	at := func(k string) string { return strings.TrimPrefix(key+"."+k, ".") }
	for i := 0; i+1 < len(b.Content); i += 2 {
		k, v := b.Content[i].Value, b.Content[i+1]
		switch was := valueOf(a, k); {
		case key == "" && slices.Contains(d.apart, k):
		case was == nil:
			d.add(at(k), nil, v, v)
		default:
			d.nodes(at(k), was, v)
		}
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		if k := a.Content[i].Value; valueOf(b, k) == nil && !(key == "" && slices.Contains(d.apart, k)) {
			d.add(at(k), a.Content[i+1], nil, b)
		}
	}
}

// sequences compares lists: of mappings one by one, of words as a whole.
func (d *differ) sequences(key string, a, b *yaml.Node) {
	plain := func(n *yaml.Node) bool {
		return !slices.ContainsFunc(n.Content, func(e *yaml.Node) bool { return resolved(e).Kind != yaml.ScalarNode })
	}
	if plain(a) && plain(b) {
		same := slices.EqualFunc(a.Content, b.Content, func(x, y *yaml.Node) bool { return sameScalar(resolved(x), resolved(y)) })
		if !same {
			d.add(key, a, b, b)
		}
		return
	}
	for i := range max(len(a.Content), len(b.Content)) {
		k := fmt.Sprintf("%s[%d]", key, i+1)
		switch {
		case i >= len(a.Content):
			d.add(k, nil, b.Content[i], b.Content[i])
		case i >= len(b.Content):
			d.add(k, a.Content[i], nil, b)
		default:
			d.nodes(k, a.Content[i], b.Content[i])
		}
	}
}

// contents compares the files that a key names in both configurations.
func (d *differ) contents(key string, n *yaml.Node) {
	name := path.Clean(n.Value)
	a, errA := fs.ReadFile(d.a, name)
	b, errB := fs.ReadFile(d.b, name)
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		return // a file that cannot be read is an error of the configuration
	}
	d.out = append(d.out, KeyChange{
		Key: key, Old: fmt.Sprintf("%s (%s)", name, prose.Count(len(a), "byte")), New: fmt.Sprintf("%s (%s, other contents)", name, prose.Count(len(b), "byte")), Where: name + ":1",
	})
}

// sameScalar reports whether two words mean the same. 2.5 EUR is 2.50 EUR.
func sameScalar(a, b *yaml.Node) bool {
	if a.Value == b.Value {
		return true
	}
	x, errX := ad.ParseAmount(a.Value)
	y, errY := ad.ParseAmount(b.Value)
	return errX == nil && errY == nil && x == y
}

// resolved returns what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// valueOf returns the value of a key, nil if there is none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

// longestValue is how much of a value a change shows, in characters.
const longestValue = 72

// render writes a value on one line.
func render(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	renderTo(&b, n)
	if r := []rune(b.String()); len(r) > longestValue {
		return string(r[:longestValue-1]) + "…"
	}
	return b.String()
}

func renderTo(b *strings.Builder, n *yaml.Node) {
	if b.Len() > 4*longestValue {
		return // no more is shown
	}
	n = resolved(n)
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(n.Content[i].Value + ": ")
			renderTo(b, n.Content[i+1])
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, e := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			renderTo(b, e)
		}
		b.WriteByte(']')
	default:
		b.WriteString(strings.Join(strings.Fields(n.Value), " "))
	}
}
