package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/profile"
	"bidwell/profile/importer"
	"bidwell/profile/pebblestore"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStore(t testing.TB) profile.Store {
	t.Helper()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: vfs.NewMem()})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func open(t testing.TB, s profile.Store) *profile.Profiles {
	t.Helper()
	p, err := profile.Open(s, profile.Config{CacheBytes: 1 << 20})
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}

func load(t testing.TB, p *profile.Profiles, r io.Reader, o importer.Options) (importer.Progress, error) {
	t.Helper()
	o.Now = now
	if o.Name == "" {
		o.Name = "test"
	}
	return importer.Run(t.Context(), p, r, o)
}

// get returns a person as JSON, without the key and the size.
func get(t testing.TB, p *profile.Profiles, id profile.ID) string {
	t.Helper()
	who, err := p.Get(id.Key(), now)
	if err != nil {
		return err.Error()
	}
	who.Key, who.Bytes = "", 0
	b, err := json.Marshal(who)
	must(t, err)
	return string(b)
}

const alice = `{"key":"","bytes":0,"ids":[{"type":"ifa","value":"alice"}],` +
	`"attributes":[{"name":"home.zip","value":"10115"},{"name":"newsletter","value":true},{"name":"owns.car.bought","value":"2021-05-01"},{"name":"yob","value":1980}],` +
	`"segments":[{"name":"s1","expires":"2027-02-21T12:00:00Z"},{"name":"s2","expires":"2026-12-23T12:00:00Z"}],` +
	`"behaviours":[{"kind":"visit","topic":"automotive","total":3,"first":"2026-11-20T10:00:00Z","times":["2026-11-22T12:00:00Z","2026-11-20T10:00:00Z","2026-11-20T10:00:00Z"]}],` +
	`"touches":[]}`

func TestNDJSON(t *testing.T) {
	p := open(t, newStore(t))
	got, err := load(t, p, strings.NewReader("\ufeff"+
		`{"ids":[{"type":"ifa","value":"alice"}],"attributes":{"home.zip":"10115","owns.car.bought":"2021-05-01","yob":1980,"newsletter":true},`+
		`"segments":["s1",{"name":"s2","expires":"30d"}],"behaviours":[{"kind":"visit","topic":"automotive","time":"2026-11-20T10:00:00Z","count":2}]}`+
		"\r\n\n"+
		`{"id":{"type":"ifa","value":"alice"},"behaviours":[{"kind":"visit","topic":"automotive","ago":"1d"}]}`), importer.Options{})
	must(t, err)
	if got.Lines != 3 || got.People != 2 || got.Bad != 0 || !got.Done {
		t.Errorf("progress %+v", got)
	}
	if got := get(t, p, profile.ID{Type: "ifa", Value: "alice"}); got != alice {
		t.Errorf("got  %s\nwant %s", got, alice)
	}
	_, err = load(t, p, strings.NewReader(`{"id":{"type":"ifa","value":"alice"},"attributes":{"yob":null,"home.zip":"1"}}`), importer.Options{})
	must(t, err)
	if got := get(t, p, profile.ID{Type: "ifa", Value: "alice"}); strings.Contains(got, "yob") || !strings.Contains(got, `"home.zip","value":"1"`) {
		t.Errorf("after an attribute was removed and one changed: %s", got)
	}
}

func TestCSV(t *testing.T) {
	p := open(t, newStore(t))
	got, err := load(t, p, strings.NewReader(
		"id:ifa,id:eid:uidapi.com,attr:home.zip,attr:owns.car.bought,attr:yob:number,attr:newsletter:bool,segment:s1,segment:s2,segment:s3,visit:automotive,\"purchase:a \"\"b\"\"\"\n"), importer.Options{Format: importer.CSV})
	if err == nil {
		t.Errorf("a topic with a space: %+v, want an error", got)
	}
	got, err = load(t, p, strings.NewReader(
		"id:ifa,id:eid:uidapi.com,attr:home.zip,attr:owns.car.bought,attr:yob:number,attr:newsletter:bool,segment:s1,segment:s2,segment:s3,visit:automotive\r\n"+
			"alice,,\"10115\",2021-05-01,1980,yes,1,30d,no,1d;2026-11-20T10:00:00Z; 1795168800\r\n"+
			"\n"+
			",bob,\"a, \"\"b\"\"\",,,,,,,7\n"), importer.Options{Format: importer.CSV})
	must(t, err)
	if got.People != 2 || got.Lines != 4 {
		t.Errorf("progress %+v", got)
	}
	if got := get(t, p, profile.ID{Type: "ifa", Value: "alice"}); got != alice {
		t.Errorf("got  %s\nwant %s", got, alice)
	}
	got2 := get(t, p, profile.ID{Type: "eid:uidapi.com", Value: "bob"})
	if !strings.Contains(got2, `"a, \"b\""`) || !strings.Contains(got2, `"total":7`) {
		t.Errorf("bob is %s", got2)
	}
}

