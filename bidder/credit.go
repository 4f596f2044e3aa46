package bidder

import (
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/profile"
)

// A conversion counts for the ad of the advertiser that the person clicked last, if
// that is no longer ago than creditFor: so reports can set conversions beside what was
// spent. On which exchange that was is not known then; nor is it asked.
const (
	creditFor  = 30 * 24 * time.Hour
	creditWait = 100 * time.Millisecond // for a profile; without it nothing gets the credit
)

// creditor finds whom conversions of one advertiser count for.
type creditor struct {
	people  *profile.Profiles
	lines   map[clicked]*campaign.Line // of the advertiser
	scratch profile.Scratch
}

// clicked is what a touch says of its line item.
type clicked struct{ campaign, line profile.Ref }

func (e *Engine) creditor(rd *reading) *creditor {
	c := &creditor{people: e.Profiles, lines: map[clicked]*campaign.Line{}}
	for i := range rd.snap.Lines {
		if l := &rd.snap.Lines[i]; l.Campaign.AdvertiserID == rd.of.ID {
			c.lines[clicked{profile.RefOf(l.Campaign.ID), profile.RefOf(l.ID)}] = l
		}
	}
	return c
}

// credit names in a conversion the campaign, the line item and the creative that it
// counts for, if there are any.
func (c *creditor) credit(ev *ad.Event) {
	if len(c.lines) == 0 {
		return
	}
	r, _ := c.people.Load(ev.Person, time.Now().Add(creditWait), &c.scratch)
	for i := range r.Touches() { // the newest first
		t := r.Touch(i)
		if t.Kind != profile.Click || t.Time > ev.BidTime {
			continue
		}
		if t.Time < ev.BidTime-int64(creditFor/time.Second) {
			return
		}
		if l := c.lines[clicked{t.Campaign, t.Line}]; l != nil {
			ev.Campaign, ev.Line, ev.Creative = l.Campaign.ID, l.ID, creativeOf(l, t.Creative)
			return
		}
	}
}

// creativeOf returns the creative of a line item that a touch is about, 0 for one that
// it no longer has.
func creativeOf(l *campaign.Line, ref profile.Ref) ad.ID {
	for _, cr := range l.Creatives {
		if profile.RefOf(cr.ID) == ref {
			return cr.ID
		}
	}
	return 0
}
