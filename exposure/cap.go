package exposure

import (
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
	Per    int64         // seconds
	Of     []profile.Ref // the campaigns of the advertiser, or the one campaign, line item or creative
}

// covers reports whether impressions of an ad count for the cap.
func (c *Cap) covers(a Ad) bool {
	switch c.Level {
	case Line:
		return c.Of[0] == a.Line
	case Creative:
		return c.Of[0] == a.Creative
	}
	return slices.Contains(c.Of, a.Campaign)
}

// Count returns how many impressions of a person's history count for a cap now, in
// unix seconds: those of its window, and every bid that is undecided, which may
// become one at any later moment.
func (c *Cap) Count(h *History, now int64) int {
	n := 0
	for i := range h.Touches {
		t := &h.Touches[i]
		if t.Time < now-c.Per { // as are all that follow; times are whole seconds, so the second itself is in
			break
		}
		if t.Kind == profile.Impression && c.covers(adOf(t)) {
			n++
		}
	}
	for _, a := range h.Open {
		if c.covers(a) {
			n++
		}
	}
	return n
}

// Reached returns the first of the caps that allows no further impression, nil if
// all of them do.
func Reached(caps []Cap, h *History, now int64) *Cap {
	for i := range caps {
		if caps[i].Count(h, now) >= caps[i].AtMost {
			return &caps[i]
		}
	}
	return nil
}

// Frees returns the moment, in unix seconds, from which a cap that is reached
// allows an impression again, if nothing more is shown until then; 0 if that
// depends on undecided bids.
func (c *Cap) Frees(h *History, now int64) int64 {
	over := c.Count(h, now) - c.AtMost // impressions that have to leave the window, less one
	for i := len(h.Touches) - 1; i >= 0; i-- {
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