// TestLinks imports people of several identifiers, in both formats.
func TestLinks(t *testing.T) {
	for format, text := range map[importer.Format]string{
		importer.NDJSON: `{"ids":[{"type":"login:shop","value":"alice"},{"type":"ifa","value":"phone"}],"segments":["a"]}` + "\n" +
			`{"ids":[{"type":"login:shop","value":"alice"},{"type":"ifa","value":"laptop"}]}` + "\n",
		importer.CSV: "id:login:shop,id:ifa,segment:a\nalice,phone,1\nalice,laptop,\n",
	} {
		p := open(t, newStore(t))
		got, err := load(t, p, strings.NewReader(text), importer.Options{Format: format})
		must(t, err)
		if got.People != 2 {
			t.Errorf("progress %+v", got)
		}
		who, err := p.Get(profile.ID{Type: "ifa", Value: "laptop"}.Key(), now)
		must(t, err)
		if len(who.IDs) != 3 || len(who.Segments) != 1 {
			t.Errorf("the person is %+v", who)
		}
	}
}

// TestErasedStayErased imports a file that holds somebody who was erased.
func TestErasedStayErased(t *testing.T) {
	p := open(t, newStore(t))
	file := `{"ids":[{"type":"ifa","value":"alice"},{"type":"ifa","value":"phone"}],"segments":["a"]}` + "\n" +
		`{"id":{"type":"ifa","value":"bob"},"segments":["a"]}` + "\n" + `{"id":{"type":"ifa","value":"phone"},"segments":["b"]}` + "\n"
	_, err := load(t, p, strings.NewReader(file), importer.Options{})
	must(t, err)
	_, err = p.Forget(now, profile.ID{Type: "ifa", Value: "phone"}.Key(), profile.AllEvents)
	must(t, err)
	got, err := load(t, p, strings.NewReader(file), importer.Options{})
	must(t, err)
	if got.People != 1 || got.Erased != 2 || got.Bad != 0 || got.Lines != 3 {
		t.Errorf("progress %+v", got)
	}
	for _, name := range []string{"alice", "phone"} {
		if _, err := p.Get(profile.ID{Type: "ifa", Value: name}.Key(), now); !errors.Is(err, profile.ErrNotFound) {
			t.Errorf("%s is back: %v", name, err)
		}
	}
	_, err = load(t, p, strings.NewReader(file), importer.Options{Erased: true})
	must(t, err)
	if _, err := p.Get(profile.ID{Type: "ifa", Value: "alice"}.Key(), now); err != nil {
		t.Errorf("alice has come back: %v", err)
	}
}

