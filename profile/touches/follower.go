package touches

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/profile"
)

// Options say how to follow. Zero fields have the default that their comment
// names.
type Options struct {
	Now   func() time.Time // by which profiles are cleaned of what has expired when they are written: time.Now
	Retry time.Duration    // from one attempt to the next while the profile store is unwell: 1 s
	Drain time.Duration    // for how long at most Run goes on after its end: 5 s

	// Changed is called with an error when the profile store becomes unwell, and
	// with nil when it is well again. None.
	Changed func(trouble error)
}

func (o Options) orDefault() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry <= 0 {
		o.Retry = time.Second
	}
	if o.Drain <= 0 {
		o.Drain = 5 * time.Second
	}
	if o.Changed == nil {
		o.Changed = func(error) {}
	}
	return o
}

// Follower applies the events of a ledger to profiles. One at a time may follow
// a ledger into a profile store. Run and CatchUp are for one goroutine; Stats is
// for all.
type Follower struct {
	o        Options
	ledger   *ledger.Ledger
	profiles *profile.Profiles

	position uint64 // number of the first event that is not applied
	saved    uint64 // as far as the store knows
	gap      uint64 // how many events to step over when the next cannot be read
	doubtful bool   // a write has failed, and nobody knows whether it will come to be
	batch    *batch
	progress func(done, total uint64) // nil for none

	applied, failed, lost atomic.Uint64
	reached               atomic.Uint64 // position, for Stats
	trouble               atomic.Pointer[error]
}

// Stats are counters since Open, and gauges.
type Stats struct {
	Applied uint64 // contacts written to profiles
	Failed  uint64 // contacts that a profile cannot take: it is damaged, or the contact is absurd
	Lost    uint64 // stretches of events that cannot be read
	Behind  uint64 // durable events that are not applied yet
	Trouble error  // why nothing can be applied now, nil if all is well
}

// ErrAhead says that the profiles hold events that the ledger does not, as when
// one of the two was restored from a backup.
var ErrAhead = errors.New("the profiles have seen more events than the ledger holds")

// Open prepares to follow a ledger from where the profile store has it. Beside
// the follower it may return an ErrAhead: then it follows from the ledger's end,
// and Replay should be asked to mend what is between.
func Open(l *ledger.Ledger, p *profile.Profiles, o Options) (*Follower, error) {
	f := &Follower{o: o.orDefault(), ledger: l, profiles: p, batch: newBatch(p)}
	if err := f.tidy(); err != nil {
		return nil, fmt.Errorf("follow the ledger: %w", err)
	}
	if err := f.recall(); err != nil {
		return nil, fmt.Errorf("follow the ledger: %w", err)
	}
	durable := l.Durable()
	if f.position <= durable {
		return f, nil
	}
	ahead := fmt.Errorf("%w: they are at event %d, the next is %d; run bidwell ledger replay --write", ErrAhead, f.position, durable)
	f.position = durable
	if err := f.write(true); err != nil {
		return nil, fmt.Errorf("follow the ledger: %w", err)
	}
	return f, ahead
}

// recall takes up from where the store is.
func (f *Follower) recall() (err error) {
	f.position, err = readPosition(f.profiles)
	f.saved = f.position
	f.reached.Store(f.position)
	return err
}

// tidy brings the marks of erased people in order.
func (f *Follower) tidy() error {
	first, err := f.ledger.First()
	if err != nil {
		return err
	}
	return f.profiles.KeepForgotten(f.o.Now(), first, f.ledger.Next())
}

// Run follows until ctx is done, and then applies what is durable by then. While
// the profile store is unwell it waits for it, and Stats says why.
func (f *Follower) Run(ctx context.Context) {
	tidied := f.o.Now()
	for ctx.Err() == nil {
		if _, err := f.ledger.Await(ctx, f.due()); err != nil {
			break
		}
		if err := f.CatchUp(ctx); err != nil && ctx.Err() == nil {
			f.pause(ctx)
		}
		if now := f.o.Now(); now.Sub(tidied) > 24*time.Hour && f.tidy() == nil {
			tidied = now
		}
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.o.Drain)
	defer cancel()
	if f.CatchUp(rest) == nil && f.position > f.saved {
		f.say(f.write(true))
	}
}

// due is the event for which Run waits: while a write is in doubt, the first that
// it holds.
func (f *Follower) due() uint64 {
	if f.doubtful {
		return f.saved
	}
	return f.position
}

