package topic_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/topic"
)

const file = `topics:
  automotive:
    note: cars and what belongs to them
    pages: [cars.example, news.example/motor]
    apps: [com.example.cars]
    categories: [IAB2]
  automotive/luxury:
    pages: [cars.example/luxury, gold.cars.example]
    categories: [IAB2-15]
  news: {pages: [news.example]}
  test/drive/booked: {}
`

func build(t testing.TB, text string) (*topic.Taxonomy, *conf.Problems) {
	t.Helper()
	ps, f := new(conf.Problems), new(topic.File)
	b := topic.NewBuilder(ps)
	if ps.Decode("topics/x.yaml", []byte(text), f) {
		b.Add(f)
	}
	return b.Build(), ps
}

func mustBuild(t testing.TB) *topic.Taxonomy {
	t.Helper()
	tax, ps := build(t, file)
	if ps.Failed() {
		t.Fatal(ps.Sorted())
	}
	return tax
}

func nameOf(x *topic.Topic) string {
	if x == nil {
		return ""
	}
	return x.Name
}

func TestPages(t *testing.T) {
	tax := mustBuild(t)
	for url, want := range map[string]string{
		"https://cars.example/":                         "automotive",
		"https://WWW.Cars.example:8443/suv?x=/luxury":   "automotive",
		"http://anna:x@shop.cars.example/a":             "automotive",
		"https://cars.example/luxury":                   "automotive/luxury",
		"https://cars.example/luxury/coupe/#top":        "automotive/luxury",
		"https://cars.example/luxuryoutlet":             "automotive",
		"//gold.cars.example/":                          "automotive/luxury",
		"gold.cars.example":                             "automotive/luxury",
		"a.b.gold.cars.example./luxury":                 "automotive/luxury",
		"https://news.example/motor/today":              "automotive",
		"https://news.example/motors":                   "news",
		"https://news.example/?next=//cars.example/":    "news",
		"https://other.example/":                        "",
		"https://notcars.example/":                      "",
		"https://cars.example.evil.example/":            "",
		"":                                              "",
		"https://":                                      "",
		"https:///cars.example":                         "",
		strings.Repeat("a.", 200) + "cars.example":      "",
		"https://" + strings.Repeat("cars.example/", 9): "automotive",
	} {
		if got := nameOf(tax.Page([]byte(url))); got != want {
			t.Errorf("%s is about %q, want %q", url, got, want)
		}
	}
}

func TestNamesCategoriesAndApps(t *testing.T) {
	tax := mustBuild(t)
	for cat, want := range map[string]string{"IAB2": "automotive", "IAB2-2": "automotive", "IAB2-15": "automotive/luxury", "IAB20": "", "IAB3-2": "", "": "", "-": ""} {
		if got := nameOf(tax.Category([]byte(cat))); got != want {
			t.Errorf("%s is about %q, want %q", cat, got, want)
		}
	}
	if got := nameOf(tax.App([]byte("com.example.cars"))); got != "automotive" {
		t.Errorf("the app is about %q", got)
	}
	want := []string{"automotive", "automotive/luxury", "news", "test", "test/drive", "test/drive/booked"}
	if got := tax.Names(); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if got := tax.Below("test"); !slices.Equal(got, want[4:]) {
		t.Errorf("below test are %q, want %q", got, want[4:])
	}
	for _, x := range tax.All() {
		if tax.Topic([]byte(x.Name)) != x || x.ID != topic.IDOf(x.Name) {
			t.Errorf("%s is not found by its name", x.Name)
		}
	}
	if tax.Topic([]byte("sport")) != nil || new(topic.Taxonomy).Page([]byte("cars.example")) != nil {
		t.Error("there is a topic that nobody defined")
	}
}

