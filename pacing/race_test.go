package pacing

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
)

// Many bid on the same few accounts at once while limits change and the sweep
// runs. Whatever the interleaving: what is spent is what was settled, nothing
// stays reserved, and no account is above its limit but by late spend.
func TestManyAtOnce(t *testing.T) {
	const bidders, bidsEach = 64, 400
	var registry Accounts
	book := NewBook(&registry, time.Hour)
	as := []*Account{registry.Get(1), registry.Get(2), registry.Get(3)}
	const total, daily = 60_000, 50_000
	limits := func() {
		as[0].SetLimits(total, 0, nil)
		as[1].SetLimits(0, daily, nil)
		as[2].SetLimits(2*total, 2*daily, time.UTC)
	}
	limits()

	var settled, accepted atomic.Int64
	var bidding, beside sync.WaitGroup
	stop := make(chan struct{})
	aside := func(fn func()) {
		beside.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					fn()
				}
			}
		})
	}
	aside(func() {
		as[0].SetLimits(total/2, 0, nil)
		limits()
	})
	aside(func() {
		book.Expire(noon.Add(time.Minute))
		for _, f := range registry.Figures(noon) {
			if f.Reserved < 0 || f.Today.Reserved < 0 {
				t.Errorf("negative figures: %+v", f)
			}
		}
	})
	for g := range bidders {
		bidding.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range bidsEach {
				bid := bidNumber(g*bidsEach + i)
				amount := ad.Money(1 + r.IntN(20))
				if book.Reserve(bid, as, amount, noon, time.Duration(r.IntN(120))*time.Second) != ad.OK {
					continue
				}
				accepted.Add(1)
				price := amount - ad.Money(r.IntN(int(amount)))
				for range r.IntN(4) {
					if r.IntN(3) == 0 {
						book.Release(bid)
						continue
					}
					if book.Settle(bid, as, price, noon, noon) == ad.OK {
						settled.Add(int64(price))
					}
				}
			}
		})
	}
	bidding.Wait()
	close(stop)
	beside.Wait()
	book.Expire(noon.Add(time.Hour))

	if accepted.Load() == 0 || settled.Load() == 0 {
		t.Fatal("nothing was bid")
	}
	stats := book.Stats()
	if stats.Open != 0 || stats.Reserved != uint64(accepted.Load()) {
		t.Errorf("got %d open and %d reserved, want 0 and %d", stats.Open, stats.Reserved, accepted.Load())
	}
	for i, a := range as {
		f := a.Figures(noon)
		if f.Confirmed != ad.Money(settled.Load()) || f.Reserved != 0 || f.Late != stats.LateSpend {
			t.Errorf("account %d: got %+v, want %d confirmed, 0 reserved, %d late", i, f, settled.Load(), stats.LateSpend)
		}
		if f.Today.Confirmed != f.Confirmed || f.Today.Reserved != 0 {
			t.Errorf("account %d: got %+v for the day, want the same", i, f.Today)
		}
		limit := []ad.Money{total, daily, 2 * daily}[i]
		if f.Confirmed > limit+f.Late {
			t.Errorf("account %d: %d confirmed is above %d + %d late", i, f.Confirmed, limit, f.Late)
		}
	}
}

// Every bidder wants the last of the budget; the accepted bids fill it exactly.
func TestTheLastOfTheBudget(t *testing.T) {
	for range 50 {
		var registry Accounts
		book := NewBook(&registry, time.Hour)
		a := registry.Get(1)
		a.SetLimits(1000, 100, nil)
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for g := range 64 {
			wg.Go(func() {
				for i := range 10 {
					if book.Reserve(bidNumber(g*10+i), []*Account{a}, 3, noon, time.Minute) == ad.OK {
						accepted.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if got := accepted.Load(); got != 33 {
			t.Fatalf("accepted %d bids, want 33", got)
		}
	}
}
