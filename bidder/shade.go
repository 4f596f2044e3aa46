package bidder

import (
	"bidwell/ad"
	"bidwell/openrtb"
	"bidwell/pricing"
)

// shade is how a bid was lowered to what is likely to win.
type shade struct {
	segment pricing.Segment // what the bid is for
	auction ad.Auction
	tried   bool     // another bid than the best was made, to learn from
	cost    ad.Money // what that is expected to gain less
	offer   ad.Money // what would have been offered, response currency
}

// shade lowers the winner's bid, where the bid is paid, to the one that gains most: the
// lower it is, the less is paid, and the less likely it wins. It is never below the
// floor. Now and then another bid is tried, for what is not tried is not learned.
func (sc *Scratch) shade(imp *openrtb.Imp, c *candidate) {
	s := &c.shade
	*s = shade{offer: c.offer, segment: sc.segment(c), auction: sc.auctionOf(c)}
	c.willing = c.amount
	if s.auction != ad.FirstPrice || !sc.exchange.Shade {
		return
	}
	least := sc.money.cost(c.floor)
	if least >= c.amount {
		return
	}
	curve := sc.paced.Model().Market.Curve(sc.exchange.ID, s.segment)
	bid, _ := curve.Shade(c.amount, least)
	bid, s.cost, s.tried = curve.Explore(c.amount, bid, least, sc.seed^uint64(sc.snap.Lines[c.line].ID))
	sc.lower(imp, c, bid)
}

// lower makes a candidate's bid a lower one, if it can be offered.
func (sc *Scratch) lower(imp *openrtb.Imp, c *candidate, bid ad.Money) {
	offer := sc.money.offer(bid)
	if bid >= c.amount || offer >= c.offer || offer < c.floor || offer <= 0 {
		c.shade.tried, c.shade.cost = c.shade.tried && bid == c.amount, 0
		return
	}
	c.amount, c.offer, c.cost = bid, offer, costOf(bid, imp)
}

// segment returns what part of the market a bid is for.
func (sc *Scratch) segment(c *candidate) pricing.Segment {
	return pricing.SegmentOf(c.creative.Media, c.fit.W, c.fit.H, sc.place())
}

// auctionOf returns how a bid is priced: as its deal says, else as the exchange is known
// to do it, else as the request says, where silence means second price.
func (sc *Scratch) auctionOf(c *candidate) ad.Auction {
	if c.terms.fixed {
		return ad.FixedPrice
	}
	if d := c.terms.deal; d != nil && d.At != 0 {
		return auctionAt(d.At)
	}
	switch at := sc.Req.At; {
	case sc.exchange.Auction != ad.NoAuction:
		return sc.exchange.Auction
	case at == 0:
		return ad.SecondPrice
	default:
		return auctionAt(at)
	}
}

// auctionAt returns the kind of auction of OpenRTB's at; those that only an exchange
// knows are not known.
func auctionAt(at int32) ad.Auction {
	switch at {
	case 1:
		return ad.FirstPrice
	case 2:
		return ad.SecondPrice
	}
	return ad.NoAuction
}
