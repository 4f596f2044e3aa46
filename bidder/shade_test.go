package bidder_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/loadtest"
	"bidwell/pricing"
)

// atRandom changes a request's kind of auction, floors, deals and currency at random.
func atRandom(t *testing.T, body []byte, chance *rand.Rand) []byte {
	t.Helper()
	var req map[string]any
	if err := json.Unmarshal(body, &req); err != nil {
		t.Fatal(err)
	}
	if at := chance.IntN(5); at > 0 {
		req["at"] = []int{0, 1, 1, 2, 501}[at]
	} else {
		delete(req, "at")
	}
	req["cur"] = []string{[...]string{"EUR", "USD", "GBP"}[chance.IntN(3)]}
	for _, imp := range req["imp"].([]any) {
		imp := imp.(map[string]any)
		imp["bidfloor"], imp["bidfloorcur"] = 3*chance.Float64(), "EUR"
		if chance.IntN(3) == 0 {
			imp["pmp"] = map[string]any{"deals": []any{map[string]any{
				"id": "deal-premium", "at": chance.IntN(4), "bidfloor": 2 * chance.Float64(), "bidfloorcur": "USD",
			}}}
		}
		if chance.IntN(10) == 0 {
			imp["qty"] = map[string]any{"multiplier": 3}
		}
		if v, ok := imp["video"].(map[string]any); ok && chance.IntN(3) == 0 {
			v["mincpmpersec"] = 0.2 * chance.Float64()
		}
	}
	out, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestShading bids on random requests as a bidder that knows the market and as one
// that does not: the first never bids more, nor less than the floor, and the same
// wherever the bid is not what is paid.
func TestShading(t *testing.T) {
	population := loadtest.People{Seed: 5, N: 200, Exchange: "example"}
	r := learnedRig(t, population, "click")
	without := newRig(t, generatedGoals(20, 50, "click"), ndjson(t, population))
	knowsNot := &pricing.Model{Responses: r.Model().Responses, Market: new(pricing.Market)}
	without.Model = func() *pricing.Model { return knowsNot }
	without.Pace(monday)
	traffic, chance := newTraffic(t, 23, population), rand.New(rand.NewPCG(2, 2))
	var shaded, plain bidder.Scratch
	lower, explored, other := 0, 0, 0
	for i := range fewer(1000) {
		body := atRandom(t, traffic.Append(nil), chance)
		now := monday.Add(time.Duration(i) * time.Second)
		r.decide(t, &shaded, body, r.exchange(t, "example"), now)
		release(r, &shaded)
		without.decide(t, &plain, body, without.exchange(t, "example"), now)
		release(without, &plain)
		if len(shaded.Bids) != len(plain.Bids) {
			t.Fatalf("%d bids, %d without shading, on %s", len(shaded.Bids), len(plain.Bids), body)
		}
		for k := range shaded.Bids {
			b, p := &shaded.Bids[k], &plain.Bids[k]
			wantShaded(t, b, p)
			if t.Failed() {
				t.Fatalf("of %s", body)
			}
			switch {
			case b.Explored():
				explored++
			case b.Price < b.Unshaded():
				lower++
			case b.Auction() != ad.FirstPrice:
				other++
			}
		}
	}
	if lower < fewer(1000)/20 || other < fewer(1000)/20 || explored == 0 {
		t.Errorf("%d bids are lowered, %d explored, %d in other auctions: that shows little", lower, explored, other)
	}
}

// wantShaded checks one bid beside that of a bidder who does not know the market.
func wantShaded(t *testing.T, b, plain *bidder.Bid) {
	t.Helper()
	floor := b.Imp.BidFloor
	if b.Deal != nil {
		floor = b.Deal.BidFloor
	}
	per := max(b.Imp.Qty, 1)
	switch house := float64(b.Amount) / per; {
	case b.Line.ID != plain.Line.ID || b.Creative.ID != plain.Creative.ID || b.Willing != plain.Willing || b.Chance != plain.Chance:
		t.Errorf("%s wins with %v, without shading %s with %v", b.Line.Name, b.Willing, plain.Line.Name, plain.Willing)
	case b.Price > b.Unshaded() || b.Price <= 0 || house > float64(b.Willing)+1:
		t.Errorf("the bid of %v is above %v, reserving %v of %v", b.Price, b.Unshaded(), b.Amount, b.Willing)
	case b.Auction() != ad.FirstPrice && (b.Price != b.Unshaded() || b.Price != plain.Price || b.Amount != plain.Amount):
		t.Errorf("a bid in another auction is lowered: %v, willing %v", b.Price, b.Unshaded())
	case b.Deal == nil && b.Price < b.Unshaded() && house*1000/float64(ad.Unit) < floor*(1-1e-6):
		t.Errorf("%v is below the floor of %v EUR", house, floor)
	case b.Fit.DurationS > 0 && b.Imp.Video.MinCPMPerSec*float64(b.Fit.DurationS) > house*1000/float64(ad.Unit)*(1+1e-6) && b.Deal == nil && b.Price < b.Unshaded():
		t.Errorf("%v is below the floor of a second", house)
	}
}

// TestAuctionOf goes through what says how a bid is priced.
func TestAuctionOf(t *testing.T) {
	deal := func(at int, floor float64) string {
		return fmt.Sprintf(`,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"private_auction":1,"deals":[{"id":"d","at":%d,"bidfloor":%g}]}}]`, at, floor)
	}
	for _, c := range []struct {
		name, exchange, request string
		want                    ad.Auction
	}{
		{"silence", "", "", ad.SecondPrice},
		{"the request", "", `,"at":1`, ad.FirstPrice},
		{"the request, second", "", `,"at":2`, ad.SecondPrice},
		{"a kind of its own", "", `,"at":501`, ad.NoAuction},
		{"the exchange", ", auction: first", "", ad.FirstPrice},
		{"the exchange knows better", ", auction: first", `,"at":2`, ad.FirstPrice},
		{"second, whatever it says", ", auction: second", `,"at":1`, ad.SecondPrice},
		{"as the request says", ", auction: request", `,"at":1`, ad.FirstPrice},
		{"the deal", ", auction: second", deal(1, 0), ad.FirstPrice},
		{"the deal, second", ", auction: first", `,"at":1` + deal(2, 0), ad.SecondPrice},
		{"the deal is silent", "", `,"at":1` + deal(0, 0), ad.FirstPrice},
		{"a fixed price", ", auction: first", deal(3, 1), ad.FixedPrice},
		{"a fixed price of nothing", ", auction: first", deal(3, 0), ad.NoAuction},
	} {
		t.Run(c.name, func(t *testing.T) {
			process := fmt.Sprintf("currency: USD\nexchanges: {example: {window: 10s%s}}\n", c.exchange)
			campaign := `campaign: a
advertiser: {name: A, domains: [a.example]}
budget: {total: 1000 USD}
line_items: [{name: all, deals: any, bid: {price: 4 USD}, creatives: [mpu]}]
creatives: [{name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}]
`
			r := newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", campaign), "")
			var sc bidder.Scratch
			if why := r.decide(t, &sc, []byte(bannerRequest("1", c.request)), r.exchange(t, ""), monday); why != ad.OK {
				t.Fatal(why)
			}
			b := &sc.Bids[0]
			if token := sc.Token(b); token.Auction != c.want || token.Segment != uint32(pricing.SegmentOf(ad.Banner, 300, 250, []byte("news.example"))) {
				t.Errorf("got %v for segment %x, want %v", token.Auction, token.Segment, c.want)
			}
		})
	}
}

// TestShadingIsSwitchedOff has an exchange of which bids are not to be lowered.
func TestShadingIsSwitchedOff(t *testing.T) {
	for _, off := range []bool{false, true} {
		process := fmt.Sprintf("currency: USD\nexchanges: {example: {window: 10s, auction: first, shade: %v}}\n", !off)
		r := newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 4)), "")
		rates := new(pricing.Rates)
		for i := range 500 {
			rates.Observe(&pricing.Observation{Exchange: r.exchange(t, "").ID, Bid: 4000, Least: 1_000_000 + ad.Money(i), Won: false, At: monday.UnixNano()})
		}
		m := &pricing.Model{Responses: pricing.Nothing().Responses, Market: rates.Publish()}
		r.Engine.Model = func() *pricing.Model { return m }
		r.Pace(monday)
		var sc bidder.Scratch
		r.decide(t, &sc, []byte(bannerRequest("some", "")), r.exchange(t, ""), monday)
		if got := sc.Bids[0].Price.CPM(); (got == 4) != off || got < 1 {
			t.Errorf("switched off: %v, and %v is bid", off, got)
		}
		release(r, &sc)
	}
}

