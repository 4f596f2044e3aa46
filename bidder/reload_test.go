package bidder_test

import (
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"

	"bidwell/ad"
	"bidwell/campaign"
)

// TestReloadUnderLoad publishes two configurations in turns while several
// clients send requests. Every request is answered, wholly by the one or wholly
// by the other: price, advertiser, creative, markup and deal belong together.
func TestReloadUnderLoad(t *testing.T) {
	one := func(name string, price float64) *campaign.Snapshot {
		c := bannerCampaign(name, price)
		c = strings.Replace(c, "line_items:", "line_items:\n  - {name: deal, deals: [d], bid: {price: "+fmt.Sprint(price+10)+" USD}, creatives: [mpu]}", 1)
		// Other line items before it, so that indexes of one are wrong in the other.
		for i := range int(price) * 70 { // more than a word of the index
			c = strings.Replace(c, "creatives:\n", fmt.Sprintf("  - {name: other-%d, where: {country: [FRA]}, bid: {price: 50 USD}, creatives: [mpu]}\ncreatives:\n", i), 1)
		}
		return compile(t, files("bidwell.yaml", plainProcess, "campaigns/"+name+".yaml", c))
	}
	snapshot := func(which int) *campaign.Snapshot { // each is published once
		return one([]string{"first", "second"}[which], float64(which+1))
	}
	s := newServer(t, lenient)
	s.Publish(snapshot(0))

	var stop atomic.Bool
	var clients sync.WaitGroup
	var answered [2]atomic.Int64
	var faults sync.Map
	for i := range 4 {
		c := s.dial(t)
		clients.Go(func() {
			for n := 0; !stop.Load(); n++ {
				body := fmt.Sprintf(`{"id":"%d-%d","tmax":10000,"imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250},"pmp":{"private_auction":%d,"deals":[{"id":"d"}]}}],"site":{}}`, i, n, n%2)
				if _, err := c.Write(request("POST", examplePath, body)); err != nil {
					faults.Store(err.Error(), true)
					return
				}
				a, err := c.read("POST")
				if err != nil || a.status != 200 {
					faults.Store(fmt.Sprintf("%+v %v", a, err), true)
					return
				}
				which, fault := wholly(a.body)
				if fault != "" {
					faults.Store(fault, true)
					return
				}
				answered[which].Add(1)
			}
		})
	}
	reloads := fewer(300)
	for i := range reloads {
		// The next one only when the last was seen to serve: else reloads could
		// pass between two requests.
		before := answered[(i+1)%2].Load()
		s.Publish(snapshot((i + 1) % 2))
		eventually(t, "the new configuration serves", func() bool {
			return answered[(i+1)%2].Load() > before || anyIn(&faults)
		})
		if anyIn(&faults) {
			break
		}
	}
	stop.Store(true)
	clients.Wait()
	faults.Range(func(fault, _ any) bool { t.Error(fault); return true })
	t.Logf("%d and %d answers over %d reloads", answered[0].Load(), answered[1].Load(), reloads)
	if n := s.metric(t, "requests_total", "exchange", "example", "status", "200"); n != float64(answered[0].Load()+answered[1].Load()) {
		t.Errorf("%v answers are counted, %d were read: counters do not outlive a reload", n, answered[0].Load()+answered[1].Load())
	}
}

func anyIn(m *sync.Map) (found bool) {
	m.Range(func(any, any) bool { found = true; return false })
	return found
}

// wholly returns which of the two configurations an answer is from, and what is
// of the other in it.
func wholly(body []byte) (which int, fault string) {
	var resp openrtb2.BidResponse
	if err := json.Unmarshal(body, &resp); err != nil || len(resp.SeatBid) != 1 || len(resp.SeatBid[0].Bid) != 1 {
		return 0, fmt.Sprintf("not one bid: %s, %v", body, err)
	}
	b := &resp.SeatBid[0].Bid[0]
	name := []string{"first", "second"}
	which = int(b.Price-1) % 10
	for i, n := range name {
		if (i == which) != strings.Contains(html.UnescapeString(string(body)), n) {
			return which, fmt.Sprintf("a mixture of %s and another: %s", name[which], body)
		}
	}
	if b.CID != name[which] || b.ADomain[0] != name[which]+".example" || b.CrID != name[which]+"/mpu" || (b.Price > 10) != (b.DealID == "d") {
		return which, fmt.Sprintf("a mixture of %s and another: %s", name[which], body)
	}
	return which, ""
}

// TestSpendOutlivesReloads checks that a reload forgets nothing that was spent
// or reserved, that limits change at once, and that a notice of a campaign that
// is gone is charged to it.
func TestSpendOutlivesReloads(t *testing.T) {
	budget := func(total string) *campaign.Snapshot {
		return compile(t, files("bidwell.yaml", plainProcess, "campaigns/a.yaml",
			strings.Replace(bannerCampaign("a", 2), "total: 1000 USD", "total: "+total, 1)))
	}
	s := newServer(t, lenient)
	s.Publish(budget("0.004 USD"))
	first := s.bid(t, examplePath, bannerRequest("1", ""))
	s.bid(t, examplePath, bannerRequest("2", ""))
	wantStatus := func(want int, when string) {
		t.Helper()
		if a := s.post(t, bannerRequest("r", "")); a.status != want {
			t.Errorf("%s a request is answered %d, want %d", when, a.status, want)
		}
	}
	wantStatus(204, "with everything reserved")
	s.Publish(budget("0.004 USD"))
	wantStatus(204, "after a reload")
	s.wantSpent(t, 0, 4)
	s.Publish(budget("0.006 USD"))
	wantStatus(200, "with a larger budget")
	s.wantSpent(t, 0, 6)
	s.Publish(budget("0.002 USD"))
	wantStatus(204, "with a smaller budget")

	gone := s.Snapshot().Campaigns[0].ID
	s.Publish(compile(t, files("bidwell.yaml", plainProcess, "campaigns/b.yaml", bannerCampaign("b", 1))))
	s.wantStatus(t, priced(first.BURL, "1.5"), 200)
	if f := s.Books.Money.Get(gone).Figures(monday); f.Confirmed != ad.Money(1_500_000) {
		t.Errorf("the campaign that is gone has spent %v, want 0.0015", f.Confirmed)
	}
}

// TestExchangesMayGo checks that an exchange that is configured no more is
// answered 404, that its notices still count, and that its counters stay.
func TestExchangesMayGo(t *testing.T) {
	s := newServer(t, lenient)
	b := s.bid(t, examplePath, bannerRequest("r", ""))
	s.Publish(compile(t, files("bidwell.yaml", "exchanges: {another: {}}\n", "campaigns/a.yaml", bannerCampaign("a", 2))))
	if a := s.post(t, bannerRequest("r", "")); a.status != 404 {
		t.Errorf("answered %d", a.status)
	}
	s.wantStatus(t, priced(b.BURL, "1"), 200)
	s.wantSpent(t, 1, 0)
	if n := s.metric(t, "bids_total", "exchange", "example"); n != 1 {
		t.Errorf("%v bids are counted, want 1", n)
	}
}
