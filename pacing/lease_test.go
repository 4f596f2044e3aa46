package pacing

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// A crashing process: what follows is the world around it, which it does not know,
// and what of it is on disk, which is all that the next process knows.

const leaseWindow = 600 * time.Second // the longest that an exchange has for its notices

type world struct {
	now      time.Time
	accounts []worldAccount
	bids     []*worldBid // that were sent

	// On disk.
	terms map[int]*worldTerm
	spend map[ad.ID]map[int32]ad.Money // by account and day

	registry *Accounts
	book     *Book
	term     int
	due      *worldTerm // that is to be saved
	saved    *worldTerm // that is, and is to be granted
}

type worldAccount struct{ total, daily ad.Money }

type worldBid struct {
	id       ad.BidID
	accounts []int
	amount   ad.Money
	made     time.Time
	ends     time.Time // of its window
	lost     bool      // so it was said
	billed   bool
	price    ad.Money
	late     bool // billed after its window, or after it was said to be lost
}

type worldTerm struct {
	from, until, notices int64
	leases               map[ad.ID]ad.Money
}

func newWorld(accounts int) *world {
	w := &world{now: noon, accounts: make([]worldAccount, accounts), terms: map[int]*worldTerm{}, spend: map[ad.ID]map[int32]ad.Money{}}
	w.start()
	return w
}

// start makes a process of what is on disk.
func (w *world) start() {
	w.registry = new(Accounts)
	w.registry.Lease(5, 50)
	w.book = NewBook(w.registry, 24*time.Hour)
	w.book.Until(0)
	w.due, w.saved = nil, nil
	for i, a := range w.accounts {
		account := w.registry.Get(ad.ID(i + 1))
		account.SetLimits(a.total, a.daily, nil)
		for day, spend := range w.spend[account.ID()] {
			account.Restore(spend)
			account.RestoreDay(day, spend)
		}
	}
	for _, t := range w.terms {
		if t.notices <= w.now.Unix() {
			continue
		}
		for id, amount := range t.leases {
			w.book.RecoverLease(Lease{id, amount}, time.Unix(t.from, 0), time.Unix(t.until-1, 0), time.Unix(t.notices, 0))
		}
	}
	w.term++
}

// plan, save and grant are the steps of renewing leases. The process may be killed
// between any two of them.
func (w *world) plan(all bool) {
	t := &worldTerm{leases: map[ad.ID]ad.Money{}, from: w.now.Add(-leaseWindow).Unix(), until: w.now.Add(10 * time.Second).Unix()}
	t.notices = t.until + int64(leaseWindow/time.Second)
	for _, l := range w.registry.Due(nil, w.now, all) {
		t.leases[l.Account] = l.Amount
	}
	w.due = t
}

func (w *world) save() {
	if w.due == nil {
		return
	}
	w.keep(w.due)
	w.saved, w.due = w.due, nil
}

func (w *world) keep(t *worldTerm) {
	kept := &worldTerm{t.from, t.until, t.notices, map[ad.ID]ad.Money{}}
	if before := w.terms[w.term]; before != nil {
		kept.leases = before.leases
	}
	for id, amount := range t.leases {
		kept.leases[id] = amount
	}
	w.terms[w.term] = kept
}

func (w *world) grant() {
	if w.saved == nil {
		return
	}
	for id, amount := range w.saved.leases {
		w.registry.Grant([]Lease{{id, amount}})
	}
	w.book.Until(w.saved.until)
	w.saved = nil
}

func (w *world) renew(all bool) {
	w.plan(all)
	w.save()
	w.grant()
}

// stop is a clean end.
func (w *world) stop() {
	w.book.Until(0)
	delete(w.terms, w.term)
	t := &worldTerm{leases: map[ad.ID]ad.Money{}, from: w.now.Add(-leaseWindow).Unix(), until: w.now.Unix() + 1}
	t.notices = t.until + int64(leaseWindow/time.Second)
	for _, l := range w.registry.Reserved(nil) {
		t.leases[l.Account] = l.Amount
	}
	w.keep(t)
}

