package profile

import "encoding/binary"

// Version 1, which is read and not written any more, differs from the version of
// today in two things. Its header had 12 bytes: version, the number of segments,
// touches, attributes, groups and ids (a byte each), the bytes of the attribute,
// behaviour and id sections (two bytes each). And its groups, sorted by topic and
// kind, did not know what is above their topic:
//
//	topic   4 bytes
//	kind    1 byte; the highest bit says that first is present
//	size    2 bytes, of what follows
//	recent  1 byte, the number of moments known to the second, at least 1
//	last, first, older, days as today; days after MaxRecent moments
//
// A person whose record is of version 1 did nothing "below" a topic until the
// record is written the next time, by a builder that knows the names.
const (
	version1         = 1
	version1Header   = 12
	version1First    = 0x80
	version1Group    = 7
	version1Smallest = version1Group + 5
)

// splitOld returns the sections of a record of version 1.
func (r Record) splitOld() (s sections, ok bool) {
	if len(r) < version1Header {
		return s, false
	}
	seg := version1Header + int(r[1])*segmentSize
	touch := seg + int(r[2])*touchSize
	attr := touch + int(binary.LittleEndian.Uint16(r[6:]))
	behaviour := attr + int(binary.LittleEndian.Uint16(r[8:]))
	if len(r) != behaviour+int(binary.LittleEndian.Uint16(r[10:])) {
		return s, false
	}
	return sections{r[version1Header:seg], r[seg:touch], r[touch:attr], r[attr:behaviour], r[behaviour:], true}, true
}

// nextOld reads the next group of a record of version 1.
func (gs *groups) nextOld(g *group) bool {
	p := gs.rest
	if len(p) < version1Smallest {
		return false
	}
	size := version1Group + int(binary.LittleEndian.Uint16(p[5:]))
	if len(p) < size || size < version1Smallest {
		return false
	}
	*g = group{
		topic: Name(binary.LittleEndian.Uint32(p)), kind: Kind(p[4] &^ version1First),
		recent: int(p[7]), days: p[7] == MaxRecent,
		last: binary.LittleEndian.Uint32(p[8:]), older: p[version1Smallest:size],
	}
	if p[4]&version1First != 0 && !g.readFirst() {
		return false
	}
	gs.rest = p[size:]
	return true
}
