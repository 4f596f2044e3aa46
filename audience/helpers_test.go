package audience

import (
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/profile"
)

// now is noon, so that days and hours back are easy to tell.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func ago(d time.Duration) int64 { return now.Add(-d).Unix() }

const zipIncome = `zip,place,band,income
82031,Grünwald,affluent,91000
10115,Berlin,middle,45000
47051,Duisburg,,28000
01067,Dresden,middle,unknown
`

const premiumNews = `domain,publisher
morning-herald.example,Morning Herald
Evening-Ledger.example,Evening Ledger
`

func tables(t testing.TB) Tables {
	t.Helper()
	var ps conf.Problems
	ts := Tables{
		"zip_income":   LoadTable("tables/zip_income.csv", strings.NewReader(zipIncome), &ps),
		"premium_news": LoadTable("tables/premium_news.csv", strings.NewReader(premiumNews), &ps),
	}
	if len(ps.List) > 0 {
		t.Fatalf("tables: %v", ps.List)
	}
	return ts
}

// file is one file of audiences, as the tests write it.
type file struct {
	conf.Located
	If        Rule           `yaml:"if"`
	Audiences conf.Map[Rule] `yaml:"audiences"`
}

// compile compiles a file's condition; the problems are the caller's.
func compile(ts Tables, src string, ps *conf.Problems) (*Set, Ref) {
	var f file
	read := ps.Decode("rule.yaml", []byte(src), &f)
	b := NewBuilder(ts, ps)
	for i := range f.Audiences {
		b.Define(f.Audiences[i].Key, &f.Audiences[i].Value)
	}
	ref := Ref(0)
	if read && f.Has("if") {
		ref = b.Condition(&f.If)
	}
	return b.Build(), ref
}

func mustCompile(t testing.TB, src string) (*Set, Ref) {
	t.Helper()
	var ps conf.Problems
	s, ref := compile(tables(t), src, &ps)
	if ps.Failed() {
		t.Fatalf("%s: %v", src, ps.Sorted())
	}
	return s, ref
}

func record(t testing.TB, edit func(b *profile.Builder)) profile.Record {
	t.Helper()
	b := profile.NewBuilder(now.Unix())
	edit(b)
	return b.Append(nil)
}

// anna is affluent, drives an old luxury car and looks for another.
func anna(t testing.TB) profile.Record {
	return record(t, func(b *profile.Builder) {
		must(t, b.SetAttr("home.zip", profile.StringValue("82031")))
		must(t, b.SetAttr("yob", profile.NumberValue(1970)))
		must(t, b.SetAttr("newsletter", profile.BoolValue(true)))
		must(t, b.SetAttr("owns.car.class", profile.StringValue("luxury")))
		must(t, b.SetAttr("owns.car.bought", profile.DateValue(ago(4*365*day))))
		must(t, b.SetAttr("owns.car.age", profile.NumberValue(4)))
		must(t, b.AddSegment("frequent-flyer", ago(-10*day)))
		must(t, b.AddSegment("ends-now", now.Unix()))
		must(t, b.AddBehaviour(profile.Visit, "automotive", ago(2*time.Hour), 1))
		must(t, b.AddBehaviour(profile.Visit, "automotive", ago(3*day), 2))
		must(t, b.AddBehaviour(profile.Visit, "automotive", ago(40*day), 1))
		must(t, b.AddBehaviour(profile.Visit, "travel", ago(20*day), 1))
		must(t, b.AddBehaviour(profile.Purchase, "shoes", ago(60*day), 1))
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func texts(list ...string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}

// frontPage is a request for the front page of a premium news site.
func frontPage() *openrtb.Request {
	r := &openrtb.Request{Inventory: ad.Site}
	r.Site.Domain = []byte("WWW.Morning-Herald.example")
	r.Site.Page = []byte("https://www.morning-herald.example/?ref=mail")
	r.Site.Cat = texts("IAB12", "IAB2-2")
	r.Site.Keywords = []byte("news, Politics ,")
	r.Device.Type = 4
	r.Device.Language = []byte("de-AT")
	r.Device.OS = []byte("iOS")
	r.User.Geo.Country = []byte("AT")
	r.Device.Geo.Zip = []byte("10115")
	return r
}

// game is a request from an app that says little.
func game() *openrtb.Request {
	r := &openrtb.Request{Inventory: ad.App}
	r.Site.Bundle = []byte("com.example.Puzzle")
	return r
}

func ask(s *Set, ref Ref, rec profile.Record, req *openrtb.Request) Truth {
	var e Eval
	e.Reset(s, rec, req, now)
	return e.Is(ref)
}