func TestOfRequest(t *testing.T) {
	tax := mustBuild(t)
	var req openrtb.Request
	for body, want := range map[string]string{
		`{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"site":{"page":"https://news.example/a","cat":["IAB2-15","IAB2-16","IAB2"],"pagecat":["IAB9"]}}`: "news automotive/luxury automotive",
		`{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"site":{"domain":"cars.example"}}`:                                                               "automotive",
		`{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"app":{"bundle":"com.example.cars","domain":"news.example"}}`:                                    "automotive",
		`{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"site":{"cat":["IAB2"],"cattax":7}}`:                                                             "",
		`{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}]}`:                                                                                                "",
	} {
		if err := req.Decode([]byte(body)); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, x := range tax.OfRequest(nil, &req) {
			names = append(names, x.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s is about %q, want %q", body, got, want)
		}
	}
}

func TestOfRequestDoesNotAllocate(t *testing.T) {
	tax := mustBuild(t)
	var req openrtb.Request
	if err := req.Decode([]byte(`{"id":"1","imp":[{"id":"1"}],"site":{"page":"https://shop.Cars.example/suv","cat":["IAB2-15","IAB9-1"]}}`)); err != nil {
		t.Fatal(err)
	}
	buf := make([]*topic.Topic, 0, topic.MaxOfRequest)
	if n := testing.AllocsPerRun(100, func() { buf = tax.OfRequest(buf[:0], &req) }); n != 0 || len(buf) != 2 {
		t.Errorf("%v allocations, %d topics; want 0 and 2", n, len(buf))
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"topics: {a: {pages: [x.example]}, b: {pages: [www.x.example/]}}": `topics/x.yaml:1:47: "www.x.example/" belongs to topic "a" already, see topics/x.yaml:1:22`,
		"topics: {a: {pages: ['https://x.example']}}":                     `is no page: scheme, query`,
		"topics: {a: {pages: [localhost]}}":                               `it does not begin with a domain`,
		"topics: {a: {categories: [IAB27]}}":                              `"IAB27" is no category`,
		"topics: {a: {apps: [x, x]}}":                                     `"x" is listed twice`,
		"topics: {a//b: {}}":                                              `"a//b" has an empty part`,
		"topics: {a b: {}}":                                               `it holds a space`,
		"topics: {a: {page: [x.example]}}":                                `unknown key "page"`,
	} {
		_, ps := build(t, text)
		all := ""
		for _, p := range ps.Sorted() {
			all += p.Error() + "\n"
		}
		if !strings.Contains(all, want) {
			t.Errorf("%s: %s\nwant %s", text, all, want)
		}
	}
}

// TestPageFindsTheLongest compares Page with a search through all pages.
func TestPageFindsTheLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"a", "b", "aa"})
		host := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(append(rapid.SliceOfN(part, 1, 3).Draw(t, "host"), "example"), ".")
		})
		path := rapid.Custom(func(t *rapid.T) string {
			p := ""
			for _, s := range rapid.SliceOfN(part, 0, 3).Draw(t, "path") {
				p += "/" + s
			}
			return p
		})
		b := topic.NewBuilder(new(conf.Problems))
		var pages []string
		f := new(topic.File)
		for range rapid.IntRange(0, 8).Draw(t, "pages") {
			p := host.Draw(t, "host") + path.Draw(t, "path")
			if slices.Contains(pages, p) {
				continue
			}
			pages = append(pages, p)
			f.Topics = append(f.Topics, conf.Entry[topic.Spec]{Key: "t/" + p, Value: topic.Spec{Pages: []string{p}}})
		}
		b.Add(f)
		tax := b.Build()
		onHost, onPath := host.Draw(t, "asked host"), path.Draw(t, "asked path")
		want, longest := "", -1
		for _, p := range pages {
			h, rest, _ := strings.Cut(p+"/", "/")
			fits := strings.HasSuffix("."+onHost, "."+h) && strings.HasPrefix(onPath+"/", "/"+rest)
			if length := len(h)*1000 + len(rest); fits && length > longest {
				want, longest = "t/"+p, length
			}
		}
		if got := nameOf(tax.Page([]byte("https://www." + onHost + onPath + "?q"))); got != want {
			t.Fatalf("of %q, %s%s is about %q, want %q", pages, onHost, onPath, got, want)
		}
	})
}
