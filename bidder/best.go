package bidder

import (
	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// race is the search for the best bid on one impression.
type race struct {
	best   candidate
	found  bool
	looked int       // candidates that were looked at
	cheap  ad.Reason // why the first that were left out for their bids are too cheap; OK if none were
	ties   int       // bids that were as high as the best, as they were to be made
	least  ad.Money  // what an impression costs at least, in house currency
}

// over reports whether no line item that bids at most `most` can win.
func (r *race) over(most ad.Money) bool {
	if !r.found {
		return most < r.least
	}
	return most < r.best.amount || most == r.best.amount && r.ties >= maxTies
}

// beats reports whether a bid is better than the best so far.
func (r *race) beats(c *candidate) bool {
	return !r.found || c.amount > r.best.amount || c.amount == r.best.amount && c.tie > r.best.tie
}

// meet counts a bid, once it is known to win or not, if it is as high as the best so far.
func (r *race) meet(c *candidate) {
	if r.found && c.amount == r.best.amount {
		r.ties++
	}
}

// leave notes that line items are left out which bid too little, while nothing is
// found: those of the highest bid decide why. The most is what the first of them would
// bid if it were not paced.
func (r *race) leave(most ad.Money) {
	switch {
	case r.found || r.cheap != ad.OK:
	case most < r.least:
		r.cheap = ad.BelowFloor
	default:
		r.cheap = ad.PacedBelowFloor
	}
}

// lead makes a candidate the best.
func (r *race) lead(c *candidate) {
	r.meet(c)
	if c.amount > r.best.amount {
		r.ties = 0
	}
	r.best, r.found = *c, true
}

// unlowered returns the most that a line item would bid if it were not paced.
func (sc *Scratch) unlowered(i int) ad.Money { return sc.paced.Unlowered(i, &sc.snap.Reach[i]) }

// hopeless tells of most line items that they cannot win against the best so
// far, without looking at them, and returns why; OK for the others.
func (sc *Scratch) hopeless(i int, best ad.Money) ad.Reason {
	c := &sc.snap.Reach[i]
	if sc.fixedMost < best && sc.snap.Index.BuysAnyDeal(i) {
		return ad.Outbid
	}
	if sc.paced.Unraised(i) < best && c.Raise != campaign.NoRef && sc.eval.Is(c.Raise) != audience.True {
		return ad.Outbid
	}
	if c.Audience != campaign.NoRef {
		return sc.mayAddress(c.Audience)
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

// fixedOffer returns the most that a line item which buys every deal pays for the
// impression, in house currency: where each deal on offer has a fixed price, the
// highest of these.
func (sc *Scratch) fixedOffer(imp *openrtb.Imp) ad.Money {
	if len(imp.Deals) == 0 {
		return ad.MaxMoney
	}
	most := ad.Money(0)
	for i := range imp.Deals {
		d := &imp.Deals[i]
		floor, ok := sc.money.floor(d.BidFloor, d.BidFloorCur)
		if d.At != fixedPrice || !ok || floor <= 0 || len(d.ID) == 0 || len(d.WADomain) > 0 ||
			len(d.WSeat) > 0 && !contains(d.WSeat, sc.exchange.Seat) {
			return ad.MaxMoney
		}
		most = max(most, sc.money.cost(floor))
	}
	return most
}
