package ledger

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// auditor makes figures again from base and events, and compares them with what
// is stored, all in one snapshot of the ledger.
type auditor struct {
	ctx      context.Context
	snap     *pebble.Snapshot
	close    func()
	progress func(done, total uint64)
	problem  func(where, what string)

	first, next uint64 // the events that are kept
	marked      uint64 // the first hour of which marks are kept
	made        projections
	sound       uint64 // events read
	clicks      []numbered
}

// audit begins an audit. It is ended with close.
func (l *Ledger) audit(ctx context.Context, progress func(done, total uint64), problem func(where, what string)) (*auditor, error) {
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	snap, release := l.snapshot()
	a := &auditor{ctx: ctx, snap: snap, close: release, progress: progress, problem: problem, made: projections{prove: true}}
	var err error
	if a.first, err = readNumber(a.snap, keyFirst); err == nil {
		a.marked, err = readNumber(a.snap, keyMarked)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	if a.next, err = nextEvent(a.snap); err != nil {
		problem("the last event", err.Error())
		a.next = l.next.Load()
	}
	a.next = max(a.next, a.first)
	return a, nil
}

// takeBase begins with what the dropped events add up to.
func (a *auditor) takeBase() error {
	return scanPrefix(a.snap, []byte{prefixBase}, func(key, value []byte) error {
		ok := false
		switch rest := key[1:]; rest[0] {
		case prefixAccount:
			ok = a.made.accounts.put(parseAccountKey, rest[1:], value)
		case prefixRollup:
			ok = a.made.rollups.put(parseRollupKey, rest[1:], value)
		case prefixProof:
			ok = a.made.proofs.put(parseProofKey, rest[1:], value)
		}
		if !ok {
			a.problem(fmt.Sprintf("base figure %x", key), "is not one that this program writes")
		}
		return nil
	})
}

// between is after how many events the context is looked at and progress told.
const between = 4096

// takeEvents adds all events that can be read and tells of all others. What
// cannot be read is a stretch of a file: it goes on behind it.
func (a *auditor) takeEvents() error {
	at, step := a.first, uint64(1)
	for at < a.next {
		reached, err := a.takeFrom(at)
		if cancelled := a.ctx.Err(); cancelled != nil {
			return cancelled
		}
		if err == nil {
			break
		}
		if reached > at {
			step = 1
		}
		a.problem(fmt.Sprintf("event %d and some after it", reached), "cannot be read: "+err.Error())
		at, step = reached+step, step*2
	}
	a.progress(a.next-a.first, a.next-a.first)
	return nil
}

// takeFrom adds the events from a number on. It returns the number of the first
// one that cannot be read, and why.
func (a *auditor) takeFrom(from uint64) (reached uint64, err error) {
	low, high := eventKey(from), eventKey(a.next)
	reached = from
	var e ad.Event
	err = scan(a.snap, low[:], high[:], func(key, value []byte) error {
		seq, ok := parseEventKey(key)
		if !ok {
			a.problem(fmt.Sprintf("key %x", key), "is not the key of an event")
			return nil
		}
		if seq > reached {
			a.problem(fmt.Sprintf("events %d to %d", reached, seq-1), "are missing")
		}
		reached = seq + 1
		if err := decodeEvent(&e, key, value); err != nil {
			a.problem(fmt.Sprintf("event %d", seq), err.Error())
			return nil
		}
		a.sound++
		if clicked(&e) {
			a.clicks = append(a.clicks, numbered{e.Bid, seq})
		}
		if seq%between == 0 {
			a.progress(seq-a.first, a.next-a.first)
			if err := a.ctx.Err(); err != nil {
				return err
			}
		}
		return a.made.apply(&e)
	})
	return reached, err
}

// compareAll compares the stored figures with those that were made.
func (a *auditor) compareAll(differ func(figure, stored, made string)) error {
	if err := compare(a.snap, prefixAccount, &a.made.accounts, parseAccountKey, differ); err != nil {
		return fmt.Errorf("account figures: %w", err)
	}
	if err := compare(a.snap, prefixRollup, &a.made.rollups, parseRollupKey, differ); err != nil {
		return fmt.Errorf("roll-ups: %w", err)
	}
	if err := a.compareMarks(differ); err != nil {
		return fmt.Errorf("marks: %w", err)
	}
	return nil
}

// compareMarks compares the marks with their proofs.
func (a *auditor) compareMarks(differ func(figure, stored, made string)) error {
	stored := make(map[proofKey]*proof)
	err := scan(a.snap, markHour(uint32(a.marked)), []byte{prefixMark + 1}, func(key, value []byte) error {
		set, ok := parseMarkSet(value)
		if len(key) != markKeySize || !ok {
			return notOurs("the mark %x", key)
		}
		r := reader{rest: key[1:]}
		hour := proofKey(r.fixed32())
		if stored[hour] == nil {
			stored[hour] = new(proof)
		}
		set.each(func(m mark) { stored[hour].add(ad.BidID(r.rest), m) })
		return a.ctx.Err()
	})
	if err != nil {
		return err
	}
	for hour, made := range a.made.proofs.values {
		if uint64(hour) < a.marked {
			continue
		}
		if have := stored[hour]; have == nil || *have != made.v {
			differ(hour.String(), have.String(), made.v.String())
		}
		delete(stored, hour)
	}
	for hour, have := range stored {
		differ(hour.String(), have.String(), "nothing")
	}
	return nil
}

// compare compares the bytes of the stored figures of one kind with those of the
// figures that were made.
func compare[K storedKey, V any, P storedValue[V]](r pebble.Reader, prefix byte, made *table[K, V, P], parseKey func([]byte) (K, bool), differ func(figure, stored, made string)) error {
	matched := make(map[K]bool, len(made.values))
	var buf []byte
	err := scanPrefix(r, []byte{prefix}, func(key, value []byte) error {
		k, ok := parseKey(key[1:])
		if !ok {
			differ(fmt.Sprintf("key %x", key), "something", "nothing")
			return nil
		}
		matched[k] = true
		c := made.values[k]
		if c == nil {
			differ(fmt.Sprint(k), text[V, P](value), "nothing")
			return nil
		}
		buf = P(&c.v).append(buf[:0])
		if string(buf) != string(value) {
			differ(fmt.Sprint(k), text[V, P](value), text[V, P](buf))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k, c := range made.values {
		if !matched[k] {
			differ(fmt.Sprint(k), "nothing", text[V, P](P(&c.v).append(nil)))
		}
	}
	return nil
}

// text shows a stored figure to people.
func text[V any, P storedValue[V]](value []byte) string {
	var v V
	if !P(&v).parse(value) {
		return fmt.Sprintf("the bytes %x", value)
	}
	return fmt.Sprintf("%+v", v)
}
