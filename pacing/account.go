package pacing

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// unlimited is the limit of an account that has none.
const unlimited = math.MaxInt64

// Account is the money of one advertiser, campaign or line item, in the house
// currency. Accounts are made by [Accounts.Get] and live as long as the process,
// so that a reload never forgets what was spent.
//
// What bids change is one cache line, that of the current [day]: reserving and
// releasing are one addition each. The gates on that line say how high it may
// rise; they are derived from everything else that the account holds, and derived
// again, under the lock, whenever any of that changes.
type Account struct {
	id  ad.ID
	ref uint32 // place in the registry, what a reservation remembers
	now atomic.Pointer[period]

	lease lease

	_ [64]byte // what stands above does not change with every bid

	mu     sync.Mutex // guards what is below, and the gates of the days
	limit  int64      // unlimited if there is none
	daily  int64      // per day, unlimited if there is none
	loc    *time.Location
	days   []*day // at most keptDays, unless reservations hold more
	past   int64  // confirmed and on none of the days, less what only days hold
	late   int64
	covers []cover // reservations of processes that were stopped
}

func newAccount(id ad.ID, ref uint32) *Account {
	return &Account{id: id, ref: ref, loc: time.UTC, limit: unlimited, daily: unlimited, lease: lease{amount: unlimited}}
}

// ID returns the id of the advertiser, campaign or line item.
func (a *Account) ID() ad.ID { return a.id }

// SetLimits changes the limits at once; zero or less stands for no limit. A day
// begins at midnight in loc, UTC if loc is nil. Spending goes on from where it
// is: a limit that is below it closes the account, a higher one opens it again.
func (a *Account) SetLimits(total, daily ad.Money, loc *time.Location) {
	if loc == nil {
		loc = time.UTC
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.daily = limitOf(total), limitOf(daily)
	if a.loc.String() != loc.String() {
		a.loc = loc
		a.leaveDay()
	}
	a.derive()
	if a.lease.amount == 0 {
		a.ask(0)
	}
}

func limitOf(m ad.Money) int64 {
	if m <= 0 {
		return unlimited
	}
	return int64(m)
}

// Open says whether anything is left to reserve: OK, BudgetSpent or
// DailyBudgetSpent, or NotDurable as Reserve does. It takes no lock and reserves
// nothing, so a later Reserve may still be refused.
func (a *Account) Open(now time.Time) ad.Reason { return a.Admits(1, now) }

// Admits says what Reserve would answer for this account alone, without reserving
// anything.
func (a *Account) Admits(amount ad.Money, now time.Time) ad.Reason {
	d := a.dayAt(now.Unix()).day
	why := d.admits(d.held.Load() + int64(amount))
	if why == ad.NotDurable {
		a.ask(int64(amount))
	}
	return why
}

// Headroom returns the largest bid that the limits leave room for now, zero if
// the account is closed. It takes no lock and reserves nothing.
func (a *Account) Headroom(now time.Time) ad.Money {
	d := a.dayAt(now.Unix()).day
	return ad.Money(max(0, min(d.total.Load(), d.daily.Load())-d.held.Load()))
}

// hold reserves amount in total and on the day of unix, or nothing at all. It
// returns the number of the day, with which free and settle are called later. A
// single addition measured a fifth faster than compare-and-swap with two cores on
// one account. Amounts are at most maxBid, so that the sum cannot overflow.
func (a *Account) hold(amount, unix int64) (int32, ad.Reason) {
	for {
		p := a.dayAt(unix)
		d := p.day
		held := d.held.Add(amount)
		if held <= d.total.Load() && held <= d.daily.Load() && held-d.confirmed.Load() <= d.ease.Load() {
			d.open.Add(1)
			return p.number, ad.OK
		}
		if d.total.Load() == closed { // another day has begun meanwhile
			d.held.Add(-amount)
			a.deriveAnew()
			continue
		}
		why := d.admits(held)
		if why != ad.OK {
			d.held.Add(-amount)
		} else {
			d.open.Add(1)
		}
		if why == ad.OK || why == ad.NotDurable {
			a.ask(amount)
		}
		return p.number, why
	}
}

// free gives back what hold took on that day.
func (a *Account) free(amount int64, number int32) {
	if p := a.now.Load(); p != nil && p.number == number {
		p.day.open.Add(-1)
		p.day.held.Add(-amount)
		if p.day.total.Load() != closed {
			return
		}
		a.deriveAnew()
		return
	}
	a.settleEarlier(amount, 0, number)
}

// settle turns a reserved amount into a confirmed price that is not above it.
// Confirmed rises before held falls: at no moment is a gate too wide.
func (a *Account) settle(amount, price int64, number int32) {
	if p := a.now.Load(); p != nil && p.number == number {
		p.day.open.Add(-1)
		p.day.confirmed.Add(price)
		p.day.held.Add(price - amount)
		if p.day.total.Load() != closed {
			return
		}
		a.deriveAnew()
		return
	}
	a.settleEarlier(amount, price, number)
}

// settleEarlier settles on a day that is not the current one.
func (a *Account) settleEarlier(amount, price int64, number int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d := a.findDay(number); d != nil {
		d.open.Add(-1)
		d.confirmed.Add(price)
		d.held.Add(price - amount)
	}
	a.derive()
}

// charge confirms a price for which this process holds no reservation, on the day
// of the bid. It asks no limit. What was reserved by a process before this one may
// cover it; what nothing covers is late, and is returned.
func (a *Account) charge(price, unix int64) (late int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number, _, _ := dayIn(a.loc, unix)
	a.openDay(number).charged += price
	late = price - a.drawCover(price)
	a.late += late
	a.derive()
	return late
}

func (a *Account) deriveAnew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.derive()
}

// derive sets the gates of the current day from what else the account holds. It
// is called with a.mu held, after whatever changed.
func (a *Account) derive() {
	p := a.now.Load()
	if p == nil {
		return
	}
	spent, reserved := a.past, int64(0) // of other days, and of this one without reservation
	for _, d := range a.days {
		spent += d.charged
		if d != p.day {
			confirmed, held := d.confirmed.Load(), d.held.Load()
			spent += confirmed
			reserved += held - confirmed
		}
	}
	covered, today := a.covered(p.number)
	p.day.total.Store(less(a.limit, spent+reserved+covered))
	p.day.daily.Store(less(a.daily, p.day.charged+today))
	p.day.lease.Store(less(a.lease.amount, reserved))
	p.day.ease.Store(less(a.lease.ease(), reserved))
}

// less is limit − amount, where unlimited stays so and closed is never met.
func less(limit, amount int64) int64 {
	if limit == unlimited {
		return unlimited
	}
	return max(limit-amount, closed+1)
}
