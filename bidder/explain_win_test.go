package bidder_test

import (
	"fmt"
	"math"
	"testing"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/pricing"
)

// TestWinIsExplainedFromTheFloorOn has a market that sells for 1 USD and a campaign to
// which it is worth 4 USD: no price is shown that could not be bid.
func TestWinIsExplainedFromTheFloorOn(t *testing.T) {
	const process = "currency: USD\nrates: {EUR: 1.1, JPY: 0.0062}\nexchanges: {example: {window: 10s, auction: first}}\n"
	r := newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 4)), "")
	rates := new(pricing.Rates)
	for i := range 500 {
		rates.Observe(&pricing.Observation{Exchange: r.exchange(t, "").ID, Bid: 4000, Least: 1_000_000 + ad.Money(i), At: monday.UnixNano()})
	}
	m := &pricing.Model{Responses: pricing.Nothing().Responses, Market: rates.Publish()}
	r.Engine.Model = func() *pricing.Model { return m }
	r.Pace(monday)
	for _, c := range []struct {
		name  string
		floor float64
		cur   string
		most  float64
	}{
		{"no floor", 0, "USD", 4},
		{"far below what wins", 0.1, "USD", 4},
		{"just below", 0.9, "USD", 4},
		{"above", 3, "USD", 4},
		{"all that it is worth", 4, "USD", 4},
		{"another currency", 0.77, "EUR", 4 / 1.1},
		{"many of another", 333.33, "JPY", 4 / 0.0062},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := bannerRequest("some", fmt.Sprintf(`,"cur":[%q],"imp":[{"id":"1","bidfloor":%g,"bidfloorcur":%q,"banner":{"w":300,"h":250}}]`, c.cur, c.floor, c.cur))
			l := &r.explain(t, []byte(body), r.exchange(t, ""), monday).Impressions[0].Lines[0]
			if l.Win == nil || !l.Win.Known {
				t.Fatalf("nothing is said of what wins: %+v", l)
			}
			wantWins(t, l.Win.At, c.floor, l.Price[len(l.Price)-1].CPM, c.most)
		})
	}
}

// wantWins checks at which prices it is said how likely a bid wins: rising from the
// floor, which is marked, over the bid to the most that would be bid.
func wantWins(t *testing.T, at []bidder.WinAt, floor, bid, most float64) {
	t.Helper()
	marked := func(what string, is func(bidder.WinAt) bool, want float64) {
		t.Helper()
		n := 0
		for _, a := range at {
			if is(a) {
				n++
				if math.Abs(a.CPM/want-1) > 1e-6 {
					t.Errorf("%s is %v, want %v", what, a.CPM, want)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d prices are %s, want one: %+v", n, what, at)
		}
	}
	if floor > 0 {
		marked("the floor", func(a bidder.WinAt) bool { return a.Floor }, floor)
	}
	marked("the bid", func(a bidder.WinAt) bool { return a.Bid }, bid)
	marked("the most", func(a bidder.WinAt) bool { return a.Most }, most)
	for i, a := range at {
		if a.CPM < floor || i > 0 && (a.CPM <= at[i-1].CPM || a.Win < at[i-1].Win) {
			t.Errorf("price %d of %+v, floor %v", i, at, floor)
		}
		if floor == 0 && a.Floor {
			t.Errorf("there is no floor, and %v is said to be it", a.CPM)
		}
	}
}
