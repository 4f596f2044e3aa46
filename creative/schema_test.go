package creative

import (
	"bytes"
	"os"
	"testing"

	"bidwell/internal/conf"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// TestSchema holds the schema that editors use against the examples, and
// against a misspelt key.
func TestSchema(t *testing.T) {
	var doc struct {
		Creatives []Spec `yaml:"creatives"`
	}
	src, err := conf.Schema(&doc, "", "creatives")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	k := jsonschema.NewCompiler()
	if err := k.AddResource("creatives.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := k.Compile("creatives.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/creatives.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(fromYAML(t, text)); err != nil {
		t.Errorf("the examples: %v", err)
	}
	bad := []byte("creatives: [{name: x, click: https://motors.example/, banner: {size: any, htm: x}}]")
	if schema.Validate(fromYAML(t, bad)) == nil {
		t.Error("a misspelt key passes the schema")
	}
}

func fromYAML(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
