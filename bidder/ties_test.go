package bidder

import (
	"testing"

	"bidwell/ad"
)

// TestTiesCountOnce lets a bid that is as high as the best be cut to less: it is no tie.
// One that is cut to what the best bids is one.
func TestTiesCountOnce(t *testing.T) {
	for _, tt := range []struct {
		asked, bid ad.Money
		ties       int
	}{{5, 4, 0}, {6, 5, 1}, {5, 5, 1}, {4, 4, 0}} {
		r := race{found: true, best: candidate{amount: 5, tie: 7}}
		c := candidate{amount: tt.asked, tie: 8}
		led := r.beats(&c)
		if c.amount = tt.bid; led && r.beats(&c) {
			r.lead(&c)
		}
		if want := tt.bid >= 5; r.ties != tt.ties || (r.best.tie == 8) != want {
			t.Errorf("asked %d, bid %d: %d ties, leads %v; want %d, %v", tt.asked, tt.bid, r.ties, r.best.tie == 8, tt.ties, want)
		}
	}
}

// TestFixedPrices lets those win of equal bids to which the impression is worth more, and
// of these the one that the seed likes.
func TestFixedPrices(t *testing.T) {
	r := race{}
	for _, c := range []candidate{
		{line: 1, amount: 5, own: 6, tie: 9},
		{line: 2, amount: 5, own: 8, tie: 1},
		{line: 3, amount: 5, own: 8, tie: 2},
		{line: 4, amount: 5, own: 7, tie: 9},
		{line: 5, amount: 4, own: 9, tie: 9},
		{line: 6, amount: 5, own: 8, tie: 1},
	} {
		if r.beats(&c) {
			r.lead(&c)
		} else {
			r.meet(&c)
		}
	}
	if r.best.line != 3 || r.ties != 2 {
		t.Errorf("line item %d leads, with %d ties; want 3, with 2", r.best.line, r.ties)
	}
	for _, tt := range []struct {
		own, fixed ad.Money
		want       bool
	}{{8, ad.MaxMoney, false}, {5, ad.MaxMoney, true}, {4, ad.MaxMoney, true}, {6, ad.MaxMoney, false}, {7, 5, true}, {8, 5, false}, {9, 4, true}, {9, 5, false}} {
		if got := r.best.above(tt.own, tt.fixed); got != tt.want {
			t.Errorf("%d, at most %d: above %v", tt.own, tt.fixed, got)
		}
	}
	if !r.over(5) || r.over(6) || !r.over(4) {
		t.Error("what can win is not what is worth more, or bids more")
	}
}