func TestBadLinesAreReported(t *testing.T) {
	long := `{"id":{"type":"ifa","value":"x"},"attributes":{"a":"` + strings.Repeat("x", importer.MaxLine) + `"}}`
	ok := `{"id":{"type":"ifa","value":"%s"},"attributes":{"a":1}}`
	for _, c := range []struct {
		format     importer.Format
		line, want string
	}{
		{0, `{"id":`, "cut off"},
		{0, `nonsense`, "not JSON at byte"},
		{0, `[1]`, "a JSON array"},
		{0, `{} {}`, "more than one JSON value"},
		{0, `{"attributes":{"a":1}}`, "no id"},
		{0, `{"id":{"type":"ifa"},"attributes":{"a":1}}`, "names nobody"},
		{0, `{"id":{"type":"ifa","value":"00000000-0000-0000-0000-000000000000"},"segments":["a"]}`, "names nobody"},
		{0, `{"id":{"type":"ifa","value":"x"}}`, "says nothing"},
		{0, `{"ids":[{"type":"ifa","value":"x"},{"type":"ifa","value":"x"}],"segments":["a"]}`, "linked with itself"},
		{0, `{"ids":[{"type":"ifa","value":"x"},{"type":"ifa"}],"segments":["a"]}`, "names nobody"},
		{0, `{"ids":[{"type":"ifa","value":"x"},{"type":"email","value":"y"}],"segments":["a"]}`, `no type "email"`},
		{0, `{"ids":[` + strings.Repeat(`{"type":"ifa","value":"x"},`, 32) + `{"type":"ifa","value":"y"}],"segments":["a"]}`, "33 ids"},
		{0, `{"id":{"type":"ifa","value":"x"},"atributes":{}}`, `unknown key "atributes"`},
		{0, `{"id":{"type":"ifa","value":"x"},"attributes":{"a b":1}}`, "space"},
		{0, `{"id":{"type":"ifa","value":"x"},"attributes":{"a":[1]}}`, "attribute a: an object or a list"},
		{0, `{"id":{"type":"ifa","value":"x"},"attributes":{"a":"` + strings.Repeat("x", 200) + `"}}`, "200 bytes"},
		{0, `{"id":{"type":"ifa","value":"x"},"attributes":{"a":1e999}}`, "attribute a"},
		{0, `{"id":{"type":"ifa","value":"x"},"segments":[{"name":"s","expires":"soon"}]}`, `segment s: "soon" is no expiry`},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"vist","topic":"a","ago":"1d"}]}`, `"vist" is no kind of behaviour: there are visit,`},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"visit","topic":"a"}]}`, "neither"},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"visit","topic":"a","ago":"1d","time":5}]}`, "both"},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"visit","topic":"a","time":"never"}]}`, `"never" is no time`},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"visit","topic":"a","time":"2036-11-20"}]}`, "more than a day ahead"},
		{0, `{"id":{"type":"ifa","value":"x"},"behaviours":[{"kind":"visit","topic":"a","ago":"1d","count":0}]}`, "count of 0"},
		{0, long, "the longest may have 1048576"},
		{importer.CSV, `x,1,2`, "3 fields and the header 2"},
		{importer.CSV, `x,"1`, "not closed"},
		{importer.CSV, `x,"1"2`, "between a closing quotation mark"},
		{importer.CSV, `x,one`, `column attr:a:number: "one" is no number`},
		{importer.CSV, `,1`, "no id"},
	} {
		p := open(t, newStore(t))
		text := fmt.Sprintf(ok+"\n%s\n"+ok, "1", c.line, "2")
		if c.format == importer.CSV {
			text = "id:ifa,attr:a:number\n1,1\n" + c.line + "\n2,1\n"
		}
		var bad []importer.BadLine
		got, err := load(t, p, strings.NewReader(text), importer.Options{Format: c.format, MaxErrors: 1, Bad: func(b importer.BadLine) { bad = append(bad, b) }})
		if err != nil || got.People != 2 || got.Bad != 1 {
			t.Errorf("%.80s: progress %+v, %v; want 2 people and 1 bad line", c.line, got, err)
		}
		if line := int64(2 + c.format); len(bad) != 1 || bad[0].Line != line || !strings.Contains(bad[0].Error(), c.want) {
			t.Errorf("%.80s: bad lines %v; want line %d: %q", c.line, bad, line, c.want)
		}
	}
}

func TestBadHeaders(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "empty",
		"a,b\n":                    `unknown column "a"`,
		"id,attr:a\n":              "need each other",
		"attr:a\n":                 "no column with an identifier",
		"id:ifa,id:ifa\n":          "two columns",
		"id:ifa,attr:a:colour\n":   `"colour" is no type`,
		"id:ifa,vist:cars\n":       `"vist" is no kind`,
		"id:ifa,segment:a b\n":     "space",
		strings.Repeat("x", 2<<20): "longest may have",
	} {
		_, err := load(t, open(t, newStore(t)), strings.NewReader(text), importer.Options{Format: importer.CSV})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("header %.40q: %v, want %q", text, err, want)
		}
	}
}

func TestTooManyBadLines(t *testing.T) {
	p := open(t, newStore(t))
	text := strings.Repeat(`{"id":{"type":"ifa","value":"a"},"behaviours":[{"kind":"visit","topic":"t","ago":"1h"}]}`+"\nbad\n", 2000)
	got, err := load(t, p, strings.NewReader(text), importer.Options{MaxErrors: 10})
	if !errors.Is(err, importer.ErrTooManyBad) || !strings.Contains(err.Error(), "up to line 512 is imported, 256 people") {
		t.Errorf("error %v", err)
	}
	if got.People != 256 || got.Lines != 512 || got.Done {
		t.Errorf("progress %+v, want the first 512 lines", got)
	}
	if got := get(t, p, profile.ID{Type: "ifa", Value: "a"}); !strings.Contains(got, `"total":256`) {
		t.Errorf("what was imported before the end is %s", got)
	}
}

