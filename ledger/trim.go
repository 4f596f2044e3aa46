package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// Trimmed is what Trim has dropped.
type Trimmed struct {
	Events uint64
	Marks  time.Duration // worth of marks, by the time of their bids
}

// trimStep is how many events are dropped in one batch.
const trimStep = 50_000

// Trim drops what is no longer needed: marks of bids whose notices are accepted
// no more, and events beyond the retention, after adding them to the base on
// which a replay begins. It is to be called now and then, such as every minute.
// Nothing is dropped on the word of a clock that has jumped, or of a process
// that has just started: see the type clock.
func (l *Ledger) Trim(ctx context.Context, now time.Time) (Trimmed, error) {
	l.trimming.Lock()
	defer l.trimming.Unlock()
	var done Trimmed
	believed, err := l.believe(now)
	if err == nil {
		done.Marks, err = l.trimMarks(believed)
	}
	for more := l.config.Retention > 0; more && err == nil; {
		var n uint64
		n, err = l.trimEvents(believed - l.config.Retention.Milliseconds())
		done.Events += n
		more = n > 0
		if err == nil {
			err = ctx.Err()
		}
	}
	if err != nil {
		return done, fmt.Errorf("trim the ledger: %w", l.advice.Advise(err))
	}
	return done, nil
}

// believe returns the time that counts, and keeps it.
func (l *Ledger) believe(now time.Time) (int64, error) {
	if l.started.IsZero() {
		stored, err := readNumber(l.db, keyClock)
		if err != nil {
			return 0, err
		}
		l.started = now
		l.clock = newClock(int64(stored), now.UnixMilli(), 0)
	}
	believed := l.clock.tick(now.UnixMilli(), now.Sub(l.started), l.config.Lifetime)
	r := newRequest()
	r.write = func(b *pebble.Batch) error { return setNumber(b, keyClock, uint64(max(0, believed))) }
	l.push(r)
	return believed, nil
}

// trimMarks deletes the marks of bids whose notices are accepted no more. It
// keeps an hour more than that. Notices of bids before that hour are refused
// from then on: nobody could tell whether they came already. When the clock has
// gone back it lowers that hour, lest nothing be accepted until the clock is
// where it has been.
func (l *Ledger) trimMarks(believed int64) (time.Duration, error) {
	marked, err := readNumber(l.db, keyMarked)
	if err != nil {
		return 0, err
	}
	from := l.openFrom.Load()
	hour := uint64(max(0, (min(believed, l.clock.wall)-l.config.Lifetime.Milliseconds())/hourMS-1))
	if hour == from {
		return 0, nil
	}
	if hour > from {
		l.openFrom.Store(hour) // before marks are deleted: until then they are refused for nothing
	}
	err = l.write(func(b *pebble.Batch) error {
		if err := b.DeleteRange([]byte{prefixMark}, markHour(uint32(min(hour, hourOfVisits))), nil); err != nil {
			return err
		}
		if err := dropProofs(b, proofKey(hour)); err != nil {
			return err
		}
		if err := setNumber(b, keyMarked, max(marked, hour)); err != nil {
			return err
		}
		return setNumber(b, keyOpen, hour)
	})
	if err != nil {
		return 0, err
	}
	l.openFrom.Store(hour)
	return time.Duration(max(0, int64(hour)-int64(from))) * time.Hour, nil
}

// dropProofs deletes the base's proofs of marks that are gone: those before an
// hour, and those that go with their events.
func dropProofs(b *pebble.Batch, hour proofKey) error {
	if err := b.DeleteRange([]byte{prefixBase, prefixProof}, hour.append([]byte{prefixBase}), nil); err != nil {
		return err
	}
	return b.DeleteRange(proofKey(hourOfVisits).append([]byte{prefixBase}), []byte{prefixBase, prefixProof + 1}, nil)
}

// trimEvents drops some of the first events, of which all are older than a time
// or written between such while the clock was wrong.
func (l *Ledger) trimEvents(before int64) (uint64, error) {
	snap, release := l.snapshot()
	defer release()
	first, err := readNumber(snap, keyFirst)
	if err != nil {
		return 0, err
	}
	end, err := l.endOfOld(snap, first, before)
	if err != nil || end == first {
		return 0, err
	}
	base := projections{store: store{from: snap, prefix: []byte{prefixBase}}, prove: true}
	var lasting []marksOf // that go with their events
	var clicks []numbered
	err = scanEvents(snap, first, end, func(seq uint64, e *ad.Event) error {
		if of := (marksOf{hourOfMarks(e), e.Bid}); marked(e) && of.hour >= hourOfVisits {
			lasting = append(lasting, of)
		}
		if clicked(e) {
			clicks = append(clicks, numbered{e.Bid, seq})
		}
		return base.apply(e)
	})
	if err != nil {
		return 0, err
	}
	marked, err := readNumber(snap, keyMarked)
	if err != nil {
		return 0, err
	}
	err = l.write(func(b *pebble.Batch) error {
		if err := base.write(b); err != nil {
			return err
		}
		for _, of := range lasting {
			k := markKey(of.hour, of.bid)
			if err := b.Delete(k[:], nil); err != nil {
				return err
			}
		}
		for _, c := range clicks {
			if err := l.dropClick(b, c); err != nil {
				return err
			}
		}
		if err := dropProofs(b, proofKey(marked)); err != nil {
			return err
		}
		low, high := eventKey(first), eventKey(end)
		if err := b.DeleteRange(low[:], high[:], nil); err != nil {
			return err
		}
		return setNumber(b, keyFirst, end)
	})
	if err != nil {
		return 0, err
	}
	return end - first, nil
}

// errEnough ends a scan.
var errEnough = errors.New("enough")

// endOfOld returns the number after the last event that may go. The search ends
// at an event that is to be kept; events from the future do not end it, as they
// were written when the clock was wrong, but only go if older ones follow.
func (l *Ledger) endOfOld(snap pebble.Reader, first uint64, before int64) (uint64, error) {
	end := first
	future := before + 2*l.config.Retention.Milliseconds()
	limit := min(first+trimStep, l.durable.Load())
	err := scanEvents(snap, first, limit, func(seq uint64, e *ad.Event) error {
		switch {
		case e.Time < before:
			end = seq + 1
		case e.Time <= future:
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return end, err
}
