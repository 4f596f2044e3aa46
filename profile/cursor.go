package profile

import "encoding/binary"

// Cursors go through a record in place, for who wants to see all of it and not to
// ask for something by its name. They allocate nothing, and whatever the bytes are
// they end.

// SegmentCursor goes through the segments that have not expired, by name.
type SegmentCursor struct {
	rest []byte
	now  int64
}

// EachSegment begins with the first segment that the person is in at the time now,
// in unix seconds.
func (r Record) EachSegment(now int64) SegmentCursor {
	s, _ := r.split()
	return SegmentCursor{s.segments, now}
}

// Next goes to the next segment. It returns false at the end.
func (c *SegmentCursor) Next(n *Name) bool {
	for len(c.rest) >= segmentSize {
		p := c.rest
		c.rest = p[segmentSize:]
		if c.now < int64(binary.LittleEndian.Uint32(p[4:])) {
			*n = Name(binary.LittleEndian.Uint32(p))
			return true
		}
	}
	return false
}

// AttributeCursor goes through the attributes, by name.
type AttributeCursor struct{ rest []byte }

// EachAttribute begins with the first attribute.
func (r Record) EachAttribute() AttributeCursor {
	s, _ := r.split()
	return AttributeCursor{s.attributes}
}

// Next goes to the next attribute. A string is a view into the record. It returns
// false at the end.
func (c *AttributeCursor) Next(n *Name, v *Value) bool {
	a, size := nextAttribute(c.rest)
	if size == 0 {
		return false
	}
	c.rest = c.rest[size:]
	*n, *v = a.name, a.value()
	return true
}

// BehaviourCursor goes through what the person did, a topic and kind at a time.
type BehaviourCursor struct {
	groups groups
	g      group
}

// EachBehaviour begins with the first topic and kind.
func (r Record) EachBehaviour() BehaviourCursor {
	s, ok := r.split()
	if !ok {
		return BehaviourCursor{}
	}
	return BehaviourCursor{groups: s.groups()}
}

// Next goes to the next topic and kind, and says when that was last done, in unix
// seconds. It returns false at the end.
func (c *BehaviourCursor) Next(topic *Name, k *Kind, last *int64) bool {
	if !c.groups.next(&c.g) {
		return false
	}
	*topic, *k, *last = c.g.topic, c.g.kind, int64(c.g.last)
	return true
}

// Count returns how often what Next has gone to was done in [since, until), as
// Record.Count has it.
func (c *BehaviourCursor) Count(since, until int64) int { return c.g.count(since, until) }
