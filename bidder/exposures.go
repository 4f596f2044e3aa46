package bidder

import (
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/exposure"
	"bidwell/notice"
	"bidwell/profile"
)

// mayShow tests whether the line item's conversation shows anything to the person now,
// and whether frequency caps allow one more impression.
func (sc *Scratch) mayShow(l *campaign.Line, c *candidate) ad.Reason {
	if !l.Counted {
		return ad.OK
	}
	if r := sc.countable(); r != ad.OK {
		return r
	}
	if l.Talk != nil {
		if r := sc.converse(l, c); r != ad.OK {
			return r
		}
	}
	if exposure.Reached(l.Caps, sc.exposed(), sc.clock.now.Unix()) != nil {
		return ad.FrequencyReached
	}
	return ad.OK
}

// countable tests whether what is shown to the person will be remembered, and what
// was shown is known. Where it is not, nothing is shown that has to be counted.
func (sc *Scratch) countable() ad.Reason {
	switch {
	case sc.outcome == profile.TimedOut || sc.outcome == profile.Failed:
		return ad.ProfileUnread
	case sc.Person.ID.IsZero() || !sc.Person.May.Read || !sc.names():
		return ad.Uncounted
	}
	return ad.OK
}

// names reports whether notices name the person: that is permitted, and so is to
// write to the profile what comes back.
func (sc *Scratch) names() bool { return sc.Person.May.Emit && sc.Person.May.Write }

// exposed returns what the person has seen and is about to see, read once for each
// request.
func (sc *Scratch) exposed() *exposure.History {
	if !sc.remembered {
		sc.remembered = true
		sc.history.Read(sc.exposures, sc.profile.Person, sc.record, sc.clock.now.Unix())
		sc.opens = len(sc.history.Open)
	}
	return &sc.history
}

// hold makes a bid count as an exposure until it is decided.
func (sc *Scratch) hold(l *campaign.Line, cr *campaign.Creative, id ad.BidID) ad.Reason {
	if !l.Counted {
		return ad.OK
	}
	now := sc.clock.now.Unix()
	b := exposure.Bid{ // until a second after its window, for times are whole seconds
		Person: sc.profile.Person, ID: id, Until: now + 1 + seconds(sc.exchange.NoticeWindow),
		Ad: adOf(l.Campaign.ID, l.ID, cr.ID), Anew: l.Talk != nil,
	}
	return sc.exposures.Hold(&b, sc.exposed(), l.Caps, cr.Caps, now)
}

// seconds rounds up: what is held is held at least as long as notices may come.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func adOf(campaign, line, creative ad.ID) exposure.Ad {
	return exposure.Ad{Campaign: profile.RefOf(campaign), Line: profile.RefOf(line), Creative: profile.RefOf(creative)}
}

// unhold ends what hold began, for a bid that is not sent.
func (e *Engine) unhold(sc *Scratch, b *Bid) {
	if b.Line.Counted {
		e.Exposures.Drop(sc.profile.Person, b.ID)
	}
}

// expose tells what is known of a person's exposures of an event that is on disk.
// Their profile follows the ledger a moment later.
func (e *Engine) expose(t *notice.Token, ev *ad.Event) {
	if t.Person.IsZero() {
		return
	}
	s := e.Snapshot()
	if c := s.CampaignByID(t.Campaign); c == nil || !c.Counted {
		return
	}
	b := exposure.Bid{Person: e.Profiles.PersonOf(t.Person), ID: t.Bid, Until: t.Time, Ad: adOf(t.Campaign, t.Line, t.Creative)}
	if ex := s.ExchangeByID(t.Exchange); ex != nil {
		b.Until += 1 + seconds(ex.NoticeWindow)
	}
	switch at := ev.Time / 1000; t.Kind {
	case ad.Impression:
		e.Exposures.Show(&b, at)
	case ad.Win, ad.Billing:
		e.Exposures.Win(&b, at)
	case ad.Loss:
		e.Exposures.Drop(b.Person, b.ID)
	}
}
