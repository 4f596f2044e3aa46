package pacing

import (
	"encoding/binary"
	"testing"
	"time"

	"bidwell/ad"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func bidNumber(i int) (b ad.BidID) {
	binary.BigEndian.PutUint64(b[8:], uint64(i)+1)
	b[shardByte] = byte(i)
	return b
}

// newAccounts returns a book and accounts with the given limits in total.
func newAccounts(limits ...ad.Money) (*Book, []*Account) {
	accounts := new(Accounts)
	var list []*Account
	for i, l := range limits {
		a := accounts.Get(ad.ID(i + 1))
		a.SetLimits(l, 0, nil)
		list = append(list, a)
	}
	return NewBook(accounts, time.Hour), list
}

func wantReason(t *testing.T, what string, got, want ad.Reason) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantFigures(t *testing.T, a *Account, confirmed, reserved, late ad.Money) {
	t.Helper()
	f := a.Figures(noon)
	if f.Confirmed != confirmed || f.Reserved != reserved || f.Late != late {
		t.Errorf("account %d: got confirmed %d, reserved %d, late %d, want %d, %d, %d",
			f.ID, f.Confirmed, f.Reserved, f.Late, confirmed, reserved, late)
	}
}

func TestReserveSettleRelease(t *testing.T) {
	book, as := newAccounts(100)
	a := as[0]
	wantReason(t, "the whole limit", book.Reserve(bidNumber(1), as, 60, noon, time.Minute), ad.OK)
	wantReason(t, "more than is left", book.Reserve(bidNumber(2), as, 41, noon, time.Minute), ad.BudgetSpent)
	wantReason(t, "just what is left", book.Reserve(bidNumber(3), as, 40, noon, time.Minute), ad.OK)
	wantReason(t, "open", a.Open(noon), ad.BudgetSpent)
	wantFigures(t, a, 0, 100, 0)

	wantReason(t, "a price above the bid", book.Settle(bidNumber(1), as, 61, noon, noon), ad.PriceAboveBid)
	wantReason(t, "a negative price", book.Settle(bidNumber(1), as, -1, noon, noon), ad.PriceInvalid)
	wantFigures(t, a, 0, 100, 0)
	wantReason(t, "the clearing price", book.Settle(bidNumber(1), as, 50, noon, noon), ad.OK)
	wantReason(t, "the notice again", book.Settle(bidNumber(1), as, 50, noon, noon), ad.NoticeReplayed)
	wantReason(t, "a loss after the billing", book.Release(bidNumber(1)), ad.NoticeReplayed)
	wantFigures(t, a, 50, 40, 0)

	wantReason(t, "a loss", book.Release(bidNumber(3)), ad.OK)
	wantReason(t, "the loss again", book.Release(bidNumber(3)), ad.NoticeReplayed)
	wantFigures(t, a, 50, 0, 0)
	wantReason(t, "a billing after the loss", book.Settle(bidNumber(3), as, 40, noon, noon), ad.OK)
	wantReason(t, "that billing again", book.Settle(bidNumber(3), as, 40, noon, noon), ad.NoticeReplayed)
	wantFigures(t, a, 90, 0, 40)
	if got := a.Headroom(noon); got != 10 {
		t.Errorf("headroom: got %d, want 10", got)
	}
}

func TestStrictestAccountWins(t *testing.T) {
	book, as := newAccounts(0, 100, 30)
	wantReason(t, "within all", book.Reserve(bidNumber(1), as, 30, noon, time.Minute), ad.OK)
	wantReason(t, "above the last", book.Reserve(bidNumber(2), as, 1, noon, time.Minute), ad.BudgetSpent)
	for _, a := range as {
		wantFigures(t, a, 0, 30, 0)
	}
	wantReason(t, "without the last", book.Reserve(bidNumber(3), as[:2], 70, noon, time.Minute), ad.OK)
	wantReason(t, "settled", book.Settle(bidNumber(1), as, 10, noon, noon), ad.OK)
	wantFigures(t, as[0], 10, 70, 0)
	wantFigures(t, as[1], 10, 70, 0)
	wantFigures(t, as[2], 10, 0, 0)
}

func TestDailyRefusalHoldsNothingInTotal(t *testing.T) {
	book, as := newAccounts(100)
	as[0].SetLimits(100, 10, nil)
	wantReason(t, "above the day's", book.Reserve(bidNumber(1), as, 11, noon, time.Minute), ad.DailyBudgetSpent)
	wantFigures(t, as[0], 0, 0, 0)
	if got := as[0].Headroom(noon); got != 10 {
		t.Errorf("headroom: got %d, want 10", got)
	}
}

func TestRefusedArguments(t *testing.T) {
	book, as := newAccounts(100)
	wantReason(t, "a negative bid", book.Reserve(bidNumber(1), as, -1, noon, time.Minute), ad.PriceInvalid)
	wantReason(t, "an absurd bid", book.Reserve(bidNumber(1), as, ad.MaxMoney, noon, time.Minute), ad.PriceInvalid)
	wantReason(t, "an absurd price", book.Settle(bidNumber(1), as, ad.MaxMoney, noon, noon), ad.PriceInvalid)
	wantReason(t, "a bid", book.Reserve(bidNumber(1), as, 10, noon, time.Minute), ad.OK)
	wantReason(t, "the same bid", book.Reserve(bidNumber(1), as, 10, noon, time.Minute), ad.NoticeReplayed)
	wantFigures(t, as[0], 0, 10, 0)
}

func TestLimitsChange(t *testing.T) {
	book, as := newAccounts(100)
	a := as[0]
	book.Reserve(bidNumber(1), as, 80, noon, time.Minute)
	a.SetLimits(50, 0, nil)
	wantReason(t, "lower than reserved", a.Open(noon), ad.BudgetSpent)
	wantReason(t, "a free bid", book.Reserve(bidNumber(2), as, 1, noon, time.Minute), ad.BudgetSpent)
	if got := a.Headroom(noon); got != 0 {
		t.Errorf("headroom: got %d, want 0", got)
	}
	wantReason(t, "settled all the same", book.Settle(bidNumber(1), as, 80, noon, noon), ad.OK)
	a.SetLimits(0, 0, nil)
	wantReason(t, "no limit", book.Reserve(bidNumber(3), as, ad.Unit, noon, time.Minute), ad.OK)
}

// TestExpireWaitsForAllOfTheWindow reserves late in a second: the reservation is held
// until its window is over, not only until the second is.
func TestExpireWaitsForAllOfTheWindow(t *testing.T) {
	book, as := newAccounts(100)
	at := noon.Add(930 * time.Millisecond)
	wantReason(t, "reserve", book.Reserve(bidNumber(1), as, 60, at, 2*time.Second), ad.OK)
	book.Recover(as[0], as[0].Day(at.Unix()), 40, at.Add(2*time.Second))
	for _, within := range []time.Duration{1100 * time.Millisecond, 1999 * time.Millisecond} {
		if n := book.Expire(at.Add(within)); n != 0 {
			t.Errorf("%d freed %v into a window of 2 s", n, within)
		}
	}
	if n := book.Expire(at.Add(3 * time.Second)); n != 2 {
		t.Errorf("%d freed after the window, want 2", n)
	}
}

func TestExpire(t *testing.T) {
	book, as := newAccounts(0)
	windows := []time.Duration{0, time.Second, 90 * time.Second, 2 * time.Hour}
	for i, w := range windows {
		book.Reserve(bidNumber(i), as, 1, noon, w)
	}
	f := func(after time.Duration, freed, left int) {
		t.Helper()
		if got := book.Expire(noon.Add(after)); got != freed {
			t.Errorf("after %v: freed %d, want %d", after, got, freed)
		}
		if got := book.Stats().Open; got != left {
			t.Errorf("after %v: %d are open, want %d", after, got, left)
		}
	}
	f(0, 0, 4)
	f(time.Second, 2, 2)
	f(89*time.Second, 0, 2)
	f(90*time.Second, 1, 1)
	f(7199*time.Second, 0, 1)
	f(7200*time.Second, 1, 0)
	wantFigures(t, as[0], 0, 0, 0)
	wantReason(t, "a billing after expiry", book.Settle(bidNumber(2), as, 1, noon, noon.Add(time.Minute)), ad.OK)
	wantFigures(t, as[0], 1, 0, 1)
}

func TestClockPutBackDelaysNoExpiry(t *testing.T) {
	book, as := newAccounts(0)
	book.Expire(noon.Add(24 * time.Hour))
	book.Expire(noon)
	book.Reserve(bidNumber(1), as, 1, noon, time.Minute)
	if got := book.Expire(noon.Add(time.Minute)); got != 1 {
		t.Errorf("freed %d, want 1", got)
	}
	// Reserved while the last sweep was ahead of the clock.
	book.Expire(noon.Add(time.Hour))
	book.Reserve(bidNumber(2), as, 1, noon.Add(2*time.Minute), time.Minute)
	if got := book.Expire(noon.Add(time.Hour + time.Second)); got != 1 {
		t.Errorf("freed %d, want 1", got)
	}
}

func TestSettledBidsAreForgottenAfterTheirLifetime(t *testing.T) {
	book, as := newAccounts(0) // lifetime: an hour
	for i := range 1000 {
		book.Settle(bidNumber(i), as, 1, noon, noon)
	}
	late := noon.Add(time.Hour)
	book.Expire(late)
	wantReason(t, "at the end of the lifetime", book.Settle(bidNumber(7), as, 1, noon, late), ad.NoticeReplayed)
	wantReason(t, "after it", book.Settle(bidNumber(7), as, 1, noon, late.Add(time.Second)), ad.TokenExpired)
	book.Expire(noon.Add(2 * time.Hour))
	if got := book.Stats().Known; got != 0 {
		t.Errorf("%d bids are remembered, want 0", got)
	}
	wantReason(t, "the clock put back", book.Settle(bidNumber(7), as, 1, noon, noon), ad.TokenExpired)
	after := noon.Add(20 * time.Minute)
	wantReason(t, "a new bid after the clock was put back", book.Settle(bidNumber(5000), as, 1, after, after), ad.OK)
	wantFigures(t, as[0], 1001, 0, 1001)
}

func TestStats(t *testing.T) {
	book, as := newAccounts(0)
	for i := range 4 {
		book.Reserve(bidNumber(i), as, 10, noon, time.Minute)
	}
	book.Settle(bidNumber(0), as, 11, noon, noon)
	book.Settle(bidNumber(0), as, 9, noon, noon)
	book.Settle(bidNumber(0), as, 9, noon, noon)
	book.Release(bidNumber(1))
	book.Settle(bidNumber(1), as, 8, noon, noon)
	book.Expire(noon.Add(time.Minute))
	want := Stats{Known: 2, Reserved: 4, Settled: 2, Released: 1, Expired: 2, Replayed: 1, TooHigh: 1, Late: 1, LateSpend: 8}
	if got := book.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAccountsOutliveConfigurations(t *testing.T) {
	var accounts Accounts
	a := accounts.Get(7)
	if accounts.Get(7) != a {
		t.Error("the same id gave another account")
	}
	for i := range 100 {
		accounts.Get(ad.ID(100 + i))
	}
	fs := accounts.Figures(noon)
	if a.ID() != 7 || len(fs) != 101 || fs[0].ID != 7 || fs[100].ID != 199 {
		t.Errorf("got %d figures, want 101, in the order of their opening", len(fs))
	}
}

func TestAReservationHasFewAccounts(t *testing.T) {
	book, as := newAccounts(0, 0, 0, 0, 0)
	wantReason(t, "as many as may be", book.Reserve(bidNumber(1), as[:MaxAccounts], 1, noon, time.Minute), ad.OK)
	defer func() {
		if recover() == nil {
			t.Error("one account too many went unnoticed")
		}
	}()
	book.Reserve(bidNumber(2), as, 1, noon, time.Minute)
}
