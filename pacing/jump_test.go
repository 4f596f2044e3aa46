package pacing

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// TestClockJumpsKeepTheDay: whoever was told for a while that it is another day,
// or another year, still knows what was spent today.
func TestClockJumpsKeepTheDay(t *testing.T) {
	var accounts Accounts
	book := NewBook(&accounts, time.Hour)
	a := accounts.Get(1)
	a.SetLimits(0, 100, zone(t, "Europe/Berlin"))
	list := []*Account{a}
	wantReason(t, "a bid", book.Reserve(bidNumber(0), list, 60, noon, time.Minute), ad.OK)
	wantReason(t, "its notice", book.Settle(bidNumber(0), list, 60, noon, noon), ad.OK)
	for i, jump := range []time.Duration{-time.Hour, 36 * time.Hour, -36 * time.Hour, 9000 * time.Hour, -9000 * time.Hour, 400_000 * time.Hour} {
		there := noon.Add(jump)
		book.Expire(there)
		book.Reserve(bidNumber(i+1), list, 40, there, time.Minute)
		wantReason(t, "a loss", book.Release(bidNumber(i+1)), ad.OK)
		book.Expire(noon)
		if got := a.Headroom(noon); got != 40 {
			t.Errorf("after a jump by %v and back %d is left today, want 40", jump, got)
		}
	}
}

// TestClockJumps lets the clock jump anywhere between bids and notices. No more
// is spent than the limit and what is counted as late, what is reserved is never
// negative, and nothing stays reserved for ever.
func TestClockJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit, day, window = 1000, 24 * time.Hour, time.Minute
		book, list := newAccounts(limit)
		now, last := noon, noon
		made := map[int]time.Time{}
		check := func() {
			f := list[0].Figures(now)
			if f.Reserved < 0 || f.Today.Reserved < 0 || f.Confirmed > limit+f.Late {
				t.Fatalf("the account has %+v", f)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"bid": func(t *rapid.T) {
				n := len(made)
				made[n] = now
				book.Reserve(bidNumber(n), list, ad.Money(rapid.IntRange(1, 300).Draw(t, "amount")), now, window)
			},
			"notice": func(t *rapid.T) {
				n := rapid.IntRange(0, len(made)).Draw(t, "bid")
				if rapid.Bool().Draw(t, "lost") {
					book.Release(bidNumber(n))
					return
				}
				book.Settle(bidNumber(n), list, ad.Money(rapid.IntRange(0, 300).Draw(t, "price")), made[n], now)
			},
			"pass": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second) },
			"jump": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(-40, 40).Draw(t, "days")) * day) },
			"tick": func(*rapid.T) {
				book.Expire(now)
				if last.Before(now) {
					last = now
				}
			},
		})
		for _, at := range made {
			if last.Before(at) {
				last = at
			}
		}
		book.Expire(last.Add(2 * window))
		check()
		if f := list[0].Figures(now); f.Reserved != 0 || book.Stats().Open != 0 {
			t.Fatalf("when every window is over, %d is reserved for %d bids", f.Reserved, book.Stats().Open)
		}
	})
}
