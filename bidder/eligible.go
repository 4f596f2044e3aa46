package bidder

import (
	"slices"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/creative"
	"bidwell/openrtb"
	"bidwell/profile"
)

// candidate is a line item on its way to a bid.
type candidate struct {
	line     int
	amount   ad.Money // house currency, one impression
	cost     ad.Money // what is reserved: more than amount where an impression counts several times
	offer    ad.Money // response currency
	priced   bool
	tie      uint64
	terms    terms
	creative *campaign.Creative
	nth      int           // of the line item's creatives
	fit      *creative.Fit // of the scratch
}

// eligible tests whether a line item may bid on an impression and, if so, works
// out its bid. The cheapest tests come first.
func (sc *Scratch) eligible(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	if now := sc.clock.now.Unix(); now < l.Start || l.End != 0 && now >= l.End {
		return ad.OutsideFlight
	}
	if l.Spans != nil && !l.Runs(sc.clock.minuteOfWeek(sc.snap, l.Campaign.Zone)) {
		return ad.OutsideHours
	}
	if r := l.Target.Allows(&sc.facts, &sc.Req); r != ad.OK {
		return r
	}
	if r := l.Target.AllowsImp(imp); r != ad.OK {
		return r
	}
	if r := sc.terms(l, imp, &c.terms); r != ad.OK {
		return r
	}
	if r := sc.mayAddress(l); r != ad.OK {
		return r
	}
	if r := sc.price(l, imp, c); r != ad.OK {
		return r
	}
	for _, other := range sc.taken {
		if other.AdvertiserID == l.Campaign.AdvertiserID {
			return ad.AdvertiserTaken
		}
	}
	return ad.OK
}

// costOf returns what a bid costs if it wins: several times its amount on a
// screen that many people see (imp.qty).
func costOf(amount ad.Money, imp *openrtb.Imp) ad.Money {
	if imp.Qty <= 1 {
		return amount
	}
	return amount.Mul(imp.Qty) + 1
}

// funded tests whether the line item's budgets have room for a bid.
func (sc *Scratch) funded(l *campaign.Line, cost ad.Money) ad.Reason {
	for _, a := range l.Accounts {
		if r := a.Admits(cost, sc.clock.now); r != ad.OK {
			return r
		}
	}
	for _, a := range l.Counts {
		if r := a.Admits(1, sc.clock.now); r != ad.OK {
			return impressionsSpent(r)
		}
	}
	return ad.OK
}

// perSecond holds a bid in an ad pod against the floor for each second of the
// creative that was picked.
func (sc *Scratch) perSecond(imp *openrtb.Imp, c *candidate) ad.Reason {
	perSecond := imp.Video.MinCPMPerSec
	if c.creative.Media == ad.Audio {
		perSecond = imp.Audio.MinCPMPerSec
	}
	if perSecond <= 0 || c.fit.DurationS == 0 {
		return ad.OK
	}
	floor, ok := sc.money.floor(perSecond*float64(c.fit.DurationS), imp.BidFloorCur)
	switch {
	case !ok:
		return ad.FloorCurrencyUnknown
	case c.offer < floor:
		return ad.BelowFloor
	}
	return ad.OK
}

// impressionsSpent is what a budget of impressions says instead of one of money.
func impressionsSpent(r ad.Reason) ad.Reason {
	if r == ad.DailyBudgetSpent {
		return ad.DailyImpressionsSpent
	}
	return ad.ImpressionsSpent
}

// mayAddress tests the audience. What is not known of a person is no yes.
func (sc *Scratch) mayAddress(l *campaign.Line) ad.Reason {
	if !l.HasAudience {
		return ad.OK
	}
	switch sc.eval.Is(l.Audience) {
	case audience.True:
		return ad.OK
	case audience.False:
		return ad.AudienceNotMatched
	}
	switch {
	case !sc.Person.May.Read:
		return ad.NoConsent
	case sc.outcome == profile.TimedOut || sc.outcome == profile.Failed:
		return ad.ProfileUnread
	case sc.outcome == profile.Unknown:
		return ad.NoProfile
	}
	return ad.AudienceUnknown
}

// price works out the bid and holds it against the floor: first what the
// impression is worth, then what pacing makes of that.
func (sc *Scratch) price(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	c.amount, c.priced = sc.value(l), true
	c.offer = sc.money.offer(c.amount)
	if c.offer < c.terms.floor && l.Deals == campaign.AnyDeal && c.terms.deal != nil {
		sc.openTerms(imp, &c.terms)
	}
	if c.offer < c.terms.floor || c.offer <= 0 {
		return ad.BelowFloor
	}
	sc.opportunity(l, c.line)
	if kappa := l.Gauge.Kappa(); kappa < 1 {
		c.amount = c.amount.Mul(kappa)
		c.offer = sc.money.offer(c.amount)
		if c.offer < c.terms.floor || c.offer <= 0 {
			return ad.PacedBelowFloor
		}
	}
	if c.terms.fixed {
		c.offer = c.terms.floor
		c.amount = min(c.amount, sc.money.cost(c.offer))
	}
	return ad.OK
}

// opportunity counts that the line item could have bid and, once for each
// impression, that its campaign could: its pacing learns the traffic from it.
func (sc *Scratch) opportunity(l *campaign.Line, line int) {
	if sc.tally == nil {
		return
	}
	sc.tally.see(sc.exchange, line)
	if slices.Contains(sc.seen, l.Gauge) {
		return
	}
	sc.seen = append(sc.seen, l.Gauge)
	l.Gauge.Eligible()
}

// short counts, once for each campaign and impression, that a budget had room for
// something but not for the bid: its pacing then bids less.
func (sc *Scratch) short(l *campaign.Line) {
	if sc.tally == nil || slices.Contains(sc.unfunded, l.Gauge) || sc.funded(l, 1) != ad.OK {
		return
	}
	sc.unfunded = append(sc.unfunded, l.Gauge)
	l.Gauge.Refuse()
}

// fit picks a creative for the impression: the first that fits, beginning with
// one that the seed names, so that all of them are shown.
func (sc *Scratch) fit(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	why := ad.NoCreativeFits
	n := len(l.Creatives)
	start := int((sc.seed >> 8) % uint64(max(n, 1)))
	for k := range n {
		cr := l.Creatives[(start+k)%n]
		r := sc.fits(cr, imp, c.fit)
		if r == ad.OK {
			c.creative, c.nth = cr, (start+k)%n
			return ad.OK
		}
		if k == 0 || r > why {
			why = r
		}
	}
	return why
}

func (sc *Scratch) fits(cr *campaign.Creative, imp *openrtb.Imp, f *creative.Fit) ad.Reason {
	if !imp.Has[cr.Media] {
		return ad.NotThisMedia
	}
	if r := sc.blocks.Why(cr.Brand); r != ad.OK {
		return r
	}
	if r := sc.discloses(cr); r != ad.OK {
		return r
	}
	return cr.Fit(&sc.Req, imp, f)
}

// discloses tests whether a creative can give the transparency information that
// the publisher requires. Where the publisher does not render it (pubrender 0),
// the creative must.
func (sc *Scratch) discloses(cr *campaign.Creative) ad.Reason {
	d := &sc.Req.Regs.DSA
	if !d.Present || d.Required < 2 {
		return ad.OK
	}
	if cr.Campaign.DSA == nil || d.PubRender == 0 && !cr.Campaign.DSA.Rendered {
		return ad.DSAMissing
	}
	return ad.OK
}
