package profile

import (
	"errors"
	"iter"

	"bidwell/ad"
)

// Store keeps records and, beside them, a few named values (the dictionary of
// names, the progress of imports). It is safe for concurrent use. Every
// implementation passes the suite of profile/profiletest.
type Store interface {
	// Get appends the record stored under key to dst. It fails with ErrNotFound
	// where there is none.
	Get(key ad.PersonID, dst []byte) ([]byte, error)
	// Apply writes a batch whole or not at all. What was written is visible to
	// every call that begins after Apply has returned; with Batch.Sync it is on
	// disk. After an error that is not a refusal it may or may not be there, or
	// come to be there later, but no more once another Apply, even of an empty
	// batch, has returned nil.
	Apply(b *Batch) error
	// Scan calls fn for every record in the order of keys, as they are when Scan
	// begins. The record is valid until fn returns; an error of fn ends the scan.
	Scan(fn func(key ad.PersonID, r Record) error) error
	// Meta returns a named value. It fails with ErrNotFound where there is none.
	Meta(name string) ([]byte, error)
	// ScanMeta calls fn for every value whose name begins with prefix, in order.
	ScanMeta(prefix string, fn func(name string, value []byte) error) error
	// Close ends the use of the store. Nothing may be called after it.
	Close() error
}

// The errors of stores, by what can be done about them.
var (
	ErrNotFound = errors.New("not found")
	ErrLocked   = errors.New("the data directory is in use by another process")
	ErrReadOnly = errors.New("the data directory cannot be written")
	ErrDiskFull = errors.New("the disk is full")
	ErrDamaged  = errors.New("the store is damaged")
	ErrNewer    = errors.New("the store was written by a newer bidwell")
)

// Batch collects writes that a Store applies together. The zero Batch is empty
// and ready; Reset makes it so again.
type Batch struct {
	Sync bool // on disk before Apply returns
	ops  []batchOp
	buf  []byte
}

// Op is one write of a batch: to a person's record, or to a named value where
// Meta is not empty.
type Op struct {
	Person ad.PersonID
	Meta   string
	Value  []byte // valid until the batch is changed
	Delete bool
}

type batchOp struct {
	op       Op
	from, to int
}

// Put stores a copy of a record.
func (b *Batch) Put(key ad.PersonID, r Record) { b.add(Op{Person: key}, r) }

// Delete removes a person's record, if there is one.
func (b *Batch) Delete(key ad.PersonID) { b.add(Op{Person: key, Delete: true}, nil) }

// PutMeta stores a copy of a named value. The name must not be empty.
func (b *Batch) PutMeta(name string, value []byte) { b.add(Op{Meta: name}, value) }

// DeleteMeta removes a named value, if there is one.
func (b *Batch) DeleteMeta(name string) { b.add(Op{Meta: name, Delete: true}, nil) }

func (b *Batch) add(op Op, value []byte) {
	from := len(b.buf)
	b.buf = append(b.buf, value...)
	b.ops = append(b.ops, batchOp{op, from, len(b.buf)})
}

// All returns the writes in order.
func (b *Batch) All() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for _, o := range b.ops {
			o.op.Value = b.buf[o.from:o.to]
			if !yield(o.op) {
				return
			}
		}
	}
}

// Len returns the number of writes.
func (b *Batch) Len() int { return len(b.ops) }

// Reset empties the batch.
func (b *Batch) Reset() {
	clear(b.ops)
	b.Sync, b.ops, b.buf = false, b.ops[:0], b.buf[:0]
}
