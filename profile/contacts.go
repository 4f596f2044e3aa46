package profile

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// What belongs to contacts in a record, and when two records agree on it:
//
//   - the touches are those of the ledger's events alone. They agree if they are
//     the same bytes;
//   - behaviours may come from others too, of the same kind and topic. They agree
//     if the record holds at least what the events make: as much on every day,
//     and every moment that it has room for. In a record that has dropped groups
//     for want of room (MaxGroups) they are not compared.
//
// Both only as far back as neither the retention nor the ledger has dropped
// anything: see Since.

// Since is how far back contacts are compared, in unix seconds: touches to the
// second, behaviours to whole days (UTC).
type Since struct{ Touches, Behaviours int64 }

// ContactsSince returns how far back contacts can be compared at the time now,
// with events from the time first on, in unix seconds.
func (p *Profiles) ContactsSince(now time.Time, first int64) Since {
	s := Since{
		Touches:    max(now.Unix()-seconds(p.retention.Touches), first),
		Behaviours: max(now.Unix()-seconds(p.retention.Behaviours), first+secondsPerDay-1),
	}
	s.Behaviours -= s.Behaviours % secondsPerDay
	return s
}

// CompareContacts compares the contacts in a stored record with those in one
// that was made of the events alone. It returns "" if they agree, and else how
// they do not. It fails with ErrCorrupt if one of them is not valid.
func CompareContacts(stored, made Record, since Since) (string, error) {
	var have, want Builder
	if err := have.Merge(stored); err != nil {
		return "", fmt.Errorf("the stored record: %w", err)
	}
	if err := want.Merge(made); err != nil {
		return "", fmt.Errorf("the record made again: %w", err)
	}
	full := len(have.groups) >= MaxGroups || len(want.groups) >= MaxGroups
	have.keepSince(since)
	want.keepSince(since)
	if !bytes.Equal(have.touchBytes(), want.touchBytes()) {
		return fmt.Sprintf("%d touches are stored, the events make %d%s", len(have.touches), len(want.touches), others(&have, &want)), nil
	}
	if full {
		return "", nil
	}
	for i := range want.groups {
		g := &want.groups[i]
		if at := have.groupAt(g); at == nil || at.lacks(g) {
			return fmt.Sprintf("behaviours (%s, topic %08x) lack what the events make", g.kind, uint32(g.topic)), nil
		}
	}
	return "", nil
}

func others(have, want *Builder) string {
	if len(have.touches) == len(want.touches) {
		return " others"
	}
	return ""
}

// RestoreContacts makes the builder's contacts agree with a record that was made
// of the events alone. What is older than since stays, and so do behaviours that
// others have added.
func (b *Builder) RestoreContacts(made Record, since Since) error {
	var want Builder
	if err := want.Merge(made); err != nil {
		return err
	}
	want.keepSince(since)
	b.touches = slices.DeleteFunc(b.touches, func(t Touch) bool { return t.Time >= since.Touches })
	for _, t := range want.touches {
		b.putTouch(t)
	}
	for i := range want.groups {
		g := &want.groups[i]
		if at := b.group(g.kind, g.topic); at.lacks(g) {
			at.unite(g)
		}
	}
	return nil
}

// keepSince drops touches and behaviours from before.
func (b *Builder) keepSince(since Since) {
	b.touches = slices.DeleteFunc(b.touches, func(t Touch) bool { return t.Time < since.Touches })
	kept := b.groups[:0]
	for i := range b.groups {
		if b.groups[i].expire(since.Behaviours) {
			kept = append(kept, b.groups[i])
		}
	}
	b.groups = kept
}

func (b *Builder) touchBytes() (p []byte) {
	for _, t := range b.touches {
		p = appendTouch(p, t)
	}
	return p
}

// groupAt returns the group of the same kind and topic, nil if there is none.
func (b *Builder) groupAt(g *builtGroup) *builtGroup {
	for i := range b.groups {
		if at := &b.groups[i]; at.kind == g.kind && at.topic == g.topic {
			return at
		}
	}
	return nil
}

// lacks reports whether made holds something that g should and does not.
func (g *builtGroup) lacks(made *builtGroup) bool {
	oldest := uint32(0) // of the moments that g has room for
	if len(g.recent) >= MaxRecent {
		oldest = g.recent[len(g.recent)-1]
	}
	have, want := countsOf(g.recent), countsOf(made.recent)
	for at, n := range want {
		if at > oldest && have[at] < n {
			return true
		}
	}
	first := uint32(0) // day that g has room for
	if len(g.days) >= MaxDays {
		first = g.days[len(g.days)-1].day
	}
	haveDays := g.perDay()
	for day, n := range made.perDay() {
		if day > first && min(haveDays[day], MaxCount) < min(n, MaxCount) {
			return true
		}
	}
	return false
}

func countsOf(moments []uint32) map[uint32]int {
	n := make(map[uint32]int, len(moments))
	for _, at := range moments {
		n[at]++
	}
	return n
}

// perDay returns how often on each day, moments included.
func (g *builtGroup) perDay() map[uint32]int {
	n := make(map[uint32]int, len(g.days)+1)
	for _, d := range g.days {
		n[d.day] += d.count
	}
	for _, at := range g.recent {
		n[at/secondsPerDay]++
	}
	return n
}

// unite makes g hold what either holds: of each moment, and on each day, as many
// as the one that has more.
func (g *builtGroup) unite(o *builtGroup) {
	moments := countsOf(g.recent)
	for at, n := range countsOf(o.recent) {
		moments[at] = max(moments[at], n)
	}
	days := g.perDay()
	for day, n := range o.perDay() {
		days[day] = max(days[day], n)
	}
	united := builtGroup{topic: g.topic, kind: g.kind, above: g.above}
	if len(united.above) == 0 {
		united.above = o.above
	}
	for at, n := range moments {
		united.add(at, n)
		day := at / secondsPerDay
		days[day] -= min(days[day], n)
	}
	united.first = min(firstOf(g), firstOf(o))
	for day, n := range days {
		if n > 0 {
			united.addDay(day, n)
		}
	}
	*g = united
}

// firstOf returns when a group began, the latest possible moment for an empty one.
func firstOf(g *builtGroup) uint32 {
	if g.first == 0 {
		return 1<<32 - 1
	}
	return g.first
}
