package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// after returns the first key behind all that begin with prefix, which begins
// with a letter.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; ; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
}

// iterate returns an iterator over the keys with a prefix.
func iterate(r pebble.Reader, prefix []byte) (*pebble.Iterator, error) {
	return r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
}

// scan calls fn for the keys in [from, to). Both slices are valid during the
// call.
func scan(r pebble.Reader, from, to []byte, fn func(key, value []byte) error) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = fn(it.Key(), value)
		}
		if err != nil {
			it.Close()
			return err
		}
	}
	return it.Close()
}

func scanPrefix(r pebble.Reader, prefix []byte, fn func(key, value []byte) error) error {
	return scan(r, prefix, after(prefix), fn)
}

// readValue returns a copy of a value, nil if there is none.
func readValue(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, len(value)), value...), closer.Close()
}

// readNumber returns a number in decimal, 0 if there is none.
func readNumber(r pebble.Reader, key []byte) (uint64, error) {
	value, err := readValue(r, key)
	if err != nil || value == nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return 0, notOurs("%s, which is %q,", key[1:], value)
	}
	return n, nil
}

func setNumber(b *pebble.Batch, key []byte, n uint64) error {
	return b.Set(key, strconv.AppendUint(nil, n, 10), nil)
}

func parseEventKey(key []byte) (uint64, bool) {
	if len(key) != eventKeySize || key[0] != prefixEvent {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

// Events calls fn for the durable events from a sequence number on, in order,
// until fn returns an error, which is returned. The event is valid during the
// call. Those that Trim has dropped are left out. It is how others keep figures
// of their own: they store the number after the last event that they have used
// with those figures. Await tells them when there are more.
func (l *Ledger) Events(ctx context.Context, from uint64, fn func(seq uint64, e *ad.Event) error) error {
	err := scanEvents(l.db, from, l.durable.Load(), func(seq uint64, e *ad.Event) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(seq, e)
	})
	return l.reading("events", err)
}

// scanEvents calls fn for the events in [from, to).
func scanEvents(r pebble.Reader, from, to uint64, fn func(seq uint64, e *ad.Event) error) error {
	if from >= to {
		return nil
	}
	low, high := eventKey(from), eventKey(to)
	var e ad.Event
	return scan(r, low[:], high[:], func(key, value []byte) error {
		seq, ok := parseEventKey(key)
		if !ok {
			return notOurs("the key %x", key)
		}
		if err := decodeEvent(&e, key, value); err != nil {
			return fmt.Errorf("%w: event %d: %w", ErrDamaged, seq, err)
		}
		return fn(seq, &e)
	})
}

// Account is the figures of an advertiser, campaign or line item.
type Account struct {
	ID    ad.ID
	Total Figure
	Days  []Day // ascending
}

// Day is the figures of an account on one day, to which events belong by
// ad.Event.Day.
type Day struct {
	Number int32 // days since 1970-01-01
	Figure Figure
}

// snapshot returns the ledger as it is, and what to call when it is needed no
// more. That does not wait, as Pebble would: it closes no snapshot while it is
// about to write down a change of its files, and a full disk keeps it from that.
func (l *Ledger) snapshot() (snap *pebble.Snapshot, release func()) {
	snap = l.db.NewSnapshot()
	return snap, func() { l.stopped.Go(func() { snap.Close() }) }
}

// Accounts calls fn for every account that has figures. The account is valid
// during the call.
func (l *Ledger) Accounts(fn func(*Account) error) error {
	snap, release := l.snapshot()
	defer release()
	var a Account
	err := scanPrefix(snap, []byte{prefixAccount}, func(key, value []byte) error {
		k, ok := parseAccountKey(key[1:])
		var f Figure
		if !ok || !f.parse(value) {
			return notOurs("the figure %x", key)
		}
		if k.daily {
			a.Days = append(a.Days, Day{k.day, f})
			return nil
		}
		if a.ID != 0 {
			if err := fn(&a); err != nil {
				return err
			}
		}
		a = Account{ID: k.id, Total: f, Days: a.Days[:0]}
		return nil
	})
	if err == nil && a.ID != 0 {
		err = fn(&a)
	}
	return l.reading("accounts", err)
}

// Rollup is what happened in one hour to one creative of one line item on one
// exchange and deal.
type Rollup struct {
	Hour                               int64 // unix seconds when it began; events belong to it by their Time
	Campaign, Line, Creative, Exchange ad.ID
	Deal                               ad.ID // zero for none
	Counts
}

// Rollups calls fn for the roll-ups of the hours that begin in [from, to), in
// unix seconds, ordered by hour, campaign and line item. The roll-up is valid
// during the call.
func (l *Ledger) Rollups(from, to int64, fn func(*Rollup) error) error {
	low := rollupsFrom(from)
	high := rollupsFrom(to)
	var r Rollup
	err := scan(l.db, low, high, func(key, value []byte) error {
		k, ok := parseRollupKey(key[1:])
		r = Rollup{Hour: int64(k.hour) * 3600, Campaign: k.campaign, Line: k.line, Creative: k.creative, Exchange: k.exchange, Deal: k.deal}
		if !ok || !r.Counts.parse(value) {
			return notOurs("the roll-up %x", key)
		}
		return fn(&r)
	})
	return l.reading("roll-ups", err)
}

// rollupsFrom returns the key before those of the first hour that begins at or
// after a time.
func rollupsFrom(unix int64) []byte {
	unix = min(max(unix, 0), maxMS/1000+3600)
	return binary.BigEndian.AppendUint32([]byte{prefixRollup}, uint32((unix+3599)/3600))
}

// reading says what was being read when something failed.
func (l *Ledger) reading(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s of the ledger: %w", what, l.advice.Advise(err))
}
