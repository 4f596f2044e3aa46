package simulate

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"bidwell/campaign"
	"bidwell/internal/catalogue"
	"bidwell/pricing"
)

// withGoals compiles a generated configuration of campaigns with goals of all kinds.
func withGoals(tb testing.TB, campaigns int) *campaign.Snapshot {
	tb.Helper()
	files := fstest.MapFS{}
	for name, text := range (catalogue.Goals{Campaigns: campaigns, Seed: 1}).Files() {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return compiled(tb, files)
}

// learning is a small market on which campaigns with goals trade: as many requests for
// the money as their budgets are meant for.
func learning(a Auction) MarketOptions {
	return MarketOptions{Start: monday, Auction: a, Requests: 20_000, People: 5000, BudgetScale: 20_000.0 / catalogue.RequestsADay * 3, Seed: 1}
}

// TestMarketLearns lets ten campaigns buy for a day at first price, with all that is
// learned and with none of it.
func TestMarketLearns(t *testing.T) {
	load := func() (*campaign.Snapshot, error) { return withGoals(t, 10), nil }
	c, err := compare(load, learning(FirstPrice), []Policy{{}, {Name: trueChances, Knows: true}, {Name: fixedPrices, Unlearnt: true, Shading: NotAtAll}})
	if err != nil {
		t.Fatal(err)
	}
	ours, knows, fixed := &c.Policies[0], &c.Policies[1], &c.Policies[2]
	if knows.Calibration < 0.995 || knows.Calibration > 1.005 || knows.NE > knows.TrueNE*1.001 || knows.Value < ours.Value {
		t.Errorf("true chances: calibration %v, NE %v, truth's %v; value %v, ours %v", knows.Calibration, knows.NE, knows.TrueNE, knows.Value, ours.Value)
	}
	if ours.EqualLift < 1.03 || ours.Value < fixed.Value {
		t.Errorf("bought %.3f for %.3f; at fixed prices %.3f for %.3f", ours.Value, ours.Spend, fixed.Value, fixed.Spend)
	}
	if ours.Shading < 0.4 || ours.Shading > 1 || fixed.Shading > 1e-9 {
		t.Errorf("shading kept %.3f of what there was, at fixed prices %.3f", ours.Shading, fixed.Shading)
	}
	r := c.Report
	for _, g := range r.Goals {
		q := g.Quality
		if g.Goal == pricing.PerImpression.String() {
			if q != nil {
				t.Error("impressions have chances")
			}
			continue
		}
		if off := math.Abs(float64(q.Events) - q.Expected); off > 4*math.Sqrt(q.Expected+1) {
			t.Errorf("%s: %d came where %.1f were to be expected", g.Goal, q.Events, q.Expected)
		}
		if q.NE < q.TrueNE-1e-9 {
			t.Errorf("%s: the log loss %.4f is below the truth's %.4f", g.Goal, q.NE, q.TrueNE)
		}
		if q.Events > 500 && math.Abs(q.Calibration-1) > 0.06 {
			t.Errorf("%s: calibration %.3f after %d events", g.Goal, q.Calibration, q.Events)
		}
	}
	if done := goalOfReport(r, pricing.PerCompletedView); done.Quality.NE > 0.98 || done.Quality.AUC < 0.6 {
		t.Errorf("completed views are not learned: %+v", done.Quality)
	}
	known := 0
	for _, w := range r.WinCurves {
		if !w.Known {
			continue
		}
		known++
		for _, p := range w.Points[:len(w.Points)*3/4] {
			if math.Abs(p.Learned-p.Real) > 0.15 {
				t.Errorf("%s: a bid of %.3f is said to win with %.3f, it does with %.3f", w.Media, p.CPM, p.Learned, p.Real)
			}
		}
	}
	if known < 3 {
		t.Errorf("the win rates of %d segments are known", known)
	}
	if r.Total.Ratio <= 0 || r.Total.Ratio > 1 {
		t.Errorf("%.4f of the most that could be bought", r.Total.Ratio)
	}
	var text, page, doc bytes.Buffer
	for _, err := range []error{c.WriteText(&text), c.WriteHTML(&page), c.WriteJSON(&doc)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{fixedPrices, "calibration", "completed-view"} {
		if !strings.Contains(text.String(), want) || !strings.Contains(page.String(), want) || !strings.Contains(doc.String(), want) {
			t.Errorf("a report lacks %q", want)
		}
	}
	if strings.Contains(page.String(), "NaN") || strings.Contains(page.String(), "Inf") {
		t.Error("the page holds what is no number")
	}
}

func goalOfReport(r *MarketReport, g pricing.Goal) *GoalResult {
	for i := range r.Goals {
		if r.Goals[i].Goal == g.String() {
			return &r.Goals[i]
		}
	}
	return nil
}

// TestMarketLearnsTheSame lets the same market pass twice, with notices that are late,
// lost and doubled and a restart: what is learned, and so every figure, is the same.
func TestMarketLearnsTheSame(t *testing.T) {
	o := learning(FirstPrice)
	o.Requests, o.NoticeDelay, o.NoticeLoss, o.NoticeDuplicates, o.Restart = 5000, 2, 0.02, 0.05, 0.5
	once := func() string {
		r, err := Market(withGoals(t, 10), o)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if first, second := once(), once(); first != second {
		t.Errorf("the same seed gives other figures:\n%s\nand\n%s", first, second)
	}
}

// TestGoalsAreGood finds nothing to warn of in generated campaigns.
func TestGoalsAreGood(t *testing.T) {
	if got := len(withGoals(t, 50).Campaigns); got != 50 {
		t.Errorf("%d campaigns", got)
	}
}