func (w *world) list(accounts []int) (list []*Account) {
	for _, i := range accounts {
		list = append(list, w.registry.Get(ad.ID(i+1)))
	}
	return list
}

// bill has the notice of a bid come: first to the disk, where it is told if it came
// before, then to the book, unless the process is killed in between.
func (w *world) bill(b *worldBid, price ad.Money, killed bool) {
	if b.billed {
		return
	}
	b.billed, b.price = true, price
	b.late = b.lost || !w.now.Before(b.ends)
	day := civil(b.made.UTC())
	for _, i := range b.accounts {
		id := ad.ID(i + 1)
		if w.spend[id] == nil {
			w.spend[id] = map[int32]ad.Money{}
		}
		w.spend[id][day] += price
	}
	if !killed {
		if why := w.book.Settle(b.id, w.list(b.accounts), price, b.made, w.now); why != ad.OK {
			w.book.Charge(w.list(b.accounts), price, b.made)
		}
	}
}

// owed returns what an account has spent and may still have to pay, in total and on
// one day, without what came late, and what did.
func (w *world) owed(account int, day int32) (total, today, late ad.Money) {
	for _, b := range w.bids {
		for _, i := range b.accounts {
			cost := b.amount
			switch {
			case i != account || !b.billed && (b.lost || !w.now.Before(b.ends)):
				continue
			case b.late:
				late += b.price
				continue
			case b.billed:
				cost = b.price
			}
			total += cost
			if civil(b.made.UTC()) == day {
				today += cost
			}
		}
	}
	return total, today, late
}

