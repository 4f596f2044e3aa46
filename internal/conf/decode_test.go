package conf

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"bidwell/ad"

	"go.yaml.in/yaml/v4"
)

// sample has every kind of field that the decoder knows.
type sample struct {
	Located
	shared

	Name     string            `yaml:"name" conf:"required,not-empty" doc:"What it is called."`
	Curve    string            `yaml:"curve" oneof:"traffic even ahead asap"`
	On       bool              `yaml:"on"`
	Count    int8              `yaml:"count"`
	Size     uint16            `yaml:"size"`
	Factor   float64           `yaml:"factor"`
	Tags     []string          `yaml:"tags" conf:"scalar-ok,not-empty"`
	Modes    []Value[string]   `yaml:"modes" oneof:"site app"`
	Purposes []uint8           `yaml:"purposes"`
	Labels   map[string]string `yaml:"labels"`
	Ordered  Map[int]          `yaml:"ordered"`
	Caps     []sampleCap       `yaml:"frequency"`
	Nested   *sample           `yaml:"nested"`
	Window   Duration          `yaml:"window"`
	Price    Amount            `yaml:"price"`
	Start    Date              `yaml:"start"`
	Zone     TimeZone          `yaml:"timezone"`
	Raw      yaml.Node         `yaml:"raw"`
	Untagged string
}

type shared struct {
	Note string `yaml:"note"`
}

type sampleCap struct {
	Located
	AtMost int      `yaml:"at_most" conf:"required"`
	Per    Duration `yaml:"per"`
}

const goodSample = `# a comment
name: roadster
note: 2026
curve: even
on: true
count: -5
size: 1_000
factor: 1.8
tags: one
modes: [site, app]
labels: {zip: 01067, b: c}
ordered: {z: 1, a: 2}
frequency:
  - {at_most: 3, per: 1d}
  - at_most: 10
    per: 7d
nested: {name: inner}
window: 3h30m
price: 2.50 EUR
start: 2026-11-01
timezone: Europe/Berlin
raw: [1, {a: b}]
`

func TestDecodeReadsEveryKindOfField(t *testing.T) {
	var ps Problems
	var got sample
	if !ps.Decode("a.yaml", []byte(goodSample), &got) {
		t.Fatalf("not decoded: %v", ps.Sorted())
	}
	check := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	check("name", got.Name, "roadster")
	check("note", got.Note, "2026")
	check("count", got.Count, int8(-5))
	check("size", got.Size, uint16(1000))
	check("factor", got.Factor, 1.8)
	check("tags", got.Tags, []string{"one"})
	check("labels", got.Labels, map[string]string{"zip": "01067", "b": "c"})
	check("order", got.Ordered.Keys(), []string{"z", "a"})
	check("window", got.Window.Std(), 3*time.Hour+30*time.Minute)
	check("price", got.Price.Amount, ad.Amount{Money: 2500 * ad.Unit / 1000, Currency: ad.EUR})
	check("start", got.Start.In(got.Zone.Location).UTC(), time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC))
	check("nested", got.Nested.Name, "inner")
	check("raw", got.Raw.Kind, yaml.SequenceNode)
	check("mode", got.Modes[1], Value[string]{"app", Pos{"a.yaml", 10, 15}})
	check("position of a value", got.At("count"), Pos{"a.yaml", 6, 8})
	check("position of a key", got.KeyAt("count"), Pos{"a.yaml", 6, 1})
	check("position of an absent key", got.At("untagged"), Pos{"a.yaml", 2, 1})
	check("position of a list's entry", got.EntryAt("modes", 1), Pos{"a.yaml", 10, 15})
	check("position of an entry that is not there", got.EntryAt("modes", 2), Pos{"a.yaml", 10, 8})
	check("position of an entry of what is no list", got.EntryAt("tags", 0), Pos{"a.yaml", 9, 7})
	check("has a key", got.Has("note"), true)
	check("lacks a key", got.Nested.Has("note"), false)
	check("position of a list entry", got.Caps[1].Pos(), Pos{"a.yaml", 15, 5})
	check("problems", len(ps.List), 0)
}

