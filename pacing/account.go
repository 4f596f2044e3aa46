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
// The gate works on held = confirmed + reserved, one number that a reservation
// raises first and looks at then, so that no lock is taken while bidding.
type Account struct {
	id  ad.ID
	ref uint32 // place in the registry, what a reservation remembers

	limit atomic.Int64 // unlimited if there is none
	daily atomic.Int64 // per day, unlimited if there is none
	now   atomic.Pointer[period]

	_         [64]byte // the amounts change all the time, what stands above does not
	held      atomic.Int64
	confirmed atomic.Int64
	late      atomic.Int64
	open      atomic.Int64 // reservations
	_         [32]byte

	mu   sync.Mutex // guards what is below
	loc  *time.Location
	days []*day // at most keptDays, unless reservations hold more
}

func newAccount(id ad.ID, ref uint32) *Account {
	a := &Account{id: id, ref: ref, loc: time.UTC}
	a.limit.Store(unlimited)
	a.daily.Store(unlimited)
	return a
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
	a.limit.Store(limitOf(total))
	a.daily.Store(limitOf(daily))
	if a.loc.String() != loc.String() {
		a.loc = loc
		a.now.Store(nil)
	}
}

func limitOf(m ad.Money) int64 {
	if m <= 0 {
		return unlimited
	}
	return int64(m)
}

// Open says whether anything is left to reserve: OK, BudgetSpent or
// DailyBudgetSpent. It takes no lock and reserves nothing, so a later Reserve
// may still be refused.
func (a *Account) Open(now time.Time) ad.Reason { return a.Admits(1, now) }

// Admits says what Reserve would answer for this account alone, without reserving
// anything.
func (a *Account) Admits(amount ad.Money, now time.Time) ad.Reason {
	if int64(amount) > a.limit.Load()-a.held.Load() {
		return ad.BudgetSpent
	}
	if int64(amount) > a.daily.Load()-a.dayAt(now.Unix()).day.held.Load() {
		return ad.DailyBudgetSpent
	}
	return ad.OK
}

// Headroom returns the largest bid that Reserve would accept now, zero if the
// account is closed. It takes no lock and reserves nothing.
func (a *Account) Headroom(now time.Time) ad.Money {
	total := a.limit.Load() - a.held.Load()
	today := a.daily.Load() - a.dayAt(now.Unix()).day.held.Load()
	return ad.Money(max(0, min(total, today)))
}

// hold reserves amount in total and on the day of unix, or nothing at all. It
// returns the number of the day, with which free and settle are called later.
func (a *Account) hold(amount, unix int64) (int32, ad.Reason) {
	p := a.dayAt(unix)
	if !take(&a.held, &a.limit, amount) {
		return 0, ad.BudgetSpent
	}
	if !take(&p.day.held, &a.daily, amount) {
		a.held.Add(-amount)
		return 0, ad.DailyBudgetSpent
	}
	a.open.Add(1)
	return p.number, ad.OK
}

// take raises held by amount unless that exceeds the limit. A single addition
// measured a fifth faster than compare-and-swap with two cores on one account.
// Amounts are at most maxBid, so that the sum cannot overflow.
func take(held, limit *atomic.Int64, amount int64) bool {
	if held.Add(amount) <= limit.Load() {
		return true
	}
	held.Add(-amount)
	return false
}

// free gives back what hold took on that day.
func (a *Account) free(amount int64, number int32) {
	a.open.Add(-1)
	a.held.Add(-amount)
	if d := a.dayNumbered(number); d != nil {
		d.held.Add(-amount)
	}
}

// settle turns a reserved amount into a confirmed price that is not above it.
// Confirmed rises before held falls: at no moment is the gate too wide.
func (a *Account) settle(amount, price int64, number int32) {
	a.open.Add(-1)
	a.confirmed.Add(price)
	a.held.Add(price - amount)
	if d := a.dayNumbered(number); d != nil {
		d.confirmed.Add(price)
		d.held.Add(price - amount)
	}
}

// charge confirms a price for which nothing is reserved any more, on the day of
// the bid. It asks no limit.
func (a *Account) charge(price, unix int64) {
	d := a.dayOf(unix)
	a.held.Add(price)
	a.confirmed.Add(price)
	a.late.Add(price)
	d.held.Add(price)
	d.confirmed.Add(price)
}
