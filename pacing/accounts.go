package pacing

import (
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// Accounts is the registry of all accounts. It outlives every configuration:
// what a new one no longer names keeps its figures, and its notices are still
// charged. The zero value is ready for use.
type Accounts struct {
	mu   sync.RWMutex
	byID map[ad.ID]*Account
	all  atomic.Pointer[[]*Account] // by ref; only ever appended to

	leases leases
}

// Get returns the account of that id, and opens it, without limits, if it is
// new. It takes a read lock: a configuration keeps the pointers that it bids
// with.
func (as *Accounts) Get(id ad.ID) *Account {
	as.mu.RLock()
	a := as.byID[id]
	as.mu.RUnlock()
	if a != nil {
		return a
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	if a := as.byID[id]; a != nil {
		return a
	}
	if as.byID == nil {
		as.byID = make(map[ad.ID]*Account)
	}
	list := as.list()
	a = newAccount(id, uint32(len(list)))
	if as.leases.wake != nil {
		a.lease.amount, a.lease.of = 0, &as.leases
	}
	list = append(list, a)
	as.byID[id] = a
	as.all.Store(&list)
	return a
}

func (as *Accounts) list() []*Account {
	if p := as.all.Load(); p != nil {
		return *p
	}
	return nil
}

// Figures returns the figures of every account, in the order in which the
// accounts were opened.
func (as *Accounts) Figures(now time.Time) []Figures {
	list := as.list()
	fs := make([]Figures, len(list))
	for i, a := range list {
		fs[i] = a.Figures(now)
	}
	return fs
}

// Figures is one account at one moment, in the house currency.
type Figures struct {
	ID        ad.ID
	Limit     ad.Money // 0 if there is none
	Confirmed ad.Money // settled, what the exchanges charge
	Reserved  ad.Money // promised in bids that are not decided
	Open      int64    // how many bids these are; those of earlier processes count as one
	Late      ad.Money // the part of Confirmed for which nothing was reserved any more
	Today     DayFigures
}

// DayFigures is one account on one day of its time zone. Bids count on the day
// on which they were made, whenever they are settled.
type DayFigures struct {
	Number    int32 // days since 1970-01-01
	Limit     ad.Money
	Confirmed ad.Money
	Reserved  ad.Money
}

// Figures returns the account's figures. Each is exact; they are read one after
// the other, so a settlement at the same moment may show in some and not yet in
// others. None is ever negative.
func (a *Account) Figures(now time.Time) Figures {
	a.mu.Lock()
	defer a.mu.Unlock()
	number, _, _ := dayIn(a.loc, now.Unix())
	f := Figures{
		ID: a.id, Limit: shownLimit(a.limit), Confirmed: ad.Money(a.past), Late: ad.Money(a.late),
		Today: DayFigures{Number: number, Limit: shownLimit(a.daily)},
	}
	total, today := a.covered(number)
	f.Open = int64(len(a.covers))
	f.Reserved, f.Today.Reserved = ad.Money(total), ad.Money(today)
	for _, d := range a.days {
		confirmed := d.confirmed.Load()
		reserved := ad.Money(max(0, d.held.Load()-confirmed))
		f.Confirmed += ad.Money(confirmed + d.charged)
		f.Reserved += reserved
		f.Open += int64(d.open.Load())
		if d.number == number {
			f.Today.Confirmed = ad.Money(confirmed + d.charged)
			f.Today.Reserved += reserved
		}
	}
	return f
}

func shownLimit(limit int64) ad.Money {
	if limit == unlimited {
		return 0
	}
	return ad.Money(limit)
}