// pause waits before the next attempt.
func (f *Follower) pause(ctx context.Context) {
	t := time.NewTimer(f.o.Retry)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// CatchUp applies every event that is durable when it is called. After an error
// it may be called again, and goes on.
func (f *Follower) CatchUp(ctx context.Context) error {
	return f.say(f.catchUp(ctx, f.ledger.Durable()))
}

// say lets Stats show an error, or that there is none.
func (f *Follower) say(err error) error {
	switch {
	case err == nil:
		if f.trouble.Swap(nil) != nil {
			f.o.Changed(nil)
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	default:
		if f.trouble.Swap(&err) == nil {
			f.o.Changed(err)
		}
	}
	return err
}

// catchUp applies the events below a number.
func (f *Follower) catchUp(ctx context.Context, to uint64) error {
	if err := f.ascertain(); err != nil {
		return fmt.Errorf("bring contacts into profiles: %w", err)
	}
	for f.position < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.read(ctx, to); err != nil {
			return fmt.Errorf("bring contacts into profiles: %w", err)
		}
		if err := f.write(false); err != nil {
			return fmt.Errorf("bring contacts into profiles: %w", err)
		}
	}
	return nil
}

// maxRead is how many events are read before what they make is written, and
// after how many that make nothing the position is.
const maxRead = 16 * maxBatch

var errEnough = errors.New("enough")

// read fills the batch from the position on and moves that. What is damaged is
// stepped over, ever farther, until something can be read again: ledger verify
// tells what.
func (f *Follower) read(ctx context.Context, to uint64) error {
	f.batch.reset()
	from := f.position
	next := from
	err := f.ledger.Events(ctx, from, func(seq uint64, e *ad.Event) error {
		if seq >= to {
			next = to // what is missing before it was dropped
			return errEnough
		}
		next = seq + 1
		f.batch.add(seq, e, f.ledger)
		if f.batch.full() || next-from >= maxRead {
			return errEnough
		}
		return nil
	})
	switch {
	case err == nil:
		next = to // whatever is missing at the end was dropped
	case errors.Is(err, errEnough):
	case errors.Is(err, ledger.ErrDamaged):
		if next > from {
			f.gap = 0
		}
		f.gap = max(1, 2*f.gap)
		next = min(next+f.gap, to)
		f.lost.Add(1)
	default:
		return err
	}
	if err == nil || errors.Is(err, errEnough) {
		f.gap = 0
	}
	f.position = next
	if f.progress != nil {
		f.progress(next, to)
	}
	return nil
}

// write writes the batch and the position, or only notes the position if there is
// nothing in the batch and it has not moved far, unless it must.
func (f *Follower) write(must bool) error {
	b := f.batch
	if len(b.edits) == 0 && !must && f.position-f.saved < maxRead {
		f.reached.Store(f.position)
		return nil
	}
	b.refused = 0
	err := f.profiles.Project(f.o.Now(), b.edits, func(to *profile.Batch) {
		to.PutMeta(positionName, strconv.AppendUint(nil, f.position, 10))
	})
	if err != nil {
		f.doubtful = true
		return err
	}
	refused := b.refused
	for i := range b.edits {
		if b.edits[i].Err != nil {
			refused += b.people[i].count()
		}
	}
	f.failed.Add(uint64(refused))
	f.applied.Add(uint64(len(b.contacts) - refused))
	f.saved = f.position
	f.reached.Store(f.position)
	b.reset()
	return nil
}

// ascertain finds out what became of a write that had failed, and goes on from
// there: it may have been done nevertheless.
func (f *Follower) ascertain() error {
	if !f.doubtful {
		return nil
	}
	if err := f.profiles.Ascertain(); err != nil {
		return err
	}
	f.batch.reset()
	if err := f.recall(); err != nil {
		return err
	}
	f.doubtful = false
	return nil
}

// Stats returns the counters.
func (f *Follower) Stats() Stats {
	s := Stats{Applied: f.applied.Load(), Failed: f.failed.Load(), Lost: f.lost.Load()}
	if reached, durable := f.reached.Load(), f.ledger.Durable(); durable > reached {
		s.Behind = durable - reached
	}
	if err := f.trouble.Load(); err != nil {
		s.Trouble = *err
	}
	return s
}
