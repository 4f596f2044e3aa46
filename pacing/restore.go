package pacing

import (
	"slices"
	"time"

	"bidwell/ad"
)

// Restore adds to an account what was confirmed before the process started, in
// total. It is called before the first bid.
func (a *Account) Restore(confirmed ad.Money) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.past += int64(confirmed)
	a.derive()
}

// RestoreDay adds what was confirmed before the process started on one day, which
// Restore has counted in the total. Days are numbered as [Account.Day] does.
func (a *Account) RestoreDay(number int32, confirmed ad.Money) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.openDay(number).charged += int64(confirmed)
	a.past -= int64(confirmed)
	a.derive()
}

// Day returns the number of the day of a moment, in unix seconds, in the
// account's time zone: days since 1970-01-01.
func (a *Account) Day(unix int64) int32 { return a.dayNumber(unix) }

// Charge confirms a price that was found due although Settle refuses it, as when
// the clock jumped: it asks nothing and remembers nothing.
func (b *Book) Charge(accounts []*Account, price ad.Money, bidTime time.Time) {
	b.charge(accounts, int64(price), bidTime.Unix())
}

// cover is what a process that was stopped may have reserved on one account.
type cover struct {
	from, to int32 // the days on which its bids may have been made
	amount   int64
	until    int64 // unix seconds, when the last of its bids is decided or given up
}

// Recover reserves again what was reserved on an account when the last process
// stopped, for bids of one day: they may still win. It stays reserved, whatever
// the limits, until a moment, when Expire frees it. Notices for those bids are
// charged to it; what it does not cover is late.
func (b *Book) Recover(a *Account, day int32, amount ad.Money, until time.Time) {
	b.recover(a, cover{day, day, int64(amount), ceilUnix(until)})
}

// RecoverLease reserves what an earlier process had leased on an account, for bids
// that it made between two moments: all of it on each of the days between.
func (b *Book) RecoverLease(l Lease, from, to, until time.Time) {
	a := b.accounts.Get(l.Account)
	b.recover(a, cover{a.dayNumber(from.Unix()), a.dayNumber(to.Unix()), int64(l.Amount), ceilUnix(until)})
}

func (b *Book) recover(a *Account, c cover) {
	a.mu.Lock()
	a.covers = append(a.covers, c)
	slices.SortFunc(a.covers, func(x, y cover) int { return int(x.until - y.until) })
	a.derive()
	a.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recovered = append(b.recovered, recovered{a, c.until})
}

// recovered is an account with a cover.
type recovered struct {
	account *Account
	until   int64
}

// expireRecovered frees what Recover reserved, once its time is over.
func (b *Book) expireRecovered(unix int64) (freed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recovered = slices.DeleteFunc(b.recovered, func(r recovered) bool {
		if unix < r.until {
			return false
		}
		r.account.expireCovers(unix)
		freed++
		return true
	})
	return freed
}

func (a *Account) expireCovers(unix int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.covers = slices.DeleteFunc(a.covers, func(c cover) bool { return unix >= c.until })
	a.derive()
}

// covered returns what is covered in total and on one day.
func (a *Account) covered(day int32) (total, today int64) {
	for _, c := range a.covers {
		total += c.amount
		if c.from <= day && day <= c.to {
			today += c.amount
		}
	}
	return total, today
}

// drawCover takes a price out of the covers, as far as it goes, and returns how far
// that was. The cover that ends first is taken first: then what is left of the
// others is never less than what their own bids may still cost.
func (a *Account) drawCover(price int64) (drawn int64) {
	for i := range a.covers {
		n := min(price-drawn, a.covers[i].amount)
		a.covers[i].amount -= n
		drawn += n
	}
	return drawn
}
