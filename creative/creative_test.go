package creative

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"bidwell/ad"
	"bidwell/internal/conf"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testMacros hold what makes escaping visible: an ampersand and a macro of the
// exchange.
func testMacros() *Macros {
	return &Macros{
		BidID:         ad.BidID{0xb1, 0xdd, 1, 2, 3},
		ClickURL:      []byte("https://bid.example/e/click?t=abc-_123&x=1"),
		ImpressionURL: []byte("https://bid.example/e/imp?t=abc&p=${AUCTION_PRICE}"),
		ViewURL:       []byte("https://bid.example/e/view?t=abc"),
	}
}

// decode compiles every creative of a YAML text and returns those that are good
// by name.
func decode(t testing.TB, file string, src []byte, ps *conf.Problems) map[string]*Creative {
	t.Helper()
	var doc struct {
		Creatives []Spec `yaml:"creatives"`
	}
	ps.Decode(file, src, &doc)
	out := make(map[string]*Creative)
	for i := range doc.Creatives {
		s := &doc.Creatives[i]
		ctx := CompileContext{
			ID: ad.IDOf("roadster", s.Name), CRID: "roadster/" + s.Name, Advertiser: "Example Motors",
			Files: os.DirFS("testdata/files"),
		}
		if c := Compile(s, ctx, ps); c != nil {
			out[s.Name] = c
		}
	}
	return out
}

// examples returns the creatives of testdata/creatives.yaml.
func examples(t testing.TB) map[string]*Creative {
	t.Helper()
	src, err := os.ReadFile("testdata/creatives.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var ps conf.Problems
	out := decode(t, "creatives.yaml", src, &ps)
	for _, p := range ps.Sorted() {
		t.Errorf("problem in the examples: %v", p)
	}
	return out
}

// golden compares got with a golden file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the tests with -update to make it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from its golden file (rewrite it with -update and review)\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

// adm returns the markup as the exchange reads it out of the response.
func adm(t testing.TB, c *Creative, f *Fit, m *Macros) string {
	t.Helper()
	raw := append([]byte{'"'}, c.AppendMarkup(nil, f, m)...)
	raw = append(raw, '"')
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("markup of %s is no JSON string: %v\n%s", c.Name, err, raw)
	}
	return s
}

func TestBadSpecs(t *testing.T) {
	src, err := os.ReadFile("testdata/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var ps conf.Problems
	for name := range decode(t, "bad.yaml", src, &ps) {
		t.Errorf("creative %s was compiled; want a problem", name)
	}
	var b bytes.Buffer
	if err := ps.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "bad.txt", b.Bytes())
}

func TestCompiledFields(t *testing.T) {
	all := examples(t)
	c := all["html"]
	if c.CRID != "roadster/html" || c.Language != "de" || c.Media != ad.Banner || c.Pos.Line != 2 {
		t.Errorf("html: got crid %q, language %q, media %v, at %v", c.CRID, c.Language, c.Media, c.Pos)
	}
	if len(c.Sizes) != 3 || c.Sizes[0].W != 300 || c.Sizes[2].W != 320 || c.AnySize {
		t.Errorf("html: got sizes %v, any %v; want 3, the largest first", c.Sizes, c.AnySize)
	}
	if c = all["film"]; c.DurationS != 15 || !has(c.Attr, 16) || !has(c.Attr, 2) {
		t.Errorf("film: got %d s, attributes %v; want 15 s, 2 and 16", c.DurationS, c.Attr)
	}
	if c = all["native"]; len(c.Domains) != 1 || c.Domains[0] != "motors.example" || len(c.Categories) != 1 {
		t.Errorf("native: got domains %q, categories %q", c.Domains, c.Categories)
	}
}
