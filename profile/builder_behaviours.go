package profile

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// MaxCount is the most that one call of AddBehaviour may add, and the most that
// a record counts on one day before the newest MaxRecent moments.
const MaxCount = 10_000

// AddBehaviour records that the person did something of kind k on a topic, at a
// moment in unix seconds, count times. Beyond MaxRecent moments the older ones
// are kept as daily counts, beyond MaxDays those are dropped, and beyond
// MaxGroups the pair of kind and topic that is oldest.
func (b *Builder) AddBehaviour(k Kind, topic string, at int64, count int) error {
	switch {
	case k == NoKind || k >= numKinds:
		return fmt.Errorf("a behaviour of kind %d is unknown", k)
	case count < 1 || count > MaxCount:
		return fmt.Errorf("%s of %s: a count of %d is not from 1 to %d", k, topic, count, MaxCount)
	}
	if err := checkMoment(at, b.now); err != nil {
		return fmt.Errorf("%s of %s: %w", k, topic, err)
	}
	g, err := b.groupOn(k, topic)
	if err != nil {
		return err
	}
	g.add(uint32(at), count)
	return nil
}

// SeenApart is how many seconds lie at least between two sightings that count: what
// a person looks at in one go is one.
const SeenApart = 30 * 60

// AddSighting records that the person was met on a topic at a moment in unix
// seconds, unless they were already less than SeenApart from then. It reports
// whether it counts.
func (b *Builder) AddSighting(topic string, unix int64) (counts bool, err error) {
	if err := checkMoment(unix, b.now); err != nil {
		return false, fmt.Errorf("%s on %s: %w", Seen, topic, err)
	}
	g, err := b.groupOn(Seen, topic)
	if err != nil {
		return false, err
	}
	for _, at := range g.recent {
		if d := int64(at) - unix; -SeenApart < d && d < SeenApart {
			return false, nil
		}
	}
	g.add(uint32(unix), 1)
	return true, nil
}

// groupOn returns the group of a kind and a topic by its name, which it makes if
// need be, and has the names recorded. It is valid until the next call.
func (b *Builder) groupOn(k Kind, topic string) (*builtGroup, error) {
	n, err := b.intern(topic)
	if err != nil {
		return nil, fmt.Errorf("topic: %w", err)
	}
	var above []Name
	if strings.IndexByte(topic, '/') >= 0 {
		if above, err = b.above(topic); err != nil {
			return nil, fmt.Errorf("topic %s: what is above it: %w", topic, err)
		}
	}
	g := b.group(k, n)
	g.above = above
	return g, nil
}

// above returns the topics above one: of automotive/luxury/suv these are
// automotive and automotive/luxury. They are recorded as names.
func (b *Builder) above(topic string) ([]Name, error) {
	var list []Name
	for at := range Above(topic) {
		n, err := b.intern(at)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// Above goes through the topics that include a topic by its name, the outermost
// first: above automotive/luxury/suv are automotive and automotive/luxury. A slash
// at the beginning separates nothing.
func Above(topic string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, levels := 1, 1; i < len(topic) && levels < MaxLevels; i++ {
			if topic[i] != '/' {
				continue
			}
			if !yield(topic[:i]) {
				return
			}
			levels++
		}
	}
}

// group returns the group of a kind and topic, which it makes if need be. It is
// valid until the next call.
func (b *Builder) group(k Kind, topic Name) *builtGroup {
	key := uint64(topic)<<8 | uint64(k)
	i, found := slices.BinarySearchFunc(b.groups, key, func(g builtGroup, key uint64) int {
		return cmp.Compare(uint64(g.topic)<<8|uint64(g.kind), key)
	})
	if found {
		return &b.groups[i]
	}
	b.groups = slices.Insert(b.groups, i, builtGroup{topic: topic, kind: k, recent: b.room()})
	return &b.groups[i]
}

// room returns an empty list of moments.
func (b *Builder) room() []uint32 {
	n := len(b.spare)
	if n == 0 {
		return make([]uint32, 0, 8)
	}
	list := b.spare[n-1]
	b.spare = b.spare[:n-1]
	return list
}

// add records count moments at one time.
func (g *builtGroup) add(at uint32, count int) {
	if g.first == 0 || at < g.first {
		g.first = at
	}
	n := len(g.recent)
	oldest := n == 0 || at <= g.recent[n-1]
	switch {
	case n >= MaxRecent && oldest:
		g.addDay(at/secondsPerDay, count)
		return
	case count == 1 && oldest:
		g.recent = append(g.recent, at)
		return
	}
	exact := min(count, MaxRecent)
	i, _ := slices.BinarySearchFunc(g.recent, at, func(x, at uint32) int { return cmp.Compare(at, x) })
	for range exact {
		g.recent = slices.Insert(g.recent, i, at)
	}
	for _, old := range g.recent[min(len(g.recent), MaxRecent):] {
		g.addDay(old/secondsPerDay, 1)
	}
	g.recent = g.recent[:min(len(g.recent), MaxRecent)]
	if count > exact {
		g.addDay(at/secondsPerDay, count-exact)
	}
}

// addDay adds to the count of a day. Days stand behind a full list of moments
// only, and none is after the day of the oldest of them.
func (g *builtGroup) addDay(day uint32, count int) {
	i, found := slices.BinarySearchFunc(g.days, day, func(x builtDay, day uint32) int { return cmp.Compare(day, x.day) })
	if found {
		g.days[i].count = min(g.days[i].count+count, MaxCount)
		return
	}
	g.days = slices.Insert(g.days, i, builtDay{day, min(count, MaxCount)})
}

// expire drops whole days before the day of a moment, and reports whether
// anything is left.
func (g *builtGroup) expire(before int64) bool {
	from := uint32(min(max(before/secondsPerDay, 0), math.MaxUint32))
	g.recent = slices.DeleteFunc(g.recent, func(at uint32) bool { return at/secondsPerDay < from })
	g.days = slices.DeleteFunc(g.days, func(d builtDay) bool { return d.day < from })
	g.days = g.days[:min(len(g.days), MaxDays)]
	return len(g.recent) > 0
}
