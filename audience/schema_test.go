package audience

import (
	"bytes"
	"encoding/json"
	"testing"

	"bidwell/internal/conf"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// plain returns YAML as what a JSON decoder makes of it, dates as text.
func plain(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0])
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, plain(c))
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(n.Content[i+1])
		}
		return m
	}
	if _, ok := conf.NumberOf(n); ok {
		return json.Number(n.Value)
	}
	if b, ok := conf.BoolOf(n); ok {
		return b
	}
	return n.Value
}

func TestSchemaAgreesWithTheReader(t *testing.T) {
	src, err := conf.Schema(file{}, "https://example.com/rule.json", "A rule")
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("https://example.com/rule.json", doc))
	schema, err := c.Compile("https://example.com/rule.json")
	must(t, err)
	agree := func(rule string, want bool) {
		t.Helper()
		var n yaml.Node
		must(t, yaml.Load([]byte(rule), &n))
		if err := schema.Validate(plain(&n)); (err == nil) != want {
			t.Errorf("%s: schema says %v, want accepted %v", rule, err, want)
		}
		var ps conf.Problems
		var f file
		if got := ps.Decode("rule.yaml", []byte(rule), &f); got != want {
			t.Errorf("%s: read %v, want %v: %v", rule, got, want, ps.List)
		}
	}
	agree(intenders, true)
	agree(everyTest, true)
	agree("if: {al: []}", false)
	agree("if: {all: []}", false)
	agree("if: {all: {segment: a}}", false)
	agree("if: {all: [{any: [{sgment: a}]}]}", false)
	agree("if: {has: {a: {atleast: 3}}}", false)
	agree("if: {has: {a: []}}", false)
	agree("if: {has: {a: {over: 3}}}", false)
	agree("if: {did: {visit: a, within: 10}}", false)
	agree("if: {did: {visit: a, at_least: x}}", false)
	agree("if: {lookup: {key: a}}", false)
	agree("if: {context: {site.domain: {a: b}}}", false)
	agree("if: {segment: []}", false)

	// The reader leaves names of fields to the compiler, which has more to say.
	var n yaml.Node
	must(t, yaml.Load([]byte("if: {context: {site.domian: a.example}}"), &n))
	if schema.Validate(plain(&n)) == nil {
		t.Error("the schema takes a field that requests do not have")
	}
}
