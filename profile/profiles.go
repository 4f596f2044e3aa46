package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"

	"bidwell/ad"
)

// Config says how profiles are served. Zero fields have the default that their
// comment names.
type Config struct {
	Retention  Retention // what the store was last opened with, at first DefaultRetention
	CacheBytes int64     // memory for cached records: 256 MiB
	Readers    int       // goroutines that read the store for Load: 8
}

func (c Config) orDefault() Config {
	c.Retention = c.Retention.orDefault()
	if c.CacheBytes == 0 {
		c.CacheBytes = 256 << 20
	}
	if c.Readers == 0 {
		c.Readers = 8
	}
	return c
}

// Check returns an error for a configuration that cannot work.
func (c Config) Check() error {
	c = c.orDefault()
	switch {
	case c.CacheBytes < 1<<20:
		return fmt.Errorf("a profile cache of %d bytes is too small: give it at least 1 MiB", c.CacheBytes)
	case c.Readers < 1 || c.Readers > 1024:
		return fmt.Errorf("%d readers of profiles: use from 1 to 1024", c.Readers)
	}
	return c.Retention.Check()
}

// Profiles serves records from a Store: through a cache, within a deadline, and
// so that an acknowledged write is seen by every Load that begins after it. It
// is safe for concurrent use.
//
// The cache alone could not promise that: it may apply a write late or drop it.
// So every cached record carries the generation that its person had when it was
// read. A write, having reached the store, moves the person to the next
// generation, and a cached record of an older one is as good as none. A reader
// takes the generation before it reads the store: what it caches is therefore
// never older than the generation it is cached under.
type Profiles struct {
	store     Store
	names     *Names
	retention Retention
	cache     *ristretto.Cache[uint64, []byte]
	known     *known
	forgotten forgotten
	doubt     doubt
	counts    [64]counts

	linkers     linkers
	generations []atomic.Uint32 // by bits of the key
	stripes     [numStripes]sync.Mutex
	people      [numStripes]sync.Mutex // for the unions of people; taken after stripes
	linking     sync.RWMutex           // held to write what links mean, shared by all who rely on it; taken first

	queue   chan *job
	jobs    sync.Pool
	seen    doorkeeper
	quit    chan struct{}
	readers sync.WaitGroup
	editors sync.Pool
	writes  atomic.Uint64
}

const (
	numGenerations = 1 << 20
	numStripes     = 256 // locks of writers, each for its share of generations
	queueLength    = 4096

	// blobHeader stands before a cached record: the key, which tells people of
	// the same 64-bit cache key apart, and the generation.
	blobHeader = 16 + 4

	// entryBytes is what the cache needs for an entry beside its bytes: two map
	// entries of 72 and 16 bytes in maps that are two thirds full, and the
	// rounding of the allocation. The cache's own count knows half of it.
	entryBytes = 150
)

// Open begins to serve the records of a store. The store stays the caller's to
// close, after Close.
func Open(store Store, c Config) (*Profiles, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	retention, err := agreeRetention(store, c.Retention)
	if err != nil {
		return nil, fmt.Errorf("how long people's data is kept: %w", err)
	}
	c.Retention = retention
	c = c.orDefault()
	names, err := loadNames(store)
	if err != nil {
		return nil, fmt.Errorf("read the names of attributes, segments and topics: %w", err)
	}
	marks, err := Marks(store)
	if err != nil {
		return nil, fmt.Errorf("read who was erased: %w", err)
	}
	cache, err := ristretto.NewCache(&ristretto.Config[uint64, []byte]{
		NumCounters:        max(c.CacheBytes/400*10, 1000), // ten for each record of a usual size
		MaxCost:            c.CacheBytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // entryBytes counts it
		KeyToHash:          func(k uint64) (uint64, uint64) { return k, 0 },
		ShouldUpdate:       newer,
	})
	if err != nil {
		return nil, fmt.Errorf("make the profile cache: %w", err)
	}
	p := &Profiles{
		store: store, names: names, retention: c.Retention, cache: cache,
		forgotten:   forgotten{marks: marks},
		generations: make([]atomic.Uint32, numGenerations),
		queue:       make(chan *job, queueLength),
		quit:        make(chan struct{}),
	}
	p.jobs.New = func() any { return newJob() }
	p.editors.New = func() any { return p.newEditor() }
	p.known = newKnown(store, p.quit)
	for range c.Readers {
		p.readers.Go(p.read)
	}
	return p, nil
}

// Close stops what Open has started. No other call may be going on.
func (p *Profiles) Close() error {
	close(p.quit)
	p.readers.Wait()
	p.known.runs.Wait()
	p.cache.Close()
	return nil
}

// Ready is closed once the store has been looked through for known people.
// Before that everything works, but strangers cost a read of the store.
func (p *Profiles) Ready() <-chan struct{} { return p.known.first }

// Retention returns how long things are remembered.
func (p *Profiles) Retention() Retention { return p.retention }

// Names returns the dictionary of readable names.
func (p *Profiles) Names() *Names { return p.names }

// cacheKey returns the key in the cache. Keys are hashes: no further one is
// needed.
func cacheKey(key ad.PersonID) uint64 { return binary.LittleEndian.Uint64(key[:]) }

func slotOf(key ad.PersonID) int {
	return int(binary.LittleEndian.Uint32(key[12:]) % numGenerations)
}

func (p *Profiles) generation(key ad.PersonID) *atomic.Uint32 { return &p.generations[slotOf(key)] }

// appendBlob appends what is cached of a person.
func appendBlob(dst []byte, key ad.PersonID, generation uint32, r Record) []byte {
	dst = append(dst, key[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, generation)
	return append(dst, r...)
}

// blobOf returns the record in a cached blob, if it is of this person and
// generation.
func blobOf(blob []byte, key ad.PersonID, generation uint32) (Record, bool) {
	if len(blob) < blobHeader || ad.PersonID(blob) != key || binary.LittleEndian.Uint32(blob[16:]) != generation {
		return nil, false
	}
	return Record(blob[blobHeader:]), true
}

// newer keeps a reader that was overtaken by a writer from replacing what the
// writer has cached.
func newer(blob, old []byte) bool {
	if len(blob) < blobHeader || len(old) < blobHeader || ad.PersonID(blob) != ad.PersonID(old) {
		return true
	}
	return int32(binary.LittleEndian.Uint32(blob[16:])-binary.LittleEndian.Uint32(old[16:])) >= 0
}

func (p *Profiles) remember(key ad.PersonID, blob []byte) {
	p.cache.Set(cacheKey(key), blob, int64(cap(blob))+entryBytes)
}

// namePrefix begins the names under which the dictionary is stored, one for
// each name.
const namePrefix = "name/"

func loadNames(store Store) (*Names, error) {
	ns := NewNames()
	err := store.ScanMeta(namePrefix, func(key string, value []byte) error {
		var n Name
		if _, err := fmt.Sscanf(strings.TrimPrefix(key, namePrefix), "%08x", (*uint32)(&n)); err != nil {
			return fmt.Errorf("%w: dictionary entry %q", ErrDamaged, key)
		}
		e, err := ns.add(string(value), n)
		if err == nil {
			e.saved.Store(true)
		}
		return err
	})
	return ns, err
}

func (e *entry) key() string { return fmt.Sprintf("%s%08x", namePrefix, uint32(e.name)) }

// isNotFound spares the callers an import.
func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
