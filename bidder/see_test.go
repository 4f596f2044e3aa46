package bidder_test

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/notice"
	"bidwell/pricing"
)

const clickCampaign = `campaign: a
advertiser: {name: A, domains: [a.example]}
budget: {total: 1000 USD}
goal: {pay_per: click, worth: 2 USD, at_most: 6 USD}
line_items: [{name: all, bid: {price: 2 USD}, creatives: [mpu]}]
creatives: [{name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}]
`

const seenPeople = `{"id":{"type":"ifa","value":"11111111-1111-4111-8111-111111111111"},"segments":[{"name":"s","expires":"30d"}],"attributes":{"zip":"10115","bought":{"ago":"3y"},"income":1234.5,"kids":2},"behaviours":[{"kind":"visit","topic":"cars/luxury","ago":"1d","count":3},{"kind":"visit","topic":"travel","ago":"3h"}]}
{"id":{"type":"ifa","value":"22222222-2222-4222-8222-222222222222"},"segments":[{"name":"t","expires":"30d"}]}
`

// seen returns how many features models see of a request for a person, and the packed
// context.
func (r *rig) seen(t *testing.T, ifa, more string) (int, string) {
	t.Helper()
	var sc bidder.Scratch
	body := bannerRequest("r", `,"at":2,"device":{"ifa":"`+ifa+`","devicetype":4,"os":"iOS","geo":{"country":"USA"}`+more+`}`)
	if why := r.decide(t, &sc, []byte(body), r.exchange(t, ""), monday); why != ad.OK {
		t.Fatal(why)
	}
	packed := string(sc.Context(&sc.Bids[0]))
	var x pricing.Context
	var s pricing.Subject
	if !pricing.Unpack(packed, &x, &s) || s.Goal != pricing.PerClick {
		t.Fatalf("%x: %+v", packed, s)
	}
	release(r, &sc)
	return x.Len(), packed
}

// TestWhatModelsSee compares what models see of two people with what they see where
// the profile may not be used: then they are the same.
func TestWhatModelsSee(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", clickCampaign), seenPeople)
	const one, two, nobody = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
	n1, first := r.seen(t, one, "")
	n2, second := r.seen(t, two, "")
	n0, third := r.seen(t, nobody, "")
	if n1 <= n2 || n2 <= n0 || first == second || second == third {
		t.Errorf("%d, %d and %d features: the profile does not show", n1, n2, n0)
	}
	_, hidden := r.seen(t, one, `,"lmt":1`)
	_, also := r.seen(t, two, `,"lmt":1`)
	if hidden != also {
		t.Errorf("models tell people apart whose profiles may not be used:\n%x\n%x", hidden, also)
	}
	if _, again := r.seen(t, one, ""); again != first {
		t.Error("the same request is seen in another way")
	}
}

// TestModelsSeeAudiences has a line item for an audience. Models see who is in it in the
// bids of every line item, where the profile may be used.
func TestModelsSeeAudiences(t *testing.T) {
	campaign := strings.Replace(clickCampaign, "line_items: [", "line_items: [{name: few, audience: lovers, bid: {price: 1 USD}, creatives: [mpu]}, ", 1)
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", campaign, "audiences/lovers.yaml", "audience: lovers\nwho: {segment: s}\n"), seenPeople)
	var key pricing.Key
	lovers := key.HashOf(pricing.Audience, uint64(ad.IDOf("lovers")))
	for _, tt := range []struct {
		ifa, more string
		want      bool
	}{
		{"11111111-1111-4111-8111-111111111111", "", true},
		{"11111111-1111-4111-8111-111111111111", `,"lmt":1`, false},
		{"22222222-2222-4222-8222-222222222222", "", false},
		{"33333333-3333-4333-8333-333333333333", "", false},
	} {
		_, packed := r.seen(t, tt.ifa, tt.more)
		var x pricing.Context
		var s pricing.Subject
		pricing.Unpack(packed, &x, &s)
		got := false
		for i := range x.Len() {
			got = got || x.Feature(i) == lovers
		}
		if got != tt.want {
			t.Errorf("%s%s: models see the audience: %v, want %v", tt.ifa, tt.more, got, tt.want)
		}
	}
}

