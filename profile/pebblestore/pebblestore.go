// Package pebblestore keeps profiles in a Pebble database on one machine. It is
// the default profile.Store; it promises what profile/profiletest checks, and
// errors that say what to do.
package pebblestore

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/diskguard"
	"bidwell/profile"
)

// Schema is the version of the keys and values that this package writes. A store
// of a newer one is refused; one of an older one becomes one of this by being
// opened. Version 2 has records of profile.Version 2 beside those of version 1,
// version 3 behaviours of kind profile.Seen.
const Schema = 3

// schemaKey is the named value that holds the version.
const schemaKey = "schema"

// Config says where and how to keep profiles. Zero fields have the default that
// their comment names.
type Config struct {
	Dir          string // made if it is not there
	CacheBytes   int64  // memory for uncompressed blocks: 64 MiB
	MemTableSize uint64 // memory for writes before they are sorted to disk, up to three times: 16 MiB
	FS           vfs.FS // the operating system's
}

func (c Config) orDefault() Config {
	if c.CacheBytes == 0 {
		c.CacheBytes = 64 << 20
	}
	if c.MemTableSize == 0 {
		c.MemTableSize = 16 << 20
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	return c
}

// Store is a Pebble database of profiles.
type Store struct {
	db     *pebble.DB
	advice diskguard.Adviser
	lock   *pebble.Lock
	guard  *diskguard.FS

	// writing is held by whoever waits for the committer, a goroutine of its own:
	// a write that the guard holds must not hold its caller.
	writing sync.Mutex
	commits chan commit
	results chan error
	stuck   bool // the committer has a write whose caller has left; by writing
	stopped sync.WaitGroup

	// background is why the last flush or compaction failed, until one succeeds.
	background atomic.Pointer[error]
}

// Open opens or makes the store in a directory, and locks that against other
// processes. Its errors wrap ErrLocked, ErrReadOnly, ErrDiskFull, ErrDamaged or
// ErrNewer of package profile where one of them is the cause.
func Open(c Config) (*Store, error) {
	c = c.orDefault()
	s := &Store{advice: adviser(c.Dir), guard: diskguard.New(c.FS), commits: make(chan commit), results: make(chan error, 1)}
	if err := s.open(c); err != nil {
		return nil, fmt.Errorf("open the profile store: %w", err)
	}
	if err := s.checkSchema(); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the profile store: %w", err)
	}
	return s, nil
}

func (s *Store) open(c Config) (err error) {
	if err := c.FS.MkdirAll(c.Dir, 0o755); err != nil {
		return s.advice.Advise(err)
	}
	if s.lock, err = pebble.LockDirectory(c.Dir, c.FS); err != nil {
		return s.advice.AdviseLock(err)
	}
	err = s.guard.Do(func() (err error) {
		defer func() {
			if s.db == nil { // an error, or Pebble has panicked
				s.lock.Close()
			}
		}()
		s.db, err = diskguard.OpenDatabase(c.Dir, s.options(c))
		return err
	}, func() {
		s.db.Close()
		s.lock.Close()
	})
	if err != nil {
		return s.advice.Advise(err)
	}
	s.stopped.Go(s.committer)
	return nil
}

func adviser(dir string) diskguard.Adviser {
	return diskguard.Adviser{
		Dir:      dir,
		Locked:   profile.ErrLocked,
		ReadOnly: profile.ErrReadOnly,
		Full:     profile.ErrDiskFull,
		Damaged:  profile.ErrDamaged,
		Newer:    profile.ErrNewer,
	}
}

// options are Pebble's for many small records under hashed keys.
func (s *Store) options(c Config) *pebble.Options {
	o := &pebble.Options{
		CacheSize:                   c.CacheBytes,
		MemTableSize:                c.MemTableSize,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                1000,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		FS:                          s.guard,
		Lock:                        s.lock,
		Logger:                      quiet{},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { s.background.Store(&err) },
			DataCorruption:  func(pebble.DataCorruptionInfo) {}, // it is an error of whoever reads it; the default ends the process
			FlushEnd: func(i pebble.FlushInfo) {
				if i.Err == nil {
					s.background.Store(nil)
				}
			},
		},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 2 << 10 // a read is of one small record: to unpack and to cache what lies around it costs more than to find it
	}
	return o
}

