package bidder_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/configs"
	"bidwell/loadtest"
	"bidwell/pacing"
)

// agree checks that an explanation says what was decided: the same winner at the
// same price on every impression, a reason for every line item, and nobody who
// was outbid with a higher offer than the winner's.
func agree(t *testing.T, what string, sc *bidder.Scratch, reason ad.Reason, x *bidder.Explanation) {
	t.Helper()
	if (reason == ad.OK) != (x.Reason == "ok") {
		t.Errorf("%s: decided %q, explained %q", what, reason, x.Reason)
	}
	if reason != ad.OK && x.NBR != reason.NBR() && x.Reason == reason.String() {
		t.Errorf("%s: no-bid reason %d, explained %d", what, reason.NBR(), x.NBR)
	}
	winners := map[string]*bidder.Bid{}
	for i := range sc.Bids {
		winners[string(sc.Bids[i].Imp.ID)] = &sc.Bids[i]
	}
	bids := 0
	for i := range x.Impressions {
		imp := &x.Impressions[i]
		b := winners[imp.ID]
		if b == nil && imp.Winner != "" {
			t.Errorf("%s: imp %s goes to nobody, explained to %s", what, imp.ID, imp.Winner)
		}
		if b == nil {
			continue
		}
		bids++
		if got := b.Line.Campaign.Name + "/" + b.Line.Name; got != imp.Winner {
			t.Errorf("%s: imp %s goes to %s, explained to %q", what, imp.ID, got, imp.Winner)
			continue
		}
		agreeLines(t, what, b, imp)
	}
	if bids != len(sc.Bids) {
		t.Errorf("%s: %d bids are explained, %d were made", what, bids, len(sc.Bids))
	}
}

func agreeLines(t *testing.T, what string, b *bidder.Bid, imp *bidder.ImpExplanation) {
	t.Helper()
	offered := func(l *bidder.LineExplanation) float64 { return l.Price[len(l.Price)-1].CPM }
	for i := range imp.Lines {
		l := &imp.Lines[i]
		switch {
		case l.Reason == "" || l.Text == "" || l.Where == "":
			t.Errorf("%s: imp %s: %s/%s has reason %q (%s) at %q", what, imp.ID, l.Campaign, l.Line, l.Reason, l.Text, l.Where)
		case l.Bids != (i == 0):
			t.Errorf("%s: imp %s: line item %d of the explanation bids: %v", what, imp.ID, i, l.Bids)
		case l.Bids && (offered(l) != b.Price.CPM() || l.Creative != b.Creative.Name):
			t.Errorf("%s: imp %s: %v is bid with %s, explained %v with %s", what, imp.ID, b.Price.CPM(), b.Creative.Name, offered(l), l.Creative)
		case l.Bids && b.Deal != nil && l.Deal != string(b.Deal.ID):
			t.Errorf("%s: imp %s: bid through deal %s, explained %q", what, imp.ID, b.Deal.ID, l.Deal)
		case l.Reason == "outbid" && l.Deal == "" && offered(l) > b.Unshaded().CPM() && b.Deal == nil:
			t.Errorf("%s: imp %s: %s/%s was outbid with %v by %v", what, imp.ID, l.Campaign, l.Line, offered(l), b.Unshaded().CPM())
		}
	}
}

