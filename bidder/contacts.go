package bidder

import (
	"math/bits"

	"bidwell/ad"
	"bidwell/profile"
)

// contact is a campaign of which the person has seen impressions, as far as their profile
// remembers.
type contact struct {
	campaign profile.Ref
	times    int
	last     int64 // unix seconds
}

// contacts returns how often the person has seen a campaign, and how long ago the last
// time was, both in steps.
func (sc *Scratch) contacts(campaign ad.ID) (often, recent uint8) {
	if !sc.contacted {
		sc.meetAgain()
	}
	if c := sc.contactWith(profile.RefOf(campaign)); c != nil {
		return uint8(bits.Len(uint(c.times))), ageStep(sc.clock.now.Unix() - c.last)
	}
	return 0, 0
}

// meetAgain sums the profile's impressions up by campaign, once for all candidates.
func (sc *Scratch) meetAgain() {
	sc.contacted, sc.known = true, sc.known[:0]
	sc.touches = sc.record.AppendTouches(sc.touches[:0])
	for i := range sc.touches {
		t := &sc.touches[i]
		if t.Kind != profile.Impression {
			continue
		}
		c := sc.contactWith(t.Campaign)
		if c == nil {
			sc.known = append(sc.known, contact{campaign: t.Campaign})
			c = &sc.known[len(sc.known)-1]
		}
		c.times++
		c.last = max(c.last, t.Time)
	}
}

func (sc *Scratch) contactWith(campaign profile.Ref) *contact {
	for i := range sc.known {
		if c := &sc.known[i]; c.campaign == campaign {
			return c
		}
	}
	return nil
}
