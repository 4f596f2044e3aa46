package ledger

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// storedKey is the key of a figure, and storedValue the figure.
type storedKey interface {
	comparable
	append(dst []byte) []byte
}

type storedValue[V any] interface {
	*V
	append(dst []byte) []byte
	parse(b []byte) bool
}

// table holds figures of one kind in memory, and knows which of them have
// changed since they were written.
type table[K storedKey, V any, P storedValue[V]] struct {
	values map[K]*kept[K, V]
	dirty  []*kept[K, V]
}

type kept[K, V any] struct {
	key   K
	v     V
	dirty bool
}

// get returns a figure, which is read from the store if it is not in memory. One
// that is nowhere is zero.
func (t *table[K, V, P]) get(s *store, k K) (*kept[K, V], error) {
	if c := t.values[k]; c != nil {
		return c, nil
	}
	c := &kept[K, V]{key: k}
	if err := s.load(k.append, P(&c.v).parse); err != nil {
		return nil, err
	}
	if t.values == nil {
		t.values = make(map[K]*kept[K, V])
	}
	t.values[k] = c
	return c, nil
}

// touch notes that a figure has changed.
func (t *table[K, V, P]) touch(c *kept[K, V]) {
	if !c.dirty {
		c.dirty = true
		t.dirty = append(t.dirty, c)
	}
}

// write puts what has changed into a batch.
func (t *table[K, V, P]) write(s *store, b *pebble.Batch) error {
	for _, c := range t.dirty {
		c.dirty = false
		s.key = c.key.append(append(s.key[:0], s.prefix...))
		s.value = P(&c.v).append(s.value[:0])
		if err := b.Set(s.key, s.value, nil); err != nil {
			return err
		}
	}
	clear(t.dirty)
	t.dirty = t.dirty[:0]
	return nil
}

// forget drops what is in memory, when it is more than limit and all written.
func (t *table[K, V, P]) forget(limit int) {
	if len(t.values) > limit && len(t.dirty) == 0 {
		t.values = nil
	}
}

// store is where figures are that are not in memory.
type store struct {
	from       pebble.Reader // nil if all are in memory
	prefix     []byte        // before their keys
	key, value []byte
}

func (s *store) load(key func([]byte) []byte, parse func([]byte) bool) error {
	if s.from == nil {
		return nil
	}
	s.key = key(append(s.key[:0], s.prefix...))
	value, closer, err := s.from.Get(s.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the figure %x: %w", s.key, err)
	}
	defer closer.Close()
	if !parse(value) {
		return notOurs("the figure %x", s.key)
	}
	return nil
}

// notOurs is the error for a value that this package did not write, although
// Pebble's checksum of it is right.
func notOurs(format string, args ...any) error {
	return fmt.Errorf("%w: %s cannot be read", ErrDamaged, fmt.Sprintf(format, args...))
}

// put takes a stored figure into memory. It returns false if it cannot be read.
func (t *table[K, V, P]) put(parseKey func([]byte) (K, bool), key, value []byte) bool {
	k, ok := parseKey(key)
	c := &kept[K, V]{key: k}
	if !ok || !P(&c.v).parse(value) {
		return false
	}
	if t.values == nil {
		t.values = make(map[K]*kept[K, V])
	}
	t.values[k] = c
	return true
}
