package bidder_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/bidder"
)

// scarce is a campaign that would bid 4 USD per thousand, with budgets in USD at
// three levels; 0 stands for none.
func scarce(line, campaign, advertiser float64) string {
	budget := func(total float64) string {
		if total == 0 {
			return ""
		}
		return fmt.Sprintf("budget: {total: %.6f USD}", total)
	}
	comma := func(s string) string {
		if s == "" {
			return ""
		}
		return ", " + s
	}
	return fmt.Sprintf(`campaign: scarce
advertiser: {name: Scarce, domains: [scarce.example]%s}
%s
line_items:
  - {name: all, bid: {price: 4 USD}%s, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.scarce.example/a.jpg"}, click: "https://scarce.example/"}
`, comma(budget(advertiser)), budget(campaign), comma(budget(line)))
}

// TestBidsAreCut has a budget that is not enough for the whole bid, at each level.
func TestBidsAreCut(t *testing.T) {
	for _, tt := range []struct {
		name                       string
		line, campaign, advertiser float64
		request                    string // more of it
		cpm                        float64
		says                       string
	}{
		{"room", 1, 1, 1, "", 4, ""},
		{"line item", 0.001, 1, 1, "", 1, "all that the line item has left"},
		{"campaign", 1, 0.003, 1, "", 3, "all that the campaign has left"},
		{"advertiser", 1, 1, 0.002, "", 2, "all that the advertiser has left"},
		{"floor is met", 0, 0.003, 0, `,"imp":[{"id":"1","bidfloor":3,"banner":{"w":300,"h":250}}]`, 3, "all that the campaign has left"},
		{"floor is missed", 0, 0.003, 0, `,"imp":[{"id":"1","bidfloor":3.01,"banner":{"w":300,"h":250}}]`, 0, "the campaign has 0.003 USD left"},
		{"next to nothing", 0, 0.0003, 0, "", 0, "the campaign has 0.0003 USD left"},
		{"a screen for ten", 0, 0.02, 0, `,"imp":[{"id":"1","qty":{"multiplier":10},"banner":{"w":300,"h":250}}]`, 2, "all that the campaign has left"},
		{"a price that is fixed", 0, 0.003, 0, `,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"private_auction":1,"deals":[{"id":"d","bidfloor":3.5,"at":3}]}}]`, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := scarce(tt.line, tt.campaign, tt.advertiser)
			if strings.Contains(tt.request, "deals") {
				text = strings.Replace(text, "name: all,", "name: all, deals: [d],", 1)
			}
			r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/scarce.yaml", text), "")
			body := []byte(bannerRequest("1", tt.request))
			x := r.explain(t, body, r.exchange(t, ""), monday)
			var words bytes.Buffer
			if err := x.Write(&words); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(words.String(), tt.says) {
				t.Errorf("the explanation does not say %q:\n%s", tt.says, &words)
			}
			var sc bidder.Scratch
			why := r.decide(t, &sc, body, r.exchange(t, ""), monday)
			if tt.cpm == 0 {
				if why != ad.BudgetSpent {
					t.Errorf("got %v, want that the budget is spent", why)
				}
				return
			}
			if len(sc.Bids) != 1 || sc.Bids[0].Price.CPM() > tt.cpm || sc.Bids[0].Price.CPM() < tt.cpm-0.001 {
				t.Fatalf("got %v and %+v, want a bid of %g", why, sc.Bids, tt.cpm)
			}
		})
	}
}

// TestCutBidsFit bids until budgets of any size are full: no bid is below its floor,
// none is above what it is worth, and no account holds more than its limit.
func TestCutBidsFit(tb *testing.T) {
	rapid.Check(tb, func(t *rapid.T) {
		budget := func(name string) float64 {
			return float64(rapid.IntRange(0, 30_000).Draw(t, name)) / 1e6
		}
		campaign := budget("campaign") + 1e-6
		r := newRig(tb, files("bidwell.yaml", plainProcess, "campaigns/scarce.yaml", scarce(budget("line"), campaign, budget("advertiser"))), "")
		var sc bidder.Scratch
		for i := range 12 {
			floor := float64(rapid.IntRange(0, 5000).Draw(t, "floor")) / 1000
			qty := rapid.IntRange(1, 4).Draw(t, "people")
			body := fmt.Sprintf(`{"id":"%d","imp":[{"id":"1","bidfloor":%g,"qty":{"multiplier":%d},"banner":{"w":300,"h":250}}],"site":{"domain":"news.example"}}`, i, floor, qty)
			r.decide(tb, &sc, []byte(body), r.exchange(tb, ""), monday)
			for k := range sc.Bids {
				if p := sc.Bids[k].Price.CPM(); p < floor || p > 4 || p <= 0 {
					t.Fatalf("bid %g, worth 4, floor %g", p, floor)
				}
			}
			for _, f := range r.Books.Money.Figures(monday) {
				if f.Limit > 0 && f.Reserved > f.Limit {
					t.Fatalf("account %v holds %s of %s", f.ID, f.Reserved, f.Limit)
				}
			}
		}
	})
}

func TestCuttingDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/scarce.yaml", scarce(0.002, 0.003, 0.001)), "")
	var sc bidder.Scratch
	var out []byte
	body, ex, s := []byte(bannerRequest("1", "")), r.exchange(t, ""), r.Snapshot()
	n := testing.AllocsPerRun(100, func() {
		var why ad.Reason
		if out, why, _ = r.whole(&sc, out[:0], body, ex, s); why != ad.OK || sc.Bids[0].Price.CPM() != 1 {
			t.Fatalf("got %v and %+v, want a bid of 1", why, sc.Bids)
		}
		release(r, &sc)
	})
	if n > 0 {
		t.Errorf("%g allocations", n)
	}
}
