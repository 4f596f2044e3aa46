package audience

import (
	"strings"
	"testing"

	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/profile"
)

func TestRules(t *testing.T) {
	full, page, app := anna(t), frontPage(), game()
	empty := record(t, func(b *profile.Builder) { must(t, b.SetAttr("unrelated", profile.BoolValue(true))) })
	is := func(rule string, rec profile.Record, req *openrtb.Request, want Truth) {
		t.Helper()
		s, ref := mustCompile(t, "if: "+rule)
		if got := ask(s, ref, rec, req); got != want {
			t.Errorf("%s: got %v, want %v", rule, got, want)
		}
	}
	// anna, a person of whom only something unrelated is known, and nobody.
	people := func(rule string, ofAnna, ofEmpty, ofNobody Truth) {
		t.Helper()
		is(rule, full, page, ofAnna)
		is(rule, empty, page, ofEmpty)
		is(rule, nil, page, ofNobody)
	}
	requests := func(rule string, onPage, inApp Truth) {
		t.Helper()
		is(rule, nil, page, onPage)
		is(rule, nil, app, inApp)
	}

	people("{has: {owns.car.class: luxury}}", True, Unknown, Unknown)
	people("{has: {owns.car.class: Luxury}}", False, Unknown, Unknown)
	people("{has: {owns.car.class: [compact, luxury]}}", True, Unknown, Unknown)
	people("{has: {owns.car.class: {in: [a, b, c, d, e, f, g, h, luxury]}}}", True, Unknown, Unknown)
	people("{has: {owns.car.class: {not: luxury}}}", False, Unknown, Unknown)
	people("{has: {owns.car.class: {not: [a, b]}}}", True, Unknown, Unknown)
	people("{has: {home.zip: 82031}}", True, Unknown, Unknown)
	people("{has: {yob: 1970}}", True, Unknown, Unknown)
	people("{has: {yob: \"1970\"}}", False, Unknown, Unknown)
	people("{has: {yob: {between: [1960, 1985]}}}", True, Unknown, Unknown)
	people("{has: {yob: {between: [1970, 1970]}}}", True, Unknown, Unknown)
	people("{has: {yob: {at_least: 1971}}}", False, Unknown, Unknown)
	people("{has: {yob: {at_most: 1970}}}", True, Unknown, Unknown)
	people("{has: {owns.car.class: {at_least: 3}}}", Unknown, Unknown, Unknown)
	people("{has: {newsletter: true}}", True, Unknown, Unknown)
	people("{has: {newsletter: false}}", False, Unknown, Unknown)
	people("{has: {newsletter: yes}}", False, Unknown, Unknown)
	people("{has: {yob: {known: true}}}", True, False, False)
	people("{has: {yob: {known: false}}}", False, True, True)
	people("{has: {owns.car.class: luxury, yob: {at_least: 1971}}}", False, Unknown, Unknown)

	// Four years old, as a date and as a number.
	people("{has: {owns.car.bought: {over: 3y}}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {over: 4y}}}", False, Unknown, Unknown)
	people("{has: {owns.car.bought: {under: 4y1s}}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {over: 3y, under: 5y}}}", True, Unknown, Unknown)
	people("{has: {owns.car.age: {over: 3y}}}", True, Unknown, Unknown)
	people("{has: {owns.car.age: {over: 4y}}}", False, Unknown, Unknown)
	people("{has: {owns.car.age: {under: 4y}}}", False, Unknown, Unknown)
	people("{has: {owns.car.class: {over: 3y}}}", Unknown, Unknown, Unknown)
	people("{has: {owns.car.bought: 2022-11-24}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {before: 2022-11-24}}}", False, Unknown, Unknown)
	people("{has: {owns.car.bought: {before: 2022-11-25}}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {after: 2022-11-24}}}", False, Unknown, Unknown)
	people("{has: {owns.car.bought: {after: 2022-11-23}}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {between: [2022-11-24, 2022-11-24]}}}", True, Unknown, Unknown)
	people("{has: {owns.car.bought: {at_most: 2022-11-24}}}", True, Unknown, Unknown)
	people("{has: {yob: {before: 2022-11-24}}}", Unknown, Unknown, Unknown)

	people("{segment: frequent-flyer}", True, False, Unknown)
	people("{segment: [other, frequent-flyer]}", True, False, Unknown)
	people("{segment: ends-now}", False, False, Unknown)

	people("{did: {visit: automotive}}", True, False, Unknown)
	people("{did: {visit: automotive, at_least: 3, within: 10d}}", True, False, Unknown)
	people("{did: {visit: automotive, at_least: 4, within: 10d}}", False, False, Unknown)
	people("{did: {visit: automotive, at_least: 4}}", True, False, Unknown)
	people("{did: {visit: [automotive, travel], at_least: 4, within: 30d}}", True, False, Unknown)
	people("{did: {visit: automotive, at_most: 3, within: 10d}}", True, True, Unknown)
	people("{did: {visit: automotive, at_most: 2, within: 10d}}", False, True, Unknown)
	people("{did: {visit: automotive, at_least: 1, at_most: 3, within: 10d}}", True, False, Unknown)
	people("{did: {conversion: test-drive, at_most: 0}}", True, True, Unknown)
	people("{did: {click: automotive}}", False, False, Unknown)
	people("{did: {purchase: shoes, not_within: 30d}}", True, False, Unknown)
	people("{did: {purchase: shoes, not_within: 61d}}", False, False, Unknown)
	people("{did: {purchase: shoes, within: 50d, not_within: 30d}}", False, False, Unknown)
	people("{did: {visit: automotive, not_within: 1d}}", False, False, Unknown)
	people("{did: {visit: automotive, last: {under: 3h}}}", True, False, Unknown)
	people("{did: {visit: automotive, last: {over: 3h}}}", False, False, Unknown)
	people("{did: {visit: automotive, first: {over: 39d}}}", True, False, Unknown)
	people("{did: {visit: [travel, automotive], first: {under: 30d}}}", False, False, Unknown)

	people("{lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}}", True, Unknown, Unknown)
	people("{lookup: {table: zip_income, key: home.zip, column: band, in: middle}}", False, Unknown, Unknown)
	people("{lookup: {table: zip_income, key: home.zip, column: income, at_least: 91000}}", True, Unknown, Unknown)
	people("{lookup: {table: zip_income, key: home.zip, column: income, between: [1, 90000]}}", False, Unknown, Unknown)
	people("{lookup: {table: zip_income, key: home.zip}}", True, Unknown, Unknown)
	people("{lookup: {table: premium_news, key: home.zip}}", False, Unknown, Unknown)
	living := func(zip string) profile.Record {
		return record(t, func(b *profile.Builder) { must(t, b.SetAttr("home.zip", profile.StringValue(zip))) })
	}
	number := record(t, func(b *profile.Builder) { must(t, b.SetAttr("home.zip", profile.NumberValue(82031))) })
	affluent := "{lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}}"
	is(affluent, living("99999"), page, Unknown)
	is(affluent, living("47051"), page, Unknown)
	is(affluent, number, page, True)
	is("{lookup: {table: zip_income, key: home.zip, column: income, at_least: 1}}", living("01067"), page, Unknown)
	requests("{lookup: {table: zip_income, key: geo.zip, column: band, in: [middle]}}", True, Unknown)
	requests("{lookup: {table: zip_income, request: geo.zip, column: band, in: [middle]}}", True, Unknown)
	requests("{lookup: {table: premium_news, key: site.domain}}", True, False)
	requests("{lookup: {table: premium_news, key: site.domain, column: publisher, in: [Evening Ledger]}}", False, False)

	requests("{context: {inventory: site}}", True, False)
	requests("{context: {site.domain: morning-herald.example}}", True, False)
	requests("{context: {site.domain: [herald.example]}}", False, False)
	requests("{context: {site.domain: \"*herald.example\"}}", True, False)
	requests("{context: {site.domain: www.morning-herald.example}}", True, False)
	bare := &openrtb.Request{Inventory: page.Inventory}
	bare.Site.Page = []byte("http://m.Morning-Herald.example:8080?x")
	is("{context: {site.domain: morning-herald.example}}", nil, bare, True)
	is("{context: {page.path: /}}", nil, bare, True)
	requests("{context: {site.name: x}}", Unknown, False)
	requests("{context: {page.path: [/, /index.html]}}", True, False)
	requests("{context: {page.path: /index.html}}", False, False)
	requests("{context: {page.url: https://*}}", True, False)
	requests("{context: {site.cat: [IAB2]}}", True, False)
	requests("{context: {site.cat: [IAB2-2]}}", True, False)
	requests("{context: {site.cat: [iab1]}}", False, False)
	requests("{context: {app.cat: [IAB1]}}", False, Unknown)
	requests("{context: {site.keyword: politics}}", True, False)
	requests("{context: {site.keyword: pol}}", False, False)
	requests("{context: {device.type: [tv, phone]}}", True, Unknown)
	requests("{context: {device.type: desktop}}", False, Unknown)
	requests("{context: {device.os: ios}}", True, Unknown)
	requests("{context: {language: de}}", True, Unknown)
	requests("{context: {language: de-DE}}", False, Unknown)
	requests("{context: {geo.country: [DEU, AUT]}}", True, Unknown)
	requests("{context: {geo.country: at}}", True, Unknown)
	// The same, with more values than are compared one by one.
	const more = "a, b, c, d, e, f, g, h, "
	requests("{context: {site.domain: ["+more+"morning-herald.example]}}", True, False)
	requests("{context: {site.domain: ["+more+"herald.example]}}", False, False)
	requests("{context: {site.cat: ["+more+"IAB2]}}", True, False)
	requests("{context: {site.cat: ["+more+"IAB1]}}", False, False)
	requests("{context: {language: ["+more+"de]}}", True, Unknown)
	requests("{context: {device.os: ["+more+"ios]}}", True, Unknown)
	requests("{context: {device.os: ["+more+"i]}}", False, Unknown)
	requests("{context: {site.domain: [\"*herald*\"]}}", True, False)
	requests("{context: {app.bundle: com.example.puzzle}}", False, True)
	requests("{context: {app.bundle: com.example.*}}", False, True)
	requests("{context: {site.domain: morning-herald.example, language: fr}}", False, False)

	people("{all: [has: {yob: 1970}, segment: frequent-flyer]}", True, False, Unknown)
	people("{any: [has: {yob: 1970}, segment: other]}", True, Unknown, Unknown)
	people("{any: [has: {yob: 1971}, segment: other]}", False, Unknown, Unknown)
	people("{any: [has: {yob: 1971}, context: {language: de}]}", True, True, True)
	people("{none: [did: {conversion: test-drive, within: 90d}]}", True, True, True)
	people("{none: [did: {visit: automotive}]}", False, True, True)
	people("{none: [has: {yob: 1971}, segment: frequent-flyer]}", False, True, True)
	people("{segment: frequent-flyer, none: [has: {yob: 1970}]}", False, False, Unknown)
	people("{context: {language: de}, none: [has: {yob: 1970}]}", False, True, True)
}

