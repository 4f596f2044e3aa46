package profile

import (
	"time"

	"bidwell/ad"
)

// Evict takes a person out of the cache.
func (p *Profiles) Evict(key ad.PersonID) { p.cache.Del(cacheKey(key)) }

// Settle waits until the cache has taken in what it was given.
func (p *Profiles) Settle() { p.cache.Wait() }

// Inline reads a person's record without a reader, to measure what one costs.
func (p *Profiles) Inline(key ad.PersonID, dst []byte) ([]byte, Outcome) { return p.fetch(key, dst) }

// Ask reads a person's record through a reader.
func (p *Profiles) Ask(key ad.PersonID, wait time.Duration, s *Scratch) (Record, Outcome) {
	return p.ask(key, wait, s)
}

// ForgetSeen makes everybody new to a full cache.
func (p *Profiles) ForgetSeen() {
	for i := range p.seen.seen {
		p.seen.seen[i].Store(0)
	}
}