// TestNoUnheldBid runs random histories in which the process is killed again and
// again at any moment, also between a reservation and the next save, and holds every
// bid against what the world knows: with it, what is spent and may still be billed in
// time is within the limits.
func TestNoUnheldBid(t *testing.T) {
	accepted, crashes := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.IntRange(1, 4).Draw(t, "accounts"))
		limit := rapid.SampledFrom([]ad.Money{0, 30, 100, 400, 5000})
		reload := func(t *rapid.T) {
			for i := range w.accounts {
				w.accounts[i] = worldAccount{limit.Draw(t, "total"), limit.Draw(t, "daily")}
				w.registry.Get(ad.ID(i+1)).SetLimits(w.accounts[i].total, w.accounts[i].daily, nil)
			}
		}
		reload(t)
		some := func(t *rapid.T) *worldBid {
			if len(w.bids) == 0 {
				t.Skip("nothing was bid")
			}
			return rapid.SampledFrom(w.bids).Draw(t, "bid")
		}
		price := func(t *rapid.T, b *worldBid) ad.Money {
			return ad.Money(rapid.IntRange(1, int(b.amount)).Draw(t, "price"))
		}
		bid := func(t *rapid.T) {
			perm := rapid.Permutation(indexes(len(w.accounts))).Draw(t, "order")
			b := &worldBid{id: bidNumber(len(w.bids)), made: w.now, amount: ad.Money(rapid.IntRange(1, 60).Draw(t, "amount"))}
			b.accounts = perm[:rapid.IntRange(1, min(3, len(perm))).Draw(t, "touches")]
			window := time.Duration(rapid.IntRange(1, int(leaseWindow/time.Second)).Draw(t, "window")) * time.Second
			b.ends = b.made.Add(window)
			why := w.book.Reserve(b.id, w.list(b.accounts), b.amount, w.now, window)
			if why == ad.NotDurable && rapid.Bool().Draw(t, "answered") {
				w.renew(false)
				why = w.book.Reserve(b.id, w.list(b.accounts), b.amount, w.now, window)
			}
			if why != ad.OK {
				return
			}
			accepted++
			w.bids = append(w.bids, b)
			for _, i := range b.accounts {
				total, today, _ := w.owed(i, civil(w.now.UTC()))
				if _, _, late := w.owed(i, 0); w.accounts[i].total > 0 && total > w.accounts[i].total+late ||
					w.accounts[i].daily > 0 && today > w.accounts[i].daily+late {
					t.Fatalf("account %d of %+v was bid on up to %d, today %d; %d came late", i, w.accounts[i], total, today, late)
				}
			}
		}
		crash := func(t *rapid.T) {
			crashes++
			w.start()
		}
		t.Repeat(map[string]func(*rapid.T){
			"bid": bid,
			"bid often": func(t *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(t, "bids") {
					bid(t)
				}
			},
			"plan":  func(t *rapid.T) { w.plan(rapid.Bool().Draw(t, "all")) },
			"save":  func(*rapid.T) { w.save() },
			"grant": func(*rapid.T) { w.grant() },
			"renew": func(t *rapid.T) { w.renew(rapid.Bool().Draw(t, "all")) },
			"bill":  func(t *rapid.T) { b := some(t); w.bill(b, price(t, b), false) },
			"killed while billing": func(t *rapid.T) {
				b := some(t)
				w.bill(b, price(t, b), true)
				crash(t)
			},
			"lose": func(t *rapid.T) {
				b := some(t)
				b.lost = !b.billed
				w.book.Release(b.id)
			},
			"crash":  crash,
			"stop":   func(*rapid.T) { w.stop(); w.start() },
			"reload": reload,
			"pass time": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{1, 3, 29, 60, 599, 40_000}).Draw(t, "seconds")) * time.Second)
				w.book.Expire(w.now)
			},
			"wait for midnight": func(t *rapid.T) {
				w.now = w.now.Add(30 * time.Second).Truncate(24 * time.Hour).Add(24*time.Hour - 30*time.Second)
				w.book.Expire(w.now)
			},
		})
		w.now = w.now.Add(2 * leaseWindow)
		w.book.Expire(w.now)
		w.start()
		for i := range w.accounts {
			spent := ad.Money(0)
			for _, s := range w.spend[ad.ID(i+1)] {
				spent += s
			}
			if f := w.registry.Get(ad.ID(i + 1)).Figures(w.now); f.Confirmed != spent || f.Reserved != 0 {
				t.Fatalf("account %d: got %+v, want %d confirmed and nothing reserved when all windows are over", i, f, spent)
			}
		}
	})
	if accepted == 0 || crashes == 0 {
		t.Fatalf("%d bids and %d crashes prove nothing", accepted, crashes)
	}
	t.Logf("%d bids, %d crashes", accepted, crashes)
}

// leased returns an account that may reserve no more than is leased, and what renews
// that as if it were on disk.
func leased(total, daily ad.Money) (*Book, *Account, func(time.Time)) {
	registry := new(Accounts)
	registry.Lease(5, 50)
	a := registry.Get(1)
	a.SetLimits(total, daily, nil)
	return NewBook(registry, time.Hour), a, func(now time.Time) { registry.Grant(registry.Due(nil, now, false)) }
}

func TestNothingIsReservedWithoutALease(t *testing.T) {
	book, a, renew := leased(25_600, 0)
	list := []*Account{a}
	wantReason(t, "before the first", book.Reserve(bidNumber(1), list, 1, noon, time.Minute), ad.NotDurable)
	wantReason(t, "nor is it open", a.Open(noon), ad.NotDurable)
	renew(noon)
	wantReason(t, "all of it", book.Reserve(bidNumber(2), list, 100, noon, time.Minute), ad.OK)
	wantReason(t, "more", book.Reserve(bidNumber(3), list, 1, noon, time.Minute), ad.NotDurable)
	renew(noon.Add(time.Minute))
	wantReason(t, "renewed", book.Reserve(bidNumber(4), list, 1, noon, time.Minute), ad.OK)
	wantReason(t, "more than the budget", book.Reserve(bidNumber(5), list, 25_500, noon, time.Minute), ad.BudgetSpent)
	wantReason(t, "all of that", book.Reserve(bidNumber(6), list, 25_499, noon, time.Minute), ad.NotDurable)
	renew(noon.Add(2 * time.Minute))
	wantReason(t, "a large bid asked for its own", book.Reserve(bidNumber(7), list, 25_499, noon, time.Minute), ad.OK)
	wantFigures(t, a, 0, 25_600, 0)
}

