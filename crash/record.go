//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bidwell/ad"
)

// key names an event: what the ledger keeps once.
type key struct{ kind, bid, detail string }

// answer is what became of one notice that was sent.
type answer uint8

const (
	unsent       answer = iota // nobody listened
	unanswered                 // it may have been taken or not
	acknowledged               // it is on disk, says the bidder
	refused                    // it is not, and never will be
	putOff                     // it is not now
)

// entry is what the exchange knows of one event.
type entry struct {
	price    int64 // nano-units, of a billing notice
	answers  [putOff + 1]int
	recorded bool // it was in the ledger once, so it has to stay
}

// record is the exchange's own book: every notice and its answer. It is safe for
// concurrent use.
type record struct {
	mu       sync.Mutex
	entries  map[key]*entry
	freed    map[string]time.Time // when a bid's loss was first acknowledged
	acked    int                  // acknowledgements of notices, not of visits
	fault    []string             // answers that should not have been
	kills    []time.Time
	refusal  map[ad.Reason]int // what was refused that had to be, since the start of the bidder
	refusals int               // and ever
}

func newRecord() *record {
	return &record{entries: map[key]*entry{}, freed: map[string]time.Time{}, refusal: map[ad.Reason]int{}}
}

// entry returns the entry of an event, and makes it if need be. The lock is held.
func (r *record) entry(k key) *entry {
	e := r.entries[k]
	if e == nil {
		e = new(entry)
		r.entries[k] = e
	}
	return e
}

// expect notes that an event is about to be sent, and at which price.
func (r *record) expect(k key, price int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry(k).price = price
}

// note notes what a notice was answered with.
func (r *record) note(k key, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry(k).answers[a]++
	if a != acknowledged || k.kind == "visit" || k.kind == "conversion" {
		return
	}
	r.acked++
	if _, known := r.freed[k.bid]; !known && k.kind == "loss" {
		r.freed[k.bid] = time.Now()
	}
}

// refused notes that a notice was refused for the reason for which it had to be.
func (r *record) refused(why ad.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal[why]++
	r.refusals++
}

// started forgets what the last bidder refused, for it has forgotten it, too.
func (r *record) started() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.refusal)
}

// compareRefusals compares what was refused with what the bidder counted.
func (r *record) compareRefusals(counted map[string]int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, why := range [...]ad.Reason{ad.TokenForged, ad.TokenExpired, ad.TokenTruncated, ad.PriceInvalid, ad.PriceAboveBid} {
		if got, want := counted[why.String()], r.refusal[why]; got != want {
			errs = append(errs, fmt.Errorf("the bidder counts %d notices as %s, and refused %d", got, why, want))
		}
	}
	return errors.Join(errs...)
}

// wrong notes an answer that should not have been.
func (r *record) wrong(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = append(r.fault, what)
}

// acknowledgements returns how many there were.
func (r *record) acknowledgements() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acked
}

// killed notes when the bidder was killed.
func (r *record) killed(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kills = append(r.kills, at)
}

// findings are what a ledger has wrong.
type findings struct {
	Acknowledged int // events that have to be there
	Doubtful     int // events that were sent and may be there
	Taken        int // of these, those that are
	Lost         int
	Doubled      int
	Invented     int // never sent, or refused whenever they were
	Mispriced    int
	First        []key // of what is wrong, some
}

func (f *findings) bad() int { return f.Lost + f.Doubled + f.Invented + f.Mispriced }

func (f *findings) count(n *int, k key) {
	*n++
	if len(f.First) < 10 {
		f.First = append(f.First, k)
	}
}

// compare holds the events of a ledger against the record. Events that were not
// reported by a notice are left out.
func (r *record) compare(events []event) findings {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f findings
	found := make(map[key]int, len(events))
	for i := range events {
		e := &events[i]
		if !e.reported() {
			continue
		}
		k := e.key()
		if found[k]++; found[k] > 1 {
			f.count(&f.Doubled, k)
			continue
		}
		known := r.entries[k]
		switch {
		case known == nil, known.answers[acknowledged]+known.answers[unanswered]+known.answers[putOff] == 0 && !known.recorded:
			f.count(&f.Invented, k)
			continue
		case e.Price != known.price:
			f.count(&f.Mispriced, k)
		}
		known.recorded = true
	}
	for k, e := range r.entries {
		switch {
		case e.answers[acknowledged] > 0:
			f.Acknowledged++
		case e.answers[unanswered]+e.answers[putOff] > 0:
			f.Doubtful++
			f.Taken += min(1, found[k])
		}
		if found[k] == 0 && (e.recorded || e.answers[acknowledged] > 0) {
			f.count(&f.Lost, k)
		}
	}
	return f
}

// late reports whether nothing was reserved any more for a bid when its event
// was taken: its window was over, or its loss was acknowledged before.
func (r *record) late(e *event) bool {
	if !e.Time.Before(e.BidTime.Add(windowOf(e.Exchange))) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at, lost := r.freed[e.Bid]
	return lost && !at.After(e.Time)
}

// killedBetween reports whether the bidder was killed between a bid and its event.
func (r *record) killedBetween(e *event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.kills, func(k time.Time) bool { return !k.Before(e.BidTime) && !k.After(e.Time) })
}

// putOffs returns how many notices were put off.
func (r *record) putOffs() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		n += e.answers[putOff]
	}
	return n
}

// faults returns the answers that should not have been.
func (r *record) faults() (errs []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, what := range r.fault {
		errs = append(errs, errors.New(what))
	}
	return errs
}