func TestZeroRefIsEverybody(t *testing.T) {
	s, _ := mustCompile(t, "if: {segment: a}")
	if got := ask(s, 0, nil, game()); got != True {
		t.Errorf("got %v, want true", got)
	}
	for _, ref := range []Ref{-1, 1000} {
		if got := ask(s, ref, nil, game()); got != Unknown {
			t.Errorf("Ref %d: got %v, want unknown", ref, got)
		}
	}
}

const intenders = `
if: {audience: luxury-car-intenders}
audiences:
  luxury-car-intenders:
    all:
      - lookup: {table: zip_income, key: home.zip, column: band, in: [affluent]}
      - did: {visit: automotive, at_least: 3, within: 10d}
      - has: {owns.car.class: luxury, owns.car.bought: {over: 3y}}
    none:
      - did: {conversion: test-drive, within: 90d}
`

func TestLuxuryCarIntenders(t *testing.T) {
	s, ref := mustCompile(t, intenders)
	without := func(what string, want Truth, edit func(b *profile.Builder)) {
		t.Helper()
		b := profile.NewBuilder(now.Unix())
		must(t, b.Load(anna(t)))
		edit(b)
		if got := ask(s, ref, b.Append(nil), frontPage()); got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	without("all of it", True, func(*profile.Builder) {})
	without("another postcode", False, func(b *profile.Builder) { must(t, b.SetAttr("home.zip", profile.StringValue("10115"))) })
	without("no postcode", Unknown, func(b *profile.Builder) { b.RemoveAttr("home.zip") })
	without("a small car", False, func(b *profile.Builder) { must(t, b.SetAttr("owns.car.class", profile.StringValue("compact"))) })
	without("a new car", False, func(b *profile.Builder) { must(t, b.SetAttr("owns.car.bought", profile.DateValue(ago(day)))) })
	without("a test drive", False, func(b *profile.Builder) { must(t, b.AddBehaviour(profile.Conversion, "test-drive", ago(day), 1)) })
	if got := ask(s, ref, nil, frontPage()); got != Unknown {
		t.Errorf("nobody: got %v, want unknown", got)
	}
	seldom := record(t, func(b *profile.Builder) {
		must(t, b.SetAttr("home.zip", profile.StringValue("82031")))
		must(t, b.SetAttr("owns.car.class", profile.StringValue("luxury")))
		must(t, b.SetAttr("owns.car.bought", profile.DateValue(ago(4*365*day))))
		must(t, b.AddBehaviour(profile.Visit, "automotive", ago(day), 2))
	})
	if got := ask(s, ref, seldom, frontPage()); got != False {
		t.Errorf("two visits: got %v, want false", got)
	}
}

func TestSharedSubexpressionsAreOneNode(t *testing.T) {
	one, _ := mustCompile(t, "if: {any: [{segment: a, has: {b: c}}, {segment: d}]}")
	_, want := one.Len()
	s, _ := mustCompile(t, `
if: {any: [{has: {b: c}, segment: a}, audience: x]}
audiences:
  x: {segment: d}
  y: {any: [segment: d, {segment: a, has: {b: c}}]}
`)
	if _, got := s.Len(); got != want {
		t.Errorf("%d nodes, want %d", got, want)
	}
}

func TestNeedsProfile(t *testing.T) {
	needs := func(rule string, want bool) {
		t.Helper()
		s, ref := mustCompile(t, "if: "+rule)
		if got := s.NeedsProfile(ref); got != want {
			t.Errorf("%s: got %v, want %v", rule, got, want)
		}
	}
	needs("{context: {language: de}}", false)
	needs("{lookup: {table: premium_news, key: site.domain}}", false)
	needs("{lookup: {table: premium_news, key: home.zip}}", true)
	needs("{any: [context: {language: de}, none: [segment: a]]}", true)
}

func TestKindsOfBehaviourAreThoseOfProfiles(t *testing.T) {
	for _, kind := range profile.KindNames() {
		var ps conf.Problems
		if _, _ = compile(nil, "if: {did: {"+kind+": a}}", &ps); ps.Failed() {
			t.Errorf("%s: %v", kind, ps.List)
		}
	}
}

func TestNoneOverAProfileThatCouldNotBeRead(t *testing.T) {
	is := func(rule string, want Truth) {
		t.Helper()
		s, ref := mustCompile(t, "if: "+rule)
		var e Eval
		e.Reset(s, nil, game(), now)
		e.Unread()
		if got := e.Is(ref); got != want {
			t.Errorf("%s: got %v, want %v", rule, got, want)
		}
		e.Reset(s, nil, game(), now)
		if got := e.Is(ref); got != True {
			t.Errorf("%s, with no profile: got %v, want true", rule, got)
		}
	}
	is("{none: [did: {conversion: test-drive}]}", Unknown)
	is("{context: {inventory: app}, none: [segment: a]}", Unknown)
	is("{none: [context: {language: de}]}", True)
	is("{any: [context: {inventory: app}, none: [segment: a]]}", True)
}

func TestTableThatCouldNotBeReadMayBeReferredTo(t *testing.T) {
	var ps conf.Problems
	s, ref := compile(Tables{"t": nil}, "if: {lookup: {table: t, key: a}}", &ps)
	if got := ask(s, ref, anna(t), game()); got != Unknown || len(ps.List) > 0 {
		t.Errorf("got %v, problems %v; want unknown and none", got, ps.List)
	}
}

func TestBrokenAudienceMayBeReferredTo(t *testing.T) {
	var ps conf.Problems
	b := NewBuilder(nil, &ps)
	b.Define("broken", nil)
	ref := b.Audience("broken", conf.Pos{})
	if s := b.Build(); ask(s, ref, nil, game()) != Unknown || len(ps.List) > 0 {
		t.Errorf("got %v, problems %v; want unknown and none", ask(s, ref, nil, game()), ps.List)
	}
}

func TestNamesAndRefs(t *testing.T) {
	s, _ := mustCompile(t, "audiences: {b: {segment: x}, a: {context: {language: de}}}")
	if got := strings.Join(s.Names(), " "); got != "a b" {
		t.Errorf("names: %s", got)
	}
	ref, ok := s.Ref("a")
	if !ok || ask(s, ref, nil, frontPage()) != True {
		t.Errorf("a: %v, %v", ref, ok)
	}
	if _, ok := s.Ref("c"); ok {
		t.Error("c is known")
	}
}
