package profile

import (
	"encoding/binary"
	"slices"
)

// Attributes looks up attributes of one record and passes over it once, however
// many are asked for: what [Record.Attr] takes most of its time for. It goes no
// farther than it must. It is the scratch of one reader, reused from one record to
// the next, and not safe for concurrent use.
type Attributes struct {
	section []byte
	names   [MaxAttributes]Name   // of those passed so far, ascending
	at      [MaxAttributes]uint16 // where each stands in section
	n       int
	next    int // where the first that was not passed stands
}

// Reset makes r the record that is asked. It must not change until the next Reset.
func (a *Attributes) Reset(r Record) {
	s, _ := r.split()
	a.section, a.n, a.next = s.attributes, 0, 0
}

// Get is [Record.Attr] of the record that a was reset to.
func (a *Attributes) Get(n Name) (Value, bool) {
	i := a.n - 1
	if i >= 0 && n <= a.names[i] {
		i = slices.Index(a.names[:a.n], n)
	} else if i = -1; a.pass(n) {
		i = a.n - 1
	}
	if i < 0 {
		return Value{}, false
	}
	found, _ := nextAttribute(a.section[a.at[i]:])
	return found.value(), true
}

// pass goes on to the first attribute whose name is n or above, and reports whether
// it is n.
func (a *Attributes) pass(n Name) bool {
	for a.next+attrHeader <= len(a.section) && a.n < MaxAttributes {
		p := a.section[a.next:]
		size := attributeSize(p)
		if size == 0 {
			return false
		}
		name := Name(binary.LittleEndian.Uint32(p))
		a.names[a.n], a.at[a.n] = name, uint16(a.next)
		a.n++
		a.next += size
		if name >= n {
			return name == n
		}
	}
	return false
}
