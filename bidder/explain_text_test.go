package bidder_test

import (
	"strings"
	"testing"

	"bidwell/bidder"
)

// TestPriceIsWrittenForPeople reads how a price is written: with its unit, and with no
// more digits than people read. In JSON amounts stay exact.
func TestPriceIsWrittenForPeople(t *testing.T) {
	x := bidder.Explanation{Impressions: []bidder.ImpExplanation{{Winner: "a/b", Lines: []bidder.LineExplanation{{
		Price: []bidder.PriceStep{
			{Step: "1000 × 2.97 % × 1.2 EUR per click", CPM: 35.658457, Cur: "EUR"},
			{Step: "× 0.0000001", CPM: 0.000003568, Cur: "EUR"},
		},
		Win: &bidder.WinExplanation{Known: true, Disbelieved: true, Cur: "EUR", At: []bidder.WinAt{
			{CPM: 0.012345, Win: 0.00412, Floor: true}, {CPM: 0.5, Win: 0.1}, {CPM: 1.486335, Win: 0.537, Bid: true}, {CPM: 3, Win: 1, Most: true},
		}},
	}}}}}
	var text strings.Builder
	if err := x.Write(&text); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(text.String()), " ")
	for _, want := range []string{
		"per click 35.6585 EUR CPM", "× 0.0000001 0.0000036 EUR CPM",
		"at 0.0123 EUR (the floor) it wins 0.4 % of auctions, at 0.50 EUR it wins 10 %, at 1.49 EUR (the bid) it wins 54 %, at 3.00 EUR (the most we would pay) it wins 100 %; by wins and losses alone, for the prices that this exchange tells are not those that win",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, &text)
		}
	}
}

// TestPriceOfGoalIsPerThousand has the steps of a goal's price multiply to it, and what
// differs by little look different.
func TestPriceOfGoalIsPerThousand(t *testing.T) {
	const clicks = `
campaign: clicks
advertiser: {name: Clicks, domains: [clicks.example]}
budget: {total: 1000 USD}
goal: {pay_per: click, worth: 2 USD, at_most: 6 USD, average_cost: 1.50 USD}
line_items:
  - {name: all, bid: {price: 1 USD}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.clicks.example/a.jpg"}, click: "https://clicks.example/"}
`
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/clicks.yaml", clicks), "")
	l := &r.explain(t, []byte(bannerRequest("1", "")), r.exchange(t, ""), monday).Impressions[0].Lines[0]
	if len(l.Price) < 2 || l.Price[0].Step != "1000 × 0.05 % × 2 USD per click" || l.Price[0].CPM != 1 {
		t.Fatalf("got the steps %+v", l.Price)
	}
	if s := l.Price[1]; s.Step != "average cost 1.5 USD per click × 0.75" || s.CPM != 0.75 {
		t.Errorf("got the step %+v", s)
	}
	close := strings.Replace(bannerRequest("1", ""), `"banner"`, `"bidfloor":0.750001,"banner"`, 1)
	l = &r.explain(t, []byte(close), r.exchange(t, ""), monday).Impressions[0].Lines[0]
	if want := "worth 0.75 USD, floor 0.750001 USD"; l.Detail != want {
		t.Errorf("got %q, want %q", l.Detail, want)
	}
	if want := "what an event may cost on average lowers the bid below the floor"; l.Text != want {
		t.Errorf("got %q, want %q", l.Text, want)
	}
}
