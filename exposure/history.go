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

	shown  []profile.Touch // in memory
	cursor uint32          // of the person's share of the memory
}

// Read fills the history with what the record and the memory hold of a person. The
// record must have been loaded no longer ago than keepShown.
func (h *History) Read(m *Memory, person ad.PersonID, r profile.Record, now int64) {
	h.Touches = r.AppendTouches(h.Touches[:0])
	m.read(person, now, h)
	for i := range h.shown {
		t := &h.shown[i]
		if count(h.shown[:i+1], t) > count(h.Touches, t) {
			h.insert(t)
		}
	}
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
