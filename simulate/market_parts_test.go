package simulate

import (
	"math"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/pacing"
	"bidwell/pricing"
)

func TestArrivals(t *testing.T) {
	o := &MarketOptions{Days: 2, Requests: 10_000, Burst: 4, Seed: 3}
	length := 48 * time.Hour
	a := newArrivals(o, length)
	var hours [48]int
	last, n := time.Duration(0), 0
	for at, ok := a.take(); ok; at, ok = a.take() {
		if at < last || at >= length {
			t.Fatalf("request %d comes at %s, after one at %s", n, at, last)
		}
		last = at
		hours[int(at/time.Hour)]++
		n++
	}
	const begin = 19 // the burst begins at 19:12 of the first day
	if hours[20] >= hours[begin] || hours[begin] < 2*hours[begin+24] {
		t.Errorf("in the hours of the burst and after it %d, %d, a day later %d", hours[begin], hours[begin+1], hours[begin+24])
	}
	if hours[3] == 0 || hours[3]*4 > hours[18] {
		t.Errorf("%d requests at 3, %d at 18 o'clock", hours[3], hours[18])
	}
	if n <= 20_000 || n > 24_000 {
		t.Errorf("%d requests in all, want 20 000 and those of the burst", n)
	}
}

// TestBuyerOptimum compares with optima worked out by hand.
func TestBuyerOptimum(t *testing.T) {
	narrow := &campaign.Line{Budget: campaign.Budget{Daily: 10}}
	wide := &campaign.Line{}
	chances := []chance{
		{offer{40, 10}, narrow, 1}, // worth most for the money
		{offer{35, 10}, narrow, 1}, // the line item has no room for it
		{offer{35, 10}, narrow, 2},
		{offer{30, 10}, wide, 1},
		{offer{10, 10}, wide, 2},
		{offer{-5, 1}, wide, 2},
	}
	for _, tt := range []struct {
		total, daily ad.Money
		impressions  int64
		want         float64
	}{
		{0, 0, 0, 40 + 35 + 30 + 10},
		{0, 10, 0, 40 + 35},
		{25, 0, 0, 40 + 35 + 30.0/2},
		{25, 12, 0, 40 + 35 + 0.2*30 + 0.2*10},
		{0, 0, 2, 75},
	} {
		b := &buyer{every: 1,
			campaign: &campaign.Campaign{Budget: campaign.Budget{Daily: tt.daily, Impressions: tt.impressions}},
			budget:   tt.total, unbilled: map[purse]ad.Money{}, chances: append([]chance(nil), chances...),
		}
		if got := b.optimum(); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("total %d, daily %d, %d impressions: got %g, want %g", tt.total, tt.daily, tt.impressions, got, tt.want)
		}
	}
}

func TestPlanner(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 28, 0, 0, 0, 0, berlin) // clocks are turned on the second day
	even := func(total, daily ad.Money, end time.Time) *campaign.Campaign {
		return &campaign.Campaign{
			Budget: campaign.Budget{Total: total, Daily: daily},
			Plan:   pacing.Plan{Curve: pacing.Even, Zone: berlin, End: end},
		}
	}
	fast := even(0, 1000, time.Time{})
	fast.Plan.Curve = pacing.ASAP
	elsewhere := even(0, 2400, time.Time{})
	elsewhere.Plan.Zone = time.UTC // where it is 23:00 of the day before
	for _, tt := range []struct {
		name  string
		c     *campaign.Campaign
		after []time.Duration
		want  []ad.Money
	}{
		{"days", even(0, 1000, time.Time{}), []time.Duration{0, 6 * time.Hour, 24 * time.Hour, 24*time.Hour + 23*time.Hour/2, 47 * time.Hour}, []ad.Money{0, 250, 1000, 1500, 2000}},
		{"days within a total", even(1500, 1000, time.Time{}), []time.Duration{24 * time.Hour, 47 * time.Hour}, []ad.Money{1000, 1500}},
		{"a flight", even(1000, 0, start.Add(100*time.Hour)), []time.Duration{0, 25 * time.Hour, 50 * time.Hour}, []ad.Money{0, 250, 500}},
		{"a flight and days", even(1000, 100, start.Add(96*time.Hour)), []time.Duration{12 * time.Hour, 24 * time.Hour}, []ad.Money{50, 100}},
		{"at once", fast, []time.Duration{time.Hour, 25 * time.Hour}, []ad.Money{1000, 2000}},
		{"a day under way", elsewhere, []time.Duration{0, time.Hour / 2, time.Hour, 13 * time.Hour, 25 * time.Hour}, []ad.Money{0, 50, 100, 1300, 2500}},
		{"no budget", even(0, 0, time.Time{}), []time.Duration{time.Hour}, []ad.Money{0}},
	} {
		p := newPlanner(tt.c, start)
		for i, after := range tt.after {
			if got := p.at(start.Add(after)); got != tt.want[i] {
				t.Errorf("%s: %d are due after %s, want %d", tt.name, got, after, tt.want[i])
			}
		}
	}
}

