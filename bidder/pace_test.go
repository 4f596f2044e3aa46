package bidder_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
)

// TestPaceUnderLoad moves κ and publishes configurations while requests are decided on.
// Each is decided by what pacing had come to at one moment: the dear campaign bids 4, or
// is lowered to 1 and leaves the impression to the other, which bids 3.
func TestPaceUnderLoad(t *testing.T) {
	snapshot := func() *campaign.Snapshot {
		return compile(t, files("bidwell.yaml", plainProcess, "campaigns/cheap.yaml", bannerCampaign("cheap", 3),
			"campaigns/dear.yaml", strings.Replace(bannerCampaign("dear", 4), "line_items:", "flight: {end: 2026-04-01}\npacing: {curve: even}\nline_items:", 1)))
	}
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/cheap.yaml", bannerCampaign("cheap", 3)), "")
	set := func(kappa float64) {
		for _, c := range r.Snapshot().Campaigns {
			plan := c.Plan
			if plan.Min, plan.Max = 1, 1; c.Name == "dear" {
				plan.Min, plan.Max = kappa, kappa
			}
			r.Books.Pacer.Set(c.ID, plan, r.Books.Money.Get(c.ID))
		}
	}
	r.Publish(snapshot())
	set(1)
	r.Pace(monday)
	var stop atomic.Bool
	var seen [2]atomic.Int64
	var clients sync.WaitGroup
	ex := r.exchange(t, "")
	for i := range 3 {
		clients.Go(func() {
			var sc bidder.Scratch
			for n := 0; !stop.Load(); n++ {
				r.decide(t, &sc, []byte(bannerRequest(fmt.Sprintf("%d-%d", i, n), "")), ex, monday)
				if len(sc.Bids) != 1 {
					t.Errorf("%d bids", len(sc.Bids))
					return
				}
				switch b := &sc.Bids[0]; {
				case b.Line.Campaign.Name == "dear" && b.Price == 4*ad.Unit/1000:
					seen[0].Add(1)
				case b.Line.Campaign.Name == "cheap" && b.Price == 3*ad.Unit/1000:
					seen[1].Add(1)
				default:
					t.Errorf("%s bids %v", b.Line.Campaign.Name, b.Price)
					return
				}
				release(r, &sc)
			}
		})
	}
	var movers sync.WaitGroup
	var plans sync.Mutex // a configuration brings other plans
	movers.Go(func() {
		for i := range fewer(400) {
			before := seen[(i+1)%2].Load()
			plans.Lock()
			set([]float64{0.25, 1}[i%2])
			r.Pace(monday.Add(time.Duration(i) * time.Second))
			plans.Unlock()
			eventually(t, "κ is seen to have moved", func() bool { return seen[(i+1)%2].Load() > before || t.Failed() })
		}
	})
	movers.Go(func() {
		for range fewer(100) {
			s := snapshot()
			plans.Lock()
			s.Bind(r.Books)
			plans.Unlock()
			r.Engine.Publish(s)
		}
	})
	movers.Wait()
	stop.Store(true)
	clients.Wait()
}
