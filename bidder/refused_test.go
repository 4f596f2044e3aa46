package bidder_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/pacing"
)

// TestLeaseIsNoShortage has line items without a lease yet before one that has its:
// that one bids, however many the others are.
func TestLeaseIsNoShortage(t *testing.T) {
	r := bareRig(t, "")
	r.Books.Money.Lease(ad.Unit/20, 100*ad.Unit)
	all := []string{"bidwell.yaml", plainProcess, "campaigns/leased.yaml", bannerCampaign("leased", 1)}
	for i := range 8 {
		name := fmt.Sprint("new", i)
		text := bannerCampaign(name, 5)
		if i%2 == 0 {
			text = strings.Replace(text, "name: all,", "name: all, deals: [d],", 1)
		}
		all = append(all, "campaigns/"+name+".yaml", text)
	}
	r.Publish(compile(t, files(all...)))
	for i := range r.Snapshot().Lines {
		if l := &r.Snapshot().Lines[i]; l.Campaign.Name == "leased" {
			for _, a := range l.Accounts {
				r.Books.Money.Grant([]pacing.Lease{{Account: a.ID(), Amount: ad.Unit}})
			}
		}
	}
	body := []byte(bannerRequest("1", `,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":2,"at":3}]}}]`))
	var sc bidder.Scratch
	if why := r.decide(t, &sc, body, r.exchange(t, ""), monday); why != ad.OK || sc.Bids[0].Line.Campaign.Name != "leased" {
		t.Fatalf("got %v and %d bids, want that of the line item with a lease", why, len(sc.Bids))
	}
	x := r.explain(t, body, r.exchange(t, ""), monday)
	for _, l := range x.Impressions[0].Lines {
		if l.Campaign != "leased" && l.Reason != ad.NotDurable.String() {
			t.Errorf("%s is explained by %q, want that it has no lease", l.Campaign, l.Reason)
		}
		for _, step := range l.Price {
			if strings.HasPrefix(step.Step, "all that") {
				t.Errorf("%s: the bid is cut to %s", l.Campaign, step.Step)
			}
		}
	}
}

// TestRefusedWinnerSaysWhy has a book that takes no more bids, as when the time up to
// which bids may be made is not on disk: the reason is that, not that there is nobody.
func TestRefusedWinnerSaysWhy(t *testing.T) {
	for name, more := range map[string]string{"alone": "", "with others that do not fit": bannerCampaign("other", 9)} {
		t.Run(name, func(t *testing.T) {
			fsys := files("bidwell.yaml", plainProcess, "campaigns/a.yaml", bannerCampaign("a", 2))
			if more != "" {
				fsys["campaigns/b.yaml"] = files("", strings.Replace(more, "size: 300x250", "size: 728x90", 1))[""]
			}
			r := newRig(t, fsys, "")
			r.Money.Until(monday.Unix())
			var sc bidder.Scratch
			if why := r.decide(t, &sc, []byte(bannerRequest("1", "")), r.exchange(t, ""), monday); why != ad.NotDurable {
				t.Errorf("got %v, want %v", why, ad.NotDurable)
			}
		})
	}
}

