package campaign_test

import (
	"testing"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/conf"
	"bidwell/pacing"
	"bidwell/pricing"
)

const goalCampaign = `campaign: clicks
advertiser: {name: Clicks, domains: [clicks.example]}
budget: {daily: 100 EUR}
goal: {pay_per: click, worth: 1 EUR, average_cost: 0.50 EUR}
line_items:
  - {name: plain, bid: {price: 1 EUR, at_most: 5 EUR}, creatives: [box]}
  - name: raised
    bid: {price: 1 EUR, at_most: 5 EUR}
    adjust:
      - {if: {context: {device.type: phone}}, multiply: 2}
      - {if: {context: {device.type: tablet}}, multiply: 0.5}
    creatives: [box]
creatives:
  - {name: box, click: https://clicks.example/, banner: {size: 320x50, image: https://clicks.example/x.png}}
`

// constant is a scorer that always says the same.
type constant float64

func (c constant) Chance(*pricing.Context, *pricing.Bases, *pricing.LineView, *pricing.Subject) float64 {
	return float64(c)
}

// TestBoundsOfGoals holds the bounds of a search against what line items with a goal
// can bid: while nothing is learned the price times its modifiers, with a scorer of a
// team's own up to their limit, and in either case as pacing lowers it.
func TestBoundsOfGoals(t *testing.T) {
	ps := new(conf.Problems)
	s := campaign.Compile(archive("-- campaigns/clicks.yaml --\n"+goalCampaign), today, ps)
	if s == nil {
		t.Fatal(written(t, ps))
	}
	b := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	s.Bind(b)
	most := func(cpm float64) ad.Money { m, _ := ad.FromCPM(cpm); return m }
	check := func(what string, plain, raised, unraised float64) {
		t.Helper()
		p := s.Paced()
		for i := range s.Lines {
			want, less := most(plain), most(plain)
			if s.Lines[i].Name == "raised" {
				want, less = most(raised), most(unraised)
			}
			kappa, level := p.Kappa(i)
			if kappa != 0.5 || level != campaign.OfCampaign {
				t.Errorf("%s: κ is %v of level %d, want 0.5, for an event is worth twice what it may cost", what, kappa, level)
			}
			if p.Unlowered(i, &s.Reach[i]) != want || p.Most(i) != want.Mul(kappa) || p.Unraised(i) != less.Mul(kappa) {
				t.Errorf("%s: %s bids at most %v, unraised %v, not lowered %v; want %v and %v, times %v",
					what, s.Lines[i].Name, p.Most(i), p.Unraised(i), p.Unlowered(i, &s.Reach[i]), want, less, kappa)
			}
		}
	}
	check("nothing is learned", 1, 2, 1)
	view := s.Paced().View(&s.Lines[0])
	s.Pace(campaign.Prices{})
	if s.Paced().View(&s.Lines[0]) != view {
		t.Error("the views are made anew for the same model")
	}
	for _, chance := range []float64{0.5, -1, 9} {
		s.Pace(campaign.Prices{Scorer: constant(chance)})
		check("a scorer", 5, 5, 5)
		got := s.Paced().Chance(&s.Lines[0], nil, nil, nil)
		if got != min(max(chance, 0), 1) {
			t.Errorf("a scorer says %v, and %v is taken", chance, got)
		}
	}
	s.Pace(campaign.Prices{Model: pricing.Nothing()})
	check("a model that knows nothing", 1, 2, 1)
}
