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
	return most < r.best.amount || most == r.best.amount && (most < r.best.own || r.ties >= maxTies)
}

// beats reports whether a bid is better than the best so far. Of equal bids the one of
// the line item is better to which the impression is worth more: where a deal's price is
// fixed, all bid the same.
func (r *race) beats(c *candidate) bool {
	switch {
	case !r.found || c.amount > r.best.amount:
		return true
	case c.amount < r.best.amount || c.own < r.best.own:
		return false
	}
	return c.own > r.best.own || c.tie > r.best.tie
}

// meet counts a bid, once it is known to win or not, if it is as good as the best so far.
func (r *race) meet(c *candidate) {
	if r.found && c.amount == r.best.amount && c.own == r.best.own {
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
	if c.amount > r.best.amount || c.own > r.best.own {
		r.ties = 0
	}
	r.best, r.found = *c, true
}

// unlowered returns the most that a line item would bid if it were not paced.
func (sc *Scratch) unlowered(i int) ad.Money { return sc.paced.Unlowered(i, &sc.snap.Reach[i]) }

// hopeless tells of most line items that they cannot win against the best so
// far, without looking at them, and returns why; OK for the others.
func (sc *Scratch) hopeless(i int, best *candidate) ad.Reason {
	c := &sc.snap.Reach[i]
	fixed := sc.fixedOf(i)
	if best.above(sc.paced.Most(i), fixed) {
		return ad.Outbid
	}
	if c.Raise != campaign.NoRef && best.above(sc.paced.Unraised(i), fixed) && sc.eval.Is(c.Raise) != audience.True {
		return ad.Outbid
	}
	if c.Audience != campaign.NoRef {
		return sc.mayAddress(c.Audience)
	}
	return ad.OK
}

// above reports whether the candidate is better than any other whose own bid is at most
// so much, and which pays no more than that and a fixed price.
func (c *candidate) above(own, fixed ad.Money) bool {
	amount := min(own, fixed)
	return amount < c.amount || amount == c.amount && own < c.own
}

// fixedOf returns the most that deals with fixed prices let a line item pay for the
// impression.
func (sc *Scratch) fixedOf(i int) ad.Money {
	switch {
	case sc.fixed.any < ad.MaxMoney && sc.snap.Index.BuysAnyDeal(i):
		return sc.fixed.any
	case sc.fixed.all < ad.MaxMoney && sc.snap.Index.BuysNoneOpen(i):
		return sc.fixed.all
	}
	return ad.MaxMoney
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

// fixedPrices are the most that deals let line items pay for an impression, in house
// currency: no more than ad.MaxMoney where not each of them has a fixed price.
type fixedPrices struct {
	any ad.Money // those that buy every deal: the price of the one with the lowest floor
	all ad.Money // those that buy nothing else than some of the deals: the highest price
}

// fixedOffer returns what the deals on an impression let line items pay.
func (sc *Scratch) fixedOffer(imp *openrtb.Imp) fixedPrices {
	none := fixedPrices{ad.MaxMoney, ad.MaxMoney}
	if len(imp.Deals) == 0 {
		return none
	}
	lowest, highest := ad.Money(ad.MaxMoney), ad.Money(0)
	cheapest := none.any
	for i := range imp.Deals {
		d := &imp.Deals[i]
		floor, ok := sc.money.floor(d.BidFloor, d.BidFloorCur)
		if !ok || len(d.ID) == 0 || len(d.WADomain) > 0 || len(d.WSeat) > 0 && !contains(d.WSeat, sc.exchange.Seat) {
			return none // not every line item may use it
		}
		price := ad.Money(ad.MaxMoney)
		if d.At == fixedPrice && floor > 0 {
			price = sc.money.cost(floor)
		}
		if i == 0 || floor < lowest {
			lowest, cheapest = floor, price
		}
		highest = max(highest, price)
	}
	return fixedPrices{any: cheapest, all: highest}
}