// TestPacingWaitsForBudgets lets a budget of each level, of money or of impressions,
// refuse every bid: neither the pacing of that level nor that of the narrower ones
// moves κ, for nothing can be learned about it.
func TestPacingWaitsForBudgets(t *testing.T) {
	const budgets = `campaign: a
advertiser: {name: A, domains: [a.example], budget: {daily: 100 USD%s}}
budget: {daily: 100 USD%s}
pacing: {curve: even}
line_items:
  - {name: all, bid: {price: 4 USD}, budget: {daily: 100 USD%s}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}
`
	names := [campaign.Levels]string{"line item", "campaign", "advertiser"}
	for refusing := range campaign.Levels {
		for _, short := range []string{"money", "lease", "impressions"} {
			t.Run(names[refusing]+"'s "+short, func(t *testing.T) {
				r := bareRig(t, "")
				if short == "lease" {
					r.Books.Money.Lease(ad.Unit/20, 100*ad.Unit)
				}
				limits := [campaign.Levels]any{"", "", ""}
				if short == "impressions" {
					limits[campaign.Levels-1-refusing] = ", impressions: 1"
				}
				r.Publish(compile(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", fmt.Sprintf(budgets, limits[:]...))))
				l := &r.Snapshot().Lines[0]
				for level, a := range l.Accounts {
					if level != refusing {
						r.Books.Money.Grant([]pacing.Lease{{Account: a.ID(), Amount: 100 * ad.Unit}})
					}
				}
				if short == "money" {
					l.Accounts[refusing].RestoreDay(l.Accounts[refusing].Day(monday.Unix()), 100*ad.Unit)
				}
				if short == "impressions" {
					r.Books.Counts.Get(l.Accounts[refusing].ID()).Restore(1)
				}
				now := monday
				r.Pace(now)
				for i := range 50 {
					now = now.Add(10 * time.Second)
					var sc bidder.Scratch
					if why := r.decide(t, &sc, []byte(bannerRequest(fmt.Sprint(i), "")), r.exchange(t, ""), now); why == ad.OK {
						t.Fatal("a bid is made")
					}
					r.Pace(now)
				}
				for level, a := range l.Accounts {
					if st, _ := r.Books.Pacer.Status(a.ID()); (st.Steps > 0) != (level > refusing) {
						t.Errorf("the %s's κ was moved %d times to %g", names[level], st.Steps, st.Kappa)
					}
				}
			})
		}
	}
}

// TestOpportunitiesCanBeWon counts an impression for whoever could have won it, were it
// not paced: not for a line item that is worth less than another bids, though it could
// be worth more to other people.
func TestOpportunitiesCanBeWon(t *testing.T) {
	for _, tt := range []struct {
		price, deal string
		want        bool
	}{
		{"1 USD", "", false},
		{"4 USD", "", true}, // as high as the best
		{"5 USD", `,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":3,"at":3}]}}]`, false},
		{"5 USD", `,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":4.5,"at":3}]}}]`, true},
	} {
		text := strings.Replace(bannerCampaign("b", 1), "price: 1 USD}", "price: "+tt.price+"}, adjust: [{if: {audience: fans}, multiply: 5}]", 1)
		if tt.deal != "" {
			text = strings.Replace(text, "name: all,", "name: all, deals: [d],", 1)
		}
		best := strings.Replace(bannerCampaign("a", 4), "line_items:", "pacing: {curve: asap}\nline_items:", 1)
		r := newRig(t, files("bidwell.yaml", plainProcess, "audiences/fans.yaml", "audience: fans\nwho: {did: {visit: sports, at_least: 1}}\n",
			"campaigns/a.yaml", best, "campaigns/b.yaml", text), "")
		var sc bidder.Scratch
		if why := r.decide(t, &sc, []byte(bannerRequest("1", tt.deal)), r.exchange(t, ""), monday); why != ad.OK {
			t.Fatalf("no bid: %v", why)
		}
		r.Flush(monday)
		if got := r.requests(t, "b") > 0; got != tt.want {
			t.Errorf("at %s %s: counted %v, want %v", tt.price, tt.deal, got, tt.want)
		}
	}
}

// requests returns the impressions that a campaign could have bid on, as the ledger
// has them.
func (r *rig) requests(t *testing.T, name string) (n uint32) {
	t.Helper()
	if _, err := r.events.Append(&ad.Event{Kind: ad.EventLoss, Bid: ad.BidID{1}, Time: monday.UnixMilli()}); err != nil { // those before it are durable
		t.Fatal(err)
	}
	for _, c := range r.Snapshot().Campaigns {
		if c.Name != name {
			continue
		}
		err := r.events.Events(t.Context(), 0, func(_ uint64, e *ad.Event) error {
			if e.Kind == ad.EventTally && e.Campaign == c.ID {
				n += e.Requests
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}
