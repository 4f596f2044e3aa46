package profile

import (
	"errors"
	"sync"
	"sync/atomic"

	"bidwell/ad"
)

// known is the filter of known people, built from the store in the background
// and built anew, twice as large, when more people have come than it is meant
// for. Until it is first complete everybody may be known.
type known struct {
	store Store
	quit  <-chan struct{}

	now  atomic.Pointer[filter] // nil until first complete
	next atomic.Pointer[filter] // being built

	building sync.Mutex
	runs     sync.WaitGroup
	first    chan struct{} // closed when the first build has ended
	once     sync.Once
	failed   atomic.Pointer[error]
}

// minFilter is the number of people for which there is always room: 1.5 MB.
const minFilter = 1 << 20

var errStopped = errors.New("stopped")

func newKnown(store Store, quit <-chan struct{}) *known {
	k := &known{store: store, quit: quit, first: make(chan struct{})}
	k.rebuild()
	return k
}

// maybe reports whether a person may be known.
func (k *known) maybe(key ad.PersonID) bool {
	f := k.now.Load()
	return f == nil || f.has(key)
}

// add makes a person known. It is called when the store has the person's record
// and before that is acknowledged. A build that did not see the record in its
// scan was published, as next, before this looks at it: so next is looked at
// first, and what was next becomes now before next is emptied.
func (k *known) add(key ad.PersonID) {
	if f := k.next.Load(); f != nil {
		f.add(key)
	}
	f := k.now.Load()
	if f == nil {
		return
	}
	f.add(key)
	if f.full() && k.next.Load() == nil {
		k.rebuild()
	}
}

// rebuild begins a build in the background, unless one is going on.
func (k *known) rebuild() {
	if !k.building.TryLock() {
		return
	}
	k.runs.Go(func() {
		defer k.once.Do(func() { close(k.first) })
		defer k.building.Unlock()
		if old := k.now.Load(); old != nil && !old.full() {
			return // somebody has just done it
		}
		if err := k.build(); err != nil {
			k.next.Store(nil)
			k.failed.Store(&err)
		}
	})
}

func (k *known) build() error {
	people := int64(minFilter)
	if old := k.now.Load(); old != nil {
		people = 2 * old.capacity
	}
	for {
		f := newFilter(people)
		k.next.Store(f)
		err := k.store.Scan(func(key ad.PersonID, _ Record) error {
			f.add(key)
			if f.full() {
				return errFull
			}
			select {
			case <-k.quit:
				return errStopped
			default:
				return nil
			}
		})
		if errors.Is(err, errFull) {
			people *= 2
			continue
		}
		if err != nil {
			return err
		}
		k.now.Store(f)
		k.next.Store(nil)
		k.failed.Store(nil)
		return nil
	}
}

var errFull = errors.New("more people than expected")
