package bidder_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/ledger"
)

// TestConversionsAreCredited reports conversions of somebody who has clicked: each
// counts for the ad of the advertiser that was clicked last before it, and not for
// another advertiser's, nor for an old click, nor for an impression.
func TestConversionsAreCredited(t *testing.T) {
	process := plainProcess + `advertisers:
  shop: {key: ` + serverKey + `, pixel_key: ` + pixelKey + `, conversions: [order]}
`
	of := func(name, advertiser string) string {
		return fmt.Sprintf(`campaign: %[1]s
advertiser: {name: %[2]s, domains: [%[2]s.example]}
budget: {total: 9 USD}
line_items:
  - {name: all, bid: {price: 2 USD}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}
`, name, advertiser)
	}
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", of("a", "shop"), "campaigns/b.yaml", of("b", "shop"), "campaigns/c.yaml", of("c", "other")), ""), lenient)
	now := time.Now()
	const day = 24 * time.Hour
	n := byte(0)
	contact := func(who, campaign string, kind ad.EventKind, before time.Duration) {
		t.Helper()
		for i := range s.Snapshot().Lines {
			l := &s.Snapshot().Lines[i]
			if l.Campaign.Name != campaign {
				continue
			}
			n++
			at := now.Add(-before)
			ev := ad.Event{
				Kind: kind, Bid: ad.BidID{n}, Time: at.UnixMilli(), BidTime: at.Unix(), Person: login(who).Key(),
				Advertiser: l.Campaign.AdvertiserID, Campaign: l.Campaign.ID, Line: l.ID, Creative: l.Creatives[0].ID,
			}
			if r, err := s.events.Append(&ev); r != ad.OK || err != nil {
				t.Fatal(r, err)
			}
		}
	}
	contact("anna", "a", ad.EventClick, 20*day)
	contact("anna", "b", ad.EventClick, 2*day)
	contact("anna", "b", ad.EventImpression, day)
	contact("anna", "c", ad.EventClick, time.Hour)
	contact("bert", "a", ad.EventClick, 31*day)
	contact("bert", "b", ad.EventImpression, day)
	contact("carl", "c", ad.EventClick, day)
	follow(t, s.rig, now)
	send := func(event, who string, before time.Duration) {
		t.Helper()
		line := reportLine(event, who, fmt.Sprintf(`,"topic":"order","time":%d`, now.Add(-before).Unix()))
		if r := s.send(t, "/e/conv", line); r.Accepted != 1 {
			t.Fatalf("%s is answered %+v", event, r)
		}
	}
	send("after b", "anna", 0)
	send("between a and b", "anna", 3*day)
	send("before both", "anna", 25*day)
	send("too late", "bert", 0)
	send("after another's", "carl", 0)
	if a := s.get(t, "/e/conv?key="+pixelKey+"&topic=order&event=pixel&uid=anna&uid_type=login:shop.example"); a.status != 200 {
		t.Fatalf("a pixel is answered %d", a.status)
	}
	got := map[string]uint64{}
	err := s.events.Rollups(0, now.Unix()+1, func(r *ledger.Rollup) error {
		if r.Conversions == 0 {
			return nil
		}
		name := "none"
		for i := range s.Snapshot().Lines {
			if l := &s.Snapshot().Lines[i]; l.Campaign.ID == r.Campaign && l.ID == r.Line && l.Creatives[0].ID == r.Creative {
				name = l.Campaign.Name
			}
		}
		got[name] += r.Conversions
		return nil
	})
	if err != nil || got["a"] != 1 || got["b"] != 2 || got["c"] != 0 || got["none"] != 3 {
		t.Errorf("conversions count for %v (%v), want 1 of a, 2 of b, 3 of none", got, err)
	}
	if x, err := s.events.Replay(t.Context(), nil); err != nil || !x.OK() {
		t.Errorf("replay finds %+v, %v", x, err)
	}
	if p, err := s.Profiles.Get(login("anna").Key(), now); err != nil || len(p.Touches) != 4 {
		t.Errorf("anna's contacts are %+v (%v), want 4: conversions are none", p.Touches, err)
	}
}

