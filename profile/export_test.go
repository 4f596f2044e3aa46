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

// Graph decides who is who by all stored links at once, and returns for every
// identifier with links the person of several to whom it leads, or none.
func (p *Profiles) Graph() (map[ad.PersonID]ad.PersonID, error) {
	g := graph{}
	err := p.store.ScanMeta(linkPrefix, func(_ string, value []byte) error {
		n, err := parseNode(value)
		if err == nil {
			g[n.id.Key()] = n
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	who := map[ad.PersonID]ad.PersonID{}
	for _, members := range g.people() {
		for _, k := range members {
			who[k] = ad.PersonID{}
			if len(members) > 1 {
				who[k] = personKey(members)
			}
		}
	}
	return who, nil
}

// Leads returns the person of several identifiers to whom the value stored for an
// identifier leads, none for anything else.
func Leads(value []byte) ad.PersonID {
	person, _ := personOf(value)
	return person
}

// ExpireLinks takes out links that nobody has confirmed.
func (p *Profiles) ExpireLinks(now time.Time) (int, error) { return p.expireLinks(now) }