// TestWhatModelsSeeIsKeyed looks at one request with the keys of two installations: no
// feature is the same.
func TestWhatModelsSeeIsKeyed(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", clickCampaign), seenPeople)
	features := func(k pricing.Key) (out map[uint32]bool) {
		r.Features = k
		_, packed := r.seen(t, "11111111-1111-4111-8111-111111111111", "")
		var x pricing.Context
		var s pricing.Subject
		pricing.Unpack(packed, &x, &s)
		out = map[uint32]bool{}
		for i := range x.Len() {
			out[x.Feature(i)] = true
		}
		return out
	}
	plain, keyed := features(pricing.Key{}), features(pricing.Key{1, 2})
	if len(plain) < 10 || len(keyed) != len(plain) {
		t.Fatalf("%d and %d features", len(plain), len(keyed))
	}
	for f := range keyed {
		if plain[f] {
			t.Errorf("feature %x does not depend on the key", f)
		}
	}
}

// TestWhatModelsSawComesBack shows an ad: the event of the impression holds what models
// saw, and nobody could read it on the way.
func TestWhatModelsSawComesBack(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", clickCampaign), seenPeople)
	s := serve(t, r, lenient)
	body := bannerRequest("r", `,"at":1,"device":{"ifa":"11111111-1111-4111-8111-111111111111","devicetype":4,"os":"iOS"}`)
	b := s.bid(t, examplePath, body)
	var sc bidder.Scratch
	if why := r.decide(t, &sc, []byte(body), r.exchange(t, ""), monday); why != ad.OK {
		t.Fatal(why)
	}
	u, err := url.Parse(inMarkup(t, b, ad.Impression))
	if err != nil || u.Query().Get("c") == "" {
		t.Fatalf("%v: there is no context in %s", err, u)
	}
	if bare := strings.Replace(pathOf(u.String()), "&c="+u.Query().Get("c"), "", 1); s.get(t, bare).status != 400 {
		t.Error("an impression whose context was taken away is counted")
	}
	s.wantStatus(t, pathOf(u.String()), 200)
	s.wantStatus(t, strings.ReplaceAll(priced(b.BURL, "1"), "${AUCTION_MIN_TO_WIN}", "0.5"), 200)
	found := 0
	for _, e := range r.kept(t) {
		switch e.Kind {
		case ad.EventImpression:
			found++
			var x pricing.Context
			var subject pricing.Subject
			if !pricing.Unpack(e.Context, &x, &subject) || subject.Goal != pricing.PerClick || x.Len() < 10 {
				t.Errorf("the event holds %x", e.Context)
			}
		case ad.EventBilling:
			found++
			if e.Segment == 0 || e.Auction != ad.FirstPrice || e.Least.CPM() != 0.5 || e.Context != "" {
				t.Errorf("the event is %+v", e)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d events", found)
	}
}

// TestPlainCampaignsAskNobody checks that the impressions of campaigns without a goal
// carry no context.
func TestPlainCampaignsAskNobody(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", bannerCampaign("a", 2)), "")
	var sc bidder.Scratch
	out, why, err := r.whole(&sc, nil, []byte(bannerRequest("r", "")), r.exchange(t, ""), r.Snapshot())
	if err != nil || why != ad.OK || sc.Context(&sc.Bids[0]) != nil {
		t.Fatalf("%v, %v: %x", err, why, sc.Context(&sc.Bids[0]))
	}
	var answer map[string]any
	if json.Unmarshal(out, &answer) != nil || strings.Contains(html.UnescapeString(string(out)), "&c=") {
		t.Errorf("a context in %s", out)
	}
}

// TestContextFits holds the longest context against the room that notices have for it.
func TestContextFits(t *testing.T) {
	if pricing.MaxPacked > notice.MaxContext {
		t.Errorf("a context of %d bytes does not fit into %d", pricing.MaxPacked, notice.MaxContext)
	}
}