func TestDecodeAcceptsAliases(t *testing.T) {
	var ps Problems
	var got sample
	src := "name: a\nfrequency: [&day {at_most: 3, per: 1d}, *day]\n"
	if !ps.Decode("a.yaml", []byte(src), &got) || len(got.Caps) != 2 || got.Caps[1].AtMost != 3 {
		t.Errorf("got %+v, problems %v", got.Caps, ps.List)
	}
}

func TestDecodeAcceptsByteOrderMarkAndWindowsLines(t *testing.T) {
	var ps Problems
	var got sample
	if !ps.Decode("a.yaml", []byte("\xef\xbb\xbfname: a\r\ncount: x\r\n"), &got) {
		want := "a.yaml:2:8: expected a whole number, found the text \"x\""
		if len(ps.List) != 1 || ps.List[0].Error() != want {
			t.Errorf("got %v, want %s", ps.List, want)
		}
		if want := "    2 | count: x\n      |        ^"; ps.List[0].Snippet != want {
			t.Errorf("snippet: got\n%s\nwant\n%s", ps.List[0].Snippet, want)
		}
		return
	}
	t.Error("a text was taken for a number")
}

func TestDecodeIsBounded(t *testing.T) {
	fails := func(what, src, want string) {
		t.Helper()
		var ps Problems
		var got sample
		if ps.Decode("a.yaml", []byte(src), &got) {
			t.Errorf("%s: accepted", what)
			return
		}
		if p := ps.Sorted()[0]; !strings.Contains(p.Error(), want) {
			t.Errorf("%s: got %q, want %q in it", what, p.Error(), want)
		}
		if len(ps.List) > maxPerFile+1 {
			t.Errorf("%s: %d problems", what, len(ps.List))
		}
	}
	fails("size", strings.Repeat("# comment\n", MaxBytes/10+1), "more than the 4194304 that are read")
	fails("depth of lists", strings.Repeat("[", 5_000), "a.yaml:1:")
	fails("closed depth", "raw: "+strings.Repeat("[", 150)+strings.Repeat("]", 150), "nested more than 100 levels deep")
	fails("parser depth", strings.Repeat("{a: ", 20_000), "nested too deeply")
	fails("block depth", strings.Repeat("- ", 20_000), "nested")
	bomb := "raw:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 10 {
		prev, next := string(rune('0'+i)), string(rune('1'+i))
		bomb += "  - &a" + next + " [" + strings.Repeat("*a"+prev+", ", 8) + "*a" + prev + "]\n"
	}
	fails("alias bomb", bomb, "once aliases are put in")
	fails("alias of itself", "raw: &a [*a]", "stands within what it stands for")
	fails("many problems", "name: a\n"+strings.Repeat("frequency: 1\nx: 1\n", 2000), "given twice")
}

// TestProblemsGolden reads every file of testdata and compares what is said
// about it with the .want file beside it.
func TestProblemsGolden(t *testing.T) {
	golden(t, "testdata/*.yaml", func(file string, src []byte) string {
		var ps Problems
		var v sample
		if ps.Decode(file, src, &v) {
			t.Errorf("%s: accepted", file)
		}
		var b strings.Builder
		if err := ps.Write(&b, false); err != nil {
			t.Fatal(err)
		}
		return b.String()
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodSample))
	for _, src := range goldenInputs(f, "testdata/*.yaml") {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var ps Problems
		var v sample
		ok := ps.Decode("a.yaml", src, &v)
		if ok == ps.Failed() {
			t.Errorf("decoded %v, failed %v", ok, ps.Failed())
		}
		for _, p := range ps.Sorted() {
			if p.Pos.Line == 0 && len(src) <= MaxBytes && !strings.HasPrefix(p.Message, "too many") {
				t.Errorf("no position: %v", p)
			}
			if p.Pos.Line > strings.Count(string(src), "\n")+1 {
				t.Errorf("position beyond the file: %v", p)
			}
		}
	})
}
