package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/ledger"
	"bidwell/pacing"
)

const (
	leaseInterval = time.Second      // leases are renewed
	leaseSweep    = 10 * time.Second // all accounts are looked at
	leaseAhead    = 10 * time.Second // of which bids may be made without renewal
)

// What an account is leased above what is reserved on it, at first: of its limit a
// small part, at least enough for some bids; and if it has none, enough for the
// busiest until more is leased. Without a limit of impressions none are reserved.
const (
	leastMoney, mostMoney             = ad.Unit / 20, 100 * ad.Unit
	leastImpressions, mostImpressions = 8, 0
	leastSecondsOfLeaseLeft           = int64((leaseAhead - 3*leaseInterval) / time.Second)
)

// leases keep in the ledger what may be reserved before it is, and bring it back as
// reserved when the process was killed. See docs/decisions/0007-leases.md.
type leases struct {
	ledger *ledger.Ledger
	units  [2]leased // money, impressions

	mu     sync.Mutex // one at a time changes what is below, and the ledger
	term   ledger.Term
	window time.Duration // the longest in which notices come
	ended  bool
}

// leased is a book whose accounts reserve no more than is leased.
type leased struct {
	unit     ledger.Unit
	accounts *pacing.Accounts
	book     *pacing.Book
}

// newLeases makes the accounts of the books reserve no more than is leased: nothing
// at first.
func newLeases(l *ledger.Ledger, books *campaign.Books, money, counts *pacing.Book) *leases {
	books.Money.Lease(leastMoney, mostMoney)
	books.Counts.Lease(leastImpressions, mostImpressions)
	k := &leases{ledger: l, units: unitsOf(books, money, counts)}
	k.allow(0)
	return k
}

func unitsOf(books *campaign.Books, money, counts *pacing.Book) [2]leased {
	return [2]leased{{ledger.LeasedMoney, books.Money, money}, {ledger.LeasedImpressions, books.Counts, counts}}
}

func (k *leases) allow(until int64) {
	k.term.Until = until
	for _, u := range k.units {
		u.book.Until(until)
	}
}

// recover reserves what earlier processes had leased, until the last notice of their
// bids, and begins a term of its own. The accounts have their time zones by then.
func (k *leases) recover(now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var over []uint32
	err := k.ledger.Terms(func(t *ledger.Term) error {
		k.term.Number = t.Number + 1
		if t.Notices <= now.Unix() {
			over = append(over, t.Number)
		} else {
			reserveAgain(t, k.units[:])
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, number := range over {
		if err := k.ledger.End(&ledger.Term{Number: number}); err != nil {
			return err
		}
	}
	return nil
}

func reserveAgain(t *ledger.Term, units []leased) {
	from, to, until := time.Unix(t.From, 0), time.Unix(t.Until-1, 0), time.Unix(t.Notices, 0)
	for _, l := range t.Leases {
		for _, u := range units {
			if u.unit == l.Unit && l.Amount > 0 {
				u.book.RecoverLease(pacing.Lease{Account: l.Account, Amount: l.Amount}, from, to, until)
			}
		}
	}
}

// renew makes the leases what they should be, and the time ahead as long as it should
// be. What is granted is on disk. With all it looks at every account, else at those
// that ask; nothing is written while nothing changes and there is time left.
func (k *leases) renew(now time.Time, all bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	var due [len(k.units)][]pacing.Lease
	changed := 0
	for i, u := range k.units {
		due[i] = u.accounts.Due(nil, now, all)
		changed += len(due[i])
	}
	until := now.Add(leaseAhead).Unix()
	left := k.term.Until - now.Unix()
	if changed == 0 && left >= leastSecondsOfLeaseLeft && k.term.Until <= until {
		return nil
	}
	if until < k.term.Until { // the clock was put back
		k.allow(until)
	}
	t := k.ends(now, until)
	for i, u := range k.units {
		t.Leases = u.kept(t.Leases, due[i])
	}
	if err := k.ledger.Extend(t); err != nil {
		return err
	}
	for i, u := range k.units {
		u.accounts.Grant(due[i])
	}
	k.allow(until)
	return nil
}

// ends returns the term with its times: bids that are made from now on until then.
func (k *leases) ends(now time.Time, until int64) *ledger.Term {
	window := int64((k.window + time.Second - 1) / time.Second)
	return &ledger.Term{Number: k.term.Number, From: now.Unix() - window, Until: until, Notices: until + window}
}

// kept appends leases as the ledger keeps them.
func (u leased) kept(dst []ledger.Lease, list []pacing.Lease) []ledger.Lease {
	for _, l := range list {
		dst = append(dst, ledger.Lease{Account: l.Account, Unit: u.unit, Amount: l.Amount})
	}
	return dst
}

// prepare leases for a snapshot that is about to be published, whose accounts have
// their limits already: bids find their leases there, and notices are awaited for as
// long as its exchanges are given.
func (k *leases) prepare(s *campaign.Snapshot, now time.Time) error {
	k.mu.Lock()
	for _, e := range s.Exchanges {
		if e.NoticeWindow > k.window {
			k.window = e.NoticeWindow
			k.allow(0) // until that is on disk
		}
	}
	k.mu.Unlock()
	return k.renew(now, false)
}

// end ends bidding and keeps exactly what is reserved, so that the next process holds
// no more than that.
func (k *leases) end(now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	k.allow(0)
	t := k.ends(now, now.Unix()+1)
	for _, u := range k.units {
		for _, l := range u.accounts.Reserved(nil) {
			if l.Amount > 0 {
				t.Leases = u.kept(t.Leases, []pacing.Lease{l})
			}
		}
	}
	return k.ledger.End(t)
}

// restoreLeases reserves what earlier processes had leased.
func (m *Main) restoreLeases(now time.Time) error {
	if m.leases != nil {
		return m.leases.recover(now)
	}
	units := unitsOf(m.engine.Books, m.engine.Money, m.engine.Counts)
	return m.ledger.Terms(func(t *ledger.Term) error {
		if t.Notices > now.Unix() {
			reserveAgain(t, units[:])
		}
		return nil
	})
}

// keepLeases renews the leases about once a second, and at once when an account asks,
// until ctx is done. While the ledger fails, asking is of no use.
func (m *Main) keepLeases(ctx context.Context) {
	k := m.leases
	t := time.NewTicker(leaseInterval)
	defer t.Stop()
	var swept time.Time
	var failed error
	for {
		money, counts := k.units[0].accounts.Asked(), k.units[1].accounts.Asked()
		if failed != nil {
			money, counts = nil, nil
		}
		all := false
		select {
		case <-ctx.Done():
			return
		case <-money:
		case <-counts:
		case now := <-t.C:
			if all = now.Sub(swept) >= leaseSweep; all {
				swept = now
			}
		}
		err := k.renew(time.Now(), all)
		if err != nil && failed == nil {
			m.Log.Error("no more can be reserved: what may be is not on disk", zap.Error(err))
		}
		failed = err
	}
}

// lease leases for a snapshot before it is published. If the ledger cannot be
// written, what is new in it does not bid until it can.
func (m *Main) lease(s *campaign.Snapshot, now time.Time) {
	if m.leases == nil {
		return
	}
	if err := m.leases.prepare(s, now); err != nil {
		m.Log.Error("nothing is leased", zap.Error(fmt.Errorf("before a configuration is published: %w", err)))
	}
}
