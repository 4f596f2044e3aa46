package audience

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"bidwell/internal/conf"
)

func TestLoadTable(t *testing.T) {
	says := func(src string, want ...string) {
		t.Helper()
		var ps conf.Problems
		table := LoadTable("t.csv", strings.NewReader(src), &ps)
		if (table == nil) != ps.Failed() {
			t.Errorf("%q: table %v, failed %v", src, table, ps.Failed())
		}
		var got []string
		for _, p := range ps.Sorted() {
			got = append(got, p.Error())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q: got\n%s\nwant\n%s", src, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	says("zip,band\n1,a\n2,b\n")
	says("\xef\xbb\xbfzip,band\r\n1,\"a \"\"b\"\", c\"\r\n")
	says("", `t.csv:1:1: the table is empty (the first row names the columns)`)
	says("zip,band\n", `t.csv:1:1: warning: the table has no rows`)
	says("zip;band\n1;a\n", `t.csv:1:1: the columns are not separated by commas (save it as comma-separated values)`)
	says("zip,,zip\n", `t.csv:1:5: column 2 has no name in UTF-8`, `t.csv:1:6: there are two columns "zip"`)
	says("zip,band\n1\n2,b,c\n3,c\n", `t.csv:2:1: the row has 1 field, the header 2`, `t.csv:3:1: the row has 3 fields, the header 2`)
	says("zip,band\n1,\xff\n", `t.csv:2:3: the cell is not UTF-8 text (save the file as UTF-8)`)
	says("zip,band\n1,a\"b\n", `t.csv:2:4: not readable as comma-separated values: bare " in non-quoted-field (a cell that holds " or a comma is quoted, and a " within it is doubled)`)
	many := strings.Repeat("1\n", 100)
	var ps conf.Problems
	if LoadTable("t.csv", strings.NewReader("zip,band\n"+many), &ps) != nil || len(ps.List) != maxTableProblems+1 {
		t.Errorf("100 bad rows: %d problems, want %d", len(ps.List), maxTableProblems+1)
	}
	ps = conf.Problems{}
	if LoadTable("t.csv", strings.NewReader(strings.Repeat("a,", 100)+"b\n"), &ps) != nil {
		t.Error("101 columns are accepted")
	}
}

// endless is a file that never ends.
type endless struct{ row string }

func (e endless) Read(p []byte) (int, error) { return copy(p, e.row), nil }

func TestLoadTableIsBounded(t *testing.T) {
	for _, c := range []struct{ row, want string }{
		{"1\n", "more than 5000000 rows"},
		{strings.Repeat("x", 4000) + "\n", "more than 536870912 bytes"},
	} {
		var ps conf.Problems
		src := io.MultiReader(strings.NewReader("a\n"), endless{c.row})
		if LoadTable("t.csv", src, &ps) != nil || len(ps.List) != 1 || !strings.Contains(ps.List[0].Error(), c.want) {
			t.Errorf("endless %.5s: got %v, want %q in it", c.row, ps.List, c.want)
		}
	}
}

func TestTableKeys(t *testing.T) {
	says := func(csv, rule string, want ...string) {
		t.Helper()
		var ps conf.Problems
		ts := Tables{"t": LoadTable("t.csv", strings.NewReader(csv), &ps)}
		compile(ts, "if: "+rule, &ps)
		var got []string
		for _, p := range ps.Sorted() {
			got = append(got, p.Error())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q, want %q", rule, got, want)
		}
	}
	const twice = "zip,site.domain\n1,A.example\n2,b.example\n\n1,a.example\n3,\n"
	says(twice, "{lookup: {table: t, key: home.zip}}", `t.csv:5:1: zip 1 stands twice, first on line 2 (keep one of them)`)
	says(twice, "{lookup: {table: t, key: site.domain}}",
		`t.csv:5:1: site.domain a.example stands twice, first on line 2 (keep one of them)`,
		`t.csv:6:1: the row has no site.domain, by which it is found`)
	// A problem of the table is reported once, however many rules use it.
	says("zip\n1\n1\n", "{all: [lookup: {table: t, key: a}, lookup: {table: t, key: b}]}",
		`t.csv:3:1: zip 1 stands twice, first on line 2 (keep one of them)`)
}

func TestInterner(t *testing.T) {
	in := newInterner()
	for round := range 2 {
		for i := range 10_000 {
			n, fresh := in.add(fmt.Appendf(nil, "key-%d", i))
			if int(n) != i || fresh != (round == 0) {
				t.Fatalf("round %d: key-%d is %d, fresh %v", round, i, n, fresh)
			}
		}
	}
	for i := range 10_000 {
		key := fmt.Appendf(nil, "key-%d", i)
		if n, ok := in.find(key); !ok || int(n) != i || string(in.at(n)) != string(key) {
			t.Fatalf("%s: %d, %v", key, n, ok)
		}
	}
	if _, ok := in.find([]byte("key-10000")); ok || in.len() != 10_000 {
		t.Errorf("a key that was not added is found, or there are %d", in.len())
	}
}

// BenchmarkLoadTable shows what a row costs; B/op is also what is kept, and some
// of what is not.
func BenchmarkLoadTable(b *testing.B) {
	const rows = 100_000
	var csv strings.Builder
	csv.WriteString("zip,band,income\n")
	for i := range rows {
		fmt.Fprintf(&csv, "%07d,band-%d,%d\n", i, i%5, 20_000+i%1_000)
	}
	b.ReportAllocs()
	for b.Loop() {
		var ps conf.Problems
		if LoadTable("t.csv", strings.NewReader(csv.String()), &ps) == nil {
			b.Fatal(ps.List)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
