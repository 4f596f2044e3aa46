package campaign_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"bidwell/campaign"
	"bidwell/configs"
)

func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	texts, err := campaign.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*jsonschema.Schema{}
	for name, text := range texts {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(name, doc); err != nil {
			t.Fatal(err)
		}
		if out[name], err = c.Compile(name); err != nil {
			t.Fatalf("%s is no schema: %v", name, err)
		}
	}
	return out
}

// kindOf returns which schema a file of a configuration is held against.
func kindOf(name string) string {
	if path.Base(name) == campaign.ProcessFileName {
		return "bidwell"
	}
	return strings.TrimSuffix(path.Base(path.Dir(name)), "s")
}

func validate(t *testing.T, all map[string]*jsonschema.Schema, name string, text []byte) error {
	t.Helper()
	schema := all[kindOf(name)]
	if schema == nil {
		t.Fatalf("there is no schema for %s", name)
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return schema.Validate(asWritten(v))
}

// asWritten returns a YAML value with its dates as text, which is what schemas
// are about.
func asWritten(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.DateOnly)
	case []any:
		for i := range v {
			v[i] = asWritten(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = asWritten(v[k])
		}
	}
	return v
}

// TestSchemasTakeWhatIsCompiled holds the schemas that editors use against the
// examples and the good configurations of the tests.
func TestSchemasTakeWhatIsCompiled(t *testing.T) {
	all, seen := schemas(t), map[string]int{}
	each := func(fsys fs.FS, where string) {
		err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasPrefix(path.Ext(name), ".y") {
				return err
			}
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			seen[kindOf(name)]++
			if err := validate(t, all, name, text); err != nil {
				t.Errorf("%s %s: %v", where, name, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each(configs.Files(), "the example")
	text, err := os.ReadFile("testdata/good/full.txt")
	if err != nil {
		t.Fatal(err)
	}
	given, _, _ := strings.Cut(string(text), wantMark)
	each(archive(given), "the good")
	for _, kind := range []string{"bidwell", "campaign", "audience"} {
		if seen[kind] < 2 {
			t.Errorf("%d files of the kind %s were held against their schema", seen[kind], kind)
		}
	}
}

func TestSchemasRefuseWhatIsNotCompiled(t *testing.T) {
	all := schemas(t)
	for name, texts := range map[string][]string{
		"bidwell.yaml": {
			"exchanges: {a: {}}\nlisten: [8080]", "exchnges: {a: {}}", "exchanges: {a: {auction: third}}", "{}",
		},
		"audiences/a.yaml": {"audience: a", "audience: a\nwho: {did: {vist: x}}"},
		"campaigns/a.yaml": {"campaign: a", strings.Replace(smallCampaign, "country: [DEU]", "country: []", 1),
			strings.Replace(smallCampaign, "device: [phone]", "device: [fone]", 1), strings.Replace(smallCampaign, "06:00-10:00", "6 to 10", 1)},
	} {
		for _, text := range texts {
			if validate(t, all, name, []byte(text)) == nil {
				t.Errorf("%s passes:\n%s", name, text)
			}
		}
	}
	if err := validate(t, all, "campaigns/a.yaml", []byte(smallCampaign)); err != nil {
		t.Errorf("a good campaign: %v", err)
	}
}

// TestSchemasAreCommitted keeps the schemas beside the examples up to date.
func TestSchemasAreCommitted(t *testing.T) {
	texts, err := campaign.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range texts {
		got, err := os.ReadFile(filepath.Join("..", "configs", "schema", name+".schema.json"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("configs/schema/%s.schema.json is not what the structs say (%v); run: go run ./cmd/bidwell config schema --dir configs/schema", name, err)
		}
	}
}
