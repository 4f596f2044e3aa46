package exposure

import (
	"cmp"
	"math"
	"slices"

	"bidwell/profile"
)

// Ad is what is shown, as profiles name it.
type Ad struct{ Campaign, Line, Creative profile.Ref }

// Level is what a cap counts the impressions of.
type Level uint8

// The levels, the widest first.
const (
	Advertiser Level = iota
	Campaign
	Line
	Creative
)

var levelNames = [...]string{"advertiser", "campaign", "line item", "creative"}

// String returns the level as campaign managers call it.
func (l Level) String() string { return levelNames[l] }

// Cap is a frequency cap: so many impressions to a person, at most, in any window
// of a length.
type Cap struct {
	Level  Level
	AtMost int
	Per    int64 // seconds

	of   profile.Ref // the line item or creative, of the levels that have one
	in   []Shown     // campaigns whose impressions count, or in which they are; ascending
	mask uint64      // of what is counted
}

// Shown is a campaign as profiles know it: in touches, and as the topic of what was
// shown.
type Shown struct {
	Campaign profile.Ref
	Topic    profile.Name
}

// NewCap returns a cap on a line item or a creative, by its ref, or on the campaigns
// given; those of a line item or creative are the one that it belongs to.
func NewCap(level Level, atMost int, per int64, of profile.Ref, in []Shown) Cap {
	c := Cap{Level: level, AtMost: atMost, Per: per, of: of, in: slices.Clone(in)}
	slices.SortFunc(c.in, func(a, b Shown) int { return cmp.Compare(a.Campaign, b.Campaign) })
	if level >= Line {
		c.mask = bit(of)
		return c
	}
	for _, s := range in {
		c.mask |= bit(s.Campaign)
	}
	return c
}

// covers reports whether impressions of an ad count for the cap.
func (c *Cap) covers(a Ad) bool {
	switch c.Level {
	case Line:
		return c.of == a.Line
	case Creative:
		return c.of == a.Creative
	}
	if len(c.in) == 1 {
		return c.in[0].Campaign == a.Campaign
	}
	_, found := slices.BinarySearchFunc(c.in, a.Campaign, func(s Shown, r profile.Ref) int { return cmp.Compare(s.Campaign, r) })
	return found
}

// Count returns how many impressions of a person's history count for a cap now, in
// unix seconds: those of its window, and the bids that are undecided, each of which
// may become one at any later moment.
func (c *Cap) Count(h *History, now int64) (seen, open int) {
	since := now - c.Per // times are whole seconds, so the second itself is in
	if h.mayHold(c) {
		for i := range h.Touches {
			t := &h.Touches[i]
			if t.Time < since { // as are all that follow
				break
			}
			if t.Kind == profile.Impression && c.covers(adOf(t)) {
				seen++
			}
		}
		for _, a := range h.Open {
			if c.covers(a) {
				open++
			}
		}
	}
	if h.full && h.oldest >= since {
		seen += c.forgotten(h.record, since)
	}
	return seen, open
}

// forgotten returns how many impressions of the window may have been pushed out of
// the record by later touches: those that its behaviours count for the campaign, and
// that its touches do not show. For a line item or a creative that is a bound.
func (c *Cap) forgotten(r profile.Record, since int64) (n int) {
	for i := range c.in {
		in := &c.in[i]
		counted := r.Count(profile.Impression, in.Topic, since, math.MaxInt64)
		if counted >= profile.MaxRecent { // some may be known by their day only
			counted = r.Count(profile.Impression, in.Topic, since-since%secondsPerDay, math.MaxInt64)
		}
		for k := 0; counted > 0 && k < r.Touches(); k++ {
			t := r.Touch(k)
			if t.Kind == profile.Impression && t.Campaign == in.Campaign && t.Time >= since {
				counted--
			}
		}
		n += counted
	}
	return n
}

const secondsPerDay = 86400

// Reached returns the first of the caps that allows no further impression, nil if
// all of them do.
func Reached(caps []Cap, h *History, now int64) *Cap {
	for i := range caps {
		if seen, open := caps[i].Count(h, now); seen+open >= caps[i].AtMost {
			return &caps[i]
		}
	}
	return nil
}

// Frees returns the moment, in unix seconds, from which a cap that is reached
// allows an impression again, if nothing more is shown until then; 0 if that
// depends on undecided bids, or cannot be told.
func (c *Cap) Frees(h *History, now int64) int64 {
	seen, open := c.Count(h, now)
	over := seen + open - c.AtMost // impressions that have to leave the window, less one
	for i := len(h.Touches) - 1; i >= 0 && over >= 0; i-- {
		t := &h.Touches[i]
		if t.Time < now-c.Per || t.Kind != profile.Impression || !c.covers(adOf(t)) {
			continue
		}
		if over == 0 {
			return t.Time + c.Per + 1
		}
		over--
	}
	return 0
}

func adOf(t *profile.Touch) Ad { return Ad{t.Campaign, t.Line, t.Creative} }
