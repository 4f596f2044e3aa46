package profile

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// Append drops what has expired by the builder's time, and appends the record
// to dst. It appends nothing if nothing but identifiers is left. The builder
// can be used further.
func (b *Builder) Append(dst []byte) Record {
	b.expire()
	if len(b.attributes)+len(b.segments)+len(b.touches)+len(b.groups) == 0 {
		return dst
	}
	start := len(dst)
	dst = append(dst, Version, byte(len(b.segments)), byte(len(b.touches)), 0, 0, 0, 0)
	for _, s := range b.segments {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(s.name))
		dst = binary.LittleEndian.AppendUint32(dst, s.expires)
	}
	for _, t := range b.touches {
		dst = appendTouch(dst, t)
	}
	at := len(dst)
	for i := range b.attributes {
		dst = b.attributes[i].append(dst)
	}
	binary.LittleEndian.PutUint16(dst[start+3:], uint16(len(dst)-at))
	at = len(dst)
	dst = b.appendGroups(dst)
	binary.LittleEndian.PutUint16(dst[start+5:], uint16(len(dst)-at))
	for _, x := range b.ids {
		dst = appendID(dst, x.day, x.id)
	}
	return dst
}

// expire drops what has expired, and the oldest groups beyond MaxGroups.
func (b *Builder) expire() {
	now, keep := b.now, &b.retention
	b.segments = slices.DeleteFunc(b.segments, func(s builtSegment) bool { return int64(s.expires) <= now })
	touched := now - seconds(keep.Touches)
	b.touches = slices.DeleteFunc(b.touches, func(t Touch) bool { return t.Time < touched })
	written := (now - seconds(keep.Attributes)) / secondsPerDay
	b.attributes = slices.DeleteFunc(b.attributes, func(a builtAttribute) bool { return int64(a.day) < written })
	seen := (now - seconds(keep.IDs)) / secondsPerDay
	b.ids = slices.DeleteFunc(b.ids, func(x builtID) bool { return int64(x.day) < seen })

	kept := b.groups[:0]
	for i := range b.groups {
		if b.groups[i].expire(now - seconds(keep.Behaviours)) {
			kept = append(kept, b.groups[i])
		}
	}
	b.groups = kept
	b.dropOldestGroups()
}

func (b *Builder) dropOldestGroups() {
	for len(b.groups) > MaxGroups {
		oldest := slices.MinFunc(b.groups, func(x, y builtGroup) int { return cmp.Compare(x.recent[0], y.recent[0]) })
		b.groups = slices.DeleteFunc(b.groups, func(g builtGroup) bool { return g.topic == oldest.topic && g.kind == oldest.kind })
	}
}

func (a *builtAttribute) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(a.name))
	dst = binary.LittleEndian.AppendUint16(dst, a.day)
	v := a.value
	short := v.Num == math.Trunc(v.Num) && math.Abs(v.Num) < math.MaxInt32
	switch {
	case v.Type == String:
		dst = append(dst, wireString, byte(len(v.Str)))
		return append(dst, v.Str...)
	case v.Type == Bool && v.Num != 0:
		return append(dst, wireTrue)
	case v.Type == Bool:
		return append(dst, wireFalse)
	case v.Type == Date && short:
		return binary.LittleEndian.AppendUint32(append(dst, wireDate32), uint32(int32(v.Num)))
	case v.Type == Date:
		return binary.LittleEndian.AppendUint64(append(dst, wireDate64), math.Float64bits(v.Num))
	case short:
		return binary.LittleEndian.AppendUint32(append(dst, wireNumber32), uint32(int32(v.Num)))
	}
	return binary.LittleEndian.AppendUint64(append(dst, wireNumber64), math.Float64bits(v.Num))
}

// appendGroups writes the groups in their order in a record: those of topics
// directly below the same one stand together, and share what they say of it.
func (b *Builder) appendGroups(dst []byte) []byte {
	b.order = b.order[:0]
	for i := range b.groups {
		b.order = append(b.order, &b.groups[i])
	}
	slices.SortFunc(b.order, func(x, y *builtGroup) int {
		return cmp.Or(cmp.Compare(x.parent(), y.parent()), cmp.Compare(x.topic, y.topic), cmp.Compare(x.kind, y.kind))
	})
	var above []Name
	for _, g := range b.order {
		dst = g.append(dst, above)
		above = g.above
	}
	return dst
}

// parent returns the topic directly above, 0 for none.
func (g *builtGroup) parent() Name {
	if len(g.above) == 0 {
		return 0
	}
	return g.above[len(g.above)-1]
}

// append writes the group as behaviours.go describes it, after a group whose topic
// has these above.
func (g *builtGroup) append(dst []byte, before []Name) []byte {
	head := len(dst) + 4
	dst = binary.LittleEndian.AppendUint32(dst, uint32(g.topic))
	dst = append(dst, byte(g.kind))
	switch {
	case len(g.above) == 0:
	case slices.Equal(g.above, before):
		dst[head] |= groupBeside
	default:
		dst[head] |= groupAbove
		dst = append(dst, byte(len(g.above)))
		for _, n := range g.above {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
		}
	}
	size := len(dst)
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, g.recent[0])
	if g.first < g.recent[len(g.recent)-1] {
		dst[head] |= groupFirst
		dst = binary.LittleEndian.AppendUint32(dst, g.first)
	}
	if len(g.days) > 0 {
		dst[head] |= groupDays
	}
	dst = g.appendOlder(dst)
	return putSize(dst, size, len(dst)-size-1)
}

// putSize writes a size as a varint where one byte is left for it, and moves what
// follows if it takes more.
func putSize(dst []byte, at, size int) []byte {
	if size < 0x80 {
		dst[at] = byte(size)
		return dst
	}
	var room [binary.MaxVarintLen32]byte
	n := binary.PutUvarint(room[:], uint64(size))
	dst = append(dst, room[1:n]...)
	copy(dst[at+n:], dst[at+1:])
	copy(dst[at:], room[:n])
	return dst
}

// appendOlder writes the moments after the newest, and the days.
func (g *builtGroup) appendOlder(dst []byte) []byte {
	before := g.recent[0]
	for _, at := range g.recent[1:] {
		dst = binary.AppendUvarint(dst, uint64(before-at))
		before = at
	}
	day := before / secondsPerDay
	for _, d := range g.days {
		dst = binary.AppendUvarint(dst, uint64(day-d.day))
		dst = binary.AppendUvarint(dst, uint64(d.count))
		day = d.day
	}
	return dst
}
