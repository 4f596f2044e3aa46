package ledger

import (
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/diskguard"
)

// Errors that Open, Append and others wrap.
var (
	ErrLocked   = errors.New("the ledger is in use by another process")
	ErrReadOnly = errors.New("the ledger cannot be written")
	ErrDiskFull = errors.New("the disk is full")
	ErrDamaged  = errors.New("the ledger is damaged")
	ErrNewer    = errors.New("the ledger was written by a newer bidwell")
	ErrClosed   = errors.New("the ledger is closed")
	ErrInvalid  = errors.New("invalid event")
)

// Config says where and how to keep the ledger. Zero fields have the default
// that their comment names.
type Config struct {
	Dir string // made if it is not there

	// Lifetime is for how long after its bid a notice is accepted: repeated ones
	// are told for at least as long. 2 h.
	Lifetime time.Duration

	// Retention is for how long events are kept, by the time at which they were
	// accepted. Figures and roll-ups are kept for good. Forever.
	Retention time.Duration

	// Late is called with every event that became durable after its Append had
	// given up and returned an error: whoever keeps figures of its own charges it
	// now. It is called by one goroutine and must not call the ledger. None.
	Late func(*ad.Event)

	CacheBytes   int64  // memory for uncompressed blocks: 32 MiB
	MemTableSize uint64 // memory for writes before they are sorted to disk, up to three times: 32 MiB
	FS           vfs.FS // the operating system's
}

func (c Config) orDefault() Config {
	if c.Lifetime <= 0 {
		c.Lifetime = 2 * time.Hour
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 32 << 20
	}
	if c.MemTableSize == 0 {
		c.MemTableSize = 32 << 20
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Late == nil {
		c.Late = func(*ad.Event) {}
	}
	return c
}

func (c Config) adviser() diskguard.Adviser {
	return diskguard.Adviser{Dir: c.Dir, Locked: ErrLocked, ReadOnly: ErrReadOnly, Full: ErrDiskFull, Damaged: ErrDamaged, Newer: ErrNewer}
}
