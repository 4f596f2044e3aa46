package conf

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// compiled returns the schema of v, compiled by an independent validator.
func compiled(t *testing.T, v any) *jsonschema.Schema {
	t.Helper()
	src, err := Schema(v, "https://example.com/sample.json", "A sample")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://example.com/sample.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://example.com/sample.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return s
}

// asJSON returns YAML as the values that a JSON decoder would make of it, as an
// editor does. Dates stay text.
func asJSON(t *testing.T, src string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Load([]byte(src), &n); err != nil {
		t.Fatal(err)
	}
	var value func(n *yaml.Node) any
	value = func(n *yaml.Node) any {
		switch n.Kind {
		case yaml.DocumentNode:
			return value(n.Content[0])
		case yaml.SequenceNode:
			list := []any{}
			for _, c := range n.Content {
				list = append(list, value(c))
			}
			return list
		case yaml.MappingNode:
			m := map[string]any{}
			for i := 0; i < len(n.Content); i += 2 {
				m[n.Content[i].Value] = value(n.Content[i+1])
			}
			return m
		}
		if x, ok := NumberOf(n); ok {
			return x
		}
		if b, ok := BoolOf(n); ok {
			return b
		}
		return n.Value
	}
	v := value(&n)
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSchemaAgreesWithDecode(t *testing.T) {
	s := compiled(t, sample{})
	agree := func(src string, want bool) {
		t.Helper()
		var ps Problems
		var v sample
		if got := ps.Decode("a.yaml", []byte(src), &v); got != want {
			t.Errorf("%s: decoded %v, want %v: %v", src, got, want, ps.List)
		}
		if err := s.Validate(asJSON(t, src)); (err == nil) != want {
			t.Errorf("%s: schema says %v, want accepted %v", src, err, want)
		}
	}
	good := strings.NewReplacer("note: 2026", "note: x", "zip: 01067", "zip: x").Replace(goodSample)
	agree(good, true)
	agree("name: a", true)
	agree("curve: even", false)
	agree("{name: a, curve: evn}", false)
	agree("{name: a, on: 1}", false)
	agree("{name: a, count: x}", false)
	agree("{name: a, tags: []}", false)
	agree("{name: a, tags: [x, z]}", true)
	agree("{name: a, modes: [web]}", false)
	agree("{name: a, modes: site}", false)
	agree("{name: a, purposes: [1, 4]}", true)
	agree("{name: a, purposes: AQQ=}", false)
	agree("{name: a, purposes: [256]}", false)
	agree("{name: a, ordered: {b: x}}", false)
	agree("{name: a, frequency: [{per: 1d}]}", false)
	agree("{name: a, frequency: [{at_most: 1, x: 2}]}", false)
	agree("{name: a, nested: {nested: {name: 1d, window: 2x}}}", false)
	agree("{name: a, window: 10}", false)
	agree("{name: a, price: 2.50}", false)
	agree("{name: a, price: 2,50}", false)
	agree("{name: a, start: 01.11.2026}", false)
	agree("{name: a, start: 2026-11-01T10:00Z}", true)
	agree("{name: a, Untagged: x}", false)
}

func TestSchemaDescribes(t *testing.T) {
	src, err := Schema(&sample{}, "https://example.com/sample.json", "A sample")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"What it is called."`, `"title": "A sample"`, `"$id": "https://example.com/sample.json"`, "3h30m"} {
		if !strings.Contains(string(src), want) {
			t.Errorf("the schema lacks %s:\n%s", want, src)
		}
	}
}
