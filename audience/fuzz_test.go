package audience

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bidwell/internal/conf"
)

// FuzzRules compiles whatever YAML, evaluates and explains what comes of it, and
// demands places for all that is wrong with it.
func FuzzRules(f *testing.F) {
	f.Add([]byte(intenders))
	f.Add([]byte(everyTest))
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	ts := tables(f)
	person, page := anna(f), frontPage()
	f.Fuzz(func(t *testing.T, src []byte) {
		var ps conf.Problems
		s, ref := compile(ts, string(src), &ps)
		for _, p := range ps.List {
			if p.Pos.Line < 1 && !strings.HasPrefix(p.Message, "too many problems") {
				t.Errorf("no place: %v", p)
			}
		}
		var e Eval
		e.Reset(s, person, page, now)
		if got, x := e.Is(ref), s.Explain(&e, ref); got != x.Truth {
			t.Errorf("%v, but explained as %v", got, x.Truth)
		} else if err := x.Write(io.Discard, ""); err != nil {
			t.Error(err)
		}
	})
}

// FuzzLoadTable reads whatever table, and looks things up in what is accepted.
func FuzzLoadTable(f *testing.F) {
	f.Add(zipIncome)
	f.Add(premiumNews)
	f.Add("a,b\n\"1\n2\",3\n1\n\xff,2\n")
	f.Fuzz(func(t *testing.T, src string) {
		var ps conf.Problems
		table := LoadTable("t.csv", strings.NewReader(src), &ps)
		if (table == nil) != ps.Failed() {
			t.Fatalf("table %v, problems %v", table, ps.List)
		}
		if table == nil || len(table.header) < 2 {
			return
		}
		rule := fmt.Sprintf("if: {lookup: {table: t, key: home.zip, column: %q, at_least: 1}}", table.header[1])
		s, ref := compile(Tables{"t": table}, rule, &ps)
		var e Eval
		e.Reset(s, anna(t), frontPage(), now)
		if err := s.Explain(&e, ref).Write(io.Discard, ""); err != nil {
			t.Error(err)
		}
	})
}

// TestAudiencesThatReferToEachOtherOverAndOver would take for ever if anything
// unfolded what is shared.
func TestAudiencesThatReferToEachOtherOverAndOver(t *testing.T) {
	var src strings.Builder
	src.WriteString("if: {audience: a60}\naudiences:\n  a0: {segment: frequent-flyer}\n")
	for i := 1; i <= 60; i++ {
		fmt.Fprintf(&src, "  a%d: {all: [{any: [audience: a%d, segment: x%d]}, {none: [{none: [audience: a%d]}]}]}\n", i, i-1, i, i-1)
	}
	s, ref := mustCompile(t, src.String())
	var e Eval
	e.Reset(s, anna(t), frontPage(), now)
	if got := e.Is(ref); got != True {
		t.Errorf("got %v, want true", got)
	}
	var b strings.Builder
	must(t, s.Explain(&e, ref).Write(&b, ""))
	if lines := strings.Count(b.String(), "\n"); lines > 2*maxExplained || !strings.Contains(b.String(), "not shown") {
		t.Errorf("the explanation has %d lines", lines)
	}
}

func TestLongChainsAreRefused(t *testing.T) {
	var src strings.Builder
	src.WriteString("audiences:\n  a0: {segment: b}\n")
	for i := 1; i <= 2_000; i++ {
		fmt.Fprintf(&src, "  a%d: {segment: s%d, none: [audience: a%d]}\n", i, i, i-1)
	}
	var ps conf.Problems
	compile(nil, src.String(), &ps)
	if !ps.Failed() || !strings.Contains(ps.Sorted()[0].Error(), "nested more than 500 levels deep") {
		t.Errorf("got %v", ps.Sorted())
	}
}
