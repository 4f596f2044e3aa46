package bidder

import (
	"math/bits"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/exposure"
	"bidwell/notice"
	"bidwell/openrtb"
)

// Offer is what a line item could bid on an impression for all it is worth: before
// pacing, and whatever is left of its budget.
type Offer struct {
	Imp   *openrtb.Imp
	Line  *campaign.Line
	Worth ad.Money // of one impression, house currency
	Floor ad.Money // the least that it costs, house currency; 0 for none
	Fixed bool     // the floor is the price
	Fits  uint64   // bit k: the line item's creative k could be shown, of the first 64
}

// AppendOffers appends what every line item could bid on the request that Decide
// was last called with, also those that were outbid. It is for comparing what was
// bought with what could have been: nothing is counted and nothing reserved, and
// the bids stay as they are. Offers are valid until the scratch is used again.
func (sc *Scratch) AppendOffers(dst []Offer) []Offer {
	if sc.snap == nil || sc.admissible() != ad.OK {
		return dst
	}
	defer sc.resume(sc.rewind())
	for i := range sc.Req.Imps {
		imp := &sc.Req.Imps[i]
		if offers(&imp.Has) && !repeated(sc.Req.Imps[:i], imp.ID) {
			dst = sc.appendOffers(dst, imp)
		}
	}
	return dst
}

// AppendBids appends those of AppendOffers' offers of which Decide made bids.
func (sc *Scratch) AppendBids(dst []Offer) []Offer {
	if len(sc.Bids) == 0 {
		return dst
	}
	defer sc.resume(sc.rewind())
	for i := range sc.Bids {
		b := &sc.Bids[i]
		sc.lookAt(b.Imp)
		if o, ok := sc.offerOf(b.Imp, b.line); ok {
			dst = append(dst, o)
		}
	}
	return dst
}

// during is what Decide counts with while it decides.
type during struct {
	tally *tally
	taken []*campaign.Campaign
	open  []exposure.Ad
}

// rewind makes the scratch as it was before there were bids on the request, and one that
// counts nothing. It returns what resume takes.
func (sc *Scratch) rewind() during {
	d := during{sc.tally, sc.taken, sc.exposed().Open}
	sc.tally, sc.taken = nil, nil
	sc.history.Open = d.open[:sc.opens]
	return d
}

func (sc *Scratch) resume(d during) { sc.tally, sc.taken, sc.history.Open = d.tally, d.taken, d.open }

func (sc *Scratch) appendOffers(dst []Offer, imp *openrtb.Imp) []Offer {
	sc.lookAt(imp)
	for w := range sc.query.Words() {
		for word := sc.query.Word(w); word != 0; word &= word - 1 {
			line := w<<6 + bits.TrailingZeros64(word)
			if o, ok := sc.offerOf(imp, line); ok {
				dst = append(dst, o)
			}
		}
	}
	return dst
}

// offerOf works out what a line item could bid on an impression. It reports false
// if it could not.
func (sc *Scratch) offerOf(imp *openrtb.Imp, line int) (Offer, bool) {
	l := &sc.snap.Lines[line]
	c := candidate{line: line, fit: &sc.fitting[0]}
	if why := sc.eligible(l, imp, &c); why != ad.OK && why != ad.PacedBelowFloor {
		return Offer{}, false
	}
	if l.Goal == nil && sc.fit(l, imp, &c) != ad.OK {
		return Offer{}, false
	}
	worth := sc.value(l, imp, &c)
	c.offer = sc.money.offer(worth)
	if sc.perSecond(imp, &c) != ad.OK {
		return Offer{}, false
	}
	return Offer{
		Imp: imp, Line: l, Worth: worth,
		Floor: costOf(sc.money.cost(c.terms.floor), imp), Fixed: c.terms.fixed, Fits: sc.allFits(l, imp, &c),
	}, true
}

// allFits returns which creatives of a line item could be shown.
func (sc *Scratch) allFits(l *campaign.Line, imp *openrtb.Imp, c *candidate) (set uint64) {
	for nth := range min(len(l.Creatives), 64) {
		if (l.Talk == nil || l.Talk.Shows(c.step, nth)) && sc.fits(l.Creatives[nth], imp, c.fit) == ad.OK {
			set |= 1 << nth
		}
	}
	return set
}

// Token returns what the notices of a bid say, as long as the request is not
// replaced by another. Where it is not permitted to name the person, or to write
// to the profile what comes back, it names nobody.
func (sc *Scratch) Token(b *Bid) notice.Token {
	t := notice.Token{
		Bid: b.ID, Exchange: sc.exchange.ID,
		Advertiser: b.Line.Campaign.AdvertiserID, Campaign: b.Line.Campaign.ID,
		Line: b.Line.ID, Creative: b.Creative.ID,
		Deal: dealID(b.Deal), Price: b.Amount, BidPrice: b.Price, Cur: sc.money.cur,
		Time: sc.clock.now.Unix(), Media: b.Creative.Media, Test: sc.Req.Test, Settles: sc.exchange.SettleOn,
		Segment: uint32(b.shade.segment), Auction: b.auction(),
	}
	if sc.names() {
		t.Person = sc.Person.ID
	}
	return t
}

// auction returns what the notices of a bid say of how it is priced: nothing where an
// impression counts several times, for the bid is no price of an ordinary one.
func (b *Bid) auction() ad.Auction {
	if b.Imp.Qty > 1 {
		return ad.NoAuction
	}
	return b.shade.auction
}

// Notice accounts for a notice that did not come by HTTP. The token is trusted. It
// returns when the event is in the ledger, or an error if it cannot be put there.
func (e *Engine) Notice(t *notice.Token, said Said, now time.Time) (ad.Reason, error) {
	return e.take(t, said, now)
}
