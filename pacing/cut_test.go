package pacing

import (
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
)

func TestCut(t *testing.T) {
	for _, tt := range []struct{ bid, room, want ad.Money }{
		{100, 1000, 100},
		{100, 100, 100},
		{100, 99, 99},
		{100, 10, 10},
		{100, 9, 0},
		{100, 0, 0},
		{100, -5, 0},
		{3, 1, 1},
		{0, 0, 0},
		{ad.MaxMoney, ad.MaxMoney - 1, ad.MaxMoney - 1},
	} {
		if got := Cut(tt.bid, tt.room); got != tt.want {
			t.Errorf("a bid of %d with room for %d: got %d, want %d", tt.bid, tt.room, got, tt.want)
		}
	}
}

func TestCutAlwaysFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bid := ad.Money(rapid.Int64Range(0, int64(ad.MaxMoney)).Draw(t, "bid"))
		room := ad.Money(rapid.Int64Range(-1000, int64(ad.MaxMoney)).Draw(t, "room"))
		got := Cut(bid, room)
		if got < 0 || got > bid || got > max(0, room) {
			t.Fatalf("a bid of %d with room for %d became %d", bid, room, got)
		}
	})
}
