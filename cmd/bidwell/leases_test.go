package main

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/pacing"
)

// books is what a process keeps of money: the ledger, the accounts and the leases, as
// Main puts them together.
type books struct {
	*leases
	campaign.Books
	money *pacing.Book
	line  *pacing.Account
	shown *pacing.Account
}

const (
	budget    = ad.Money(5_000_000)
	mostShown = 400
	window    = time.Hour
)

// openBooks starts a process on a disk.
func openBooks(t *testing.T, fs vfs.FS, now time.Time) *books {
	t.Helper()
	l, err := ledger.Open(ledger.Config{FS: fs, Dir: "ledger", Lifetime: 2 * window})
	if err != nil {
		t.Fatal(err)
	}
	b := &books{Books: campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts)}}
	b.money = pacing.NewBook(b.Money, 2*window)
	b.leases = newLeases(l, &b.Books, b.money, pacing.NewBook(b.Counts, 2*window))
	b.line, b.shown = b.Money.Get(1), b.Counts.Get(1)
	b.line.SetLimits(budget, 0, nil)
	b.shown.SetLimits(mostShown, 0, nil)
	err = l.Accounts(func(a *ledger.Account) error {
		b.Money.Get(a.ID).Restore(a.Total.Spend)
		b.Counts.Get(a.ID).Restore(ad.Money(a.Total.Impressions))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.recover(now); err != nil {
		t.Fatal(err)
	}
	b.leases.window = window
	if err := b.renew(now, false); err != nil {
		t.Fatal(err)
	}
	return b
}

// bid reserves on both accounts, and asks for a lease as the process does, until the
// budget is spent.
func (b *books) bid(t *testing.T, id ad.BidID, amount ad.Money, now time.Time) ad.Reason {
	for {
		why := b.money.Reserve(id, []*pacing.Account{b.line}, amount, now, window)
		if why == ad.OK {
			if why = b.units[1].book.Reserve(id, []*pacing.Account{b.shown}, 1, now, window); why != ad.OK {
				b.money.Release(id)
			}
		}
		if why != ad.NotDurable {
			return why
		}
		if err := b.renew(now, false); err != nil {
			t.Error(err)
			return why
		}
	}
}

// stop ends the process in an orderly way.
func (b *books) stop(t *testing.T, now time.Time) {
	t.Helper()
	if err := errors.Join(b.end(now), b.ledger.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestKilledWhileBidding copies the disk, without what was not synced, at moments at
// which several bid. What was bid before is reserved in every process that starts from
// the copy, until its notices are no longer awaited, however often one starts.
func TestKilledWhileBidding(t *testing.T) {
	now := time.Now()
	for round := range 20 {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		fs := disktest.New()
		b := openBooks(t, fs, now)
		killAt := ad.Money(1 + rng.IntN(250))
		var mu sync.Mutex
		var disk disktest.Disk
		var sent, bids, held ad.Money
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				amounts := rand.New(rand.NewPCG(uint64(round), uint64(g)))
				for i, killed := 0, false; !killed; i++ {
					amount := ad.Money(1 + amounts.IntN(30_000))
					at := now.Add(time.Duration(i) * 20 * time.Millisecond)
					if why := b.bid(t, ad.BidID{byte(g), byte(i), byte(i >> 8)}, amount, at); why != ad.OK {
						return
					}
					mu.Lock()
					sent, bids = sent+amount, bids+1
					if bids == killAt {
						disk, held = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100 * (round % 2), RNG: rng}), sent
					}
					killed = disk.MemFS != nil
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		b.stop(t, now.Add(time.Minute))
		if disk.MemFS == nil {
			t.Fatalf("only %d bids were made, it was to be killed at %d", bids, killAt)
		}
		for _, after := range []time.Duration{0, window / 2, window} {
			b = openBooks(t, disk, now.Add(after))
			if f := b.line.Figures(now); f.Reserved < held || f.Reserved > budget {
				t.Errorf("%v after the kill %d is reserved, want at least the %d that was bid and at most the budget of %d", after, f.Reserved, held, budget)
			}
			if f := b.shown.Figures(now); f.Reserved < killAt || f.Reserved > mostShown {
				t.Errorf("%v after the kill %d impressions are reserved, want %d to %d", after, f.Reserved, killAt, mostShown)
			}
			b.stop(t, now.Add(after))
		}
		b = openBooks(t, disk, now.Add(window+time.Minute))
		if money, shown := b.line.Figures(now).Reserved, b.shown.Figures(now).Reserved; money != 0 || shown != 0 {
			t.Errorf("%d and %d impressions stay reserved when no notice can come any more", money, shown)
		}
		b.stop(t, now.Add(window+time.Minute))
	}
}

// TestStoppedWhileBidding stops the process as it should be: exactly what was bid is
// reserved in the next.
func TestStoppedWhileBidding(t *testing.T) {
	now, fs := time.Now(), vfs.NewMem()
	b := openBooks(t, fs, now)
	for i := range 3 {
		if why := b.bid(t, ad.BidID{byte(i)}, 1000, now); why != ad.OK {
			t.Fatalf("bid %d: %v", i, why)
		}
	}
	b.stop(t, now)
	if why := b.money.Reserve(ad.BidID{9}, []*pacing.Account{b.line}, 1, now, window); why != ad.NotDurable {
		t.Errorf("a bid after the end: got %v, want %v", why, ad.NotDurable)
	}
	b = openBooks(t, fs, now)
	if money, shown := b.line.Figures(now).Reserved, b.shown.Figures(now).Reserved; money != 3000 || shown != 3 {
		t.Errorf("got %d and %d impressions, want the 3000 and 3 that were bid", money, shown)
	}
	b.stop(t, now)
}

// TestLeaseEnds says that bidding ends by itself when leases are not renewed.
func TestLeaseEnds(t *testing.T) {
	now := time.Now()
	b := openBooks(t, vfs.NewMem(), now)
	reserve := func(id byte, at time.Time) ad.Reason {
		return b.money.Reserve(ad.BidID{id}, []*pacing.Account{b.line}, 1, at, window)
	}
	if why := reserve(1, now.Add(leaseAhead-time.Second)); why != ad.OK {
		t.Errorf("before the end: got %v, want %v", why, ad.OK)
	}
	later := now.Add(leaseAhead)
	if why := reserve(2, later); why != ad.NotDurable {
		t.Errorf("at the end: got %v, want %v", why, ad.NotDurable)
	}
	if err := b.renew(later, false); err != nil {
		t.Fatal(err)
	}
	if why := reserve(3, later); why != ad.OK {
		t.Errorf("renewed: got %v, want %v", why, ad.OK)
	}
	b.stop(t, later)
}
