// Package sightings remembers of people what the pages and apps were about on
// which bid requests met them, so that rules can ask for it: did: {seen: …}.
//
// Whoever answers a bid request calls [Recorder.See], which never waits and does
// not allocate; [Recorder.Run] writes beside it, many people at once. Half an hour
// on one topic is one sighting. What comes faster than it may be written is
// dropped and counted: a sighting is a hint, not money, and is acknowledged to
// nobody. For the same reason it goes into the profile at once and not through the
// ledger, which would become a record of everybody's browsing.
//
// Who calls has made sure that it is permitted to write to the profile.
package sightings

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"bidwell/ad"
	"bidwell/profile"
)

// Bounds.
const (
	// PerSecond is how many sightings are written at most: more would take the
	// processors from bidding.
	PerSecond = 10_000

	queueLength = 8192
	maxBatch    = 256     // people written at once
	recentSlots = 1 << 16 // sightings of late that are known without asking the store
)

// Outcome is what became of a sighting that was not known to be a repetition.
type Outcome uint8

// The outcomes.
const (
	Written  Outcome = iota
	Repeated         // the profile has one of the last half hour
	Erased           // the person has been erased since
	Dropped          // too many at once
	Failed           // the profile cannot be written

	NumOutcomes
)

var outcomeNames = [NumOutcomes]string{"written", "repeated", "erased", "dropped", "failed"}

// String returns the name that metrics use.
func (o Outcome) String() string { return outcomeNames[o] }

// Recorder takes sightings and writes them into profiles. It is safe for
// concurrent use; Run is for one goroutine.
type Recorder struct {
	profiles *profile.Profiles
	queue    chan sighting
	limit    *rate.Limiter
	seed     maphash.Seed
	recent   [recentSlots]atomic.Uint64 // by a hash of person and topic: 40 other bits of it, and the half hour
	counts   [NumOutcomes]atomic.Uint64

	batch []sighting
	edits []profile.Edit
}

type sighting struct {
	person ad.PersonID
	topic  string
	at     int64 // unix seconds
}

// New returns a recorder for profiles.
func New(p *profile.Profiles) *Recorder {
	return &Recorder{
		profiles: p, queue: make(chan sighting, queueLength), limit: rate.NewLimiter(PerSecond, maxBatch), seed: maphash.MakeSeed(),
	}
}

// See notes that a person, by one of their identifiers, is met on a topic at a
// moment in unix seconds.
func (r *Recorder) See(person ad.PersonID, topic string, unix int64) {
	if r.late(person, topic, unix) {
		return
	}
	select {
	case r.queue <- sighting{person, topic, unix}:
	default:
		r.counts[Dropped].Add(1)
	}
}

// late reports whether the same was seen in this half hour, and keeps it. It may
// forget, and takes one for another once in 2^40.
func (r *Recorder) late(person ad.PersonID, topic string, unix int64) bool {
	const halfHours = 1<<24 - 1
	h := maphash.String(r.seed, topic) ^ binary.LittleEndian.Uint64(person[:])*0x9e3779b97f4a7c15
	slot := &r.recent[h%recentSlots]
	now := uint64(unix/profile.SeenApart) & halfHours
	old := slot.Load()
	if old == h&^halfHours|now {
		return true
	}
	slot.Store(h&^halfHours | now)
	return false
}

// Run writes sightings until ctx is done, and then those that wait.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case s := <-r.queue:
			r.write(r.gather(s))
		case <-ctx.Done():
			for len(r.queue) > 0 {
				r.write(r.gather(<-r.queue))
			}
			return
		}
		if err := r.limit.WaitN(ctx, len(r.batch)); err != nil {
			continue // ctx is done
		}
	}
}

// gather returns a sighting with those that wait behind it.
func (r *Recorder) gather(first sighting) []sighting {
	r.batch = append(r.batch[:0], first)
	for len(r.batch) < maxBatch {
		select {
		case s := <-r.queue:
			r.batch = append(r.batch, s)
		default:
			return r.batch
		}
	}
	return r.batch
}

// write writes a batch into profiles.
func (r *Recorder) write(batch []sighting) {
	outcomes := make([]Outcome, len(batch))
	r.edits = r.edits[:0]
	for i := range batch {
		s, o := &batch[i], &outcomes[i]
		r.edits = append(r.edits, profile.Edit{Key: s.person, Change: func(b *profile.Builder) error {
			if s.at <= r.profiles.Forgotten(s.person).At {
				*o = Erased
				return nil
			}
			counts, err := b.AddSighting(s.topic, s.at)
			if *o = Written; !counts {
				*o = Repeated
			}
			return err
		}})
	}
	now := int64(0)
	for i := range batch {
		now = max(now, batch[i].at)
	}
	err := r.profiles.UpdateAll(time.Unix(now, 0), r.edits, nil)
	for i := range outcomes {
		if err != nil || r.edits[i].Err != nil {
			outcomes[i] = Failed
		}
		r.counts[outcomes[i]].Add(1)
	}
	clear(r.edits) // they hold the batch
}

// Counts returns what became of sightings, by Outcome.
func (r *Recorder) Counts() (n [NumOutcomes]uint64) {
	for o := range n {
		n[o] = r.counts[o].Load()
	}
	return n
}
