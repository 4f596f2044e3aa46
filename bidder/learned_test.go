package bidder_test

import (
	"context"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/notice"
)

// kept returns the events of a ledger, but for tallies.
func (r *rig) kept(tb testing.TB) (list []ad.Event) {
	tb.Helper()
	if err := r.events.Events(context.Background(), 0, func(_ uint64, e *ad.Event) error {
		if e.Kind != ad.EventTally {
			list = append(list, *e)
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return list
}

// TestWhatIsLearnedFrom checks what of the market the events of notices hold: what
// the bid was for, and the least that would have won, in house currency.
func TestWhatIsLearnedFrom(t *testing.T) {
	const units = ad.Unit / 1000 // per impression, of a CPM
	for _, c := range []struct {
		name         string
		kind         ad.Notice
		auction      ad.Auction
		price, least string
		want         float64 // CPM
	}{
		{"the exchange tells of a loss", ad.Loss, ad.FirstPrice, "", "4", 8},
		{"of a win", ad.Win, ad.FirstPrice, "2", "1.5", 3},
		{"of a billing", ad.Billing, ad.FirstPrice, "2", "1.5", 3},
		{"nothing", ad.Billing, ad.FirstPrice, "2", "", 0},
		{"the macro is not replaced", ad.Win, ad.FirstPrice, "2", "${AUCTION_MIN_TO_WIN}", 0},
		{"no price", ad.Loss, ad.FirstPrice, "", "NaN", 0},
		{"the second price", ad.Billing, ad.SecondPrice, "1.25", "", 2.5},
		{"the second price, and the least", ad.Win, ad.SecondPrice, "1.25", "1", 2},
		{"a second price above the bid", ad.Win, ad.SecondPrice, "2.5", "", 0},
		{"a second price of a loss", ad.Loss, ad.SecondPrice, "1.25", "", 0},
		{"beyond all measure", ad.Loss, ad.FirstPrice, "", "1000000000", 0},
		{"a click tells nothing", ad.Click, ad.FirstPrice, "2", "1", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/dear.yaml", bannerCampaign("dear", 4)), "")
			tok := notice.Token{
				Kind: c.kind, Bid: ad.BidID{1}, Exchange: r.exchange(t, "").ID, Campaign: 1, Line: 2, Creative: 3, Advertiser: 4,
				Price: 4 * units, BidPrice: 2 * units, Cur: ad.EUR, Time: monday.Unix(), Media: ad.Banner,
				Segment: 77, Auction: c.auction,
			}
			said := bidder.Said{Price: []byte(c.price), Least: []byte(c.least), Context: []byte("seen")}
			if why, err := r.Notice(&tok, said, monday.Add(time.Second)); why != ad.OK || err != nil {
				t.Fatal(why, err)
			}
			list := r.kept(t)
			if len(list) != 1 {
				t.Fatalf("%d events", len(list))
			}
			e := &list[0]
			priced := c.kind != ad.Click
			if got := e.Least.CPM(); got != c.want || (e.Segment == 77) != priced || (e.Auction == c.auction) != priced || e.Context != "" {
				t.Errorf("got the least of %v, segment %d, auction %v, context %q; want %v", got, e.Segment, e.Auction, e.Context, c.want)
			}
		})
	}
}

// TestWhatModelsSawIsKept checks that the event of an impression holds its context.
func TestWhatModelsSawIsKept(t *testing.T) {
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/dear.yaml", bannerCampaign("dear", 4)), "")
	tok := notice.Token{Kind: ad.Impression, Bid: ad.BidID{1}, Exchange: r.exchange(t, "").ID, Campaign: 1, Time: monday.Unix(), Segment: 77}
	if why, err := r.Notice(&tok, bidder.Said{Context: []byte("seen"), Least: []byte("1")}, monday); why != ad.OK || err != nil {
		t.Fatal(why, err)
	}
	if list := r.kept(t); len(list) != 1 || list[0].Context != "seen" || list[0].Segment != 0 || list[0].Least != 0 {
		t.Errorf("got %+v", list)
	}
}
