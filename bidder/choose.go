package bidder

import (
	"math/bits"
	"slices"

	"bidwell/ad"
	"bidwell/openrtb"
)

// The most equal bids that are compared for one impression: among them the
// request's seed decides, so that equal line items share the traffic.
const maxTies = 16

// choose finds the best bid for one impression and reserves its budget. Line
// items come in descending order of the most they could bid, 64 at a time, and
// the search stops when nothing left can win. If the winner's budget has no
// room, the next best is taken.
func (e *Engine) choose(sc *Scratch, imp *openrtb.Imp, tr *Trace) (won bool) {
	sc.query.ForImp(imp)
	if tr != nil {
		tr.misses(sc, imp)
	}
	sc.refused = sc.refused[:0]
	for {
		var best candidate
		if !sc.search(imp, &best, tr) {
			return false
		}
		id := e.bidIDs.id()
		reserved, r := e.reserve(sc, id, &best, tr)
		if r == ad.OK {
			sc.win(imp, id, &best, reserved)
			return true
		}
		sc.count(r)
		sc.refused = append(sc.refused, best.line)
		if tr != nil {
			tr.set(imp, best.line, r)
		}
	}
}

// win makes the best candidate a bid.
func (sc *Scratch) win(imp *openrtb.Imp, id ad.BidID, c *candidate, reserved bool) {
	l := &sc.snap.Lines[c.line]
	sc.taken = append(sc.taken, l.Campaign)
	sc.Bids = append(sc.Bids, Bid{
		ID: id, Imp: imp, Line: l, Creative: c.creative, Fit: *c.fit, Deal: c.terms.deal,
		Amount: c.amount, Price: c.offer, Reserved: reserved,
	})
}

// search finds the line item that bids most. With a trace it goes on past the
// point where nothing can win any more, and lets nothing win there.
func (sc *Scratch) search(imp *openrtb.Imp, best *candidate, tr *Trace) bool {
	lines := sc.snap.Lines
	least := sc.leastOffer(imp)
	found, ties := false, 0
	for w := range sc.query.Words() {
		closed := sc.hopeless(lines[w<<6].MaxBid, least, best, found, ties)
		if closed && tr == nil {
			if !found {
				sc.count(ad.BelowFloor)
			}
			return found
		}
		for word := sc.query.Word(w); word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			if slices.Contains(sc.refused, i) {
				continue
			}
			c := candidate{fit: &sc.fitting[0]}
			if best.fit == c.fit {
				c.fit = &sc.fitting[1]
			}
			r := sc.eligible(i, imp, &c)
			if r == ad.OK {
				r = sc.compare(&c, best, imp, found, closed, tr)
			}
			if r == ad.OK {
				ties = sc.ties(&c, best, found, ties)
				*best, found = c, true
			} else {
				sc.count(r)
			}
			if tr != nil {
				tr.candidate(sc, imp, &c, i, r)
			}
		}
	}
	return found
}

// hopeless reports whether no line item that bids at most `most` can win.
func (sc *Scratch) hopeless(most, least ad.Money, best *candidate, found bool, ties int) bool {
	if !found {
		return most < least
	}
	return most < best.amount || most == best.amount && ties >= maxTies
}

// ties counts the bids that were as high as the best.
func (sc *Scratch) ties(c, best *candidate, found bool, ties int) int {
	if found && c.amount == best.amount {
		return ties + 1
	}
	return 0
}

// compare tests a candidate against the best so far, and then, because it costs
// most, whether it has a creative that fits. It returns OK for a new best.
func (sc *Scratch) compare(c, best *candidate, imp *openrtb.Imp, found, closed bool, tr *Trace) ad.Reason {
	l := &sc.snap.Lines[c.line]
	c.tie = mix(sc.seed ^ uint64(l.ID))
	beaten := closed || found && (c.amount < best.amount || c.amount == best.amount && c.tie <= best.tie)
	if beaten && tr == nil {
		return ad.Outbid
	}
	if r := sc.fit(l, imp, c); r != ad.OK {
		return r
	}
	if beaten {
		return ad.Outbid
	}
	return ad.OK
}

// leastOffer returns a bound below which nothing can buy the impression, in
// house currency.
func (sc *Scratch) leastOffer(imp *openrtb.Imp) ad.Money {
	least, ok := sc.money.floor(imp.BidFloor, imp.BidFloorCur)
	if !ok {
		least = 0
	}
	for i := range imp.Deals {
		floor, ok := sc.money.floor(imp.Deals[i].BidFloor, imp.Deals[i].BidFloorCur)
		if ok {
			least = min(least, floor)
		}
	}
	if least == ad.MaxMoney {
		return least
	}
	return ad.Money(float64(least) / sc.money.factor * (1 - 1e-9))
}

// reserve takes the bid's amount from every account of its line item. Test
// requests and explanations reserve nothing.
func (e *Engine) reserve(sc *Scratch, id ad.BidID, c *candidate, tr *Trace) (reserved bool, r ad.Reason) {
	switch {
	case tr != nil:
		return false, sc.headroom(c)
	case sc.Req.Test:
		return false, ad.OK
	}
	r = e.Book.Reserve(id, sc.snap.Lines[c.line].Accounts, c.amount, sc.clock.now, sc.exchange.NoticeWindow)
	return r == ad.OK, r
}

// headroom tests what reserve would answer.
func (sc *Scratch) headroom(c *candidate) ad.Reason {
	for _, a := range sc.snap.Lines[c.line].Accounts {
		if r := a.Admits(c.amount, sc.clock.now); r != ad.OK {
			return r
		}
	}
	return ad.OK
}