func TestMemoryTakesEventsOnce(t *testing.T) {
	m := newMemory()
	e := &ad.Event{Kind: ad.EventBilling, Bid: ad.BidID{1}, Line: 1, Campaign: 2, Advertiser: 3, Price: 7, Day: 5}
	for i, want := range []ad.Reason{ad.OK, ad.NoticeReplayed} {
		if r, err := m.Append(e); r != want || err != nil {
			t.Errorf("time %d: got %v, %v, want %v", i+1, r, err, want)
		}
	}
	if f := m.account(2); f.spend != 7 || f.days[5].spend != 7 || f.impressions != 0 {
		t.Errorf("got %+v", f)
	}
	if over := m.account(3).over(5, 4); over != 3 {
		t.Errorf("7 is %d above budgets of 5 and 4 a day, want 3", over)
	}
}

// TestNotedInPart notes what could have been bought of one request in three: what is
// bought is the same, and the bounds are about as high.
func TestNotedInPart(t *testing.T) {
	var reports [2]*MarketReport
	for i, every := range [...]int{1, 3} {
		o := learning(SecondPrice)
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		m, err := newMarket(withGoals(t, 10), &o)
		if err != nil {
			t.Fatal(err)
		}
		m.note(every)
		err = m.run()
		reports[i] = m.report()
		m.people.close()
		if err != nil {
			t.Fatal(err)
		}
	}
	all, part := &reports[0].Total, &reports[1].Total
	if all.Spend != part.Spend || all.Value != part.Value || all.Wins != part.Wins {
		t.Errorf("spend %v, value %v, %d wins; where a part is noted %v, %v, %d", all.Spend, all.Value, all.Wins, part.Spend, part.Value, part.Wins)
	}
	if r := part.Optimum / all.Optimum; r < 0.9 || r > 1.1 {
		t.Errorf("the optimum is %.4g, of a part %.4g", all.Optimum, part.Optimum)
	}
	if r := float64(part.Eligible) / float64(all.Eligible); r < 0.95 || r > 1.05 {
		t.Errorf("eligible are %d, of a part %d", all.Eligible, part.Eligible)
	}
}

// TestSeasoned counts the impressions after the first ones, of which models have learned.
func TestSeasoned(t *testing.T) {
	b := &buyer{goal: goal{pays: pricing.PerClick, worth: ad.Unit}, judge: newJudge(), seasoned: newJudge()}
	b.Wins = firstImpressions - 1
	for range 3 {
		b.buy(0.02, 0, 1, &loadtest.Response{View: 1, Click: 0.01}, &loadtest.Outcome{})
	}
	if b.seasoned.shown != 2 || b.judge.shown != 3 {
		t.Errorf("%d of %d impressions come after the first ones, want 2 of 3", b.seasoned.shown, b.judge.shown)
	}
	g := &GoalResult{}
	for _, c := range [...]float64{1.02, 0.97, 1} {
		g.addSeasoned(c)
	}
	if g.SeasonedCampaigns != 3 || g.SeasonedRange != [2]float64{0.97, 1.02} {
		t.Errorf("%d campaigns from %v", g.SeasonedCampaigns, g.SeasonedRange)
	}
}
