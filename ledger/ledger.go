package ledger

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"bidwell/internal/diskguard"
)

// Ledger is an open ledger.
type Ledger struct {
	config Config
	db     *pebble.DB
	lock   *pebble.Lock
	guard  *diskguard.FS
	advice diskguard.Adviser

	// background is why the last flush or compaction failed.
	background atomic.Pointer[error]

	// broken is why a batch could not be committed: a bug, or damage. Then the
	// figures in memory are no longer those on disk, and nothing more is taken.
	broken atomic.Pointer[error]

	queue   queue
	groups  chan *group // from the committer to the acknowledger
	stopped sync.WaitGroup
	closing sync.Once
	closed  chan struct{} // closed when the database is
	failed  error         // of closing it

	committer committer
	highwater highwater
	next      atomic.Uint64 // the sequence number of the next event
	durable   atomic.Uint64 // events below this number are on disk
	openFrom  atomic.Uint64 // first hour of bids whose notices are accepted
	moved     signal        // raised when durable has moved

	trimming sync.Mutex
	clock    clock
	started  time.Time // of the first Trim

	names names
	stats counters
}

// Open opens or makes the ledger in a directory, and locks that against other
// processes. Its errors wrap ErrLocked, ErrReadOnly, ErrDiskFull, ErrDamaged or
// ErrNewer where one of them is the cause.
func Open(c Config) (*Ledger, error) {
	c = c.orDefault()
	l := &Ledger{config: c, guard: diskguard.New(c.FS), advice: c.adviser(), groups: make(chan *group, pipeline), closed: make(chan struct{})}
	l.queue.wake = make(chan struct{}, 1)
	if err := l.guard.Do(l.open, func() { l.closeDatabase() }); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", l.advice.Advise(err))
	}
	l.stopped.Go(l.commit)
	l.stopped.Go(l.acknowledge)
	return l, nil
}

// open locks the directory, opens the database and recalls what is in it.
func (l *Ledger) open() (err error) {
	fs := l.config.FS
	if err := fs.MkdirAll(l.config.Dir, 0o755); err != nil {
		return err
	}
	if l.lock, err = pebble.LockDirectory(l.config.Dir, fs); err != nil {
		return l.advice.AdviseLock(err)
	}
	opened := false
	defer func() {
		if !opened { // an error, or Pebble has panicked
			l.closeDatabase()
		}
	}()
	if l.db, err = diskguard.OpenDatabase(l.config.Dir, l.options()); err != nil {
		return err
	}
	if err := l.migrate(migrations); err != nil {
		return err
	}
	if err := l.recall(); err != nil {
		return err
	}
	if err := l.openHighwater(); err != nil {
		return err
	}
	opened = true
	return nil
}

// closeDatabase closes what open opened.
func (l *Ledger) closeDatabase() error {
	var err error
	if l.db != nil {
		err = l.db.Close()
	}
	if l.highwater.file != nil {
		err = errors.Join(err, l.highwater.file.Close())
	}
	return errors.Join(err, l.lock.Close())
}

// options are Pebble's for events that are appended, and small figures that are
// written again and again.
func (l *Ledger) options() *pebble.Options {
	o := &pebble.Options{
		CacheSize:                   l.config.CacheBytes,
		MemTableSize:                l.config.MemTableSize,
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                1000,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		FS:                          l.guard,
		Lock:                        l.lock,
		Logger:                      quiet{},
		EventListener: &pebble.EventListener{
			BackgroundError: l.backgroundFailed,
			DataCorruption:  func(pebble.DataCorruptionInfo) { l.stats.damaged.Add(1) }, // whoever reads it has an error too
			FlushEnd: func(i pebble.FlushInfo) {
				if err := l.background.Load(); i.Err == nil && err != nil && !pebble.IsCorruptionError(*err) {
					l.background.Store(nil)
				}
			},
		},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].BlockSize = 16 << 10
	}
	return o
}

func (l *Ledger) backgroundFailed(err error) {
	if !errors.Is(err, pebble.ErrCancelledCompaction) {
		l.background.Store(&err)
	}
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
			panic(fmt.Errorf("ledger: %w", err))
		}
	}
	panic(fmt.Errorf("ledger: "+format, a...))
}

// recall reads what the ledger needs to go on.
func (l *Ledger) recall() error {
	first, err := readNumber(l.db, keyFirst)
	if err != nil {
		return err
	}
	next, err := nextEvent(l.db)
	if err != nil {
		return err
	}
	openFrom, err := readNumber(l.db, keyOpen)
	if err != nil {
		return err
	}
	l.openFrom.Store(openFrom)
	next = max(next, first)
	l.next.Store(next)
	l.durable.Store(next)
	l.committer = newCommitter(l.db)
	if err := l.committer.marks.new.recallLatest(l.db); err != nil {
		return err
	}
	if err := l.committer.marks.new.recallVisits(l.db); err != nil {
		return err
	}
	return l.recallNames()
}

// nextEvent returns the number after that of the last event.
func nextEvent(r pebble.Reader) (uint64, error) {
	it, err := iterate(r, []byte{prefixEvent})
	if err != nil {
		return 0, err
	}
	next := uint64(0)
	if it.Last() {
		seq, ok := parseEventKey(it.Key())
		if !ok {
			err = notOurs("the key %x", it.Key())
		}
		next = seq + 1
	}
	return next, errors.Join(err, it.Close())
}

// Next returns the sequence number that the next event will have. Those before
// it need not be durable yet.
func (l *Ledger) Next() uint64 { return l.next.Load() }

// Health returns nil, or why nothing can be made durable now.
func (l *Ledger) Health() error {
	if err := l.trouble(); err != nil {
		return fmt.Errorf("write the ledger: %w", l.advice.Advise(err))
	}
	return nil
}

func (l *Ledger) trouble() error {
	if _, err := l.guard.Trouble(); err != nil {
		return err
	}
	for _, p := range [...]*atomic.Pointer[error]{&l.background, &l.broken} {
		if err := p.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// Close writes what waits and closes the ledger. While the disk cannot be
// written it only says so: the database cannot be closed then, and its directory
// stays locked until that ends, or the process does.
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		l.queue.close()
		go func() {
			defer close(l.closed)
			l.stopped.Wait()
			l.failed = l.closeDatabase()
		}()
	})
	for {
		raised, err := l.guard.Trouble()
		if err != nil {
			return fmt.Errorf("close the ledger: %w", l.advice.Advise(err))
		}
		select {
		case <-l.closed:
			if l.failed != nil {
				return fmt.Errorf("close the ledger: %w", l.advice.Advise(l.failed))
			}
			return nil
		case <-raised:
		}
	}
}
