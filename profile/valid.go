package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by the errors of records that are not what this package
// writes.
var ErrCorrupt = errors.New("corrupt profile record")

// Valid returns nil if r is empty or a record of this version with every
// section in order, and else an error that wraps ErrCorrupt and says where.
// Accessors of a record that is not valid return that nothing is known, or part
// of it.
func (r Record) Valid() error {
	if len(r) == 0 {
		return nil
	}
	if r[0] != Version {
		return fmt.Errorf("%w: version %d, this program reads %d", ErrCorrupt, r[0], Version)
	}
	s, ok := r.split()
	if !ok {
		return fmt.Errorf("%w: %d bytes do not fit the header", ErrCorrupt, len(r))
	}
	switch {
	case len(r) > MaxRecord:
		return fmt.Errorf("%w: %d bytes", ErrCorrupt, len(r))
	case !validSegments(s.segments):
		return fmt.Errorf("%w: segments", ErrCorrupt)
	case !validTouches(s.touches):
		return fmt.Errorf("%w: touches", ErrCorrupt)
	case !validAttributes(s.attributes, int(r[3])):
		return fmt.Errorf("%w: attributes", ErrCorrupt)
	case !validGroups(s.behaviours, int(r[4])):
		return fmt.Errorf("%w: behaviours", ErrCorrupt)
	case !validIDs(s.ids, int(r[5])):
		return fmt.Errorf("%w: ids", ErrCorrupt)
	}
	return nil
}

func validSegments(p []byte) bool {
	last := Name(0)
	for ; len(p) > 0; p = p[segmentSize:] {
		n := Name(binary.LittleEndian.Uint32(p))
		if n <= last {
			return false
		}
		last = n
	}
	return true
}

func validTouches(p []byte) bool {
	if len(p) > MaxTouches*touchSize {
		return false
	}
	newest := int64(1 << 32)
	for ; len(p) > 0; p = p[touchSize:] {
		t := readTouch(p)
		if t.Time > newest {
			return false
		}
		newest = t.Time
	}
	return true
}

func validAttributes(p []byte, count int) bool {
	last := Name(0)
	for range count {
		a, size := nextAttribute(p)
		if size == 0 || a.name <= last || len(a.payload) > MaxString {
			return false
		}
		last = a.name
		p = p[size:]
	}
	return len(p) == 0 && count <= MaxAttributes
}

func validGroups(p []byte, count int) bool {
	last := uint64(0)
	for range count {
		g, size := nextGroup(p)
		if size == 0 || g.key() <= last || !g.valid() {
			return false
		}
		last = g.key()
		p = p[size:]
	}
	return len(p) == 0 && count <= MaxGroups
}

// key orders groups.
func (g *group) key() uint64 { return uint64(g.topic)<<8 | uint64(g.kind) }

func (g *group) valid() bool {
	if g.recent == 0 || g.recent > MaxRecent {
		return false
	}
	walk := g.walk()
	moments, days := 0, 0
	for walk.moment() {
		moments++
	}
	for len(walk.rest) > 0 {
		if !walk.dayCount() {
			return false
		}
		days++
	}
	return moments == g.recent && days <= MaxDays && (days == 0 || moments == MaxRecent)
}

func validIDs(p []byte, count int) bool {
	for range count {
		_, size := nextID(p)
		if size == 0 {
			return false
		}
		p = p[size:]
	}
	return len(p) == 0 && count <= MaxIDs
}
