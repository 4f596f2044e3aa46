package bidder

import (
	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
	"bidwell/pacing"
	"bidwell/pricing"
)

// Trace notes what Decide does with every line item, for an explanation. Its
// zero value is ready; it is good for one decision.
type Trace struct {
	person *ad.PersonID  // taken for who the request is from, if set
	pacer  *pacing.Pacer // says which κ it is that decides, if set
	imps   []impTrace
}

type impTrace struct {
	imp   *openrtb.Imp
	lines []lineTrace // by line item
}

// lineTrace is how far one line item came on one impression.
type lineTrace struct {
	reason  ad.Reason // OK for the winner
	priced  bool      // amount, offer and terms are known
	amount  ad.Money
	own     ad.Money // amount, or what it would be if the deal had no fixed price
	offer   ad.Money
	terms   terms
	asked   ad.Money // amount before it was cut to what the budget of level scarce has left; 0 if it was not
	scarce  int
	kappa   float64
	pacedBy int   // the level that decided kappa
	byCost  bool  // what an event may cost on average decided kappa, not the budget
	step    int   // of the conversation
	factors []int // modifiers that applied, as indexes into Line.Adjust

	// Of a goal.
	chance    float64
	estimates []pricing.Estimate
	nth       int // of the creatives: the one that the chance is of

	// Of the winner.
	won   bool
	bid   ad.Money // amount after it was shaded
	price ad.Money // and offer
	floor ad.Money // the least that may be offered, as price in response currency
	shade shade
}

// misses begins an impression: it notes for every line item what the index says.
func (tr *Trace) misses(sc *Scratch, imp *openrtb.Imp) {
	t := impTrace{imp: imp, lines: make([]lineTrace, len(sc.snap.Lines))}
	for i := range t.lines {
		t.lines[i].reason = sc.query.Miss(i, imp, &sc.Req)
	}
	tr.imps = append(tr.imps, t)
}

func (tr *Trace) of(imp *openrtb.Imp) *impTrace {
	for i := range tr.imps {
		if tr.imps[i].imp == imp {
			return &tr.imps[i]
		}
	}
	return nil
}

// set notes a reason.
func (tr *Trace) set(imp *openrtb.Imp, line int, r ad.Reason) { tr.of(imp).lines[line].reason = r }

// candidate notes what became of a line item that the index found. A new best
// makes the one before it outbid.
func (tr *Trace) candidate(sc *Scratch, imp *openrtb.Imp, c *candidate, r ad.Reason) {
	t, line := tr.of(imp), c.line
	if r == ad.OK {
		for i := range t.lines {
			if t.lines[i].reason == ad.OK && t.lines[i].priced && i != line {
				t.lines[i].reason = ad.Outbid
			}
		}
	}
	lt := &t.lines[line]
	lt.reason = r
	if c.priced {
		lt.priced, lt.amount, lt.own, lt.offer, lt.terms = true, c.amount, c.own, c.offer, c.terms
		lt.asked, lt.scarce, lt.step = c.asked, c.scarce, c.step
		lt.kappa, lt.pacedBy = sc.paced.Kappa(line)
		lt.factors = sc.applied(&sc.snap.Lines[line])
		lt.goal(sc, c)
		lt.byCost = tr.byCost(sc, lt, line)
	}
}

// byCost reports whether a line item's bid is lowered for the average cost of what its
// campaign pays for.
func (tr *Trace) byCost(sc *Scratch, lt *lineTrace, line int) bool {
	l := &sc.snap.Lines[line]
	if tr.pacer == nil || l.Goal == nil || lt.kappa == 1 || lt.pacedBy != campaign.OfCampaign {
		return false
	}
	s, ok := tr.pacer.Status(l.Campaign.ID)
	return ok && s.Goal > 0 && (l.Hurried || s.Goal < s.Budget)
}

// goal notes how a chance came about.
func (lt *lineTrace) goal(sc *Scratch, c *candidate) {
	l := &sc.snap.Lines[c.line]
	if l.Goal == nil {
		return
	}
	lt.chance, lt.nth = c.chance, c.nth
	s := &sc.sight
	lt.estimates = sc.paced.Model().Responses.Explain(&s.context, &s.bases, sc.paced.View(l), l.Campaign.ID, sc.seeSubject(c))
}

// win notes what the winner bids.
func (tr *Trace) win(imp *openrtb.Imp, c *candidate) {
	lt := &tr.of(imp).lines[c.line]
	lt.won, lt.bid, lt.price, lt.floor, lt.shade = true, c.amount, c.offer, c.floor, c.shade
}

// applied returns the modifiers of a line item whose condition holds.
func (sc *Scratch) applied(l *campaign.Line) []int {
	var applied []int
	for i := range l.Adjust {
		if sc.holds(&l.Adjust[i]) {
			applied = append(applied, i)
		}
	}
	return applied
}
