package audience

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/profile"

	"pgregory.net/rapid"
)

// person is a person as the naive interpreter sees one: nothing encoded.
type person struct {
	known    bool
	attrs    map[string]profile.Value
	segments map[string]int64 // expiry
	visits   map[string][]int64
}

func (p *person) record(t testing.TB) profile.Record {
	if !p.known {
		return nil
	}
	return record(t, func(b *profile.Builder) {
		must(t, b.SetAttr("known", profile.BoolValue(true))) // so that the record is not empty
		for name, v := range p.attrs {
			must(t, b.SetAttr(name, v))
		}
		for name, expires := range p.segments {
			must(t, b.AddSegment(name, expires))
		}
		for topic, list := range p.visits {
			for _, at := range list {
				must(t, b.AddBehaviour(profile.Visit, topic, at, 1))
			}
		}
	})
}

// naive answers a rule by going through it as it is written: no compilation,
// no sharing, no order of cost, no short cut.
type naive struct {
	who       *person
	req       *openrtb.Request
	audiences map[string]*Rule
	tables    map[string]map[string]string // zip_income: band by zip
}

func not3(t Truth) Truth { // none excludes on evidence only
	if t == True {
		return False
	}
	return True
}

func (n *naive) rule(r *Rule) Truth {
	parts := []Truth{}
	for i := range r.All {
		parts = append(parts, n.rule(&r.All[i]))
	}
	if len(r.Any) > 0 {
		var list []Truth
		for i := range r.Any {
			list = append(list, n.rule(&r.Any[i]))
		}
		parts = append(parts, anyOf(list))
	}
	if len(r.None) > 0 {
		var list []Truth
		for i := range r.None {
			list = append(list, n.rule(&r.None[i]))
		}
		parts = append(parts, not3(anyOf(list)))
	}
	for _, e := range r.Has {
		parts = append(parts, n.has(e.Key, &e.Value))
	}
	if len(r.Segment) > 0 {
		parts = append(parts, n.segment(r.Segment))
	}
	if r.Did != nil {
		parts = append(parts, n.did(r.Did))
	}
	if r.Lookup != nil {
		parts = append(parts, n.lookup(r.Lookup))
	}
	for _, e := range r.Context {
		parts = append(parts, n.context(e.Key, e.Value))
	}
	if len(r.Audience) > 0 {
		var list []Truth
		for _, a := range r.Audience {
			list = append(list, n.rule(n.audiences[a.Value]))
		}
		parts = append(parts, anyOf(list))
	}
	return allOf(parts)
}

func count(list []Truth, want Truth) (n int) {
	for _, t := range list {
		if t == want {
			n++
		}
	}
	return n
}

func allOf(list []Truth) Truth {
	switch {
	case count(list, False) > 0:
		return False
	case count(list, Unknown) > 0:
		return Unknown
	}
	return True
}

func anyOf(list []Truth) Truth {
	switch {
	case count(list, True) > 0:
		return True
	case count(list, Unknown) > 0:
		return Unknown
	}
	return False
}

func (n *naive) has(name string, c *Compare) Truth {
	v, ok := n.who.attrs[name]
	ok = ok && n.who.known
	if c.Known != nil {
		return truth(ok == *c.Known)
	}
	if !ok {
		return Unknown
	}
	var parts []Truth
	among := func(list []Literal) bool {
		for _, l := range list {
			if v.Type == profile.String && string(v.Str) == l.Text || v.Type == profile.Number && v.String() == l.Text {
				return true
			}
		}
		return false
	}
	if c.In != nil {
		parts = append(parts, truth(among(c.In)))
	}
	if c.Not != nil {
		parts = append(parts, truth(!among(c.Not)))
	}
	compare := func(holds func() bool, typ profile.ValueType) {
		if v.Type != typ {
			parts = append(parts, Unknown)
			return
		}
		parts = append(parts, truth(holds()))
	}
	if c.Between != nil {
		compare(func() bool { return v.Num >= c.Between[0].num && v.Num <= c.Between[1].num }, profile.Number)
	}
	if c.AtLeast != nil {
		compare(func() bool { return v.Num >= c.AtLeast.num }, profile.Number)
	}
	if c.Over != nil {
		years := float64(c.Over.Std()) / float64(365*day)
		switch v.Type {
		case profile.Number:
			parts = append(parts, truth(v.Num > years))
		case profile.Date:
			parts = append(parts, truth(now.Sub(time.Unix(int64(v.Num), 0)) > c.Over.Std()))
		default:
			parts = append(parts, Unknown)
		}
	}
	return allOf(parts)
}