// TestConversionsAreCreditedToTheirCause reports conversions with the id of the bid that
// the landing page was called with: they count for its ad, whoever the person is and
// whatever they clicked since.
func TestConversionsAreCreditedToTheirCause(t *testing.T) {
	process := plainProcess + `advertisers:
  a: {key: ` + serverKey + `, pixel_key: ` + pixelKey + `, conversions: [order]}
  b: {key: another-` + serverKey + `, conversions: [order]}
`
	landing := func(name string) string {
		return strings.Replace(bannerCampaign(name, 5), `"https://`+name+`.example/"`, `"https://`+name+`.example/?from=bidwell&bid=${BID_ID}"`, 1)
	}
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", landing("a")), ""), lenient)
	b := s.bid(t, examplePath, bannerRequest("r", `,"user":{"id":"u","buyeruid":"anna"}`))
	leads := s.wantStatus(t, pathOf(inMarkup(t, b, ad.Click)), http.StatusFound).header.Get("Location")
	if want := "https://a.example/?from=bidwell&bid=" + b.ID; leads != want {
		t.Fatalf("the click leads to %s, want %s", leads, want)
	}
	s.noticed(t, ad.Click, ad.OK, 1)
	now := time.Now()
	send := func(key, event, bid string, at time.Time) {
		t.Helper()
		line := reportLine(event, "nobody-known", fmt.Sprintf(`,"topic":"order","bid":%q,"time":%d`, bid, at.Unix()))
		if r := s.sendAs(t, key, "/e/conv", line); r.Accepted != 1 {
			t.Fatalf("%s is answered %+v", event, r)
		}
	}
	send(serverKey, "its click", b.ID, now)
	send(serverKey, "its click, by a clock that is behind", b.ID, now.Add(-time.Minute))
	send(serverKey, "long before its click", b.ID, now.Add(-20*24*time.Hour))
	send(serverKey, "another bid", strings.Repeat("ab", len(b.ID)/2), now)
	send("another-"+serverKey, "another's click", b.ID, now)
	if r := s.send(t, "/e/conv", fmt.Sprintf(`{"event":"of whom the ad was for","topic":"order","bid":%q}`, b.ID)); r.Accepted != 1 {
		t.Fatalf("a conversion without ids is answered %+v", r)
	}
	if a := s.get(t, "/e/conv?key="+pixelKey+"&topic=order&event=pixel&uid=nobody-known&uid_type=login:shop.example&bid="+b.ID); a.status != 200 {
		t.Fatalf("a pixel is answered %d", a.status)
	}
	unknown := fmt.Sprintf(`{"event":"of an unknown bid","topic":"order","bid":"%032d"}`, 7)
	if r := s.send(t, "/e/conv", unknown); r.Refused != 1 || r.Lines[0].Outcome != "nobody" {
		t.Errorf("a conversion without ids of an unknown bid is answered %+v", r)
	}
	line := &s.Snapshot().Lines[0]
	var credited, others uint64
	err := s.events.Rollups(0, now.Unix()+1, func(r *ledger.Rollup) error {
		switch {
		case r.Campaign == line.Campaign.ID && r.Line == line.ID && r.Creative == line.Creatives[0].ID:
			credited += r.Conversions
		default:
			others += r.Conversions
		}
		return nil
	})
	if err != nil || credited != 4 || others != 3 {
		t.Errorf("%d conversions count for the ad and %d for none (%v), want 4 and 3", credited, others, err)
	}
	if got := s.metric(t, "conversions_uncredited_total", "outcome", "other_bid"); got != 4 {
		t.Errorf("%v conversions name a bid that has no such click, want 4", got)
	}
	var click, last ad.PersonID
	err = s.events.Events(t.Context(), 0, func(_ uint64, e *ad.Event) error {
		switch e.Kind {
		case ad.EventClick:
			click = e.Person
		case ad.EventConversion:
			if e.Person != login("nobody-known").Key() {
				last = e.Person
			}
		}
		return nil
	})
	if _, err := s.Profiles.Forget(time.Now(), click, s.events.Durable()); err != nil {
		t.Fatal(err)
	}
	if r := s.send(t, "/e/conv", fmt.Sprintf(`{"event":"of who was erased","topic":"order","bid":%q}`, b.ID)); r.Accepted != 1 {
		t.Fatalf("a conversion of somebody erased is answered %+v", r)
	}
	var erased *ad.Event
	if err := s.events.Events(t.Context(), s.events.Durable()-1, func(_ uint64, e *ad.Event) error { x := *e; erased = &x; return nil }); err != nil {
		t.Fatal(err)
	}
	if erased.Kind != ad.EventConversion || !erased.Person.IsZero() || erased.Line != line.ID {
		t.Errorf("the conversion of somebody erased is %+v, want one of the ad and of nobody", erased)
	}
	if err != nil || click.IsZero() || last != click {
		t.Errorf("the conversion without ids is of %v (%v), want who clicked: %v", last, err, click)
	}
}

