package campaign

import (
	"bidwell/ad"
	"bidwell/exposure"
	"bidwell/profile"
)

// caps compiles the frequency caps of one level, of a campaign, line item or
// creative, or of an advertiser, whose campaigns are not all known yet: see capLines.
func (c *compiler) caps(specs []CapSpec, level exposure.Level, of ad.ID, camp *Campaign) []exposure.Cap {
	var caps []exposure.Cap
	for i := range specs {
		s := &specs[i]
		if !s.Has("at_most") || s.Per <= 0 || !c.countable(s) {
			continue // reported
		}
		for k := range i {
			if t := &specs[k]; t.AtMost > 0 && (s.AtMost >= t.AtMost && s.Per <= t.Per || s.AtMost <= t.AtMost && s.Per >= t.Per) {
				c.ps.Warnf(s.Pos(), "remove the weaker of the two", "of this cap and the one at %s, the stricter always decides", t.Pos())
				break
			}
		}
		caps = append(caps, exposure.NewCap(level, s.AtMost, s.Per.Seconds(), profile.RefOf(of), []exposure.Shown{camp.shown()}))
	}
	return caps
}

// shown returns the campaign as profiles know it.
func (c *Campaign) shown() exposure.Shown {
	return exposure.Shown{Campaign: profile.RefOf(c.ID), Topic: profile.NameOf(c.Name)}
}

// countable reports a cap that no profile could count.
func (c *compiler) countable(s *CapSpec) bool {
	longest := min(c.kept.Touches, c.kept.Behaviours) // where touches are pushed out, behaviours count
	switch {
	case s.AtMost < 1:
		c.ps.Errorf(s.At("at_most"), "write a number such as 3", "a frequency cap of %d shows nothing", s.AtMost)
	case s.AtMost > profile.MaxTouches:
		c.ps.Errorf(s.At("at_most"), "cap a shorter period", "%d impressions cannot be counted: a profile remembers the last %d contacts", s.AtMost, profile.MaxTouches)
	case s.Per.Std() > longest:
		c.ps.Errorf(s.At("per"), "", "this cannot be counted: a profile remembers contacts for %d days", int(longest.Hours()/24))
	default:
		return true
	}
	return false
}

// capLines gives line items the caps of their advertisers and campaigns, and finds
// those whose impressions must be counted.
func (c *compiler) capLines() {
	for _, a := range c.advertisers {
		for i := range a.caps {
			f := &a.caps[i]
			*f = exposure.NewCap(f.Level, f.AtMost, f.Per, 0, a.shown)
		}
	}
	for i := range c.snap.Lines {
		l := &c.snap.Lines[i]
		var caps []exposure.Cap
		if a := c.advertisers[l.Campaign.Advertiser]; a != nil {
			caps = append(caps, a.caps...)
		}
		caps = append(caps, l.Campaign.caps...)
		l.Caps = append(caps, l.Caps...)
		l.Counted = len(l.Caps) > 0 || l.Talk != nil
		for _, cr := range l.Creatives {
			l.Counted = l.Counted || len(cr.Caps) > 0
		}
		l.Campaign.Counted = l.Campaign.Counted || l.Counted
	}
}
