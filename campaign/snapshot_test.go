package campaign_test

import (
	"testing"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/pacing"
)

const originCampaign = `campaign: a
advertiser:
  name: Shop
  domains: [shop.example]
  budget: {daily: 70 EUR}
  dsa: {behalf: Shop, paid: Shop}
flight: {start: 2026-11-01}
budget: {total: 100 EUR}
line_items:
  - name: one
    audience: drivers
    where:
      country: [DEU]
      apps: [com.game]
      os: [iOS]
    when: {mon: [06:00-10:00]}
    bid: {price: 1 EUR}
    budget: {total: 9 EUR}
    creatives: [box]
  - name: two
    bid: {price: 2 EUR}
    creatives: [box]
creatives:
  - {name: box, click: https://shop.example/, banner: {size: 300x250, image: https://shop.example/x.png}}
`

func originSnapshot(t *testing.T) *campaign.Snapshot {
	t.Helper()
	fsys := archive("-- audiences/drivers.yaml --\naudience: drivers\nwho: {did: {visit: automotive}}\n-- campaigns/a.yaml --\n" + originCampaign)
	ps := new(conf.Problems)
	s := campaign.Compile(fsys, today, ps)
	if s == nil || len(s.Lines) != 2 {
		t.Fatal(ps.Sorted())
	}
	return s
}

// TestOriginPointsAtTheKeyThatDecides names, for reasons of every kind, the line
// of the file that says no.
func TestOriginPointsAtTheKeyThatDecides(t *testing.T) {
	s := originSnapshot(t)
	two, one := &s.Lines[0], &s.Lines[1]
	check := func(l *campaign.Line, r ad.Reason, want int) {
		t.Helper()
		if got := l.Origin(r); got.File != "campaigns/a.yaml" || got.Line != want {
			t.Errorf("%s, %s: got %s, want line %d", l.Name, r, got, want)
		}
	}
	check(one, ad.NotThisCountry, 13)
	check(one, ad.BundleNotWanted, 14)
	check(one, ad.DomainNotWanted, 14) // apps are what keeps sites out
	check(one, ad.NotThisDevice, 15)
	check(one, ad.OutsideHours, 16)
	check(one, ad.AudienceNotMatched, 11)
	check(one, ad.BelowFloor, 17)
	check(one, ad.BudgetSpent, 18)
	check(one, ad.DailyBudgetSpent, 5)
	check(one, ad.MediaFileNotWanted, 19)
	check(one, ad.OutsideFlight, 7)
	check(one, ad.AdvertiserBlocked, 3)
	check(one, ad.DSAMissing, 6)
	check(two, ad.BudgetSpent, 8)
	check(two, ad.NotThisCountry, 20)
	check(two, ad.OutsideHours, 20)
	for r := ad.NotThisExchange; r <= ad.AdvertiserTaken; r++ {
		for _, l := range []*campaign.Line{one, two} {
			if at := l.Origin(r); at.Line < 1 {
				t.Errorf("%s, %s: got no place", l.Name, r)
			}
		}
	}
}

func TestSnapshotFindsThingsByName(t *testing.T) {
	s := originSnapshot(t)
	e := s.Exchange([]byte("other"))
	if e == nil || e.Name != "other" || s.ExchangeByID(e.ID) != e {
		t.Errorf("got exchange %+v", e)
	}
	if s.Exchange([]byte("nobody")) != nil || s.ExchangeByID(1) != nil || s.CampaignByID(1) != nil {
		t.Error("found what there is not")
	}
	if c := s.CampaignByID(ad.IDOf("campaign", "a")); c == nil || c.Name != "a" {
		t.Errorf("got campaign %+v", c)
	}
	if got := testing.AllocsPerRun(10, func() { s.Exchange([]byte("other")) }); got != 0 {
		t.Errorf("finding an exchange allocates %v times", got)
	}
}

// TestBindSetsTheLimitsOfEveryAccount binds a snapshot and then another with
// other budgets: what was spent stays, the limits are the new ones.
func TestBindSetsTheLimitsOfEveryAccount(t *testing.T) {
	s := originSnapshot(t)
	var accounts pacing.Accounts
	books := &campaign.Books{Money: &accounts, Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	s.Bind(books)
	for i := range s.Lines {
		if got := len(s.Lines[i].Accounts); got != 3 {
			t.Fatalf("%s has %d accounts, want its own, the campaign's and the advertiser's", s.Lines[i].Name, got)
		}
	}
	check := func(what string, a *pacing.Account, want ad.Money) {
		t.Helper()
		if got := a.Headroom(today); got != want {
			t.Errorf("%s: got %s to spend, want %s", what, got, want)
		}
	}
	one := &s.Lines[1]
	check("the line item", one.Accounts[0], 9*ad.Unit)
	check("the campaign", one.Accounts[1], 100*ad.Unit)
	check("the advertiser", one.Accounts[2], 70*ad.Unit)
	if s.Lines[0].Accounts[1] != one.Accounts[1] || s.Lines[0].Accounts[0] == one.Accounts[0] {
		t.Error("line items of one campaign share its account, and only that")
	}
	again := originSnapshot(t)
	again.Campaigns[0].Total = 40 * ad.Unit
	again.Bind(books)
	if again.Lines[1].Accounts[1] != one.Accounts[1] {
		t.Error("the account of the campaign was replaced")
	}
	check("the campaign, later", one.Accounts[1], 40*ad.Unit)
}

func TestCampaignIsOpenInItsFlight(t *testing.T) {
	check := func(c campaign.Campaign, now int64, want bool) {
		t.Helper()
		if got := c.Open(now); got != want {
			t.Errorf("from %d to %d, at %d: open %v, want %v", c.Start, c.End, now, got, want)
		}
	}
	check(campaign.Campaign{}, 5, true)
	check(campaign.Campaign{Start: 5}, 4, false)
	check(campaign.Campaign{Start: 5}, 5, true)
	check(campaign.Campaign{Start: 5, End: 9}, 8, true)
	check(campaign.Campaign{Start: 5, End: 9}, 9, false)
	check(campaign.Campaign{End: 9}, 9, false)
}
