package conf

import "go.yaml.in/yaml/v4"

// Value is a value that remembers where it stood, for lists whose entries must
// be pointed at one by one. Scalar types are decoded as they are elsewhere.
type Value[T any] struct {
	Value T
	Pos   Pos
}

// DecodeYAML implements Reader.
func (v *Value[T]) DecodeYAML(n *yaml.Node, d *Decoder) {
	v.Pos = d.Pos(n)
	d.Decode(n, &v.Value)
}

// transparent marks a Value as standing for the value that it holds, to which
// the tags of the field apply.
func (v *Value[T]) transparent() {}

// JSONSchemaAlias makes the schema that of the value alone.
func (v Value[T]) JSONSchemaAlias() any { return v.Value }

// Map is a mapping from names to values that keeps the order in which they were
// written and where they stood.
type Map[T any] []Entry[T]

// Entry is one key of a Map with its value.
type Entry[T any] struct {
	Key    string
	KeyPos Pos
	Pos    Pos // of the value
	Value  T
}

// DecodeYAML implements Reader.
func (m *Map[T]) DecodeYAML(n *yaml.Node, d *Decoder) {
	if n.Kind != yaml.MappingNode {
		d.Expected(n, "keys and values such as {key: value}")
		return
	}
	*m = make(Map[T], 0, len(n.Content)/2)
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == mergeTag || seen[key.Value] {
			continue // reported by shape
		}
		seen[key.Value] = true
		e := Entry[T]{Key: key.Value, KeyPos: d.Pos(key), Pos: d.Pos(val)}
		if d.Decode(val, &e.Value) {
			*m = append(*m, e)
		}
	}
}

// Get returns the value of a key.
func (m Map[T]) Get(key string) (T, bool) {
	for i := range m {
		if m[i].Key == key {
			return m[i].Value, true
		}
	}
	var none T
	return none, false
}

// Keys returns the keys in the order in which they were written.
func (m Map[T]) Keys() []string {
	keys := make([]string, len(m))
	for i := range m {
		keys[i] = m[i].Key
	}
	return keys
}

// JSONSchemaAlias makes the schema that of a plain map.
func (m Map[T]) JSONSchemaAlias() any { return map[string]T{} }