func TestNeverTwice(t *testing.T) {
	p := open(t, newStore(t))
	const text = `{"id":{"type":"ifa","value":"a"},"behaviours":[{"kind":"visit","topic":"t","ago":"1h"}]}`
	o := importer.Options{ID: importer.IDOf("dir/a.ndjson", int64(len(text)), []byte(text))}
	total := func() string { return get(t, p, profile.ID{Type: "ifa", Value: "a"}) }
	_, err := load(t, p, strings.NewReader(text), o)
	must(t, err)
	if _, err = load(t, p, strings.NewReader(text), o); !errors.Is(err, importer.ErrFinished) || !strings.Contains(err.Error(), "--again") {
		t.Errorf("the second import of a file: %v", err)
	}
	if got := total(); !strings.Contains(got, `"total":1`) {
		t.Errorf("imported twice: %s", got)
	}
	o.Again = true
	_, err = load(t, p, strings.NewReader(text), o)
	must(t, err)
	if got := total(); !strings.Contains(got, `"total":2`) {
		t.Errorf("imported again: %s", got)
	}
	if importer.IDOf("a.ndjson", int64(len(text)), []byte(text)) != o.ID || importer.IDOf("a.ndjson", 1, []byte(text)) == o.ID {
		t.Error("IDOf: want the same id in another folder, and another for another size")
	}
}

// failing is a store that fails from the n-th write on.
type failing struct {
	profile.Store
	left atomic.Int64
}

func (f *failing) Apply(b *profile.Batch) error {
	if f.left.Add(-1) < 0 {
		return profile.ErrDiskFull
	}
	return f.Store.Apply(b)
}

// people is a file in which people come up many times.
func people(lines int) []byte {
	var b bytes.Buffer
	for i := range lines {
		if i%97 == 13 {
			b.WriteString("a bad line\n")
			continue
		}
		fmt.Fprintf(&b, `{"id":{"type":"ifa","value":"%d"},"attributes":{"last":%d},"behaviours":[{"kind":"visit","topic":"t%d","ago":"%dm"}]}`+"\n", i*i%211, i, i%3, i)
	}
	return b.Bytes()
}

func records(t *testing.T, s profile.Store) map[ad.PersonID]string {
	t.Helper()
	all := map[ad.PersonID]string{}
	must(t, s.Scan(func(key ad.PersonID, r profile.Record) error { all[key] = string(r); return nil }))
	return all
}

// TestResume stops an import after every possible write and goes on: the result
// is that of one that was not stopped.
func TestResume(t *testing.T) {
	text := people(3000)
	o := importer.Options{ID: "x", MaxErrors: 1000}
	whole := newStore(t)
	want, err := load(t, open(t, whole), bytes.NewReader(text), o)
	must(t, err)
	for n := range int64(7) {
		s := &failing{Store: newStore(t)}
		s.left.Store(n)
		first, err := load(t, open(t, s), bytes.NewReader(text), o)
		if !errors.Is(err, profile.ErrDiskFull) {
			t.Fatalf("import into a store that fails after %d writes: %v", n, err)
		}
		s.left.Store(1 << 30)
		second, err := load(t, open(t, s), bytes.NewReader(text), o)
		must(t, err)
		if second.Resumed != first.Lines || second.People != want.People || second.Bad != want.Bad || second.Lines != want.Lines {
			t.Errorf("after %d writes %+v, then %+v; want %+v in the end", n, first, second, want)
		}
		got, want := records(t, s), records(t, whole)
		if len(got) != len(want) {
			t.Errorf("stopped after %d writes: %d people, want %d", n, len(got), len(want))
		}
		for key, r := range want {
			if got[key] != r {
				t.Fatalf("stopped after %d writes: person %s is not what an import in one go makes", n, key)
			}
		}
	}
}

func TestResumeAnotherFile(t *testing.T) {
	s := &failing{Store: newStore(t)}
	s.left.Store(2)
	o := importer.Options{ID: "x", MaxErrors: 1000}
	if _, err := load(t, open(t, s), bytes.NewReader(people(3000)), o); !errors.Is(err, profile.ErrDiskFull) {
		t.Fatal(err)
	}
	s.left.Store(1 << 30)
	if _, err := load(t, open(t, s), strings.NewReader("short"), o); err == nil || !strings.Contains(err.Error(), "is it another one?") {
		t.Errorf("resumed with a shorter file: %v", err)
	}
}