// quiet is Pebble's logger. What matters reaches the caller as an error. What
// Pebble holds to be fatal, once the guard keeps the disk's errors from it, is
// a bug, and ends the process.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, a ...any) {
	for _, x := range a {
		if err, ok := x.(error); ok {
			panic(fmt.Errorf("profile store: %w", err))
		}
	}
	panic(fmt.Errorf("profile store: "+format, a...))
}

// checkSchema refuses a store of a newer version and marks a new one.
func (s *Store) checkSchema() error {
	v, err := s.Meta(schemaKey)
	if errors.Is(err, profile.ErrNotFound) {
		return s.markSchema()
	}
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(string(v))
	if err != nil || version < 1 {
		return fmt.Errorf("%w: %s has the schema version %q; %s", profile.ErrDamaged, s.advice.Dir, v, diskguard.Restore)
	}
	if version > Schema {
		return fmt.Errorf("%w: %s has schema version %d, this program knows %d; run the newer version, or choose another data directory",
			profile.ErrNewer, s.advice.Dir, version, Schema)
	}
	if version < Schema {
		return s.markSchema()
	}
	return nil
}

func (s *Store) markSchema() error {
	b := profile.Batch{Sync: true}
	b.PutMeta(schemaKey, strconv.AppendInt(nil, Schema, 10))
	return s.Apply(&b)
}

// Keys are a letter and a person's key, or another letter and a name.
const (
	personPrefix = 'p'
	metaPrefix   = 'm'
)

func personKey(key ad.PersonID) (k [17]byte) {
	k[0] = personPrefix
	copy(k[1:], key[:])
	return k
}

// Get implements profile.Store.
func (s *Store) Get(key ad.PersonID, dst []byte) ([]byte, error) {
	// The key stands where the record will, for an array of its own would escape.
	n := len(dst)
	dst = append(append(dst, personPrefix), key[:]...)
	return s.get(dst[n:], dst[:n])
}

// Meta implements profile.Store.
func (s *Store) Meta(name string) ([]byte, error) {
	return s.get(append([]byte{metaPrefix}, name...), nil)
}

func (s *Store) get(key, dst []byte) ([]byte, error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, profile.ErrNotFound
	}
	if err != nil {
		return dst, s.advice.Advise(err)
	}
	dst = append(dst, v...)
	if err := closer.Close(); err != nil {
		return dst, s.advice.Advise(err)
	}
	return dst, nil
}

// Scan implements profile.Store.
func (s *Store) Scan(fn func(key ad.PersonID, r profile.Record) error) error {
	return s.scan([]byte{personPrefix}, []byte{personPrefix + 1}, func(key, value []byte) error {
		if len(key) != len(ad.PersonID{}) {
			return fmt.Errorf("%w: a person's key in %s has %d bytes; %s", profile.ErrDamaged, s.advice.Dir, len(key), diskguard.Restore)
		}
		return fn(ad.PersonID(key), value)
	})
}

// ScanMeta implements profile.Store.
func (s *Store) ScanMeta(prefix string, fn func(name string, value []byte) error) error {
	from := append([]byte{metaPrefix}, prefix...)
	return s.scan(from, after(from), func(key, value []byte) error { return fn(string(key), value) })
}

// after returns the first key behind all that begin with prefix, which begins
// with a letter.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; ; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
}

// scan calls fn for the keys in [from, to), without their first letter.
func (s *Store) scan(from, to []byte, fn func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return s.advice.Advise(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = fn(it.Key()[1:], value)
		}
		if err != nil {
			it.Close()
			return s.advice.Advise(err)
		}
	}
	return s.advice.Advise(it.Close())
}

// Close implements profile.Store. While the disk cannot be written it only says
// so: the database cannot be closed then, and its directory stays locked until
// the process ends.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.settle(); err != nil {
		return fmt.Errorf("close the profile store: %w", s.advice.Advise(err))
	}
	close(s.commits)
	s.stopped.Wait()
	closed := make(chan error, 1)
	go func() {
		closed <- errors.Join(s.db.Close(), s.lock.Close())
	}()
	raised, _ := s.guard.Trouble()
	var err error
	select {
	case err = <-closed:
	case <-raised:
		_, err = s.guard.Trouble()
	}
	if err != nil {
		return fmt.Errorf("close the profile store: %w", s.advice.Advise(err))
	}
	return nil
}
