package profile

import (
	"encoding/binary"
	"math"
	"slices"
)

// A group is what a person did of one kind on one topic, newest first:
//
//	topic   4 bytes
//	head    1 byte: the kind, and which of what follows is present
//	above   with groupAbove: their number, and 4 bytes for each topic above this
//	        one, the outermost first; with groupBeside they are those of the
//	        group before
//	size    a varint, of what follows
//	last    4 bytes, the newest moment in unix seconds
//	first   with groupFirst: 4 bytes, if older than everything else here
//	older   a varint for each further moment that is known to the second: the
//	        seconds before the one before
//	days    with groupDays, and then after MaxRecent moments: pairs of varints,
//	        the days before the one before (at first: before the day of the oldest
//	        moment), and how often on that day (UTC)
//
// Groups are sorted by the topic directly above, the topic and the kind.
const (
	groupKind   = 0x0f
	groupDays   = 0x10
	groupFirst  = 0x20
	groupAbove  = 0x40
	groupBeside = 0x80

	groupSmallest = 4 + 1 + 1 + 4 // bytes
)

// MaxLevels is how many levels of a topic such as automotive/luxury count, from
// the outermost: what lies deeper is found by its full name, and by these.
const MaxLevels = 8

// group is one group as it lies in a record.
type group struct {
	topic       Name
	kind        Kind
	recent      int    // the most moments that older has
	days        bool   // and then days
	last, first uint32 // first is 0 where the oldest entry is the first
	above       []byte // the topics above, 4 bytes each, the outermost first
	older       []byte // and days
}

// groups reads the groups of a record, one after the other.
type groups struct {
	rest  []byte
	above []byte // of the group before
	old   bool   // as version 1 has them
}

func (s *sections) groups() groups { return groups{rest: s.behaviours, old: s.old} }

// next reads the next group. It returns false at the end, or where the bytes
// make no sense; rest is then not empty.
func (gs *groups) next(g *group) bool {
	if gs.old {
		return gs.nextOld(g)
	}
	p := gs.rest
	if len(p) < groupSmallest {
		return false
	}
	head, at := p[4], 5
	g.topic, g.kind, g.days, g.recent = Name(binary.LittleEndian.Uint32(p)), Kind(head&groupKind), head&groupDays != 0, MaxRecent
	switch head & (groupAbove | groupBeside) {
	case 0:
		gs.above = nil
	case groupAbove:
		at += 1 + 4*int(p[5])
		if at+5 > len(p) {
			return false
		}
		gs.above = p[6:at]
	case groupAbove | groupBeside:
		return false
	}
	g.above = gs.above
	size, n := int(p[at]), 1
	if size >= 0x80 {
		long, m := binary.Uvarint(p[at:])
		if m <= 0 || long > MaxRecord {
			return false
		}
		size, n = int(long), m
	}
	at += n
	if size < 4 || at+size > len(p) {
		return false
	}
	g.last, g.first, g.older = binary.LittleEndian.Uint32(p[at:]), 0, p[at+4:at+size]
	if head&groupFirst != 0 && !g.readFirst() {
		return false
	}
	gs.rest = p[at+size:]
	return true
}

// readFirst takes the first moment from before the older ones.
func (g *group) readFirst() bool {
	if len(g.older) < 4 {
		return false
	}
	g.first = binary.LittleEndian.Uint32(g.older)
	g.older = g.older[4:]
	return true
}

// on reports whether the group is of a kind, and of one of the topics or below
// one.
func (g *group) on(k Kind, topics []Name) bool {
	if g.kind != k {
		return false
	}
	for _, t := range topics {
		if g.topic == t {
			return true
		}
		for p := g.above; len(p) >= 4; p = p[4:] {
			if Name(binary.LittleEndian.Uint32(p)) == t {
				return true
			}
		}
	}
	return false
}

// Count is CountAny of one topic.
func (r Record) Count(k Kind, topic Name, since, until int64) int {
	return r.CountAny(k, []Name{topic}, since, until)
}

// CountAny returns how often the person did something of kind k on any of some
// topics, or below one of them, in the half-open interval [since, until), in unix
// seconds. Each time counts once, also where several of the topics include it.
//
// Of each pair of kind and topic the newest MaxRecent moments count to the second;
// of what is older only the day is known, and it counts as of that day's noon
// (UTC), or as of the oldest of those moments where that is before noon.
func (r Record) CountAny(k Kind, topics []Name, since, until int64) int {
	s, ok := r.split()
	if !ok {
		return 0
	}
	n := 0
	var g group
	for gs := s.groups(); gs.next(&g); {
		if int64(g.last) >= since && g.on(k, topics) {
			n += g.count(since, until)
		}
	}
	return n
}

