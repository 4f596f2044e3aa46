package touches

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/profile"
)

// Replayed is what Replay has found.
type Replayed struct {
	Events      uint64       `json:"events"`      // that the profiles have seen
	Behind      uint64       `json:"behind"`      // durable events that they have not: the bidder catches up with them when it runs
	People      int          `json:"people"`      // compared: those with contacts, stored or made again
	Missing     int          `json:"missing"`     // of whom nothing is stored and the events know contacts
	Differing   int          `json:"differing"`   // whose stored contacts are others than those that the events make
	Unreadable  int          `json:"unreadable"`  // whose record is damaged
	Mended      int          `json:"mended"`      // of the missing and differing
	Differences []Difference `json:"differences"` // the first of them
}

// Difference is a person whose stored contacts are not what the events make.
type Difference struct {
	Person string `json:"person"` // the key, which is a hash
	What   string `json:"what"`
}

// OK reports whether the profiles hold what the events make, now that what could
// be mended is.
func (r *Replayed) OK() bool { return r.Missing+r.Differing == r.Mended && r.Unreadable == 0 }

// maxListed is how many differences are listed.
const maxListed = 100

// ReplayOptions say how to replay.
type ReplayOptions struct {
	Now      time.Time                // as of which retention counts
	Mend     bool                     // bring the profiles up to date first, and then write what differs
	Progress func(done, total uint64) // called now and then with events read; may be nil
}

// Replay makes all contacts again from the events, with the code that made them,
// in an empty store that the caller then throws away, and compares them with
// those in the profiles, up to the event that the profiles have seen. How far
// back, and when two records agree, is said at profile.CompareContacts. Nobody
// else may follow the ledger meanwhile.
func Replay(ctx context.Context, l *ledger.Ledger, p *profile.Profiles, empty profile.Store, o ReplayOptions) (*Replayed, error) {
	r := &replay{ctx: ctx, o: o, profiles: p, found: &Replayed{Differences: []Difference{}}}
	if err := r.run(l, empty); err != nil {
		return nil, fmt.Errorf("replay contacts: %w", err)
	}
	return r.found, nil
}

type replay struct {
	ctx      context.Context
	o        ReplayOptions
	profiles *profile.Profiles // as stored
	again    *profile.Profiles // as made again
	since    profile.Since
	found    *Replayed
	buf      []byte
}

func (r *replay) run(l *ledger.Ledger, empty profile.Store) (err error) {
	to, err := r.bound(l)
	if err != nil {
		return err
	}
	first, err := firstTime(r.ctx, l)
	if err != nil {
		return err
	}
	r.since = r.profiles.ContactsSince(r.o.Now, first)
	if err := r.profiles.CopyForgotten(empty); err != nil {
		return err
	}
	if r.again, err = profile.Open(empty, profile.Config{Retention: r.profiles.Retention(), CacheBytes: 1 << 20, Readers: 1}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.again.Close()) }()
	<-r.again.Ready()
	f := &Follower{
		o: Options{Now: func() time.Time { return r.o.Now }}, ledger: l, profiles: r.again,
		batch: newBatch(r.again), progress: r.o.Progress,
	}
	f.batch.since = min(r.since.Touches, r.since.Behaviours)
	if err := f.catchUp(r.ctx, to); err != nil {
		return err
	}
	if n := f.lost.Load(); n > 0 {
		return fmt.Errorf("%w: events cannot be read; bidwell ledger verify says which", ledger.ErrDamaged)
	}
	r.found.Events, r.found.Behind = to, l.Durable()-to
	<-r.profiles.Ready()
	if err := r.profiles.Scan(r.stored); err != nil {
		return err
	}
	return r.again.Scan(r.made)
}

// bound returns the number of the first event that the profiles have not seen.
func (r *replay) bound(l *ledger.Ledger) (uint64, error) {
	if !r.o.Mend {
		position, err := readPosition(r.profiles)
		return min(position, l.Durable()), err
	}
	f, err := Open(l, r.profiles, Options{Now: func() time.Time { return r.o.Now }})
	if err != nil && !errors.Is(err, ErrAhead) {
		return 0, err
	}
	if err := f.CatchUp(r.ctx); err != nil {
		return 0, err
	}
	return f.position, f.write(true)
}

// untidy is by how much events may be out of order: they are numbered when they
// are written and timed when they come.
const untidy = 3600

// firstTime returns the time from which on the ledger has dropped no event, in
// unix seconds.
func firstTime(ctx context.Context, l *ledger.Ledger) (int64, error) {
	first, err := l.First()
	if err != nil || first == 0 {
		return math.MinInt64 / 2, err
	}
	unix := int64(math.MaxUint32) // it has dropped all
	err = l.Events(ctx, first, func(_ uint64, e *ad.Event) error {
		unix = e.Time/1000 + untidy
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return unix, err
}

// stored compares a person of whom something is stored.
func (r *replay) stored(key ad.PersonID, have profile.Record) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	made, err := r.again.Record(key, r.buf[:0])
	if err != nil {
		return err
	}
	r.buf = made
	if have.Touches() == 0 && len(made) == 0 && have.Valid() == nil {
		return nil
	}
	r.found.People++
	what, err := profile.CompareContacts(have, made, r.since)
	if errors.Is(err, profile.ErrCorrupt) {
		r.found.Unreadable++
		r.list(key, err.Error()+"; it can only be forgotten: bidwell profile forget")
		return nil
	}
	if err != nil || what == "" {
		return err
	}
	r.found.Differing++
	r.list(key, what)
	return r.mend(key, made)
}

// made looks for a person of whom nothing is stored.
func (r *replay) made(key ad.PersonID, made profile.Record) error {
	have, err := r.profiles.Record(key, r.buf[:0])
	if err != nil || len(have) > 0 {
		return err
	}
	what, err := profile.CompareContacts(nil, made, r.since)
	if err != nil || what == "" {
		return err
	}
	r.found.People++
	r.found.Missing++
	r.list(key, what)
	return r.mend(key, made)
}

func (r *replay) list(key ad.PersonID, what string) {
	if len(r.found.Differences) < maxListed {
		r.found.Differences = append(r.found.Differences, Difference{key.String(), what})
	}
}

// mend writes what the events make, if it is to.
func (r *replay) mend(key ad.PersonID, made profile.Record) error {
	if !r.o.Mend {
		return nil
	}
	r.found.Mended++
	return r.profiles.Update(key, r.o.Now, func(b *profile.Builder) error { return b.RestoreContacts(made, r.since) })
}