func (n *naive) segment(names []conf.Value[string]) Truth {
	if !n.who.known {
		return Unknown
	}
	for _, s := range names {
		if n.who.segments[s.Value] > now.Unix() {
			return True
		}
	}
	return False
}

// moments returns when somebody visited one of some topics, or below one.
func (p *person) moments(list []conf.Value[string]) (all []int64) {
	for topic, visits := range p.visits {
		if slices.ContainsFunc(list, func(v conf.Value[string]) bool { return topic == v.Value || strings.HasPrefix(topic, v.Value+"/") }) {
			all = append(all, visits...)
		}
	}
	slices.Sort(all)
	return all
}

func (n *naive) did(d *Did) Truth {
	if !n.who.known {
		return Unknown
	}
	if d.Then != nil {
		for _, at := range n.who.moments(d.Visit) {
			if at <= now.Unix() && (d.Within == nil || now.Unix()-at <= d.Within.Seconds()) && n.after(at, d.Then) {
				return True
			}
		}
		return False
	}
	counted, lately := 0, 0
	var first, last int64
	for _, at := range n.who.moments(d.Visit) {
		age := now.Sub(time.Unix(at, 0))
		if first == 0 {
			first = at
		}
		last = at
		switch {
		case age < 0:
		case d.NotWithin != nil && age <= d.NotWithin.Std():
			lately++
		case d.Within == nil || age <= d.Within.Std():
			counted++
		}
	}
	least := 1
	if d.AtMost != nil {
		least = 0
	}
	if d.AtLeast != nil {
		least = *d.AtLeast
	}
	return truth(counted >= least && (d.AtMost == nil || counted <= *d.AtMost) && lately == 0 && aged(d.First, first) && aged(d.Last, last))
}

// aged answers first and last.
func aged(a *Age, at int64) bool {
	if a == nil {
		return true
	}
	age := now.Unix() - at
	return at > 0 && (a.Over == nil || age > a.Over.Seconds()) && (a.Under == nil || age < a.Under.Seconds())
}

// after reports whether something was done after a moment, and what is to follow
// it.
func (n *naive) after(before int64, d *Did) bool {
	for _, at := range n.who.moments(d.Visit) {
		if at > before && at <= now.Unix() && (d.Within == nil || at-before <= d.Within.Seconds()) && (d.Then == nil || n.after(at, d.Then)) {
			return true
		}
	}
	return false
}

func (n *naive) lookup(l *Lookup) Truth {
	key := string(n.req.Device.Geo.Zip)
	if l.Key == "home.zip" {
		v, ok := n.who.attrs[l.Key]
		if !ok || !n.who.known {
			return Unknown
		}
		key = v.String()
	}
	if key == "" {
		return Unknown
	}
	band, ok := n.tables[l.Table][key]
	if l.Column == "" {
		return truth(ok)
	}
	if !ok || band == "" {
		return Unknown
	}
	for _, want := range l.In {
		if band == want.Text {
			return True
		}
	}
	return False
}

func (n *naive) context(name string, values []Literal) Truth {
	if name == "site.domain" {
		if n.req.Inventory == ad.App {
			return False
		}
		if len(n.req.Site.Domain) == 0 {
			return Unknown
		}
		for _, v := range values {
			if strings.HasSuffix("."+string(n.req.Site.Domain), "."+strings.TrimPrefix(v.Text, "www.")) {
				return True
			}
		}
		return False
	}
	if len(n.req.Device.Language) == 0 {
		return Unknown
	}
	for _, v := range values {
		if v.Text == string(n.req.Device.Language)[:2] {
			return True
		}
	}
	return False
}

