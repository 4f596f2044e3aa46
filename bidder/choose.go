package bidder

import (
	"math/bits"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// The most equal bids that are compared for one impression: among them the
// request's seed decides, so that equal line items share the traffic. Of more
// than that many which could bid the same, the later ones get none.
const maxTies = 256

// The most times that the next best is taken because another request has taken
// the budget in between.
const maxRetries = 4

// choose finds the best bid for one impression and reserves its budget. Line
// items come in descending order of the most they could bid, 64 at a time, and
// the search stops when, as they are paced, nothing left can win. If the winner's
// budget has no room, the next best is taken.
func (e *Engine) choose(sc *Scratch, imp *openrtb.Imp, tr *Trace) (won bool) {
	sc.lookAt(imp)
	if tr != nil {
		tr.misses(sc, imp)
	}
	sc.refused, sc.unfunded = sc.refused[:0], sc.unfunded[:0] // of this impression
	before, farthest := sc.counts, sc.farthest
	sc.fixed = sc.fixedOffer(imp)
	for try := range maxRetries {
		sc.counts, sc.farthest = before, farthest // a line item counts once
		r := race{least: sc.leastOffer(imp)}
		won := sc.search(imp, &r, tr)
		if try == 0 {
			sc.opportunities(imp, &r)
		}
		if !won {
			return false
		}
		sc.shade(imp, &r.best)
		id := e.bidIDs.id(&sc.ids)
		reserved, why := e.reserve(sc, id, &r.best, tr)
		if why == ad.OK {
			if tr != nil {
				tr.win(imp, &r.best)
			}
			sc.win(imp, id, &r.best, reserved)
			return true
		}
		sc.count(why)
		if why != ad.FrequencyReached { // what another request has bid meanwhile is known now
			sc.refused = append(sc.refused, refusal{r.best.line, why})
		}
		if tr != nil {
			tr.set(imp, r.best.line, why)
		}
	}
	return false
}

// refusal is a line item that was the best and whose budget another request had taken.
type refusal struct {
	line int
	why  ad.Reason
}

// refusedBefore returns why a line item's bid was refused by an earlier try, OK if it
// was not.
func (sc *Scratch) refusedBefore(line int) ad.Reason {
	for _, r := range sc.refused {
		if r.line == line {
			return r.why
		}
	}
	return ad.OK
}

// win makes the best candidate a bid.
func (sc *Scratch) win(imp *openrtb.Imp, id ad.BidID, c *candidate, reserved bool) {
	l := &sc.snap.Lines[c.line]
	sc.taken = append(sc.taken, l.Campaign)
	sc.Bids = append(sc.Bids, Bid{
		ID: id, Imp: imp, Line: l, Creative: c.creative, Nth: c.nth, Fit: *c.fit, Deal: c.terms.deal,
		Amount: c.cost, Price: c.offer, Reserved: reserved, line: c.line,
		Willing: c.willing, Chance: 1, own: c.own, shade: c.shade,
	})
	if l.Goal != nil {
		b := &sc.Bids[len(sc.Bids)-1]
		b.Chance, b.context = c.chance, sc.keepSight(c)
	}
}

// lookAt turns to an impression.
func (sc *Scratch) lookAt(imp *openrtb.Imp) {
	sc.query.ForImp(imp)
	sc.imp = imp
	sc.sight.done = false
}

// Impression returns the impression that is being decided on, which a Scorer may want to
// know that is made for one Scratch.
func (sc *Scratch) Impression() *openrtb.Imp { return sc.imp }

// candidate returns a candidate whose fit is not that of the best so far.
func (sc *Scratch) candidate(line int, r *race) candidate {
	c := candidate{line: line, fit: &sc.fitting[0]}
	if r.best.fit == c.fit {
		c.fit = &sc.fitting[1]
	}
	return c
}

// search finds the line item that bids most. With a trace it looks at every
// candidate, and lets nothing win where nothing could.
func (sc *Scratch) search(imp *openrtb.Imp, r *race, tr *Trace) bool {
	for w := range sc.query.Words() {
		if tr == nil {
			if r.over(sc.paced.Rest(w)) {
				r.leave(sc.unlowered(w << 6))
				break
			}
			if r.over(sc.paced.Word(w)) {
				r.leave(sc.unlowered(w << 6))
				continue
			}
		}
		for word := sc.query.Word(w); word != 0; word &= word - 1 {
			sc.consider(imp, w<<6+bits.TrailingZeros64(word), r, tr)
		}
	}
	switch {
	case r.found || r.looked > 0:
	case r.cheap != ad.OK:
		sc.count(r.cheap)
	default:
		sc.count(sc.query.Nearest(imp, &sc.Req))
	}
	return r.found
}

// consider looks at one candidate, which leads if it bids more than the best so
// far.
func (sc *Scratch) consider(imp *openrtb.Imp, i int, r *race, tr *Trace) {
	over := r.over(sc.paced.Most(i))
	if tr == nil {
		why := ad.OK
		switch {
		case over && r.found:
			why = ad.Outbid
		case over:
			r.leave(sc.unlowered(i))
			return
		case r.found:
			why = sc.hopeless(i, &r.best)
		}
		if why != ad.OK {
			sc.count(why)
			return
		}
	}
	r.looked++
	if why := sc.refusedBefore(i); why != ad.OK {
		sc.count(why)
		return
	}
	c := sc.candidate(i, r)
	why := sc.test(imp, &c, r, over, tr != nil)
	if why == ad.OK {
		r.lead(&c)
	} else {
		sc.count(why)
	}
	if tr != nil {
		tr.candidate(sc, imp, &c, why)
	}
}

// test takes a candidate through all tests, the cheapest first: whether it may
// bid at all, whether it bids more than the best so far, and then what costs
// most: its budgets, and a creative that fits. It returns OK for a new best. A
// full test goes on where the bid is beaten, to say what else would have stopped
// it.
func (sc *Scratch) test(imp *openrtb.Imp, c *candidate, r *race, over, full bool) ad.Reason {
	l := &sc.snap.Lines[c.line]
	if why := sc.eligible(l, imp, c); why != ad.OK {
		return why
	}
	if why := sc.pace(c); why != ad.OK {
		return why
	}
	c.tie = mix(sc.seed ^ uint64(l.ID))
	beaten := over
	if !over && !r.beats(c) {
		r.meet(c)
		beaten = true
	}
	if beaten && !full {
		return ad.Outbid
	}
	c.cost = costOf(c.amount, imp)
	if why := sc.funded(l, imp, c); why != ad.OK {
		return why
	}
	if !beaten && !r.beats(c) { // the bid was cut
		r.meet(c)
		if beaten = true; !full {
			return ad.Outbid
		}
	}
	if l.Goal == nil { // else it was needed for the price
		if why := sc.fit(l, imp, c); why != ad.OK {
			return why
		}
	}
	if why := sc.perSecond(imp, c); why != ad.OK {
		return why
	}
	if beaten {
		return ad.Outbid
	}
	return ad.OK
}

// reserve takes the bid's amount from every account of its line item. Test
// requests and explanations reserve nothing.
func (e *Engine) reserve(sc *Scratch, id ad.BidID, c *candidate, tr *Trace) (reserved bool, r ad.Reason) {
	switch {
	case tr != nil:
		return false, ad.OK // funded has looked
	case sc.Req.Test:
		return false, ad.OK
	}
	l := &sc.snap.Lines[c.line]
	now, window := sc.clock.now, sc.exchange.NoticeWindow
	if r = e.Money.Reserve(id, l.Accounts[:], c.cost, now, window); r != ad.OK {
		level := campaign.OfAdvertiser // the book takes no bids at all
		if why, of := refusing(l, c.cost, now); why != ad.OK {
			level = of
		}
		sc.short(l, level)
		return false, r
	}
	if len(l.Counts) > 0 {
		if r = e.Counts.Reserve(id, l.Counts, 1, now, window); r != ad.OK {
			e.Money.Release(id)
			return false, impressionsSpent(r)
		}
	}
	if r = sc.hold(l, c.creative, id); r != ad.OK {
		e.release(id)
		return false, r
	}
	for _, g := range l.Gauges {
		if g != nil {
			g.Bid(c.cost)
		}
	}
	return true, ad.OK
}
