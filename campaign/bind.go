package campaign

import (
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// Books are the accounts that outlive configurations: of money, of impressions
// (counted as if each cost one), and the pacing of campaigns.
type Books struct {
	Money  *pacing.Accounts
	Counts *pacing.Accounts
	Pacer  *pacing.Pacer
}

// Bind gives every line item the accounts that it spends from (its own, its
// campaign's and its advertiser's) and its campaign's pacing, and sets limits and
// plans. It is called once, before publication. Limits take effect at once, also
// for bids that the last snapshot is still making.
func (s *Snapshot) Bind(b *Books) {
	counted := map[ad.ID]bool{}
	limit := func(id ad.ID, budget *Budget, zone *time.Location) {
		b.Money.Get(id).SetLimits(budget.Total, budget.Daily, zone)
		b.Counts.Get(id).SetLimits(ad.Money(budget.Impressions), ad.Money(budget.DailyImpressions), zone)
		counted[id] = budget.Counts()
	}
	for i := range s.Advertisers {
		a := &s.Advertisers[i]
		limit(a.ID, &a.Budget, s.Zones[a.Zone])
	}
	gauges := map[*Campaign]*pacing.Gauge{}
	for _, c := range s.Campaigns {
		limit(c.ID, &c.Budget, s.Zones[c.Zone])
		gauges[c] = b.Pacer.Set(c.ID, c.Plan, b.Money.Get(c.ID))
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		limit(l.ID, &l.Budget, s.Zones[l.Campaign.Zone])
		l.Gauge = gauges[l.Campaign]
		l.Accounts, l.Counts = nil, nil
		for _, id := range [...]ad.ID{l.ID, l.Campaign.ID, l.Campaign.AdvertiserID} {
			l.Accounts = append(l.Accounts, b.Money.Get(id))
			if counted[id] {
				l.Counts = append(l.Counts, b.Counts.Get(id))
			}
		}
	}
}
