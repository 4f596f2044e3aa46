package profile

import (
	"sync"

	"bidwell/ad"
)

// doubt holds whose records a write that failed may yet change: the store says
// so only when another write has succeeded. Until then nobody may edit records
// that they read, as they would undo what comes late.
type doubt struct {
	mu   sync.Mutex
	keys []ad.PersonID
	any  bool
}

// raise notes a write that has failed. The caller holds the people's locks.
func (d *doubt) raise(keys []ad.PersonID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys = append(d.keys, keys...)
	d.any = true
}

// Ascertain returns nil once it is decided what has become of every write that
// had failed before: what the store holds then is what it will hold. It fails
// until the store is well. Every write begins with it.
func (p *Profiles) Ascertain() error {
	p.doubt.mu.Lock()
	defer p.doubt.mu.Unlock()
	if !p.doubt.any {
		return nil
	}
	if err := p.store.Apply(&Batch{Sync: true}); err != nil {
		return err
	}
	for _, k := range p.doubt.keys { // what was read meanwhile may be cached
		p.generation(k).Add(1)
	}
	p.doubt.keys, p.doubt.any = nil, false
	return nil
}
