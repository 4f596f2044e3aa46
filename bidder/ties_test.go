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