// TestOwnScorer has a team's scorer in the place of the models. Whatever it says, no
// bid is above its limit or below nothing.
func TestOwnScorer(t *testing.T) {
	text := `campaign: a
advertiser: {name: A, domains: [a.example]}
budget: {total: 1000 USD}
goal: {pay_per: click, worth: 2 USD}
line_items: [{name: all, bid: {price: 1 USD, at_most: 5 USD}, creatives: [mpu]}]
creatives: [{name: mpu, banner: {size: 300x250, image: "https://cdn.a.example/a.jpg"}, click: "https://a.example/"}]
`
	for _, c := range []struct{ chance, want float64 }{
		{0.001, 2}, {0.0004, 0.8}, {0.5, 5}, {7, 5}, {0, 0}, {-1, 0}, {math.NaN(), 1},
	} {
		s := serve(t, newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", text), ""), lenient)
		r := s.rig
		r.Scorer = scorer(c.chance)
		r.Pace(monday)
		var sc bidder.Scratch
		why := r.decide(t, &sc, []byte(bannerRequest("1", "")), r.exchange(t, ""), monday)
		x := r.explain(t, []byte(bannerRequest("1", "")), r.exchange(t, ""), monday)
		agree(t, fmt.Sprint(c.chance), &sc, why, x)
		if failed := s.metric(t, "scorer_failures_total") > 0; failed != math.IsNaN(c.chance) {
			t.Errorf("%v: it is %v that a failure is counted", c.chance, failed)
		}
		if c.want == 0 {
			if why != ad.BelowFloor {
				t.Errorf("%v: got %v", c.chance, why)
			}
			continue
		}
		if why != ad.OK || sc.Bids[0].Price.CPM() != c.want {
			t.Errorf("%v: got %v, %+v, want %v", c.chance, why, sc.Bids, c.want)
		}
	}
}

type scorer float64

func (s scorer) Chance(*pricing.Context, *pricing.Bases, *pricing.LineView, *pricing.Subject) float64 {
	return float64(s)
}

// TestWhyABidIsNotShaded asks for explanations of bids in auctions of each kind.
func TestWhyABidIsNotShaded(t *testing.T) {
	process := strings.Replace(plainProcess, "exchanges:", "exchanges:\n  unshaded: {shade: false}", 1)
	r := newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 5)), "")
	for _, c := range []struct {
		exchange, more, want string
	}{
		{"example", `,"at":1`, "first price, not shaded: too little is known of what wins here\n"},
		{"example", ``, "second price, not shaded: who wins pays the next bid\n"},
		{"example", `,"at":501`, "not shaded: the exchange prices this auction by rules of its own\n"},
		{"unshaded", `,"at":1`, "first price, not shaded: shade is false for this exchange\n"},
	} {
		x := r.explain(t, []byte(bannerRequest("1", c.more)), r.exchange(t, c.exchange), monday)
		var text strings.Builder
		if err := x.Write(&text); err != nil {
			t.Fatal(err)
		}
		if got := text.String(); !strings.Contains(got, "      "+c.want) || strings.Count(got, "not shaded") != 1 {
			t.Errorf("%s with %s: no %q in\n%s", c.exchange, c.more, c.want, got)
		}
	}
}
