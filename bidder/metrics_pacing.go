package bidder

import (
	"github.com/prometheus/client_golang/prometheus"

	"bidwell/ad"
	"bidwell/campaign"
)

// What is paced has three labels: without a line item it is the campaign's budget,
// without a campaign the advertiser's.
var (
	kappaDesc = desc("pacing_kappa", "What pacing multiplies bids with; of a line item's, its campaign's and its advertiser's, the lowest decides.", "advertiser", "campaign", "line_item")
	aheadDesc = desc("pacing_ahead_ratio", "Share of the period's budget by which spend is ahead of the plan, with what is expected of open bids; below 0, behind.", "advertiser", "campaign", "line_item")
)

// collectPacing reports the budgets that are paced: of campaigns, and of line items
// and advertisers that have one of their own.
func (e *Engine) collectPacing(s *campaign.Snapshot, ch chan<- prometheus.Metric) {
	done := map[ad.ID]bool{}
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.Hurried {
			continue
		}
		labels := [campaign.Levels][]string{
			campaign.OfLine:       {l.Campaign.Advertiser, l.Campaign.Name, l.Name},
			campaign.OfCampaign:   {l.Campaign.Advertiser, l.Campaign.Name, ""},
			campaign.OfAdvertiser: {l.Campaign.Advertiser, "", ""},
		}
		for level, g := range l.Gauges {
			id := l.Accounts[level].ID()
			st, ok := e.Books.Pacer.Status(id)
			if g == nil || !ok || done[id] {
				continue
			}
			done[id] = true
			ch <- prometheus.MustNewConstMetric(kappaDesc, prometheus.GaugeValue, g.Kappa(), labels[level]...)
			ch <- prometheus.MustNewConstMetric(aheadDesc, prometheus.GaugeValue, st.Used-st.Planned, labels[level]...)
		}
	}
}
