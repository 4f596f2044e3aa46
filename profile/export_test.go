package profile

import "bidwell/ad"

// Evict takes a person out of the cache.
func (p *Profiles) Evict(key ad.PersonID) { p.cache.Del(cacheKey(key)) }

// Settle waits until the cache has taken in what it was given.
func (p *Profiles) Settle() { p.cache.Wait() }

// Inline reads a person's record without a reader, to measure what one costs.
func (p *Profiles) Inline(key ad.PersonID, dst []byte) ([]byte, Outcome) { return p.fetch(key, dst) }

// FillDoorkeeper has the cache taken for full.
func (p *Profiles) FillDoorkeeper() { p.seen.full.Store(true) }
