package bidder

import (
	"fmt"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/exposure"
	"bidwell/internal/conf"
)

// CapExplanation is where the person stands with one frequency cap.
type CapExplanation struct {
	Level    string     `json:"level"`
	Creative string     `json:"creative,omitempty"` // of its own cap
	AtMost   int        `json:"at_most"`
	Per      string     `json:"per"`
	Seen     int        `json:"seen"`      // impressions in the time that counts now
	InFlight int        `json:"in_flight"` // bids that are undecided, and count until they are
	Reached  bool       `json:"reached"`
	Opens    *time.Time `json:"opens,omitempty"` // when it allows one again, if no undecided bid is shown
	Where    string     `json:"where"`
}

// caps explains the frequency caps of a line item and its creatives, nothing where
// the person cannot be counted.
func (sc *Scratch) caps(l *campaign.Line) (list []CapExplanation) {
	if !l.Counted || sc.countable() != ad.OK {
		return nil
	}
	for i := range l.Caps {
		list = append(list, sc.explainCap(&l.Caps[i], l.CapOrigin(l.Caps[i].Level, nil), ""))
	}
	for _, cr := range l.Creatives {
		for i := range cr.Caps {
			list = append(list, sc.explainCap(&cr.Caps[i], l.CapOrigin(exposure.Creative, cr), cr.Name))
		}
	}
	return list
}

func (sc *Scratch) explainCap(c *exposure.Cap, where conf.Pos, creative string) CapExplanation {
	h, now := sc.exposed(), sc.clock.now.Unix()
	x := CapExplanation{
		Level: c.Level.String(), Creative: creative, AtMost: c.AtMost, Per: perText(c.Per), Where: where.String(),
	}
	x.Seen, x.InFlight = c.Count(h, now)
	if x.Reached = x.Seen+x.InFlight >= c.AtMost; !x.Reached {
		return x
	}
	if at := c.Frees(h, now); at > 0 {
		opens := time.Unix(at, 0).In(sc.clock.now.Location())
		x.Opens = &opens
	}
	return x
}

// perText writes a window as it is usually written: in days, not weeks.
func perText(seconds int64) string {
	const day = 24 * 60 * 60
	if seconds%day == 0 {
		return fmt.Sprintf("%dd", seconds/day)
	}
	return conf.Duration(time.Duration(seconds) * time.Second).String()
}

// text says which cap it is and how far it is used.
func (x *CapExplanation) text() string {
	s := "cap of the " + x.Level
	if x.Creative != "" {
		s += " " + x.Creative
	}
	s += fmt.Sprintf(": %d per %s, %d seen", x.AtMost, x.Per, x.Seen)
	if x.InFlight > 0 {
		s += fmt.Sprintf(" and %d in flight", x.InFlight)
	}
	switch {
	case x.Opens != nil:
		s += ", opens " + x.Opens.Format("2006-01-02 15:04:05 MST")
	case x.Reached:
		s += ", opens when bids in flight are decided"
	}
	return s
}

// reached returns the cap that keeps a line item from bidding: one of its own, else
// of the first creative that has one which is reached.
func (sc *Scratch) reached(l *campaign.Line) (*exposure.Cap, *campaign.Creative) {
	h, now := sc.exposed(), sc.clock.now.Unix()
	if c := exposure.Reached(l.Caps, h, now); c != nil {
		return c, nil
	}
	for _, cr := range l.Creatives {
		if c := exposure.Reached(cr.Caps, h, now); c != nil {
			return c, cr
		}
	}
	return nil, nil
}

func (sc *Scratch) frequencyDetail(l *campaign.Line) string {
	c, cr := sc.reached(l)
	if c == nil {
		return ""
	}
	name := ""
	if cr != nil {
		name = cr.Name
	}
	x := sc.explainCap(c, l.CapOrigin(c.Level, cr), name)
	return x.text()
}

// frequencyOrigin returns the place of the caps that keep a line item from bidding.
func (sc *Scratch) frequencyOrigin(l *campaign.Line) conf.Pos {
	c, cr := sc.reached(l)
	if c == nil {
		return l.Spec.Pos()
	}
	return l.CapOrigin(c.Level, cr)
}