// TestTalliesHaveADay checks that what was counted, and each bid that is kept as a
// sample, is on the campaign's day, as other events are.
func TestTalliesHaveADay(t *testing.T) {
	s := serve(t, newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", bannerCampaign("a", 5)), ""), lenient)
	for i := range 1000 { // one in a hundred is kept
		if a := s.post(t, bannerRequest(fmt.Sprint(i), `,"tmax":10000`)); a.status != http.StatusOK {
			t.Fatalf("answered %d %s", a.status, a.body)
		}
	}
	s.Flush(time.Now())
	s.requests(t, "a") // what was flushed is durable then
	seen := map[ad.EventKind]int{}
	err := s.events.Events(t.Context(), 0, func(_ uint64, e *ad.Event) error {
		if e.Kind != ad.EventTally && e.Kind != ad.EventBid {
			return nil
		}
		seen[e.Kind]++
		if want := int32(e.BidTime / 86400); e.Day != want {
			t.Errorf("a %s is on day %d, want %d", e.Kind, e.Day, want)
		}
		return nil
	})
	if err != nil || seen[ad.EventTally] == 0 || seen[ad.EventBid] == 0 {
		t.Errorf("the ledger has %v (%v), want tallies and bids", seen, err)
	}
}

// TestDealsAreTallied bids through a deal that no line item names: requests and bids are
// counted by deal, and the ledger learns its name.
func TestDealsAreTallied(t *testing.T) {
	any := strings.Replace(bannerCampaign("a", 5), "name: all,", "name: all, deals: any,", 1)
	s := serve(t, newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", any), ""), lenient)
	deal := `,"tmax":10000,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"deal-7","bidfloor":1,"at":1}]}}]`
	for _, more := range []string{deal, deal, `,"tmax":10000`} {
		if a := s.post(t, bannerRequest("1", more)); a.status != http.StatusOK {
			t.Fatalf("answered %d %s", a.status, a.body)
		}
	}
	s.Flush(monday)
	s.requests(t, "a") // what was flushed is durable then
	got := map[string][2]uint64{}
	err := s.events.Rollups(0, monday.Unix()+1, func(u *ledger.Rollup) error {
		name := s.events.NameOf(ledger.DealName, u.Deal)
		got[name] = [2]uint64{got[name][0] + u.Requests, got[name][1] + u.Bids}
		return nil
	})
	if err != nil || got["deal-7"] != [2]uint64{2, 2} || got[""] != [2]uint64{1, 1} {
		t.Errorf("requests and bids by deal: %v (%v), want 2 and 2 through deal-7, 1 and 1 without", got, err)
	}
}

// TestABatchWaitsOnce checks until when profiles are waited for: each for a moment, and
// all of a batch no longer than two seconds.
func TestABatchWaitsOnce(t *testing.T) {
	at := func(ms int) time.Time { return monday.Add(time.Duration(ms) * time.Millisecond) }
	got := bidder.CreditDeadlines(monday, at(0), at(1000), at(1950), at(5000))
	if want := []time.Time{at(100), at(1100), at(2000), at(2000)}; !slices.Equal(got, want) {
		t.Errorf("waits until %v, want %v", got, want)
	}
}

// TestUncreditedAreCounted reports conversions while profiles cannot be read: all are
// taken, and those that count for no ad because of that are counted.
func TestUncreditedAreCounted(t *testing.T) {
	process := plainProcess + `advertisers:
  shop: {key: ` + serverKey + `, pixel_key: ` + pixelKey + `, conversions: [order]}
`
	known := ""
	for n := range 5 {
		known += fmt.Sprintf(`{"id":{"type":"login:shop.example","value":"p%d"},"segments":[{"name":"s","expires":"30d"}]}`+"\n", n)
	}
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 5)), known), lenient)
	send := func(who string) {
		t.Helper()
		if r := s.send(t, "/e/conv", reportLine(who, who, `,"topic":"order"`)); r.Accepted != 1 {
			t.Fatalf("the conversion of %s is answered %+v", who, r)
		}
	}
	check := func(timeouts, errors float64) {
		t.Helper()
		for outcome, want := range map[string]float64{"timeout": timeouts, "error": errors} {
			if got := counted(t, s.Engine, "bidwell_conversions_uncredited_total", outcome); got != want {
				t.Errorf("%v conversions are uncredited by %s, want %v", got, outcome, want)
			}
		}
	}
	send("p0")
	send("nobody knows them")
	check(0, 0)
	s.store.broken.Store(true)
	send("p1")
	check(0, 1)
	s.store.broken.Store(false)
	until := make(chan struct{})
	defer close(until)
	s.store.stalls.Store(&until)
	send("p2")
	send("p3")
	check(2, 1)
}

