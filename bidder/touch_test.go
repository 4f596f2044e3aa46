package bidder_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/profile/touches"
)

// follow brings the contacts that the ledger holds into the profiles, as a process
// does all the time.
func follow(tb testing.TB, r *rig, now time.Time) {
	tb.Helper()
	for _, c := range r.Snapshot().Campaigns {
		r.events.Name(ledger.CampaignName, c.ID, c.Name)
	}
	f, err := touches.Open(r.events, r.Profiles, touches.Options{Now: func() time.Time { return now }})
	if err == nil {
		err = f.CatchUp(context.Background())
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// TestTouchesReachTheProfile shows an ad to somebody: the audience that asks for
// impressions of the campaign then knows.
func TestTouchesReachTheProfile(t *testing.T) {
	s := newServer(t, lenient)
	s.Publish(compile(t, files("bidwell.yaml", plainProcess,
		"audiences/seen.yaml", "audience: seen\nwho: {did: {impression: shy}}\n",
		"campaigns/shy.yaml", `campaign: shy
advertiser: {name: Shy, domains: [shy.example]}
budget: {total: 100 USD}
line_items:
  - {name: all, bid: {price: 2 USD}, adjust: [{if: {audience: seen}, multiply: 0.5}], creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.shy.example/a.jpg"}, click: "https://shy.example/"}
`)))
	body := `{"id":"r","tmax":10000,"imp":[{"id":"1","banner":{"w":300,"h":250}}],"app":{"bundle":"a"},"device":{"ifa":"6f9619ff-8b86-d011-b42d-00cf4fc964ff"},"regs":{"gdpr":0}}`
	first := string(s.post(t, body).body)
	if !strings.Contains(first, `"price":2,`) {
		t.Fatalf("the first answer is %s, want a price of 2", first)
	}
	imp := first[strings.Index(first, "/e/imp?t="):]
	u, err := url.Parse(imp[:strings.Index(imp, `\"`)])
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is a repetition and touches nothing
		s.get(t, u.String())
	}
	follow(t, s.rig, time.Now())
	person, err := s.Profiles.Get(ad.PersonIDOf("ifa", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(person.Touches) != 1 || len(person.Behaviours) != 1 || person.Behaviours[0].Topic != "shy" || person.Behaviours[0].Total != 1 {
		t.Errorf("the profile holds %+v, want one impression of shy", person)
	}
	if second := string(s.post(t, body).body); !strings.Contains(second, `"price":1,`) {
		t.Errorf("the second answer is %s, want a price of 1", second)
	}
}
