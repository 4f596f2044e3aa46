package ledger

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/internal/diskguard"
)

// migrations make a ledger of a newer version out of one of the version before:
// the first of version 1 one of version 2, and so on. Each puts its changes into
// a batch, with which the new version is written.
var migrations = []func(pebble.Reader, *pebble.Batch) error{
	// Events may be of version 2, with topic, value and cause. Those of version 1
	// are read as they are; programs that know no others must not try.
	func(pebble.Reader, *pebble.Batch) error { return nil },
	// Those of version 2 may have segment, auction, least and context. The same holds.
	func(pebble.Reader, *pebble.Batch) error { return nil },
	// Clicks are found by their bids, those from now on.
	func(r pebble.Reader, b *pebble.Batch) error {
		next, err := nextEvent(r)
		if err != nil {
			return err
		}
		return setNumber(b, keyClicks, next)
	},
}

// Schema is the version of the keys and values that this package writes. A
// ledger of an older version is brought up to it by Open, one of a newer version
// is refused.
var Schema = 1 + len(migrations)

// migrate brings the ledger up to the version that the steps lead to.
func (l *Ledger) migrate(steps []func(pebble.Reader, *pebble.Batch) error) error {
	newest := uint64(1 + len(steps))
	version, err := readNumber(l.db, keySchema)
	if err != nil {
		return err
	}
	if version == 0 {
		return l.begin(newest)
	}
	if version > newest {
		return fmt.Errorf("%w: %s has schema version %d, this program knows %d; run the newer version, or choose another data directory",
			ErrNewer, l.config.Dir, version, newest)
	}
	for ; version < newest; version++ {
		b := l.db.NewIndexedBatch()
		if err := steps[version-1](b, b); err != nil {
			return fmt.Errorf("bring %s from schema version %d to %d: %w", l.config.Dir, version, version+1, err)
		}
		if err := setNumber(b, keySchema, version+1); err != nil {
			return err
		}
		if err := b.Commit(pebble.Sync); err != nil {
			return err
		}
	}
	return nil
}

// begin marks a new ledger with its version. It also opens it once more: Pebble
// made the first log in its oldest format, in which damage in the middle looks
// like the end.
func (l *Ledger) begin(version uint64) error {
	it, err := l.db.NewIter(nil)
	if err != nil {
		return err
	}
	holds := it.First()
	if err := it.Close(); err != nil {
		return err
	}
	if holds {
		return fmt.Errorf("%w: %s holds something without a schema version; %s", ErrDamaged, l.config.Dir, diskguard.Restore)
	}
	b := l.db.NewBatch()
	if err := setNumber(b, keySchema, version); err != nil {
		return err
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return err
	}
	first := l.db
	l.db = nil // whatever fails, it is closed
	if err := first.Close(); err != nil {
		return err
	}
	l.db, err = pebble.Open(l.config.Dir, l.options())
	return err
}