// TestExplainIsTheDecision holds explanations of generated requests against the
// decisions on them.
func TestExplainIsTheDecision(t *testing.T) {
	wide := sub(t, configs.Files(), "wide")
	for _, c := range []struct {
		name     string
		files    fs.FS
		requests int
		least    float64 // share of them with a bid
	}{
		{"examples", configs.Files(), 1000, 0.2},
		{"wide", wide, 1000, 0.95},
		{"a thousand line items", generated(20, 50), 200, 0.5},
		{"paced, deals at a fixed price", generatedPaced(20, 50, "even"), 200, 0.3},
		{"goals, learned", generatedGoals(20, 50, "click"), 200, 0.3},
	} {
		t.Run(c.name, func(t *testing.T) {
			population := loadtest.People{Seed: 5, N: 200, Exchange: "example"}
			r := newRig(t, c.files, ndjson(t, population))
			if r.Snapshot().Campaigns[0].Goal != nil {
				r = learnedRig(t, population, "click")
			}
			ex := r.exchange(t, "example")
			traffic := newTraffic(t, 7, population)
			var sc bidder.Scratch
			chance := rand.New(rand.NewPCG(1, 1))
			paced := r.Snapshot().Campaigns[0].Plan.Curve == pacing.Even
			bids, n := 0, fewer(c.requests)
			for i := range n {
				body := traffic.Append(nil)
				now := monday.Add(time.Duration(i) * time.Minute)
				if paced {
					body = fixDeals(t, body, chance)
					r.paceAtRandom(chance, now)
				}
				x := r.explain(t, body, ex, now)
				reason := r.decide(t, &sc, body, ex, now)
				agree(t, x.Request, &sc, reason, x)
				if t.Failed() {
					t.Fatalf("of request %s", body)
				}
				if reason == ad.OK {
					bids++
				}
			}
			if share := float64(bids) / float64(n); share < c.least {
				t.Errorf("%.0f %% of the requests are bid on, want at least %.0f %%: the comparison means little", 100*share, 100*c.least)
			}
		})
	}
}

// fixDeals offers deals at a fixed price on half of a request's impressions.
func fixDeals(t *testing.T, body []byte, chance *rand.Rand) []byte {
	t.Helper()
	var req map[string]any
	if err := json.Unmarshal(body, &req); err != nil {
		t.Fatal(err)
	}
	for _, imp := range req["imp"].([]any) {
		if chance.IntN(2) == 0 {
			continue
		}
		var deals []any
		for _, id := range []string{"deal-premium", "deal-tv", "deal-of-nobody"}[:1+chance.IntN(3)] {
			deals = append(deals, map[string]any{"id": id, "at": 3, "bidfloor": 0.01 + chance.Float64(), "bidfloorcur": "EUR"})
		}
		imp.(map[string]any)["pmp"] = map[string]any{"private_auction": chance.IntN(2), "deals": deals}
	}
	out, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// paceAtRandom lowers the bids of each campaign by another factor, those of some not
// at all.
func (r *rig) paceAtRandom(chance *rand.Rand, now time.Time) {
	for _, c := range r.Snapshot().Campaigns {
		plan := c.Plan
		plan.Min = min(1, 1.2*chance.Float64())
		plan.Max = plan.Min
		r.Books.Pacer.Set(c.ID, plan, r.Books.Money.Get(c.ID))
	}
	r.Pace(now)
}

// TestTies checks that equal bids share the traffic by the request's id, that
// explanations follow, and that nobody is left out.
func TestTies(t *testing.T) {
	var b strings.Builder
	b.WriteString("campaign: even\nadvertiser: {name: Even, domains: [even.example]}\nbudget: {total: 1000 USD}\nline_items:\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  - {name: l%d, bid: {price: 2 USD}, creatives: [%s]}\n", i, []string{"mpu", "loud"}[i%2])
	}
	b.WriteString(`creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.even.example/a.jpg"}, click: "https://even.example/"}
  - {name: loud, attr: [1], banner: {size: 300x250, image: "https://cdn.even.example/b.jpg"}, click: "https://even.example/"}
`)
	r := newRig(t, files("bidwell.yaml", plainProcess, "campaigns/even.yaml", b.String()), "")
	ex := r.exchange(t, "")
	for _, battr := range []string{"", `,"battr":[1]`} {
		winners := map[string]int{}
		for i := range 500 {
			body := fmt.Appendf(nil, `{"id":"%d","imp":[{"id":"1","banner":{"w":300,"h":250%s}}],"site":{}}`, i, battr)
			x := r.explain(t, body, ex, monday)
			var sc bidder.Scratch
			reason := r.decide(t, &sc, body, ex, monday)
			agree(t, x.Request, &sc, reason, x)
			if t.Failed() {
				return
			}
			winners[sc.Bids[0].Line.Name]++
		}
		for name, n := range winners {
			if n > 500/len(winners)*2 {
				t.Errorf("%s wins %d of 500, with %d others", name, n, len(winners)-1)
			}
		}
		if want := 40 >> min(len(battr), 1); len(winners) != want {
			t.Errorf("%d line items share the traffic, want all %d that may be shown", len(winners), want)
		}
	}
}
