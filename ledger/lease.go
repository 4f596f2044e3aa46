package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// Term is what one process, from its start to its end, may reserve: how much at
// once on each account, and in bids of which time. It is on disk before it is
// used, so what a process that was killed had reserved is never more than its term
// says. Times are in unix seconds.
type Term struct {
	Number  uint32
	From    int64 // bids from then on may be undecided
	Until   int64 // bids were made before
	Notices int64 // until then their notices may come
	Leases  []Lease
}

// Lease is the most that is reserved at once on an account.
type Lease struct {
	Account ad.ID
	Unit    Unit
	Amount  ad.Money // in the house currency, or impressions
}

// Unit is what a lease is of.
type Unit uint8

// The units. They are stored: they keep their numbers.
const (
	LeasedMoney Unit = iota + 1
	LeasedImpressions
)

const (
	termKeySize  = 1 + 4
	leaseKeySize = termKeySize + 1 + 8
)

func termKey(number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixLease}, number)
}

func leaseKey(number uint32, l Lease) []byte {
	return binary.BigEndian.AppendUint64(append(termKey(number), byte(l.Unit)), uint64(l.Account))
}

// Extend keeps the times of a term and the leases that are given; the others stay
// as they are. It returns when that is on disk.
func (l *Ledger) Extend(t *Term) error {
	err := l.write(func(b *pebble.Batch) error { return putTerm(b, t) })
	if err != nil {
		return fmt.Errorf("keep in the ledger what may be reserved: %w", err)
	}
	return nil
}

// End keeps a term whose process makes no more bids, with the leases that are given
// and no others; without any, it is dropped.
func (l *Ledger) End(t *Term) error {
	err := l.write(func(b *pebble.Batch) error {
		if err := b.DeleteRange(termKey(t.Number), after(termKey(t.Number)), nil); err != nil || len(t.Leases) == 0 {
			return err
		}
		return putTerm(b, t)
	})
	if err != nil {
		return fmt.Errorf("keep in the ledger what is reserved: %w", err)
	}
	return nil
}

func putTerm(b *pebble.Batch, t *Term) error {
	value := binary.AppendVarint(nil, t.From)
	value = binary.AppendVarint(value, t.Until)
	value = binary.AppendVarint(value, t.Notices)
	if err := b.Set(termKey(t.Number), value, nil); err != nil {
		return err
	}
	for _, lease := range t.Leases {
		value = binary.AppendUvarint(value[:0], uint64(lease.Amount))
		if err := b.Set(leaseKey(t.Number, lease), value, nil); err != nil {
			return err
		}
	}
	return nil
}

// Terms calls fn with every term that is kept, in the order of their numbers. The
// term is fn's only until it returns.
func (l *Ledger) Terms(fn func(*Term) error) error {
	return l.reading("what earlier processes reserved", readTerms(l.db, fn))
}

func readTerms(from pebble.Reader, fn func(*Term) error) error {
	var t *Term
	err := scanPrefix(from, []byte{prefixLease}, func(key, value []byte) error {
		r := reader{rest: value}
		switch {
		case len(key) == termKeySize:
			if t != nil {
				if err := fn(t); err != nil {
					return err
				}
			}
			t = &Term{Number: binary.BigEndian.Uint32(key[1:]), From: r.varint(), Until: r.varint(), Notices: r.varint()}
		case len(key) == leaseKeySize && t != nil && binary.BigEndian.Uint32(key[1:]) == t.Number:
			t.Leases = append(t.Leases, Lease{
				Unit: Unit(key[termKeySize]), Account: ad.ID(binary.BigEndian.Uint64(key[termKeySize+1:])), Amount: ad.Money(r.amount()),
			})
		default:
			r.bad = true
		}
		if r.bad || len(r.rest) > 0 {
			return notOurs("the lease %x", key)
		}
		return nil
	})
	if err != nil || t == nil {
		return err
	}
	return fn(t)
}
