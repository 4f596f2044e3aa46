package campaign

import (
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// Books are the accounts that outlive configurations: of money, of impressions
// (counted as if each cost one), and the pacing of budgets.
type Books struct {
	Money  *pacing.Accounts
	Counts *pacing.Accounts
	Pacer  *pacing.Pacer
}

// Bind gives every line item the accounts that it spends from (its own, its
// campaign's and its advertiser's) and their pacing, and sets limits and plans. Who
// made the snapshot calls it, once, before publication: what is restored and leased
// needs the limits. They take effect at once, also for bids that the last snapshot is
// still making.
//
// Every campaign is paced by its account, and so are line items and advertisers that
// have a budget of their own that can be.
func (s *Snapshot) Bind(b *Books) {
	counted := map[ad.ID]bool{}
	limit := func(id ad.ID, budget *Budget, zone *time.Location) {
		b.Money.Get(id).SetLimits(budget.Total, budget.Daily, zone)
		b.Counts.Get(id).SetLimits(ad.Money(budget.Impressions), ad.Money(budget.DailyImpressions), zone)
		counted[id] = budget.Counts()
	}
	gauges := map[ad.ID]*pacing.Gauge{}
	pace := func(id ad.ID, plan pacing.Plan) {
		plan.OneIn = s.numSamples()
		gauges[id] = b.Pacer.Set(id, plan, b.Money.Get(id))
	}
	for i := range s.Advertisers {
		a := &s.Advertisers[i]
		limit(a.ID, &a.Budget, s.Zones[a.Zone])
		if plan := s.advertiserPlan(a); a.paced(&plan) {
			pace(a.ID, plan)
		}
	}
	for _, c := range s.Campaigns {
		limit(c.ID, &c.Budget, s.Zones[c.Zone])
		pace(c.ID, c.Plan)
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		limit(l.ID, &l.Budget, s.Zones[l.Campaign.Zone])
		if l.Budget.paced(&l.Campaign.Plan) {
			pace(l.ID, l.Campaign.Plan)
		}
		l.Hurried, l.Counts = l.Campaign.Plan.Curve == pacing.ASAP, nil
		for level, id := range [Levels]ad.ID{l.ID, l.Campaign.ID, l.Campaign.AdvertiserID} {
			l.Accounts[level], l.Gauges[level] = b.Money.Get(id), gauges[id]
			if counted[id] {
				l.Counts = append(l.Counts, b.Counts.Get(id))
			}
		}
	}
	s.divide()
	s.Pace(Prices{})
}

// paced reports whether a budget can be spread by a plan: over the days, or over a
// flight that ends.
func (b *Budget) paced(plan *pacing.Plan) bool {
	return plan.Curve != pacing.ASAP && (b.Daily > 0 || b.Total > 0 && !plan.End.IsZero())
}

// advertiserPlan returns how the budget of an advertiser is to be spread: over the
// flights of its campaigns, by the curve that those which are paced have in common,
// else by traffic. If none is, nor is it.
func (s *Snapshot) advertiserPlan(a *Advertiser) pacing.Plan {
	plan := pacing.Plan{Curve: pacing.ASAP, Zone: s.Zones[a.Zone]}
	first, open := true, false
	for _, c := range s.Campaigns {
		if c.AdvertiserID != a.ID {
			continue
		}
		p := &c.Plan
		if first || p.Start.Before(plan.Start) {
			plan.Start = p.Start // none is the earliest
		}
		open = open || p.End.IsZero()
		if p.End.After(plan.End) {
			plan.End = p.End
		}
		first = false
		switch {
		case p.Curve == pacing.ASAP || p.Curve == plan.Curve:
		case plan.Curve == pacing.ASAP:
			plan.Curve = p.Curve
		default:
			plan.Curve = pacing.Traffic
		}
	}
	if open {
		plan.End = time.Time{}
	}
	return plan
}
