package identity

import "bytes"

// GPP section ids.
const (
	sectionTCFv1  = 1
	sectionTCF    = 2
	sectionHeader = 3
	sectionSigned = 4
	sectionUSP    = 6
	sectionUSNat  = 7
	sectionUSCA   = 8
)

// maxSections is how many sections a GPP string may have, more than there are.
const maxSections = 32

// gpp is a GPP string taken apart.
type gpp struct {
	n     int
	ids   [maxSections]uint32
	texts [maxSections][]byte
}

// parse takes a GPP string apart; false if its header cannot be read or does not
// fit its sections. The texts are views into it.
func (g *gpp) parse(text []byte) bool {
	header, rest, more := bytes.Cut(text, []byte{'~'})
	b, ok := bitsOf(header)
	if !ok || b.uint(6) != 3 || b.uint(6) != 1 { // type and version
		return false
	}
	if !g.parseIDs(&b) {
		return false
	}
	for i := range g.n {
		if !more {
			return false
		}
		g.texts[i], rest, more = bytes.Cut(rest, []byte{'~'})
	}
	return !more
}

// parseIDs reads the ids of the sections: numbers and ranges of numbers, each the
// difference from the one before, in Fibonacci code.
func (g *gpp) parseIDs(b *bits) bool {
	g.n = 0
	last := uint32(0)
	for range b.uint(12) {
		isRange := b.bool()
		first, ok := b.fibonacci()
		if !ok {
			return false
		}
		first += last
		last = first
		if isRange {
			more, ok := b.fibonacci()
			if !ok {
				return false
			}
			last += more
		}
		for id := first; id <= last; id++ {
			if g.n == maxSections {
				return false
			}
			g.ids[g.n] = id
			g.n++
		}
	}
	return !b.past
}

// fibonacci reads a number in Fibonacci code: the bits say which of 1, 2, 3, 5, …
// to add up, and a second one in a row ends it. Numbers are at most 65535.
func (b *bits) fibonacci() (uint32, bool) {
	sum, previous := uint32(0), false
	for this, next := uint32(1), uint32(2); this < 1<<17; this, next = next, this+next {
		bit := b.bool()
		if b.past {
			return 0, false
		}
		if bit && previous {
			return sum, sum < 1<<16
		}
		if bit {
			sum += this
		}
		previous = bit
	}
	return 0, false
}

// section returns the text of a section.
func (g *gpp) section(id uint32) ([]byte, bool) {
	for i := range g.n {
		if g.ids[i] == id {
			return g.texts[i], true
		}
	}
	return nil, false
}
