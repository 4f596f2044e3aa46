package bidder

import (
	"cmp"
	"slices"
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/creative"
	"bidwell/exposure"
	"bidwell/openrtb"
	"bidwell/pacing"
	"bidwell/profile"
)

// candidate is a line item on its way to a bid.
type candidate struct {
	line     int
	amount   ad.Money // house currency, one impression
	own      ad.Money // amount before it was made the fixed price of a deal
	cost     ad.Money // what is reserved: more than amount where an impression counts several times
	offer    ad.Money // response currency
	asked    ad.Money // amount before it was cut to what is left of a budget
	scarce   int      // the level of that budget
	priced   bool
	tie      uint64
	terms    terms
	creative *campaign.Creative
	nth      int           // of the line item's creatives
	fit      *creative.Fit // of the scratch
	step     int           // of the line item's conversation
	held     uint32        // bit k: the line item's modifier k holds
	chance   float64       // of what its goal pays for; 0 without a goal
	floor    ad.Money      // the least that may be offered, response currency; set by perSecond
	willing  ad.Money      // amount before it was shaded
	shade    shade
}

// eligible tests whether a line item could bid on an impression and, if so, works
// out what it would bid if it were not paced. The cheapest tests come first.
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
	if l.HasAudience {
		if r := sc.mayAddress(l.Audience); r != ad.OK {
			return r
		}
	}
	if r := sc.mayShow(l, c); r != ad.OK {
		return r
	}
	if r := sc.worth(l, imp, c); r != ad.OK {
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

// amountOf returns the largest bid that costs no more than there is room for.
func amountOf(room ad.Money, imp *openrtb.Imp) ad.Money {
	if imp.Qty <= 1 {
		return room
	}
	return ad.Money(float64(max(0, room-1)) / imp.Qty)
}

// funded tests whether the line item's budgets have room for a bid. Where some room
// is left, the bid is cut to it. That what may be reserved is not on disk yet is no
// shortage: the bid is not made, however small.
func (sc *Scratch) funded(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	why, level := refusing(l, c.cost, sc.clock.now)
	switch why {
	case ad.OK:
	case ad.NotDurable:
		sc.short(l, level)
		return why
	default:
		if why := sc.cut(l, imp, c); why != ad.OK {
			return why
		}
	}
	for _, a := range l.Counts {
		if r := a.Admits(1, sc.clock.now); r != ad.OK {
			sc.short(l, l.LevelOf(a))
			return impressionsSpent(r)
		}
	}
	return ad.OK
}

// refusing returns why budgets have no room for a bid, and the widest level of those
// that say so. One that is short weighs more than one that only has no lease: less may
// fit.
func refusing(l *campaign.Line, cost ad.Money, now time.Time) (why ad.Reason, level int) {
	for i, a := range l.Accounts {
		switch r := a.Admits(cost, now); {
		case r == ad.OK, r == ad.NotDurable && why > r:
		default:
			why, level = r, i
		}
	}
	return why, level
}

// cut lowers a bid to what the strictest of its budgets has left, if that can still
// buy the impression. Else it returns what that budget says.
func (sc *Scratch) cut(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	room := ad.Money(ad.MaxMoney)
	for level, a := range l.Accounts {
		if left := a.Headroom(sc.clock.now); left < room {
			room, c.scarce = left, level
		}
	}
	why := l.Accounts[c.scarce].Admits(c.cost, sc.clock.now)
	amount := pacing.Cut(c.amount, amountOf(room, imp))
	offer := sc.money.offer(amount)
	switch cost := costOf(amount, imp); {
	case why == ad.OK, why == ad.NotDurable: // it was freed in between
		return why
	case c.terms.fixed || amount <= 0 || offer <= 0 || offer < c.terms.floor || cost > room:
		sc.short(l, c.scarce)
		return why
	default:
		c.asked, c.amount, c.own, c.offer, c.cost = c.amount, amount, amount, offer, cost
		return ad.OK
	}
}

// perSecond holds a bid in an ad pod against the floor for each second of the
// creative that was picked.
func (sc *Scratch) perSecond(imp *openrtb.Imp, c *candidate) ad.Reason {
	c.floor = c.terms.floor
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
	c.floor = max(c.floor, floor)
	return ad.OK
}

// impressionsSpent is what a budget of impressions says instead of one of money.
func impressionsSpent(r ad.Reason) ad.Reason {
	switch r {
	case ad.BudgetSpent:
		return ad.ImpressionsSpent
	case ad.DailyBudgetSpent:
		return ad.DailyImpressionsSpent
	}
	return r
}

// mayAddress tests whether the person is in an audience. What is not known of a
// person is no yes.
func (sc *Scratch) mayAddress(ref audience.Ref) ad.Reason {
	switch sc.eval.Is(ref) {
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

// worth works out what the impression is worth and holds that against the floor. A
// chance is that of one creative, so that is picked first.
func (sc *Scratch) worth(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	if l.Goal != nil {
		if r := sc.fit(l, imp, c); r != ad.OK {
			return r
		}
	}
	c.amount, c.priced = sc.value(l, imp, c), true
	c.offer = sc.money.offer(c.amount)
	if c.offer < c.terms.floor && l.Deals == campaign.AnyDeal && c.terms.deal != nil {
		sc.openTerms(imp, &c.terms)
	}
	if c.offer < c.terms.floor || c.offer <= 0 {
		return ad.BelowFloor
	}
	return ad.OK
}

// pace makes a bid of what the impression is worth.
func (sc *Scratch) pace(c *candidate) ad.Reason {
	if kappa, _ := sc.paced.Kappa(c.line); kappa < 1 {
		c.amount = c.amount.Mul(kappa)
		c.offer = sc.money.offer(c.amount)
		if c.offer < c.terms.floor || c.offer <= 0 {
			return ad.PacedBelowFloor
		}
	}
	c.own = c.amount
	if c.terms.fixed {
		c.offer = c.terms.floor
		c.amount = sc.bidOf(c)
	}
	return ad.OK
}

// bidOf returns what is bid of an amount: the price, where that is fixed.
func (sc *Scratch) bidOf(c *candidate) ad.Money {
	if c.terms.fixed {
		return min(c.amount, sc.money.cost(c.terms.floor))
	}
	return c.amount
}

// short counts, once for each impression, that a budget of a level, of money or of
// impressions, or its lease had no room for a bid. Neither the pacing of that level nor
// that of the narrower ones can learn from that what to bid.
func (sc *Scratch) short(l *campaign.Line, level int) {
	if sc.tally == nil {
		return
	}
	for _, g := range l.Gauges[:level+1] {
		if g != nil && !slices.Contains(sc.unfunded, g) {
			sc.unfunded = append(sc.unfunded, g)
			g.Refuse()
		}
	}
}

// fit picks a creative for the impression: the first that fits, beginning with
// one that the seed names, so that all of them are shown; of a line item with a goal
// as often as each is to be shown.
func (sc *Scratch) fit(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	n := len(l.Creatives)
	if l.Goal != nil && n > 1 && n <= mostDrawn {
		return sc.fitDrawn(l, imp, c)
	}
	why := ad.OK // of the creative that came farthest
	start := int((sc.seed >> 8) % uint64(max(n, 1)))
	for k := range n {
		nth := (start + k) % n
		if l.Talk != nil && !l.Talk.Shows(c.step, nth) {
			continue
		}
		r := sc.fits(l.Creatives[nth], imp, c.fit)
		if r == ad.OK {
			c.creative, c.nth = l.Creatives[nth], nth
			return ad.OK
		}
		why = max(why, r)
	}
	return cmp.Or(why, ad.NoCreativeFits)
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
	if len(cr.Caps) > 0 && exposure.Reached(cr.Caps, sc.exposed(), sc.clock.now.Unix()) != nil {
		return ad.FrequencyReached
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
