package learn_test

import (
	"testing"

	"bidwell/ad"
	"bidwell/pricing"
	"bidwell/pricing/learn"
)

// TestWinsCountOnce has a bid's billing come after notices of many others: it tells
// nothing that its win did not.
func TestWinsCountOnce(t *testing.T) {
	const others = 100_000 // of some seconds, where much is bought
	notice := func(n uint64, kind ad.EventKind) *ad.Event {
		e := impression(n, monday, pricing.PerImpression, 0)
		e.Kind, e.Context, e.Auction, e.Segment, e.Offer, e.Least = kind, "", ad.FirstPrice, 1<<16, 2000, 1000
		return e
	}
	seen := func(twice bool) float64 {
		l := learn.NewLearner()
		for n := range uint64(100) {
			lost := notice(500+n, ad.EventLoss)
			lost.Detail, lost.Least = 102, 3000
			apply(l, notice(n, ad.EventWin), lost)
		}
		for n := range uint64(others) {
			e := notice(1000+n, ad.EventWin)
			e.Auction = ad.FixedPrice // tells nothing of prices
			apply(l, e)
		}
		for n := range uint64(100) {
			if twice {
				apply(l, notice(n, ad.EventBilling))
			}
		}
		return l.Model().Market.Curve(1, 1<<16).Seen()
	}
	if once, again := seen(false), seen(true); once != again || once == 0 {
		t.Errorf("%.0f auctions are seen with wins alone, %.0f with billings", once, again)
	}
}
