package profile

import (
	"encoding/binary"
	"slices"
)

// Load empties the builder and fills it with a record. It keeps no reference to
// r. It fails with ErrCorrupt if the record is not valid, and is then empty.
func (b *Builder) Load(r Record) error {
	b.Reset(b.now)
	return b.Merge(r)
}

// Merge adds what another record holds: the attribute written later wins (on
// the same day the other record's), the segment that ends later wins,
// behaviours and touches add up. It fails with ErrCorrupt if r is not valid,
// and then changes nothing. Attributes beyond MaxAttributes are left out.
func (b *Builder) Merge(r Record) error {
	if err := r.Valid(); err != nil || len(r) == 0 {
		return err
	}
	s, _ := r.split()
	b.mergeSegments(s.segments)
	for p := s.touches; len(p) > 0; p = p[touchSize:] {
		b.putTouch(readTouch(p))
	}
	b.mergeAttributes(s.attributes)
	b.mergeGroups(s.groups())
	for p := s.ids; len(p) > 0; {
		e, size := nextID(p)
		b.putID(builtID{id: ID{Type: b.typeOf(e.kind), Value: string(e.value)}, day: e.day})
		p = p[size:]
	}
	return nil
}

func (b *Builder) mergeSegments(p []byte) {
	for ; len(p) > 0; p = p[segmentSize:] {
		s := builtSegment{Name(binary.LittleEndian.Uint32(p)), binary.LittleEndian.Uint32(p[4:])}
		i := slices.IndexFunc(b.segments, func(x builtSegment) bool { return x.name == s.name })
		if i < 0 || b.segments[i].expires < s.expires {
			b.putSegment(s)
		}
	}
}

func (b *Builder) mergeAttributes(p []byte) {
	for len(p) > 0 {
		a, size := nextAttribute(p)
		p = p[size:]
		i := slices.IndexFunc(b.attributes, func(x builtAttribute) bool { return x.name == a.name })
		if i >= 0 && b.attributes[i].day > a.day {
			continue
		}
		b.putAttribute(builtAttribute{name: a.name, day: a.day, value: b.keep(a.value())})
	}
}

// typeOf returns the type of an identifier as text. There are few of them.
func (b *Builder) typeOf(kind []byte) string {
	for _, t := range b.types {
		if t == string(kind) {
			return t
		}
	}
	t := string(kind)
	if len(b.types) < MaxIDs {
		b.types = append(b.types, t)
	}
	return t
}

func (b *Builder) mergeGroups(gs groups) {
	var g group
	for gs.next(&g) {
		into := b.group(g.kind, g.topic)
		if len(into.above) == 0 {
			into.above = b.aboveOf(&g, gs.old)
		}
		walk := g.walk()
		for walk.moment() {
			into.add(uint32(walk.at), 1)
		}
		for len(walk.rest) > 0 && walk.dayCount() {
			into.addDay(uint32(walk.day), walk.count)
		}
		if g.first != 0 && g.first < into.first {
			into.first = g.first
		}
	}
}

// aboveOf returns the topics above that of a group. A record of version 1 does not
// know them, but the dictionary of names does.
func (b *Builder) aboveOf(g *group, old bool) []Name {
	if !old {
		return namesIn(g.above)
	}
	if b.names == nil {
		return nil
	}
	text, ok := b.names.Text(g.topic)
	if !ok {
		return nil
	}
	above, err := b.above(text)
	if err != nil {
		return nil // one of them cannot be recorded: it is as it was
	}
	return above
}
