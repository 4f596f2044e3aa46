package ledger

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// Append returns when the event is on disk. The reason is OK, or NoticeReplayed
// if it is there already: an event of the same kind (and of a view, the same
// Detail) for the same bid. An event without a bid is never a repetition.
// PriceInvalid says that its price or offer is below zero or above a million,
// and that it was not taken.
//
// A bid is charged once: if a bid has an event with a price already, as when the
// exchange's billing notice was changed meanwhile, the price of e is set to 0.
// Times before 1970 and after 2200 are set to those years.
//
// After an error the event is not on disk. It may become so only if it was being
// written at the moment when the disk failed; Config.Late then tells.
func (l *Ledger) Append(e *ad.Event) (ad.Reason, error) {
	if reason, err := l.check(e); reason != ad.OK || err != nil {
		return reason, err
	}
	r := newRequest()
	r.event = *e
	if err := l.wait(r); err != nil {
		return ad.OK, fmt.Errorf("append to the ledger: %w", l.advice.Advise(err))
	}
	e.Price = r.event.Price
	reason := r.reason
	r.free()
	return reason, nil
}

// AppendAll appends many events at once and returns when all are on disk, or it is
// known that they are not. What became of each is in outcomes, which is as long:
// the reasons of Append, or NotDurable, and then there is an error too. An event
// that is the same as one before it in the list is a repetition.
func (l *Ledger) AppendAll(events []ad.Event, outcomes []ad.Reason) error {
	list := make([]*request, 0, len(events))
	for i := range events {
		var err error
		if outcomes[i], err = l.check(&events[i]); err != nil {
			return err // a mistake of the caller's
		}
		if outcomes[i] != ad.OK {
			continue
		}
		r := newRequest()
		r.event = events[i]
		list = append(list, r)
		outcomes[i] = ad.NotDurable
	}
	err := l.trouble()
	if err == nil {
		err = l.queue.addAll(list)
	}
	if err != nil {
		return fmt.Errorf("append to the ledger: %w", l.advice.Advise(err))
	}
	next := 0
	for i := range outcomes {
		if outcomes[i] != ad.NotDurable {
			continue
		}
		r := list[next]
		next++
		if failed := l.await(r); failed != nil {
			err = failed
			continue
		}
		outcomes[i] = r.reason
		r.free()
	}
	if err != nil {
		return fmt.Errorf("append to the ledger: %w", l.advice.Advise(err))
	}
	return nil
}

// AppendAsync takes an event that may be lost in a crash, such as a sampled bid
// or a tally, and does not wait for it: it is on disk with the next that somebody waits
// for, or a tenth of a second later, and followers see it then. It returns false if the
// event is dropped because too many wait, the ledger is closed or the event is invalid.
func (l *Ledger) AppendAsync(e *ad.Event) bool {
	if reason, err := l.check(e); reason != ad.OK || err != nil {
		return false
	}
	r := newRequest()
	r.event = *e
	return l.push(r)
}

// push queues a request for which nobody waits.
func (l *Ledger) push(r *request) bool {
	r.async = true
	if l.queue.add(r) != nil {
		l.stats.dropped.Add(1)
		r.free()
		return false
	}
	return true
}

// check makes an event normal and says whether it can be taken.
func (l *Ledger) check(e *ad.Event) (ad.Reason, error) {
	if normal(e) {
		l.stats.clamped.Add(1)
	}
	if !priced(e) {
		return ad.PriceInvalid, nil
	}
	return ad.OK, invalid(e)
}

// write has the committer put something of its own into a batch, and returns
// when that is on disk.
func (l *Ledger) write(fn func(*pebble.Batch) error) error {
	r := newRequest()
	r.write = fn
	if err := l.wait(r); err != nil {
		return l.advice.Advise(err)
	}
	r.free()
	return nil
}

// wait queues a request and returns when it is answered: see await. When the disk fails it
// leaves it: then, and only then, the request may not be used any more.
func (l *Ledger) wait(r *request) error {
	if err := l.trouble(); err != nil {
		return err
	}
	if err := l.queue.add(r); err != nil {
		return err
	}
	return l.await(r)
}

// await returns when a queued request is answered, or left.
func (l *Ledger) await(r *request) error {
	for {
		raised, err := l.guard.Trouble()
		if err != nil && r.leave() {
			return err
		}
		if err != nil {
			<-r.done
			return r.err
		}
		select {
		case <-r.done:
			return r.err
		case <-raised:
		}
	}
}
