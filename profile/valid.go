package profile

import (
	"cmp"
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
	if r[0] != Version && r[0] != version1 {
		return fmt.Errorf("%w: version %d, this program reads up to %d", ErrCorrupt, r[0], Version)
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
	case s.old && !r.validCounts(&s):
		return fmt.Errorf("%w: attributes, behaviours or ids are not as many as the header says", ErrCorrupt)
	case !validAttributes(s.attributes):
		return fmt.Errorf("%w: attributes", ErrCorrupt)
	case !validGroups(s.groups()):
		return fmt.Errorf("%w: behaviours", ErrCorrupt)
	case !validIDs(s.ids):
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

func validAttributes(p []byte) bool {
	last, count := Name(0), 0
	for ; len(p) > 0; count++ {
		a, size := nextAttribute(p)
		if size == 0 || a.name <= last || len(a.payload) > MaxString {
			return false
		}
		last = a.name
		p = p[size:]
	}
	return count <= MaxAttributes
}

func validGroups(gs groups) bool {
	var g, last group
	count := 0
	for ; gs.next(&g); count++ {
		if count > 0 && g.compare(&last) <= 0 || !g.valid() {
			return false
		}
		last = g
	}
	return len(gs.rest) == 0 && count <= MaxGroups
}

// compare orders the groups of a record.
func (g *group) compare(o *group) int {
	return cmp.Or(cmp.Compare(g.parent(), o.parent()), cmp.Compare(g.topic, o.topic), cmp.Compare(g.kind, o.kind))
}

func validIDs(p []byte) bool {
	count := 0
	for ; len(p) > 0; count++ {
		_, size := nextID(p)
		if size == 0 {
			return false
		}
		p = p[size:]
	}
	return count <= MaxIDs
}

// validCounts compares what a record of version 1 holds with what its header says
// that it holds.
func (r Record) validCounts(s *sections) bool {
	attributes, behaviours, ids := 0, 0, 0
	for p := s.attributes; len(p) > 0; attributes++ {
		_, size := nextAttribute(p)
		if size == 0 {
			return false
		}
		p = p[size:]
	}
	var g group
	for gs := s.groups(); gs.next(&g); {
		behaviours++
	}
	for p := s.ids; len(p) > 0; ids++ {
		_, size := nextID(p)
		if size == 0 {
			return false
		}
		p = p[size:]
	}
	return attributes == int(r[3]) && behaviours == int(r[4]) && ids == int(r[5])
}
