package profile

import (
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// Outcome says how a Load ended.
type Outcome uint8

// The outcomes. With Hit and StoreHit there is a record; with Unknown nothing is
// stored of the person; with TimedOut and Failed it could not be told.
const (
	Hit      Outcome = iota // from the cache
	StoreHit                // from the store
	Unknown
	TimedOut // the deadline passed, or too many reads are waiting
	Failed   // the store failed, or its record is corrupt

	NumOutcomes = iota
)

var outcomeNames = [NumOutcomes]string{"hit", "store_hit", "unknown", "timeout", "error"}

// String returns the outcome's name, as metrics use it.
func (o Outcome) String() string {
	if o >= NumOutcomes {
		return "none"
	}
	return outcomeNames[o]
}

// Found reports whether there is a record.
func (o Outcome) Found() bool { return o <= StoreHit }

// Scratch is memory for Load, one for each request that is being answered. The
// zero Scratch is ready.
type Scratch struct {
	// Person is whom the last Load was about: the key that it was given, or that of
	// the person of several identifiers to whom it leads.
	Person ad.PersonID

	buf []byte
}

// Load returns what is known of a person. A record is valid until the next Load
// with the same scratch, and must not be changed. The store, where it has to be
// asked, is waited for until the deadline at most; a record that arrives later
// is cached for the next request. Where the cache or the filter of known people
// has the answer, Load takes no lock for longer than a map access, and asks for
// no time. It does not allocate, save where the cache takes a record.
func (p *Profiles) Load(key ad.PersonID, deadline time.Time, s *Scratch) (Record, Outcome) {
	r, o := p.load(key, deadline, s)
	p.counts[key[11]%uint8(len(p.counts))].n[o].Add(1)
	return r, o
}

func (p *Profiles) load(key ad.PersonID, deadline time.Time, s *Scratch) (Record, Outcome) {
	s.Person = key
	r, o := p.find(key, deadline, s)
	for range 2 { // if others are linked meanwhile, once more
		person, linked := personOf(r)
		if !linked {
			return r, o
		}
		s.Person = person
		all, outcome := p.find(person, deadline, s)
		if outcome != Unknown {
			return all, max(o, outcome)
		}
		r, o = p.find(key, deadline, s)
	}
	return nil, Unknown
}

// find returns what Load needs of the value under a key.
func (p *Profiles) find(key ad.PersonID, deadline time.Time, s *Scratch) (Record, Outcome) {
	if key.IsZero() || !p.known.maybe(key) {
		return nil, Unknown
	}
	generation := p.generation(key).Load()
	if blob, ok := p.cache.Get(cacheKey(key)); ok {
		if r, ok := blobOf(blob, key, generation); ok {
			return r, found(r, Hit)
		}
	}
	wait := time.Until(deadline)
	if wait <= 0 {
		return nil, TimedOut
	}
	return p.ask(key, wait, s)
}

// found is the outcome for a record that may be empty: the cache also holds that
// nothing is stored of somebody.
func found(r Record, o Outcome) Outcome {
	if len(r) == 0 {
		return Unknown
	}
	return o
}

// counts are the outcomes of a share of the people, so that counting on every
// request does not become what the processors wait for.
type counts struct {
	n [NumOutcomes]atomic.Uint64
	_ [64 - 8*NumOutcomes]byte
}

// Stats are the totals since Open.
type Stats struct {
	Loads       [NumOutcomes]uint64 // by Outcome
	Writes      uint64              // records written or deleted
	CacheBytes  int64               // memory that cached records take, about
	CacheMax    int64
	People      int64 // people known, about; 0 until FilterReady
	FilterBytes int64
	FilterReady bool
	FilterError error // of the last attempt to list the known people
	Names       int
}

// Stats returns the totals. It is meant for metrics: it takes a lock of the
// cache.
func (p *Profiles) Stats() Stats {
	s := Stats{
		Writes: p.writes.Load(), Names: p.names.Len(),
		CacheMax: p.cache.MaxCost(), CacheBytes: p.cache.MaxCost() - p.cache.RemainingCost(),
	}
	for i := range p.counts {
		for o := range s.Loads {
			s.Loads[o] += p.counts[i].n[o].Load()
		}
	}
	if f := p.known.now.Load(); f != nil {
		s.FilterReady, s.People, s.FilterBytes = true, f.added.Load(), f.size()
	}
	if err := p.known.failed.Load(); err != nil {
		s.FilterError = *err
	}
	return s
}
