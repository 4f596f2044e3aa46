package profile

import (
	"encoding/binary"
	"math"
)

// A group is what a person did of one kind on one topic, newest first:
//
//	topic   4 bytes
//	kind    1 byte; the highest bit says that first is present
//	size    2 bytes, of what follows
//	recent  1 byte, the number of moments known to the second, at least 1
//	last    4 bytes, the newest of them in unix seconds
//	first   4 bytes, if older than everything else here
//	older   a varint for each further moment: the seconds before the one before
//	days    pairs of varints: the days before the one before (at first: before
//	        the day of the oldest moment), and how often on that day (UTC)
const (
	groupHeader = 7
	hasFirst    = 0x80
)

// group is one group as it lies in a record.
type group struct {
	topic       Name
	kind        Kind
	recent      int
	last, first uint32 // first is 0 where the oldest entry is the first
	older       []byte // and days
}

// nextGroup reads the group at the start of p. Its size is 0 where p ends or
// makes no sense.
func nextGroup(p []byte) (g group, size int) {
	if len(p) < groupHeader+5 {
		return g, 0
	}
	size = groupHeader + int(binary.LittleEndian.Uint16(p[5:]))
	if len(p) < size || size < groupHeader+5 {
		return g, 0
	}
	g.topic = Name(binary.LittleEndian.Uint32(p))
	g.kind = Kind(p[4] &^ hasFirst)
	g.recent = int(p[7])
	g.last = binary.LittleEndian.Uint32(p[8:])
	g.older = p[groupHeader+5 : size]
	if p[4]&hasFirst != 0 {
		if len(g.older) < 4 {
			return g, 0
		}
		g.first = binary.LittleEndian.Uint32(g.older)
		g.older = g.older[4:]
	}
	return g, size
}

// group finds the group of a kind and topic.
func (r Record) group(k Kind, topic Name) (group, bool) {
	s, ok := r.split()
	if !ok {
		return group{}, false
	}
	for p := s.behaviours; ; {
		g, size := nextGroup(p)
		if size == 0 || g.topic > topic {
			return group{}, false
		}
		if g.topic == topic && g.kind == k {
			return g, true
		}
		p = p[size:]
	}
}

// Count returns how often the person did something of kind k on a topic in the
// half-open interval [since, until), in unix seconds. The newest MaxRecent
// moments count to the second; of what is older only the day is known, and it
// counts as of that day's noon (UTC), or as of the oldest of those moments where
// that is before noon.
func (r Record) Count(k Kind, topic Name, since, until int64) int {
	g, ok := r.group(k, topic)
	if !ok || int64(g.last) < since {
		return 0
	}
	n := 0
	walk := g.walk()
	for walk.moment() {
		if walk.at < since {
			return n
		}
		if walk.at < until {
			n++
		}
	}
	for walk.dayCount() {
		about := min(walk.day*secondsPerDay+secondsPerDay/2, walk.at)
		if about < since {
			return n
		}
		if about < until {
			n += walk.count
		}
	}
	return n
}

// Last returns when the person last did something of kind k on a topic.
func (r Record) Last(k Kind, topic Name) (unix int64, ok bool) {
	g, ok := r.group(k, topic)
	return int64(g.last), ok
}

// First returns when the person first did something of kind k on a topic, as
// far back as the group reaches: it is forgotten with the group, when everything
// in that has expired.
func (r Record) First(k Kind, topic Name) (unix int64, ok bool) {
	g, ok := r.group(k, topic)
	if !ok {
		return 0, false
	}
	return g.oldest(), true
}

func (g *group) oldest() int64 {
	if g.first != 0 {
		return int64(g.first)
	}
	walk := g.walk()
	for walk.moment() {
	}
	return walk.at
}

// walker goes through a group's entries, newest first.
type walker struct {
	rest  []byte
	left  int
	begun bool

	at    int64 // the moment, in unix seconds
	day   int64 // the day, in days since 1970
	count int   // how often on that day
}

func (g *group) walk() walker {
	at := int64(g.last)
	return walker{rest: g.older, left: g.recent, at: at, day: at / secondsPerDay}
}

// moment goes to the next moment. All moments come before the first day.
func (w *walker) moment() bool {
	if w.left == 0 {
		return false
	}
	w.left--
	if !w.begun {
		w.begun = true
		return true
	}
	d, ok := w.uvarint()
	if !ok || d > uint64(w.at) {
		w.left = 0
		w.rest = nil
		return false
	}
	w.at -= int64(d)
	w.day = w.at / secondsPerDay
	return true
}

// dayCount goes to the next day.
func (w *walker) dayCount() bool {
	d, ok1 := w.uvarint()
	n, ok2 := w.uvarint()
	if !ok1 || !ok2 || d > uint64(w.day) || n > math.MaxUint16 {
		w.rest = nil
		return false
	}
	w.day -= int64(d)
	w.count = int(n)
	return true
}

func (w *walker) uvarint() (uint64, bool) {
	if len(w.rest) > 0 && w.rest[0] < 0x80 {
		v := uint64(w.rest[0])
		w.rest = w.rest[1:]
		return v, true
	}
	v, n := binary.Uvarint(w.rest)
	if n <= 0 {
		return 0, false
	}
	w.rest = w.rest[n:]
	return v, true
}
