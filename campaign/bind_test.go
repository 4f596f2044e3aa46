package campaign_test

import (
	"testing"
	"testing/fstest"
	"time"

	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/pacing"
)

// bound compiles the campaigns and binds them to new books.
func bound(t *testing.T, campaigns ...string) (*campaign.Snapshot, *campaign.Books) {
	t.Helper()
	fsys := fstest.MapFS{"bidwell.yaml": {Data: []byte("currency: USD\nexchanges: {x: {window: 1s}}\n")}}
	for i, text := range campaigns {
		fsys["campaigns/"+string(rune('a'+i))+".yaml"] = &fstest.MapFile{Data: []byte(text + `
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.example/a.jpg"}, click: "https://a.example/"}
`)}
	}
	ps := new(conf.Problems)
	s := campaign.Compile(fsys, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), ps)
	if s == nil {
		t.Fatalf("the configuration has problems: %v", ps)
	}
	b := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	s.Bind(b)
	return s, b
}

// TestWhatIsPaced names the levels of every line item that are paced.
func TestWhatIsPaced(t *testing.T) {
	s, b := bound(t, `campaign: a
advertiser: {name: Two, domains: [two.example], budget: {total: 100 USD}}
budget: {total: 50 USD}
flight: {start: 2026-03-01, end: 2026-04-01}
pacing: {curve: even}
line_items:
  - {name: own, bid: {price: 3 USD}, budget: {total: 5 USD}, creatives: [mpu]}
  - {name: impressions, bid: {price: 2 USD}, budget: {impressions: 1000}, creatives: [mpu]}`, `campaign: b
advertiser: {name: Two, domains: [two.example]}
budget: {total: 50 USD}
flight: {start: 2026-03-10, end: 2026-05-01}
pacing: {curve: ahead}
line_items:
  - {name: none, bid: {price: 1 USD}, creatives: [mpu]}`, `campaign: c
advertiser: {name: Two, domains: [two.example]}
budget: {total: 50 USD}
flight: {end: 2026-04-01}
line_items:
  - {name: hurried, bid: {price: 0.5 USD}, budget: {total: 5 USD}, creatives: [mpu]}`, `campaign: d
advertiser: {name: Open, domains: [open.example], budget: {total: 90 USD}}
budget: {daily: 50 USD}
pacing: {curve: traffic}
line_items:
  - {name: endless, bid: {price: 0.4 USD}, budget: {total: 5 USD}, creatives: [mpu]}
  - {name: daily, bid: {price: 0.3 USD}, budget: {daily: 5 USD}, creatives: [mpu]}`)
	want := map[string][campaign.Levels]bool{
		"own":         {true, true, true},
		"impressions": {false, true, true},
		"none":        {false, true, true},
		"hurried":     {false, true, true},
		"endless":     {false, true, false}, // without an end, only a daily budget is paced
		"daily":       {true, true, false},
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		for level, g := range l.Gauges {
			if (g != nil) != want[l.Name][level] {
				t.Errorf("%s at level %d: paced %v, want %v", l.Name, level, g != nil, want[l.Name][level])
			}
		}
		kappa, _ := l.Kappa()
		if hurried := l.Name == "hurried"; hurried != (kappa == 1) {
			t.Errorf("%s: κ %g", l.Name, kappa)
		}
	}
	st, ok := b.Pacer.Status(s.Advertisers[0].ID)
	if !ok || st.Curve != pacing.Traffic {
		t.Errorf("the advertiser of campaigns with different curves is paced by %v", st.Curve)
	}
}

// TestStrictestLevelDecides lowers κ at each level in turn.
func TestStrictestLevelDecides(t *testing.T) {
	s, b := bound(t, `campaign: a
advertiser: {name: A, domains: [a.example], budget: {daily: 100 USD}}
budget: {daily: 50 USD}
pacing: {curve: even}
line_items:
  - {name: own, bid: {price: 3 USD}, budget: {daily: 5 USD}, creatives: [mpu]}`)
	l := &s.Lines[0]
	set := func(level int, kappa float64) {
		plan := l.Campaign.Plan
		plan.Min, plan.Max = kappa, kappa
		b.Pacer.Set(l.Accounts[level].ID(), plan, l.Accounts[level])
		b.Pacer.Tick(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	}
	for strictest := range campaign.Levels {
		for level := range campaign.Levels {
			set(level, 0.5)
		}
		set(strictest, 0.25)
		if kappa, level := l.Kappa(); kappa != 0.25 || level != strictest {
			t.Errorf("got κ %g of level %d, want 0.25 of level %d", kappa, level, strictest)
		}
	}
}
