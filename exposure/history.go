package exposure

import (
	"slices"

	"bidwell/ad"
	"bidwell/profile"
)

// History is what one person was shown and may be shown, as of one moment. It is
// memory for one request, to be used again: reading it allocates only until its
// slices are as long as histories are.
type History struct {
	Touches []profile.Touch // newest first, also those that the profile does not hold yet
	Open    []Ad            // of undecided bids

	record profile.Record
	full   bool  // the record may have dropped touches
	oldest int64 // of the record's touches, unix seconds

	// What impressions and undecided bids are of, by the low bits of refs: most caps
	// count nothing, and are told so by one bit.
	campaigns, lines, creatives uint64

	shown  []profile.Touch // in memory
	cursor uint32          // of the person's share of the memory
}

// Read fills the history with what the record and the memory hold of a person. The
// record must have been loaded no longer ago than keepShown, and be valid as long as
// the history is used.
func (h *History) Read(m *Memory, person ad.PersonID, r profile.Record, now int64) {
	h.record = r
	hash := hashOf(person)
	s := m.shard(hash)
	s.mu.Lock()
	s.read(hash, person, now, h)
	s.mu.Unlock()
	h.unite()
}

// unite makes one of what the record and the memory hold.
func (h *History) unite() {
	h.Touches = h.record.AppendTouches(h.Touches[:0])
	n := len(h.Touches)
	if h.full = n >= profile.MaxTouches; h.full {
		h.oldest = h.Touches[n-1].Time
	}
	for i := range h.shown {
		t := &h.shown[i]
		if count(h.shown[:i+1], t) > count(h.Touches, t) {
			h.insert(t)
		}
	}
	h.campaigns, h.lines, h.creatives = 0, 0, 0
	for i := range h.Touches {
		if t := &h.Touches[i]; t.Kind == profile.Impression {
			h.mark(adOf(t))
		}
	}
	for _, a := range h.Open {
		h.mark(a)
	}
}

func (h *History) mark(a Ad) {
	h.campaigns |= bit(a.Campaign)
	h.lines |= bit(a.Line)
	h.creatives |= bit(a.Creative)
}

func bit(r profile.Ref) uint64 { return 1 << (r & 63) }

// mayHold reports whether anything in the history may count for a cap.
func (h *History) mayHold(c *Cap) bool {
	switch c.Level {
	case Line:
		return h.lines&c.mask != 0
	case Creative:
		return h.creatives&c.mask != 0
	}
	return h.campaigns&c.mask != 0
}

// count returns how many of the touches are of the same ad and second. Two
// impressions of that kind look alike, so they are counted and not told apart.
func count(touches []profile.Touch, t *profile.Touch) (n int) {
	for i := range touches {
		if u := &touches[i]; u.Time == t.Time && u.Kind == t.Kind && adOf(u) == adOf(t) {
			n++
		}
	}
	return n
}

// insert puts a touch where its time belongs, which is near the front.
func (h *History) insert(t *profile.Touch) {
	i := 0
	for i < len(h.Touches) && h.Touches[i].Time > t.Time {
		i++
	}
	h.Touches = slices.Insert(h.Touches, i, *t)
}
