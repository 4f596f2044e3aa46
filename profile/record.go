package profile

import (
	"encoding/binary"
	"math"
)

// Record is what is known of one person. It is immutable, holds no pointers and
// is read in place: no accessor allocates, and none panics or reads out of
// bounds whatever the bytes are. A nil Record knows nothing.
//
// The layout, little-endian (version 2; version1.go says what was different):
//
//	header      7 bytes: version, the number of segments and touches (a byte
//	            each), the bytes of the attribute and behaviour sections (two
//	            bytes each)
//	segments    8 bytes each, by name: name, expiry in unix seconds
//	touches     20 bytes each, newest first; see Touch
//	attributes  by name: name, day of writing, wire type, payload
//	behaviours  a group for each topic and kind; see behaviours.go
//	ids         day of writing, length and bytes of the type, then of the value
type Record []byte

// Version is the version of the record's layout that this package writes. It
// reads all that came before.
const Version = 2

// Bounds of one record. A builder that is given more keeps the newest, or
// refuses where there is no newest. The largest record has MaxRecord bytes.
const (
	MaxAttributes = 64
	MaxSegments   = 250
	MaxTouches    = 64
	MaxGroups     = 48  // pairs of topic and kind
	MaxRecent     = 32  // moments to the second, in each group
	MaxDays       = 100 // days with a count, older than those, in each group
	MaxIDs        = 16
	MaxString     = 128 // bytes of an attribute's or an identifier's value
	MaxRecord     = 48 << 10
)

const (
	headerSize  = 7
	segmentSize = 8
	touchSize   = 20
	attrHeader  = 7

	secondsPerDay = 86400
)

// Wire types of attributes. Whole numbers and moments that fit 32 bits take
// four bytes, others eight.
const (
	wireString = iota
	wireNumber64
	wireNumber32
	wireDate64
	wireDate32
	wireFalse
	wireTrue
)

// sections are the parts of a record whose header adds up.
type sections struct {
	segments, touches, attributes, behaviours, ids []byte

	old bool // of version 1
}

// split returns the sections, or false if r is empty, of another version, or
// not as long as its header says.
func (r Record) split() (s sections, ok bool) {
	if len(r) < headerSize {
		return s, false
	}
	if r[0] != Version {
		if r[0] == version1 {
			return r.splitOld()
		}
		return s, false
	}
	seg := headerSize + int(r[1])*segmentSize
	touch := seg + int(r[2])*touchSize
	attr := touch + int(binary.LittleEndian.Uint16(r[3:]))
	behaviour := attr + int(binary.LittleEndian.Uint16(r[5:]))
	if len(r) < behaviour {
		return s, false
	}
	return sections{r[headerSize:seg], r[seg:touch], r[touch:attr], r[attr:behaviour], r[behaviour:], false}, true
}

// Attr returns the value of an attribute. A string is a view into the record.
func (r Record) Attr(n Name) (Value, bool) {
	s, ok := r.split()
	if !ok {
		return Value{}, false
	}
	for p := s.attributes; len(p) >= attrHeader; {
		got := Name(binary.LittleEndian.Uint32(p))
		if got >= n {
			if got > n {
				return Value{}, false
			}
			a, size := nextAttribute(p)
			if size == 0 {
				return Value{}, false
			}
			return a.value(), true
		}
		size := attributeSize(p)
		if size == 0 {
			return Value{}, false
		}
		p = p[size:]
	}
	return Value{}, false
}

// wireSizes are the bytes of the payloads, of strings those of their length.
var wireSizes = [...]uint8{wireString: 1, wireNumber64: 8, wireNumber32: 4, wireDate64: 8, wireDate32: 4, wireFalse: 0, wireTrue: 0}

// attributeSize returns the bytes of the attribute at the start of p, which has at
// least those of a header; 0 where p ends or makes no sense.
func attributeSize(p []byte) int {
	wire := int(p[6])
	if wire >= len(wireSizes) {
		return 0
	}
	size := attrHeader + int(wireSizes[wire])
	if wire == wireString && len(p) > attrHeader {
		size += int(p[attrHeader])
	}
	if size > len(p) {
		return 0
	}
	return size
}

// attribute is one attribute as it lies in a record.
type attribute struct {
	name    Name
	day     uint16 // of writing, in days since 1970
	wire    uint8
	payload []byte
}

// nextAttribute reads the attribute at the start of p. Its size is 0 where p
// ends or makes no sense.
func nextAttribute(p []byte) (a attribute, size int) {
	if len(p) < attrHeader {
		return a, 0
	}
	a.name = Name(binary.LittleEndian.Uint32(p))
	a.day = binary.LittleEndian.Uint16(p[4:])
	a.wire = p[6]
	from, to := attrHeader, attrHeader
	switch a.wire {
	case wireString:
		if len(p) == attrHeader {
			return a, 0
		}
		from++
		to = from + int(p[attrHeader])
	case wireNumber64, wireDate64:
		to += 8
	case wireNumber32, wireDate32:
		to += 4
	case wireFalse, wireTrue:
	default:
		return a, 0
	}
	if len(p) < to {
		return a, 0
	}
	a.payload = p[from:to]
	return a, to
}

func (a *attribute) value() Value {
	switch a.wire {
	case wireString:
		return Value{Type: String, Str: a.payload}
	case wireNumber64:
		return Value{Type: Number, Num: math.Float64frombits(binary.LittleEndian.Uint64(a.payload))}
	case wireNumber32:
		return Value{Type: Number, Num: float64(int32(binary.LittleEndian.Uint32(a.payload)))}
	case wireDate64:
		return Value{Type: Date, Num: math.Float64frombits(binary.LittleEndian.Uint64(a.payload))}
	case wireDate32:
		return Value{Type: Date, Num: float64(int32(binary.LittleEndian.Uint32(a.payload)))}
	case wireTrue:
		return Value{Type: Bool, Num: 1}
	}
	return Value{Type: Bool}
}

// Segment reports whether the person is in a segment at the time now, in unix
// seconds. It is false from the second of the segment's expiry on.
func (r Record) Segment(n Name, now int64) bool {
	expires, ok := r.SegmentExpiry(n)
	return ok && now < expires
}

// SegmentExpiry returns when the person leaves a segment, or has left it, in unix
// seconds, as long as that is recorded.
func (r Record) SegmentExpiry(n Name) (unix int64, ok bool) {
	s, ok := r.split()
	if !ok {
		return 0, false
	}
	for p := s.segments; len(p) >= segmentSize; p = p[segmentSize:] {
		got := Name(binary.LittleEndian.Uint32(p))
		if got == n {
			return int64(binary.LittleEndian.Uint32(p[4:])), true
		}
		if got > n {
			return 0, false
		}
	}
	return 0, false
}

// HasSegments reports whether the record holds any segment, expired or not: so
// whether anybody has told us about this person's segments at all.
func (r Record) HasSegments() bool { return len(r) >= headerSize && r[1] > 0 }
