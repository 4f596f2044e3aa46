package campaign

import "bidwell/pacing"

// Bind gives every line item the accounts that it spends from (its own, its
// campaign's and its advertiser's) and sets their limits. It is called once,
// before publication. Limits take effect at once, also for bids that the last
// snapshot is still making.
func (s *Snapshot) Bind(accounts *pacing.Accounts) {
	for i := range s.Advertisers {
		a := &s.Advertisers[i]
		accounts.Get(a.ID).SetLimits(a.Total, a.Daily, s.Zones[a.Zone])
	}
	for _, c := range s.Campaigns {
		accounts.Get(c.ID).SetLimits(c.Total, c.Daily, s.Zones[c.Zone])
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		own := accounts.Get(l.ID)
		own.SetLimits(l.Total, l.Daily, s.Zones[l.Campaign.Zone])
		l.Accounts = []*pacing.Account{own, accounts.Get(l.Campaign.ID), accounts.Get(l.Campaign.AdvertiserID)}
	}
}
