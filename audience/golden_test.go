package audience

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bidwell/internal/conf"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// golden compares got with a file of testdata, which -update rewrites.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// TestProblemsGolden compiles every file of testdata/bad and compares what is
// said about it with the .want file beside it.
func TestProblemsGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(name, ".yaml")+".want", problemsOf(t, string(src)))
		})
	}
}

func problemsOf(t *testing.T, src string) string {
	t.Helper()
	var ps conf.Problems
	compile(tables(t), src, &ps)
	var b strings.Builder
	if err := ps.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExplainGolden(t *testing.T) {
	s, ref := mustCompile(t, intenders)
	var b strings.Builder
	explain := func(what string, e *Eval) {
		b.WriteString(what + "\n")
		must(t, s.Explain(e, ref).Write(&b, "  "))
	}
	var e Eval
	e.Reset(s, anna(t), frontPage(), now)
	explain("anna", &e)
	e.Reset(s, nil, game(), now)
	explain("nobody", &e)

	s, ref = mustCompile(t, everyTest)
	e.Reset(s, anna(t), frontPage(), now)
	explain("every kind of test, of anna on a front page", &e)
	e.Reset(s, nil, game(), now)
	explain("every kind of test, of nobody in an app", &e)
	golden(t, "testdata/explain.txt", b.String())
}

// everyTest has every kind of rule, as conf and the schema must read it.
const everyTest = `
audiences:
  others: {segment: [a, b, c, d, e, f, g, h, i, j]}
if:
  all:
    - has:
        owns.car.class: [luxury, compact]
        home.zip: {not: 10115}
        yob: {between: [1960, 1985]}
        owns.car.bought: {over: 3y, under: 5y, before: 2024-01-01}
        owns.car.age: {over: 3y}
        newsletter: true
        email: {known: false}
    - segment: frequent-flyer
    - did: {visit: [automotive, travel], at_least: 2, at_most: 5, within: 20d, not_within: 1h}
    - did: {purchase: shoes, first: {over: 30d}, last: {under: 90d}}
    - did: {search: cars, at_most: 0}
    - did: {visit: travel, within: 90d, then: {visit: automotive, within: 21d, then: {purchase: shoes}}}
    - did: {visit: travel, then: {visit: automotive, within: 21d}}
    - lookup: {table: zip_income, key: home.zip, column: income, at_least: 50000, at_most: 100000}
    - lookup: {table: zip_income, request: geo.zip, column: band, in: affluent}
    - lookup: {table: premium_news, key: site.domain}
  any:
    - context:
        inventory: site
        site.domain: [morning-herald.example, "*.evening.example"]
        page.path: [/, /index.html]
        site.cat: [IAB2]
        device.type: [phone, tablet]
        geo.country: [DEU, AT]
        language: de
        app.bundle: com.example.*
    - audience: [others]
  none:
    - did: {conversion: test-drive}
`