func (g *group) count(since, until int64) int {
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
		about := walk.about()
		if about < since {
			return n
		}
		if about < until {
			n += walk.count
		}
	}
	return n
}

// Last is LastAny of one topic.
func (r Record) Last(k Kind, topic Name) (unix int64, ok bool) {
	return r.LastAny(k, []Name{topic})
}

// LastAny returns when the person last did something of kind k on any of some
// topics, or below one of them.
func (r Record) LastAny(k Kind, topics []Name) (unix int64, ok bool) {
	s, whole := r.split()
	if !whole {
		return 0, false
	}
	var g group
	for gs := s.groups(); gs.next(&g); {
		if (!ok || int64(g.last) > unix) && g.on(k, topics) {
			unix, ok = int64(g.last), true
		}
	}
	return unix, ok
}

// First is FirstAny of one topic.
func (r Record) First(k Kind, topic Name) (unix int64, ok bool) {
	return r.FirstAny(k, []Name{topic})
}

// FirstAny returns when the person first did something of kind k on any of some
// topics, or below one of them, as far back as is remembered: the first time on a
// topic is forgotten when everything of that kind on it has expired.
func (r Record) FirstAny(k Kind, topics []Name) (unix int64, ok bool) {
	s, whole := r.split()
	if !whole {
		return 0, false
	}
	var g group
	for gs := s.groups(); gs.next(&g); {
		if !g.on(k, topics) {
			continue
		}
		if at := g.oldest(); !ok || at < unix {
			unix, ok = at, true
		}
	}
	return unix, ok
}

// AppendMoments appends the moments in [since, until) at which the person did
// something of kind k on any of some topics, or below one of them, in no order. Of
// each pair of kind and topic these are the newest MaxRecent to the second, and
// one for each day with something older, as Count has it. It does not allocate
// where dst has room.
func (r Record) AppendMoments(dst []int64, k Kind, topics []Name, since, until int64) []int64 {
	s, ok := r.split()
	if !ok {
		return dst
	}
	var g group
	for gs := s.groups(); gs.next(&g); {
		if int64(g.last) >= since && g.on(k, topics) {
			dst = g.appendMoments(dst, since, until)
		}
	}
	return dst
}

func (g *group) appendMoments(dst []int64, since, until int64) []int64 {
	walk := g.walk()
	for walk.moment() {
		if walk.at < since {
			return dst
		}
		if walk.at < until {
			dst = append(dst, walk.at)
		}
	}
	for walk.dayCount() {
		about := walk.about()
		if about < since {
			return dst
		}
		if about < until {
			dst = append(dst, about)
		}
	}
	return dst
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
	days  bool

	at    int64 // the moment, in unix seconds
	day   int64 // the day, in days since 1970
	count int   // how often on that day
}

func (g *group) walk() walker {
	at := int64(g.last)
	return walker{rest: g.older, left: g.recent, days: g.days, at: at, day: at / secondsPerDay}
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
	if !w.days {
		return false
	}
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

// about is the moment for which the day stands: its noon, or the oldest moment
// where that is before noon.
func (w *walker) about() int64 { return min(w.day*secondsPerDay+secondsPerDay/2, w.at) }

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

// namesIn returns the names that lie in p, 4 bytes each.
func namesIn(p []byte) []Name {
	var list []Name
	for ; len(p) >= 4; p = p[4:] {
		list = append(list, Name(binary.LittleEndian.Uint32(p)))
	}
	return list
}

// parent returns the topic directly above, 0 for none.
func (g *group) parent() Name {
	if len(g.above) < 4 {
		return 0
	}
	return Name(binary.LittleEndian.Uint32(g.above[len(g.above)-4:]))
}

// valid reports whether what is in the group is in order.
func (g *group) valid() bool {
	if g.kind == NoKind || g.kind >= numKinds || len(g.above) > 4*(MaxLevels-1) || slices.Contains(namesIn(g.above), 0) {
		return false
	}
	walk := g.walk()
	moments, days := 0, 0
	for moments < g.recent && (moments == 0 || len(walk.rest) > 0) {
		if !walk.moment() {
			return false
		}
		moments++
	}
	for len(walk.rest) > 0 {
		if !walk.dayCount() {
			return false
		}
		days++
	}
	return moments > 0 && days <= MaxDays && (!g.days || moments == MaxRecent)
}
