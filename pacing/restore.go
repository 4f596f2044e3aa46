package pacing

import (
	"time"

	"bidwell/ad"
)

// Restore adds to an account what was confirmed before the process started, in
// total. It is called before the first bid.
func (a *Account) Restore(confirmed ad.Money) {
	a.held.Add(int64(confirmed))
	a.confirmed.Add(int64(confirmed))
}

// RestoreDay adds what was confirmed before the process started on one day, which
// Restore has counted in the total. Days are numbered as [Account.Day] does.
func (a *Account) RestoreDay(number int32, confirmed ad.Money) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.openDay(number)
	d.held.Add(int64(confirmed))
	d.confirmed.Add(int64(confirmed))
}

// Day returns the number of the day of a moment, in unix seconds, in the
// account's time zone: days since 1970-01-01.
func (a *Account) Day(unix int64) int32 { return a.dayOf(unix).number }

// Charge confirms a price that was found due although Settle refuses it, as when
// the clock jumped: it asks nothing and remembers nothing.
func (b *Book) Charge(accounts []*Account, price ad.Money, bidTime time.Time) {
	for _, a := range accounts {
		a.charge(int64(price), bidTime.Unix())
	}
}

// recovered is what was reserved on one account when the process was stopped.
type recovered struct {
	account *Account
	day     int32
	amount  int64
	until   int64 // unix seconds
}

// Recover reserves again what was reserved on an account when the last process
// stopped: its bids may still win. It stays reserved, whatever the limits, until
// a moment, when Expire frees it. A notice for one of those bids is charged
// besides, so that until then rather less is spent than may be.
func (b *Book) Recover(a *Account, day int32, amount ad.Money, until time.Time) {
	a.open.Add(1)
	a.held.Add(int64(amount))
	a.mu.Lock()
	a.openDay(day).held.Add(int64(amount))
	a.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recovered = append(b.recovered, recovered{a, day, int64(amount), until.Unix()})
}

// expireRecovered frees what Recover reserved, once its time is over.
func (b *Book) expireRecovered(unix int64) (freed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.recovered[:0]
	for _, r := range b.recovered {
		if unix < r.until {
			kept = append(kept, r)
			continue
		}
		r.account.free(r.amount, r.day)
		freed++
	}
	b.recovered = kept
	return freed
}
