package bidder_test

import (
	"fmt"
	"slices"
	"testing"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/pricing"
)

// TestOffers compares what could have been bid with what was: of two campaigns on
// one impression, the better one bids, and both could have.
func TestOffers(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess,
		"campaigns/dear.yaml", bannerCampaign("dear", 4), "campaigns/cheap.yaml", bannerCampaign("cheap", 2),
		"campaigns/poor.yaml", bannerCampaign("poor", 0.1)), "")
	var sc bidder.Scratch
	body := []byte(`{"id":"1","imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}},{"id":"2","banner":{"w":1,"h":1}}],"site":{"domain":"news.example"}}`)
	if why := r.decide(t, &sc, body, r.exchange(t, ""), monday); why != ad.OK || len(sc.Bids) != 1 {
		t.Fatalf("got %v and %d bids", why, len(sc.Bids))
	}
	gauge := r.Snapshot().Lines[0].Gauges[campaign.OfCampaign]
	before := fmt.Sprintf("%+v", gauge)
	got := sc.AppendOffers(nil)
	if fmt.Sprintf("%+v", gauge) != before {
		t.Error("offers are counted as opportunities")
	}
	if len(sc.Bids) != 1 || sc.Bids[0].Line.Campaign.Name != "dear" {
		t.Errorf("the bids have changed: %+v", sc.Bids)
	}
	want := map[string]float64{"dear": 4, "cheap": 2}
	if len(got) != len(want) {
		t.Fatalf("got %d offers, want %d", len(got), len(want))
	}
	for _, o := range got {
		if name := o.Line.Campaign.Name; o.Worth.CPM() != want[name] || o.Floor.CPM() != 0.5 || o.Imp != sc.Bids[0].Imp {
			t.Errorf("%s: worth %g, floor %g for impression %s", name, o.Worth.CPM(), o.Floor.CPM(), o.Imp.ID)
		}
	}
	again := sc.AppendOffers(got[:0])
	if n := testing.AllocsPerRun(20, func() { again = sc.AppendOffers(again[:0]) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
	bids := sc.AppendBids(nil)
	if len(bids) != 1 || !slices.Contains(again, bids[0]) || bids[0].Line != sc.Bids[0].Line {
		t.Errorf("of the bids %+v the offers are %+v", sc.Bids, bids)
	}
	if n := testing.AllocsPerRun(20, func() { bids = sc.AppendBids(bids[:0]) }); n != 0 {
		t.Errorf("%g allocations for the bids", n)
	}
}

// TestOffersArePacedByNothing lowers bids by pacing: what impressions are worth stays.
func TestOffersArePacedByNothing(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess,
		"campaigns/slow.yaml", bannerCampaign("slow", 4)+"pacing: {curve: traffic}\nflight: {start: 2026-03-01, end: 2026-06-01}\n"), "")
	var sc bidder.Scratch
	body := []byte(bannerRequest("1", `,"imp":[{"id":"1","bidfloor":3,"banner":{"w":300,"h":250}}]`))
	if why := r.decide(t, &sc, body, r.exchange(t, ""), monday); why != ad.PacedBelowFloor {
		t.Fatalf("got %v, want that pacing takes it below the floor", why)
	}
	if got := sc.AppendOffers(nil); len(got) != 1 || got[0].Worth.CPM() != 4 {
		t.Errorf("got %+v, want one worth 4", got)
	}
}

// byPosition is a scorer for whom an impression is worth something where it is seen at
// once.
type byPosition struct{}

func (byPosition) Chance(x *pricing.Context, _ *pricing.Bases, _ *pricing.LineView, _ *pricing.Subject) float64 {
	if x.Has(pricing.Position, 1) {
		return 0.002
	}
	return 0.001
}

// TestOffersAreOfTheirImpression asks for the chances of two impressions of one request.
func TestOffersAreOfTheirImpression(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", clickCampaign), "")
	r.Scorer = byPosition{}
	r.Pace(monday)
	var sc bidder.Scratch
	body := []byte(`{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250,"pos":1}},{"id":"2","banner":{"w":300,"h":250,"pos":3}}],"site":{"domain":"news.example"}}`)
	if why := r.decide(t, &sc, body, r.exchange(t, ""), monday); why != ad.OK {
		t.Fatal(why)
	}
	got := sc.AppendOffers(nil)
	if len(got) != 2 || got[0].Worth.CPM() != 4 || got[1].Worth.CPM() != 2 {
		t.Errorf("got %+v, want worths of 4 and 2", got)
	}
}

func TestOffersOfNoRequest(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/dear.yaml", bannerCampaign("dear", 4)), "")
	var sc bidder.Scratch
	if got := sc.AppendOffers(nil); len(got) != 0 {
		t.Errorf("got %d offers before any request", len(got))
	}
	r.decide(t, &sc, []byte(bannerRequest("1", `,"cur":["XXX"]`)), r.exchange(t, ""), monday)
	if got := sc.AppendOffers(nil); len(got) != 0 {
		t.Errorf("got %d offers in a currency that is not known", len(got))
	}
}

// TestNoticeSettles takes the notices of a bid without HTTP: it is charged once.
func TestNoticeSettles(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/dear.yaml", bannerCampaign("dear", 4)), "")
	var sc bidder.Scratch
	if why := r.decide(t, &sc, []byte(bannerRequest("1", "")), r.exchange(t, ""), monday); why != ad.OK {
		t.Fatal(why)
	}
	token := sc.Token(&sc.Bids[0])
	token.Kind = ad.Billing
	account := r.Books.Money.Get(token.Campaign)
	if f := account.Figures(monday); f.Reserved.CPM() != 4 {
		t.Errorf("%s is reserved", f.Reserved)
	}
	for i, want := range []ad.Reason{ad.OK, ad.NoticeReplayed} {
		if why, err := r.Notice(&token, bidder.Said{Price: []byte("1.5")}, monday); why != want || err != nil {
			t.Errorf("notice %d: got %v, %v, want %v", i+1, why, err, want)
		}
	}
	if f := account.Figures(monday); f.Confirmed.CPM() != 1.5 || f.Reserved != 0 {
		t.Errorf("%s is confirmed and %s reserved", f.Confirmed, f.Reserved)
	}
}
