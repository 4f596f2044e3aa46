package bidder

import (
	"bytes"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/identity"
	"bidwell/openrtb"
	"bidwell/profile"
)

// Decide works out the bids on sc.Req, which must be decoded, as of now. The
// bids are in sc.Bids afterwards, their budgets reserved; without any, the
// result says why. The profile is read until the deadline at the latest.
//
// With a trace, every line item is looked at to the end and noted, and nothing
// is reserved; the decision is the same.
func (e *Engine) Decide(sc *Scratch, s *campaign.Snapshot, ex *campaign.Exchange, now, deadline time.Time, tr *Trace) ad.Reason {
	e.reset(sc, s, ex, now, tr)
	if r := sc.admissible(); r != ad.OK {
		if tr != nil { // to be explained all the same
			sc.facts.Reset(&sc.Req)
			e.meet(sc, deadline, tr)
		}
		return r
	}
	sc.facts.Reset(&sc.Req)
	sc.query.ForRequest(s.Index, ex, &sc.facts, &sc.Req)
	sc.blocks.Reset(s.Brands, &sc.Req)
	e.meet(sc, deadline, tr)
	for i := range sc.Req.Imps {
		imp := &sc.Req.Imps[i]
		if offers(&imp.Has) && !repeated(sc.Req.Imps[:i], imp.ID) {
			e.choose(sc, imp, tr)
		}
	}
	if len(sc.Bids) > 0 {
		return ad.OK
	}
	if sc.farthest == ad.OK {
		return ad.NoCampaigns
	}
	return sc.farthest
}

func (e *Engine) reset(sc *Scratch, s *campaign.Snapshot, ex *campaign.Exchange, now time.Time, tr *Trace) {
	sc.snap, sc.paced, sc.exchange = s, s.Paced(), ex
	sc.sight.key = e.Features
	sc.tally = nil
	if l := e.live.Load(); tr == nil && !sc.Req.Test && l != nil && l.Snapshot == s {
		sc.tally = l.tally
	}
	sc.seed = seedOf(sc.Req.ID)
	sc.clock.reset(now, len(s.Zones))
	sc.Bids, sc.taken, sc.packed = sc.Bids[:0], sc.taken[:0], sc.packed[:0]
	sc.Person, sc.outcome, sc.record = identity.Person{}, profile.Unknown, nil
	sc.exposures, sc.remembered, sc.contacted = &e.Exposures, false, false
	sc.counts = [ad.NumReasons]uint32{}
	sc.farthest = ad.OK
}

// admissible tests what rules a request out as a whole.
func (sc *Scratch) admissible() ad.Reason {
	answerable := false
	for i := range sc.Req.Imps {
		answerable = answerable || offers(&sc.Req.Imps[i].Has)
	}
	if !answerable {
		return ad.NoImpressions
	}
	if sc.Req.Truncated { // a block list may have been cut
		return ad.TooLarge
	}
	if len(sc.Req.WSeat) > 0 && !contains(sc.Req.WSeat, sc.exchange.Seat) || contains(sc.Req.BSeat, sc.exchange.Seat) {
		return ad.SeatNotWanted
	}
	if !sc.money.choose(sc.snap.Rates, sc.Req.Cur) {
		return ad.NoCurrency
	}
	if len(sc.snap.Lines) == 0 {
		return ad.NoCampaigns
	}
	return ad.OK
}

func offers(has *[ad.Native + 1]bool) bool {
	return has[ad.Banner] || has[ad.Video] || has[ad.Audio] || has[ad.Native]
}

// repeated reports whether an id stands in imps already: a bid could not say
// which of the two it is for, so only the first is bid on.
func repeated(imps []openrtb.Imp, id []byte) bool {
	for i := range imps {
		if bytes.Equal(imps[i].ID, id) {
			return true
		}
	}
	return false
}

// meet finds out who the person is, what may be done with what is known of
// them, and if it may be read, reads it.
func (e *Engine) meet(sc *Scratch, deadline time.Time, tr *Trace) {
	sc.Person = sc.exchange.Identity.Resolve(&sc.Req)
	if tr != nil && tr.person != nil {
		sc.Person.ID = *tr.person
	}
	sc.outcome, sc.record = profile.Unknown, nil
	if sc.Person.May.Read && !sc.Person.ID.IsZero() {
		sc.record, sc.outcome = e.Profiles.Load(sc.Person.ID, deadline, &sc.profile)
	}
	sc.eval.Reset(sc.snap.Audiences, sc.record, &sc.Req, sc.clock.now)
	if !sc.Person.May.Read {
		sc.eval.Anonymous()
	}
	if sc.outcome == profile.TimedOut || sc.outcome == profile.Failed {
		sc.eval.Unread()
	}
}
