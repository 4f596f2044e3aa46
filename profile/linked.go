package profile

import (
	"bytes"
	"fmt"

	"bidwell/ad"
)

// What the store holds under a key is a record, unless links are known. Then,
// by its first byte, it is
//
//	linkedMark  under the key of an identifier that has others beside it: the key
//	            of the person (16 bytes), and behind it the identifier's own
//	            record: what came by this identifier
//	personMark  under the key of a person of several identifiers: their number (a
//	            byte), their keys (16 bytes each, ascending), and behind them the
//	            union of their own records
//
// What comes by an identifier goes into its own record, and the union is made
// again of all of them: so it does not depend on which links were known when, and
// people can be parted again.
const (
	linkedMark = 0xff
	personMark = 0xfe

	keySize      = len(ad.PersonID{})
	linkedHeader = 1 + keySize
)

// personOf returns the person to whom the value of an identifier leads, false if
// it has no other.
func personOf(value []byte) (ad.PersonID, bool) {
	if len(value) < linkedHeader || value[0] != linkedMark {
		return ad.PersonID{}, false
	}
	return ad.PersonID(value[1:]), true
}

// ownOf returns the identifier's own record in its value.
func ownOf(value []byte) Record {
	if _, ok := personOf(value); ok {
		return Record(value[linkedHeader:])
	}
	return Record(value)
}

// appendLinked appends the value of an identifier with its own record.
func appendLinked(dst []byte, person ad.PersonID, own Record) []byte {
	dst = append(dst, linkedMark)
	dst = append(dst, person[:]...)
	return append(dst, own...)
}

// membersOf returns the keys of a person's identifiers, as bytes, and the union
// of their records. It returns none and the value for the record of an
// identifier.
func membersOf(value []byte) (members []byte, union Record, err error) {
	if len(value) == 0 || value[0] != personMark {
		return nil, Record(value), nil
	}
	if len(value) < 2 || len(value) < 2+int(value[1])*keySize {
		return nil, nil, fmt.Errorf("%w: a person of several identifiers in %d bytes", ErrCorrupt, len(value))
	}
	end := 2 + int(value[1])*keySize
	return value[2:end], Record(value[end:]), nil
}

// served returns the part of a value that Load needs, and that is cached: of an
// identifier with others beside it, to whom it leads; of a person of several, the
// union.
func served(value []byte) ([]byte, error) {
	if _, linked := personOf(value); linked {
		return value[:linkedHeader], nil
	}
	_, r, err := membersOf(value)
	return r, err
}

// personKey returns the key of a person of several identifiers, given in
// ascending order.
func personKey(members []ad.PersonID) ad.PersonID {
	return ad.PersonIDOf("person", members[0].String())
}

// unite makes the value of a person of its members' own records, which own
// returns: the same whatever was changed in which order. A record that is damaged
// is left out; whoever reads it by its identifier hears of it.
func (b *Builder) unite(dst []byte, members []byte, own func(ad.PersonID) (Record, error)) ([]byte, error) {
	b.Reset(b.now)
	for k := range keysIn(members) {
		r, err := own(k)
		if err != nil {
			return dst, err
		}
		if r.Valid() == nil {
			b.Merge(r)
		}
	}
	dst = append(dst, personMark, byte(len(members)/keySize))
	dst = append(dst, members...)
	return b.Append(dst), nil
}

// keysIn goes through keys that lie side by side.
func keysIn(p []byte) func(yield func(ad.PersonID) bool) {
	return func(yield func(ad.PersonID) bool) {
		for ; len(p) >= keySize; p = p[keySize:] {
			if !yield(ad.PersonID(p)) {
				return
			}
		}
	}
}

func joinKeys(keys []ad.PersonID) []byte {
	parts := make([][]byte, len(keys))
	for i := range keys {
		parts[i] = keys[i][:]
	}
	return bytes.Join(parts, nil)
}
