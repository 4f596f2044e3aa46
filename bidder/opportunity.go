package bidder

import (
	"slices"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// opportunities counts for a sample of the line items whether they could have bid
// on an impression, were they not paced, and not less than the best bid on it: what
// they cannot win whatever κ is, tells nothing of κ. Pacing learns the traffic from
// that, and reports show it.
func (sc *Scratch) opportunities(imp *openrtb.Imp, r *race) {
	if sc.tally == nil {
		return
	}
	sc.seen = sc.seen[:0]
	lines, weight := sc.snap.Sample(sc.seed)
	for _, i := range lines {
		c := sc.candidate(int(i), r)
		reach := &sc.snap.Reach[i]
		switch {
		case r.over(reach.Most):
			return // and so do all that follow
		case r.over(sc.unlowered(c.line)):
		case !sc.query.Has(c.line):
		case reach.Audience != campaign.NoRef && sc.mayAddress(reach.Audience) != ad.OK:
		default:
			l := &sc.snap.Lines[i]
			if sc.eligible(l, imp, &c) != ad.OK {
				continue
			}
			if bid := sc.bidOf(&c); !r.found || bid > r.best.amount || bid == r.best.amount && c.amount >= r.best.own {
				sc.opportunity(l, &c, weight)
			}
		}
	}
}

// opportunity counts that the line item could have bid and, once for each
// impression, that its campaign and its advertiser could.
func (sc *Scratch) opportunity(l *campaign.Line, c *candidate, weight uint32) {
	sc.tally.see(sc.exchange, c.line, c.terms.deal, weight)
	for _, g := range l.Gauges {
		if g != nil && !slices.Contains(sc.seen, g) {
			sc.seen = append(sc.seen, g)
			g.Eligible(weight)
		}
	}
}
