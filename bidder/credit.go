package bidder

import (
	"math"
	"sync/atomic"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/profile"
)

// A conversion counts for the ad whose bid the advertiser names as its cause, else for
// the one of theirs that the person clicked last, if that is no longer ago than creditFor:
// so reports can set conversions beside what was spent. On which exchange that was is not
// asked.
//
// A profile is read for that with the person's consent only: a pixel shows it, and for
// what a server reports its key vouches, here as in all else that it may do.
const (
	creditFor  = 30 * 24 * time.Hour
	creditWait = 100 * time.Millisecond // for a profile; without it nothing gets the credit
	creditAll  = 2 * time.Second        // for all profiles of a batch that have to be waited for
)

// missed is why it is not known what a conversion counts for, or not by its bid.
type missed uint8

const (
	lateProfile missed = iota
	unreadableProfile
	unreadableClick
	otherBid // no click of the advertiser's in the time before

	numMissed
)

func (m missed) String() string {
	return [numMissed]string{profile.TimedOut.String(), profile.Failed.String(), "click_unreadable", "other_bid"}[m]
}

// clicked is what a touch says of its line item, and whose that is.
type clicked struct {
	advertiser     ad.ID
	campaign, line profile.Ref
}

// clickable finds the line items of a snapshot that were clicked.
func clickable(s *campaign.Snapshot) map[clicked]*campaign.Line {
	m := make(map[clicked]*campaign.Line, len(s.Lines))
	for i := range s.Lines {
		l := &s.Lines[i]
		m[clicked{l.Campaign.AdvertiserID, profile.RefOf(l.Campaign.ID), profile.RefOf(l.ID)}] = l
	}
	return m
}

// creditor finds whom the conversions of one report count for.
type creditor struct {
	people  *profile.Profiles // nil if they must not be read
	clicks  Ledger
	lines   func() map[clicked]*campaign.Line
	missed  *[numMissed]atomic.Uint64
	until   time.Time // no profile is waited for after that
	scratch profile.Scratch
}

func (e *Engine) creditor(rd *reading, now time.Time) *creditor {
	return &creditor{people: e.Profiles, clicks: e.Ledger, lines: rd.clickable, missed: &e.Metrics.uncredited, until: now.Add(creditAll)}
}

// deadline returns until when the next profile is waited for.
func (c *creditor) deadline(now time.Time) time.Time {
	if d := now.Add(creditWait); d.Before(c.until) {
		return d
	}
	return c.until
}

// credit names in a conversion the campaign, the line item and the creative that it
// counts for, if there are any. Where its report says nothing of the person, it is that
// of the click.
func (c *creditor) credit(ev *ad.Event) {
	if ev.Campaign == 0 && !c.byCause(ev) && c.people != nil && !ev.Person.IsZero() {
		c.byPerson(ev)
	}
}

// byCause reports whether a conversion names the click that it counts for: one of the
// advertiser's, no later than the conversion by clocks that may differ.
func (c *creditor) byCause(ev *ad.Event) bool {
	if ev.Cause == (ad.BidID{}) {
		return false
	}
	click, ok, err := c.clicks.Click(ev.Cause)
	switch at := click.Time / 1000; {
	case err != nil:
		c.missed[unreadableClick].Add(1)
		return false
	case !ok || click.Advertiser != ev.Advertiser || at < ev.BidTime-int64(creditFor/time.Second) || at > ev.BidTime+int64(ad.ClocksDiffer/time.Second):
		c.missed[otherBid].Add(1)
		return false
	}
	ev.Campaign, ev.Line, ev.Creative = click.Campaign, click.Line, click.Creative
	erased := c.people != nil && c.people.Forgotten(click.Person).Covers(math.MaxUint64, click.Time/1000)
	if ev.Person.IsZero() && !erased {
		ev.Person = click.Person
	}
	return true
}

// byPerson finds what the person clicked last.
func (c *creditor) byPerson(ev *ad.Event) {
	r, o := c.people.Load(ev.Person, c.deadline(time.Now()), &c.scratch)
	switch o {
	case profile.TimedOut:
		c.missed[lateProfile].Add(1)
		return
	case profile.Failed:
		c.missed[unreadableProfile].Add(1)
		return
	}
	for i := range r.Touches() { // the newest first
		t := r.Touch(i)
		if t.Kind != profile.Click || t.Time > ev.BidTime {
			continue
		}
		if t.Time < ev.BidTime-int64(creditFor/time.Second) {
			return
		}
		if l := c.lines()[clicked{ev.Advertiser, t.Campaign, t.Line}]; l != nil {
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