func TestGzip(t *testing.T) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	zw.Write(people(3000))
	must(t, zw.Close())
	p := open(t, newStore(t))
	got, err := load(t, p, bytes.NewReader(b.Bytes()), importer.Options{Gzip: true, MaxErrors: 1000})
	must(t, err)
	if got.Lines != 3000 {
		t.Errorf("progress %+v", got)
	}
	got, err = load(t, p, bytes.NewReader(b.Bytes()[:b.Len()/2]), importer.Options{Gzip: true, MaxErrors: 1000})
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.Lines == 0 || got.Done {
		t.Errorf("a file that is cut off: %+v, %v; want what is there and an error", got, err)
	}
	if _, err = load(t, p, strings.NewReader("plain"), importer.Options{Gzip: true}); err == nil || !strings.Contains(err.Error(), "not a gzip file") {
		t.Errorf("a file that is not compressed: %v", err)
	}
}

func TestCancel(t *testing.T) {
	p := open(t, newStore(t))
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe() // never ends
	go pw.Write(people(2000))
	got, err := importer.Run(ctx, p, pr, importer.Options{Name: "stdin", Now: now, MaxErrors: 1000, Progress: func(importer.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) || got.Lines == 0 || !strings.Contains(err.Error(), fmt.Sprint("stopped after line ", got.Lines)) {
		t.Errorf("progress %+v, %v", got, err)
	}
	pr.Close()
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]string{"a/b.ndjson": "0 false <nil>", "b.JSONL.gz": "0 true <nil>", "c.csv": "1 false <nil>", "c.csv.gz": "1 true <nil>"} {
		f, gz, err := importer.FormatOf(name)
		if got := fmt.Sprint(f, gz, err); got != want {
			t.Errorf("FormatOf(%s) = %s, want %s", name, got, want)
		}
	}
	if _, _, err := importer.FormatOf("people.xlsx"); err == nil {
		t.Error("FormatOf(people.xlsx): want an error")
	}
}

func FuzzImportLine(f *testing.F) {
	f.Add(false, `{"id":{"type":"ifa","value":"a"},"behaviours":[{"kind":"visit","topic":"t","ago":"1h"}]}`)
	f.Add(true, `x,"1",2021-05-01,1d;2026-11-20`)
	f.Add(false, `{"ids":[{}],"segments":[{"name":"","expires":"-1d"},3]}`)
	p := open(f, newStore(f))
	f.Fuzz(func(t *testing.T, csv bool, line string) {
		o := importer.Options{MaxErrors: len(line), Name: "fuzz", Now: now}
		if csv {
			o.Format = importer.CSV
			line = "id:ifa,attr:a,segment:s,visit:t\n" + line
		}
		got, err := importer.Run(context.Background(), p, strings.NewReader(line), o)
		if err != nil || !got.Done || got.People+got.Bad > got.Lines {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	})
}

func BenchmarkImport(b *testing.B) {
	var text bytes.Buffer
	const lines = 50_000
	for i := range lines {
		fmt.Fprintf(&text, `{"ids":[{"type":"ifa","value":"38400000-8cf0-11bd-b23e-%012x"}],"attributes":{"home.zip":"%05d","owns.car.class":"luxury","owns.car.bought":"2021-05-01","yob":%d},`+
			`"segments":["s%d",{"name":"t%d","expires":"30d"}],"behaviours":[{"kind":"visit","topic":"automotive","ago":"%dh"},{"kind":"visit","topic":"travel","ago":"3d","count":2}]}`+"\n",
			i, i%99999, 1950+i%60, i%50, i%20, i%200)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	done := 0
	for b.Loop() {
		b.StopTimer()
		s, err := pebblestore.Open(pebblestore.Config{Dir: b.TempDir()})
		must(b, err)
		p, err := profile.Open(s, profile.Config{CacheBytes: 1 << 20})
		must(b, err)
		b.StartTimer()
		got, err := importer.Run(context.Background(), p, bytes.NewReader(text.Bytes()), importer.Options{Name: "bench", ID: "x", Now: now})
		must(b, err)
		done += int(got.People)
		b.StopTimer()
		must(b, p.Close())
		must(b, s.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "people/s")
}
