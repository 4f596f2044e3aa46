package learn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/pricing"
)

// Options say how to follow. None changes what is learned. Zero fields have the default
// that their comment names.
type Options struct {
	FS    vfs.FS        // of the snapshots: the operating system's
	Every time.Duration // how often models are published while events come: 5 s
	Save  time.Duration // how often a snapshot is written while events come: 5 min
	Retry time.Duration // from one attempt to the next while the ledger cannot be read, and to the first one to save again: 1 s
	Drain time.Duration // for how long at most Run goes on after its end: 5 s
	Looks bool          // nothing is written: whoever only wants to know what is learned

	Now func() time.Time // tells when these have passed: time.Now
	Say func(string)     // is told what an operator should know, as that a snapshot is damaged: nobody
}

func (o Options) orDefault() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	for _, d := range [...]struct {
		of *time.Duration
		is time.Duration
	}{{&o.Every, 5 * time.Second}, {&o.Save, 5 * time.Minute}, {&o.Retry, time.Second}, {&o.Drain, 5 * time.Second}} {
		if *d.of <= 0 {
			*d.of = d.is
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o
}

// Follower teaches a learner what becomes durable in a ledger, and publishes models.
// Run and CatchUp are for one goroutine at a time; the rest is for all.
type Follower struct {
	o         Options
	ledger    *ledger.Ledger
	snapshots snapshots
	learner   *Learner

	saved     uint64        // position of the newest snapshot
	saveAt    time.Time     // when the next one is due
	backoff   time.Duration // from one failed attempt to save to the next, 0 after one that worked
	published time.Time
	gap       uint64 // how many events to step over when the next cannot be read

	lost    atomic.Uint64
	reached atomic.Uint64
	trouble atomic.Pointer[error] // with the ledger
	unsaved atomic.Pointer[error] // with snapshots
	now     atomic.Pointer[Published]
}

// Published is what was learned as of one moment. It is immutable.
type Published struct {
	Model    *pricing.Model
	Outcomes map[ad.ID]Outcomes // by campaign
	Counts   Counts
	Rates    pricing.Counts
	Position uint64 // of the first event that was not seen
	Whole    bool   // all events were seen that were durable a moment ago: it is no part of a past that is read again
}

// Stats are gauges and counters since Open.
type Stats struct {
	Behind  uint64 // durable events that are not learned from yet
	Lost    uint64 // stretches of events that cannot be read
	Trouble error  // why nothing can be learned or saved now, nil if all is well
}

// Open prepares to follow a ledger, from the newest snapshot in a directory that is
// sound and not ahead of the ledger; else from the first event. The directory is made
// if it is not there. If it cannot be used, that is trouble that Stats shows: all is
// learned again, in memory, until it can.
func Open(l *ledger.Ledger, dir string, o Options) *Follower {
	f := &Follower{o: o.orDefault(), ledger: l, learner: NewLearner()}
	f.snapshots = snapshots{f.o.FS, dir}
	f.saveAt = f.o.Now().Add(f.o.Save)
	if err := f.recall(); err != nil {
		f.note(&f.unsaved, fmt.Errorf("open what was learned: %w", err))
		f.saveAt = f.o.Now()
	}
	f.reached.Store(f.learner.position)
	f.publish(f.learner.position >= l.Durable())
	return f
}

// recall takes up the newest snapshot that is of use.
func (f *Follower) recall() error {
	if !f.o.Looks {
		if err := f.snapshots.make(); err != nil {
			return err
		}
	}
	positions, err := f.snapshots.list()
	if err != nil {
		return err
	}
	for _, p := range positions {
		if p > f.ledger.Durable() {
			f.o.Say(fmt.Sprintf("the models of event %d are ahead of the ledger, as after a backup was restored; older ones are taken", p))
			if f.o.Looks {
				continue
			}
			if err := f.snapshots.drop(p); err != nil {
				return err
			}
			continue
		}
		learner, err := f.snapshots.read(p)
		if err == nil {
			f.learner, f.saved = learner, p
			return nil
		}
		if errors.Is(err, errDamaged) && !f.o.Looks { // it would count as one of those that are kept
			if err := f.snapshots.drop(p); err != nil {
				return err
			}
		}
		f.o.Say(fmt.Sprintf("the models of event %d cannot be used: %v; older ones are taken, or they are made again from the ledger", p, err))
	}
	return nil
}

// Published returns what was learned last. It is never nil.
func (f *Follower) Published() *Published { return f.now.Load() }

// Model returns the models that were published last. It is never nil.
func (f *Follower) Model() *pricing.Model { return f.now.Load().Model }

// Stats returns the gauges.
func (f *Follower) Stats() Stats {
	s := Stats{Lost: f.lost.Load()}
	if reached, durable := f.reached.Load(), f.ledger.Durable(); durable > reached {
		s.Behind = durable - reached
	}
	for _, p := range [...]*atomic.Pointer[error]{&f.unsaved, &f.trouble} {
		if err := p.Load(); err != nil {
			s.Trouble = *err
		}
	}
	return s
}

func (f *Follower) publish(whole bool) {
	l := f.learner
	f.now.Store(&Published{l.Model(), maps.Collect(l.outcomesOf()), l.Counts(), l.rates.Counts(), l.position, whole})
	f.published = f.o.Now()
}

// Run follows until ctx is done; then it learns what is durable by then, and saves.
func (f *Follower) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if f.unsaved.Load() == nil { // else it is tried again, whether or not anything comes
			if _, err := f.ledger.Await(ctx, f.learner.position); err != nil {
				break
			}
		}
		if f.CatchUp(ctx) != nil {
			pause(ctx, f.o.Retry)
			continue
		}
		f.save(false)
		pause(ctx, f.o.Every)
	}
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.o.Drain)
	defer cancel()
	if f.CatchUp(rest) == nil {
		f.save(true)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// CatchUp learns from every event that is durable when it is called, and publishes.
// After an error it may be called again, and goes on.
func (f *Follower) CatchUp(ctx context.Context) error { return f.note(&f.trouble, f.catchUp(ctx)) }

// Save writes a snapshot, if there is anything new.
func (f *Follower) Save() error { return f.save(true) }

// note lets Stats show an error, or that there is none.
func (f *Follower) note(trouble *atomic.Pointer[error], err error) error {
	switch {
	case err == nil:
		trouble.Store(nil)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	default:
		if trouble.Swap(&err) == nil {
			f.o.Say(err.Error())
		}
	}
	return err
}

func (f *Follower) catchUp(ctx context.Context) error {
	to, from := f.ledger.Durable(), f.learner.position
	for f.learner.position < to {
		if err := f.read(ctx, to); err != nil {
			return fmt.Errorf("learn from the ledger: %w", err)
		}
	}
	if f.learner.position != from || !f.Published().Whole {
		f.publish(true)
	}
	return nil
}

var (
	errEnough = errors.New("enough")
	errPause  = errors.New("it is time to publish")
)

// read learns from the events below a number. What is damaged is stepped over, ever
// farther, until something can be read again: ledger verify tells what. While much is
// read, models are published and saved in between.
func (f *Follower) read(ctx context.Context, to uint64) error {
	from := f.learner.position
	next := from
	err := f.ledger.Events(ctx, from, func(seq uint64, e *ad.Event) error {
		if seq >= to {
			return errEnough
		}
		if seq%1024 == 0 && f.o.Now().Sub(f.published) > f.o.Every {
			return errPause
		}
		f.learner.Apply(seq, e)
		next = seq + 1
		return nil
	})
	switch {
	case err == nil, errors.Is(err, errEnough):
		next, err = to, nil // whatever is missing at the end was dropped
	case errors.Is(err, errPause):
		f.publish(false)
		f.save(false) // if it fails, learning goes on
		err = nil
	case errors.Is(err, ledger.ErrDamaged):
		if next > from {
			f.gap = 0
		}
		f.gap = max(1, 2*f.gap)
		next, err = min(next+f.gap, to), nil
		f.lost.Add(1)
	}
	if err != nil {
		return err
	}
	f.learner.position = max(f.learner.position, next)
	f.reached.Store(f.learner.position)
	return nil
}

// save writes a snapshot if there is anything new and it is time to, or it must. One that
// fails is tried again, after an ever longer while. What is the trouble is shown until
// one has worked.
func (f *Follower) save(must bool) error {
	now := f.o.Now()
	if f.o.Looks {
		return nil
	}
	if f.learner.position == f.saved && f.unsaved.Load() == nil || !must && now.Before(f.saveAt) {
		return nil
	}
	if err := f.snapshots.write(f.learner); err != nil {
		f.backoff = min(max(f.o.Retry, 2*f.backoff), longestBackoff, f.o.Save)
		f.saveAt = now.Add(f.backoff)
		return f.note(&f.unsaved, fmt.Errorf("save what was learned: %w", err))
	}
	f.saved, f.saveAt, f.backoff = f.learner.position, now.Add(f.o.Save), 0
	return f.note(&f.unsaved, nil)
}

// longestBackoff is how long a full disk that has room again goes unnoticed at most.
const longestBackoff = time.Minute
