package learn

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// coder writes a state or reads one: the same code goes through all of it for both, so
// that they cannot differ. What it reads may be damaged: then it has failed, and reads
// zeros.
type coder struct {
	reading bool
	buf     []byte // what is written, or the rest of what is read
	failed  bool
}

func (c *coder) check(ok bool) {
	if !ok {
		c.failed, c.buf = true, nil
	}
}

func (c *coder) take(n int) []byte {
	if c.check(len(c.buf) >= n); c.failed {
		return make([]byte, n)
	}
	b := c.buf[:n:n]
	c.buf = c.buf[n:]
	return b
}

func (c *coder) u64(x *uint64) {
	if c.reading {
		*x = binary.LittleEndian.Uint64(c.take(8))
		return
	}
	c.buf = binary.LittleEndian.AppendUint64(c.buf, *x)
}

// numbers passes integers of any kind as 64 bits.
func numbers[T ~int | ~int64 | ~uint64 | ~uint32](c *coder, to ...*T) {
	for _, x := range to {
		n := uint64(*x)
		c.u64(&n)
		*x = T(n)
		c.check(uint64(*x) == n)
	}
}

func (c *coder) bytes(b []byte) {
	if c.reading {
		copy(b, c.take(len(b)))
		return
	}
	c.buf = append(c.buf, b...)
}

func (c *coder) byte(x *uint8) {
	b := [1]byte{*x}
	c.bytes(b[:])
	*x = b[0]
}

func (c *coder) bool(x *bool) {
	b := uint8(0)
	if *x {
		b = 1
	}
	c.byte(&b)
	c.check(b <= 1)
	*x = b == 1
}

// amounts passes numbers that are neither negative nor absurd.
func (c *coder) amounts(to ...*float64) {
	for _, x := range to {
		n := math.Float64bits(*x)
		c.u64(&n)
		*x = math.Float64frombits(n)
		c.check(*x >= 0 && *x <= 1e15)
	}
}

func (c *coder) small(x *float32) {
	wide := float64(*x)
	c.amounts(&wide)
	*x = float32(wide)
}

// blob passes bytes with their length.
func (c *coder) blob(b *[]byte) {
	n := len(*b)
	numbers(c, &n)
	c.check(n >= 0)
	if !c.reading {
		c.buf = append(c.buf, *b...)
		return
	}
	if c.check(n <= len(c.buf)); !c.failed {
		*b = c.take(n)
	}
}

// list passes a slice that has at most so many elements.
func list[T any](c *coder, s *[]T, most int, one func(*T)) {
	n := len(*s)
	numbers(c, &n)
	c.check(0 <= n && n <= most)
	if c.reading {
		*s = nil
	}
	for i := 0; i < n && !c.failed; i++ {
		if c.reading {
			*s = append(*s, *new(T))
		}
		one(&(*s)[i])
	}
}

// table passes a map that has at most so many keys, in their order.
func table[K comparable, V any](c *coder, m map[K]V, most int, compare func(a, b K) int, key func(*K), value func(*V)) {
	keys := slices.SortedFunc(maps.Keys(m), compare)
	list(c, &keys, most, func(k *K) {
		key(k)
		v := m[*k]
		value(&v)
		m[*k] = v
	})
}