// What is asked for at half of the lease is there before the other half is used.
func TestALeaseIsAskedForInTime(t *testing.T) {
	book, a, renew := leased(25_600, 0)
	renew(noon)
	for i := range 25_600 {
		now := noon.Add(time.Duration(i) * 10 * time.Millisecond)
		if why := book.Reserve(bidNumber(i), []*Account{a}, 1, now, time.Hour); why != ad.OK {
			t.Fatalf("bid %d: got %v", i, why)
		}
		select {
		case <-a.lease.of.wake:
			renew(now)
		default:
		}
	}
	if n := len(a.lease.of.asked); n != 0 {
		t.Errorf("%d accounts ask for more than there is", n)
	}
}

func TestALeaseIsLowered(t *testing.T) {
	registry := new(Accounts)
	registry.Lease(5, 50)
	a := registry.Get(1)
	a.SetLimits(25_600, 0, nil)
	book := NewBook(registry, time.Hour)
	a.ask(20_000)
	registry.Grant(registry.Due(nil, noon, false))
	book.Reserve(bidNumber(1), []*Account{a}, 20_000, noon, time.Minute)
	registry.Due(nil, noon, false) // it asked
	book.Expire(noon.Add(time.Minute))
	if due := registry.Due(nil, noon.Add(time.Minute), true); len(due) != 1 || due[0].Amount != 100 {
		t.Errorf("got %+v, want a lease of 100", due)
	}
	wantReason(t, "more than that", book.Reserve(bidNumber(2), []*Account{a}, 101, noon, time.Minute), ad.NotDurable)
}

// What is reserved for yesterday takes nothing from today's lease.
func TestLeaseAtMidnight(t *testing.T) {
	book, a, renew := leased(0, 100)
	midnight := noon.Add(12 * time.Hour)
	for i, now := range []time.Time{midnight.Add(-time.Second), midnight} {
		a.ask(100)
		renew(now)
		wantReason(t, "a day's budget", book.Reserve(bidNumber(i), []*Account{a}, 100, now, time.Hour), ad.OK)
		wantReason(t, "more", book.Reserve(bidNumber(9), []*Account{a}, 1, now, time.Hour), ad.DailyBudgetSpent)
	}
}

// Notices of bids of an earlier process are paid from what is held for them.
func TestCover(t *testing.T) {
	book, as := newAccounts(100)
	book.Recover(as[0], as[0].Day(noon.Unix()), 60, noon.Add(time.Minute))
	wantFigures(t, as[0], 0, 60, 0)
	wantReason(t, "within it", book.Settle(bidNumber(1), as, 50, noon, noon), ad.OK)
	wantFigures(t, as[0], 50, 10, 0)
	wantReason(t, "beyond it", book.Settle(bidNumber(2), as, 30, noon, noon), ad.OK)
	wantFigures(t, as[0], 80, 0, 20)
	if s := book.Stats(); s.Late != 1 || s.LateSpend != 20 {
		t.Errorf("got %+v, want 20 late in one", s)
	}
	book.Recover(as[0], as[0].Day(noon.Unix()), 5, noon.Add(time.Minute))
	if got := book.Expire(noon.Add(time.Minute)); got != 2 {
		t.Errorf("freed %d, want 2", got)
	}
	wantFigures(t, as[0], 80, 0, 20)
}
