package pacing

import (
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// A lease is how much may be reserved at once on an account. It is kept on disk
// before it is used, so that after a crash it is known how much the bids that are
// undecided can come to at most, though none of them was written down. See
// docs/decisions/0007-leases.md.

// lease is an account's own. Its plain fields are guarded by Account.mu.
type lease struct {
	amount int64 // unlimited where nothing is leased
	step   int64 // what was put on top of what was reserved
	was    int64 // reserved when it was last looked at
	at     int64 // when that was, in unix nanoseconds

	wanted atomic.Int64 // the largest bid that found too little
	asked  atomic.Bool  // it stands in leases.asked
	of     *leases
}

// ease is where more is asked for: at half of what was put on top.
func (l *lease) ease() int64 {
	if l.amount == unlimited {
		return unlimited
	}
	return l.amount - l.step/2
}

// leases are what a registry knows of all its leases.
type leases struct {
	least, most int64 // of the step: 0 where nothing is leased

	mu    sync.Mutex
	asked []*Account
	wake  chan struct{} // holds one value while asked may not be empty
}

// Lease is the most that may be reserved at once on an account, in the house
// currency or in impressions.
type Lease struct {
	Account ad.ID
	Amount  ad.Money
}

// Lease makes every account of the registry reserve no more than it was granted,
// which is nothing at first; Reserve then refuses with NotDurable. A lease is least
// above what is reserved, or more: the 256th part of the limit, most if there is
// none, or what a few seconds reserve. Where most is 0, an account without a limit
// has no lease until it is bid on. It is called before there is an account.
func (as *Accounts) Lease(least, most ad.Money) {
	as.leases.least, as.leases.most = int64(least), int64(most)
	as.leases.wake = make(chan struct{}, 1)
}

// Asked receives a value when an account needs a larger lease: see Due.
func (as *Accounts) Asked() <-chan struct{} { return as.leases.wake }

// ask puts the account on the list of those that need more. All but the first
// call between two of Due cost a look.
func (a *Account) ask(amount int64) {
	l := &a.lease
	if l.of == nil {
		return
	}
	for w := l.wanted.Load(); amount > w && !l.wanted.CompareAndSwap(w, amount); w = l.wanted.Load() {
	}
	if l.asked.Load() || !l.asked.CompareAndSwap(false, true) {
		return
	}
	l.of.mu.Lock()
	l.of.asked = append(l.of.asked, a)
	l.of.mu.Unlock()
	select {
	case l.of.wake <- struct{}{}:
	default:
	}
}

// Due returns the leases that should change, and appends them to dst. Those to be
// raised are raised by Grant, when they are on disk. Those to be lowered, which
// are looked for if all is true, are lowered at once: what is on disk is more until
// it is replaced. An account that asked and is not granted asks again.
func (as *Accounts) Due(dst []Lease, now time.Time, all bool) []Lease {
	s := &as.leases
	s.mu.Lock()
	list := s.asked
	s.asked = nil
	s.mu.Unlock()
	for _, a := range list {
		a.lease.asked.Store(false)
	}
	if all {
		list = as.list()
	}
	for _, a := range list {
		if l, due := a.leaseDue(now); due {
			dst = append(dst, l)
		}
	}
	return dst
}

// Grant raises leases to what is on disk now.
func (as *Accounts) Grant(leases []Lease) {
	for _, l := range leases {
		a := as.Get(l.Account)
		a.mu.Lock()
		if a.lease.amount < int64(l.Amount) {
			a.lease.amount = int64(l.Amount)
			a.derive()
		}
		a.mu.Unlock()
	}
}

// Reserved returns exactly what is reserved on the accounts that have a lease, and
// makes that their lease: no bid may be made any more. It is for the end of the
// process.
func (as *Accounts) Reserved(dst []Lease) []Lease {
	for _, a := range as.list() {
		a.mu.Lock()
		if a.lease.amount > 0 && a.lease.amount != unlimited {
			a.lease.amount, a.lease.step = 0, 0
			a.derive()
			a.lease.amount = a.reserved()
			a.derive()
			dst = append(dst, Lease{a.id, ad.Money(a.lease.amount)})
		}
		a.mu.Unlock()
	}
	return dst
}

// How a lease follows what is reserved.
const (
	leaseAhead  = 2 * int64(time.Second)       // of the rate at which reservations grow
	leaseLook   = 50 * int64(time.Millisecond) // a shorter time tells nothing of a rate
	leaseShare  = 4                            // of what is reserved: one part in so many on top
	leaseParts  = 256                          // of a limit
	leaseBids   = 8                            // of the size that found too little
	leaseExcess = 4                            // steps above what is reserved, then it is lowered
)

// leaseDue returns the lease that the account should have, if that is another.
func (a *Account) leaseDue(now time.Time) (Lease, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := &a.lease
	wanted := l.wanted.Swap(0)
	limited := min(a.limit, a.daily) != unlimited
	if !limited && l.of.most == 0 && l.amount == 0 && wanted == 0 {
		return Lease{}, false
	}
	reserved := a.reserved()
	step := a.leaseStep(reserved, wanted, now.UnixNano())
	most := a.mostReserved(reserved, now.Unix())
	enough := min(reserved+step, most)
	l.was, l.at = reserved, now.UnixNano()
	switch {
	case enough > l.amount && reserved+step/2 >= l.amount:
		l.step = enough - reserved
		return Lease{a.id, ad.Money(enough)}, true
	case l.amount >= most && reserved+step/2 >= most: // it cannot be raised: it need not be asked for
		l.step = 0
		a.derive()
	case l.amount > reserved+leaseExcess*step:
		return a.lowerLease(reserved+step, step)
	}
	return Lease{}, false
}

// lowerLease lowers the lease, unless it is used after all.
func (a *Account) lowerLease(amount, step int64) (Lease, bool) {
	l := &a.lease
	before := l.amount
	l.amount, l.step = amount, step
	a.derive()
	if a.reserved() > amount { // by a bid that had seen the old one
		l.amount = before
		a.derive()
		return Lease{}, false
	}
	return Lease{a.id, ad.Money(amount)}, true
}

// mostReserved returns what the limits allow to be reserved: the daily one on top of
// what is on other days, whose notices are still awaited.
func (a *Account) mostReserved(reserved, now int64) int64 {
	if a.daily == unlimited {
		return a.limit
	}
	if p := a.now.Load(); p != nil && p.since <= now && now < p.until {
		reserved -= max(0, p.day.held.Load()-p.day.confirmed.Load())
	}
	return min(a.limit, max(0, reserved)+a.daily)
}

// leaseStep returns how much may be reserved on top of what is.
func (a *Account) leaseStep(reserved, wanted, now int64) int64 {
	l, s := &a.lease, a.lease.of
	base := s.most
	if limit := min(a.limit, a.daily); limit != unlimited {
		base = max(s.least, limit/leaseParts)
	}
	grown := float64(reserved-l.was) / float64(max(now-l.at, leaseLook))
	return max(2, base, reserved/leaseShare, int64(min(grown*float64(leaseAhead), float64(maxBid))), leaseBids*wanted)
}

// reserved returns what is reserved by this process. It is called with a.mu held.
func (a *Account) reserved() (sum int64) {
	for _, d := range a.days {
		confirmed := d.confirmed.Load() // first: what is settled in between still counts
		sum += d.held.Load() - confirmed
	}
	return max(0, sum)
}