// counted returns a counter of an engine by its only label.
func counted(tb testing.TB, e *bidder.Engine, name, label string) float64 {
	tb.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(e)
	families, err := r.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	tb.Fatalf("there is no %s of %s", name, label)
	return 0
}

// TestDealNamesAreBounded fills the ledger with names of deals, as an exchange could that
// makes up new ones all the time: no further one is kept, after a reload neither.
func TestDealNamesAreBounded(t *testing.T) {
	any := strings.Replace(bannerCampaign("a", 5), "name: all,", "name: all, deals: any,", 1)
	fsys := files("bidwell.yaml", plainProcess, "campaigns/a.yaml", any)
	s := serve(t, newRig(t, fsys, ""), lenient)
	named := func(deal string) string {
		t.Helper()
		more := `,"tmax":10000,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"` + deal + `","bidfloor":1,"at":1}]}}]`
		if a := s.post(t, bannerRequest("1", more)); a.status != http.StatusOK {
			t.Fatalf("answered %d %s", a.status, a.body)
		}
		s.Flush(monday)
		return s.events.NameOf(ledger.DealName, ad.HashID([]byte(deal)))
	}
	if got := named("first"); got != "first" {
		t.Errorf("the first deal is named %q", got)
	}
	for n := s.events.Named(ledger.DealName); n < bidder.MostDealNames; n++ {
		s.events.Name(ledger.DealName, ad.ID(n+1), "made up")
	}
	for range 2 {
		if got, n := named("one more"), s.events.Named(ledger.DealName); got != "" || n != bidder.MostDealNames {
			t.Errorf("one more deal is named %q; %d have names", got, n)
		}
		s.Publish(compile(t, fsys))
	}
	if got := named("first"); got != "first" {
		t.Errorf("in the end the first deal is named %q", got)
	}
}