// rules draws the YAML of a rule.
func rules(t *rapid.T, depth int, audiences []string) string {
	pick := func(list ...string) string { return rapid.SampledFrom(list).Draw(t, "choice") }
	number := func(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, "number") }
	top := 7
	if depth > 0 {
		top = 12
	}
	switch kind := number(0, top); {
	case kind == 0:
		return "{has: {" + pick("a", "b", "home.zip") + ": " + pick("x", "10115", "[x, y, 3]", "{not: x}", "{not: [3, x]}", "{known: true}", "{known: false}",
			"{between: [2, 5]}", "{at_least: 3}", "{over: 3y}", "{over: 400d, not: x}") + "}}"
	case kind == 1:
		return "{segment: " + pick("s1", "s2", "[s1, s2]") + "}"
	case kind == 2 && number(0, 2) == 0:
		topic := func() string { return pick("t1", "t1/a", "t2", "[t1/a/b, t2]") }
		within := func() string { return pick("", ", within: 10d", ", within: 3h", ", within: 20d") }
		return "{did: {visit: " + topic() + within() + ", then: {visit: " + topic() + within() + pick("}", ", then: {visit: "+topic()+within()+"}}") + "}}"
	case kind == 2:
		return "{did: {visit: " + pick("t1", "t1/a", "t2", "[t1, t2]", "[t1/a, t1]") + pick("", "", ", first: {over: 5d}", ", last: {under: 9d}", ", first: {under: 40d}, last: {over: 2h}", ", last: {over: 1d, under: 49d}") + "}}"
	case kind == 7:
		return "{did: {visit: " + pick("t1", "t1/a", "t2", "[t1, t2]", "[t1/a, t1]") + pick("", ", at_least: 2", ", at_most: 2", ", at_least: 1, at_most: 3", ", at_most: 0") +
			pick("", ", within: 10d", ", within: 2h", ", not_within: 1d", ", within: 40d, not_within: 5d") + "}}"
	case kind == 3:
		return "{lookup: {table: zip_income, key: " + pick("home.zip", "geo.zip") + pick("", ", column: band, in: [affluent]", ", column: band, in: [affluent, middle]") + "}}"
	case kind == 4:
		return "{context: {" + pick("site.domain: a.example", "site.domain: [b.example, www.a.example]", "language: de", "language: [de, fr]") + "}}"
	case kind == 5 && len(audiences) > 0:
		return "{audience: " + pick(audiences...) + "}"
	case kind <= 6:
		return "{has: {a: x}, segment: s1}"
	}
	var parts []string
	for i := range number(1, 3) {
		var items []string
		for range number(1, 3) {
			items = append(items, rules(t, depth-1, audiences))
		}
		parts = append(parts, []string{"all", "any", "none"}[i]+": ["+strings.Join(items, ", ")+"]")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func drawPerson(t *rapid.T) *person {
	p := &person{known: rapid.IntRange(0, 5).Draw(t, "known") > 0, attrs: map[string]profile.Value{}, segments: map[string]int64{}, visits: map[string][]int64{}}
	values := []profile.Value{profile.StringValue("x"), profile.StringValue("10115"), profile.StringValue("99999"), profile.NumberValue(3), profile.NumberValue(82031),
		profile.DateValue(ago(3 * 365 * day)), profile.DateValue(ago(3*365*day + time.Second)), profile.StringValue("82031"), profile.StringValue("47051")}
	for _, name := range []string{"a", "b", "home.zip"} {
		if rapid.Bool().Draw(t, "has") {
			v := rapid.SampledFrom(values).Draw(t, "value")
			if name != "home.zip" || v.Type != profile.Date {
				p.attrs[name] = v
			}
		}
	}
	for _, name := range []string{"s1", "s2"} {
		if rapid.Bool().Draw(t, "in") {
			p.segments[name] = now.Unix() + rapid.Int64Range(0, 2).Draw(t, "expires")
		}
	}
	ages := []time.Duration{0, time.Second, 2 * time.Hour, day, day + time.Second, 5 * day, 9 * day, 10 * day, 10*day + time.Second, 40 * day, 50 * day}
	for _, topic := range []string{"t1", "t2", "t1/a", "t1/a/b", "t1b"} {
		for range rapid.IntRange(0, 3).Draw(t, "visits") {
			p.visits[topic] = append(p.visits[topic], ago(rapid.SampledFrom(ages).Draw(t, "age")))
		}
	}
	return p
}

func drawRequest(t *rapid.T) *openrtb.Request {
	r := &openrtb.Request{Inventory: rapid.SampledFrom([]ad.Inventory{ad.Site, ad.App}).Draw(t, "inventory")}
	r.Site.Domain = []byte(rapid.SampledFrom([]string{"", "a.example", "www.a.example", "xa.example", "b.example"}).Draw(t, "domain"))
	r.Device.Language = []byte(rapid.SampledFrom([]string{"", "de", "de-AT", "fr", "en"}).Draw(t, "language"))
	r.Device.Geo.Zip = []byte(rapid.SampledFrom([]string{"", "10115", "82031", "47051", "1"}).Draw(t, "zip"))
	return r
}

// TestCompiledEqualsNaive compares compiled evaluation, and the explanation's
// answer, with the naive interpreter over random rules, people and requests.
func TestCompiledEqualsNaive(t *testing.T) {
	ts := tables(t)
	bands := map[string]map[string]string{"zip_income": {"82031": "affluent", "10115": "middle", "47051": "", "01067": "middle"}}
	var e Eval
	seen := map[Truth]int{}
	rapid.Check(t, func(rt *rapid.T) {
		var src strings.Builder
		src.WriteString("audiences:\n")
		var names []string
		for i := range rapid.IntRange(1, 4).Draw(rt, "audiences") {
			name := fmt.Sprintf("a%d", i)
			fmt.Fprintf(&src, "  %s: %s\n", name, rules(rt, 3, names))
			names = append(names, name)
		}
		var ps conf.Problems
		var f file
		if !ps.Decode("rule.yaml", []byte(src.String()), &f) {
			rt.Fatalf("%s: %v", src.String(), ps.List)
		}
		b := NewBuilder(ts, &ps)
		n := &naive{audiences: map[string]*Rule{}, tables: bands}
		for i := range f.Audiences {
			b.Define(f.Audiences[i].Key, &f.Audiences[i].Value)
			n.audiences[f.Audiences[i].Key] = &f.Audiences[i].Value
		}
		s := b.Build()
		for _, p := range ps.List {
			if p.Severity == conf.Error && !strings.Contains(p.Message, "nobody is in this audience") {
				rt.Fatalf("%s: %v", src.String(), p)
			}
		}
		for range 5 {
			n.who, n.req = drawPerson(rt), drawRequest(rt)
			e.Reset(s, n.who.record(t), n.req, now)
			for _, name := range names {
				ref, _ := s.Ref(name)
				got, want := e.Is(ref), n.rule(n.audiences[name])
				seen[want]++
				if got != want {
					rt.Fatalf("%s%s: got %v, want %v\nof %+v\nin %+v", src.String(), name, got, want, n.who, n.req.Site)
				}
				if x := s.Explain(&e, ref); x.Truth != want {
					rt.Fatalf("%s%s: explained as %v, want %v", src.String(), name, x.Truth, want)
				}
			}
		}
	})
	for _, want := range []Truth{False, True, Unknown} {
		if seen[want] == 0 {
			t.Errorf("no rule was ever %v", want)
		}
	}
}

// TestContradictionsAreTrue draws rules about visits: of those that are said to be
// nobody's, nobody is.
func TestContradictionsAreTrue(t *testing.T) {
	ts := tables(t)
	contradicting := 0
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(list ...string) string { return rapid.SampledFrom(list).Draw(rt, "choice") }
		visit := func() string {
			return "did: {visit: " + pick("t1", "t1/a", "[t1, t2]") + pick("", ", at_least: 2", ", at_most: 2", ", at_most: 0") + pick("", ", within: 10d", ", within: 2h", ", not_within: 5d", ", within: 40d, not_within: 1d") + "}"
		}
		last := func() string {
			return "did: {visit: " + pick("t1", "t1/a") + ", last: " + pick("{under: 1d}", "{over: 1d}", "{over: 9d}") + "}"
		}
		src := "if: {all: [" + visit() + ", " + pick(visit(), last(), "{all: ["+visit()+", "+last()+"]}") + "]" + pick("", ", none: ["+visit()+"]") + "}\n"
		var ps conf.Problems
		var f file
		if !ps.Decode("rule.yaml", []byte(src), &f) {
			rt.Fatalf("%s: %v", src, ps.List)
		}
		b := NewBuilder(ts, &ps)
		b.Condition(&f.If)
		b.Build()
		if !ps.Failed() {
			return
		}
		contradicting++
		n := &naive{req: drawRequest(rt)}
		for range 20 {
			n.who = drawPerson(rt)
			if n.rule(&f.If) == True {
				rt.Fatalf("%s%v\nbut %+v is", src, ps.Sorted(), n.who)
			}
		}
	})
	if contradicting == 0 {
		t.Error("no rule contradicted itself")
	}
}
