package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/pacing"
)

var columns = []string{"click", "price", "pctr", "hour"}

// hardships are what pacing has to bear without much loss.
var hardships = map[string]Options{
	"plain":                 {},
	"κ too high":            {KappaStart: 3},
	"κ too low":             {KappaStart: 1.0 / 3},
	"late notices":          {NoticeDelay: 3},
	"late and κ too high":   {NoticeDelay: 3, KappaStart: 3},
	"late and κ too low":    {NoticeDelay: 3, KappaStart: 1.0 / 3},
	"burst":                 {Burst: 4},
	"late and restart":      {NoticeDelay: 3, Restart: 0.5},
	"late and budget cut":   {NoticeDelay: 3, BudgetChange: 0.8},
	"late, lost and double": {NoticeDelay: 3, NoticeLoss: 0.001, NoticeDuplicates: 0.05},
}

// wantNearOptimum holds a report against what pacing promises.
func wantNearOptimum(t *testing.T, rep *Report, mean, worst float64) {
	t.Helper()
	sum := 0.0
	for _, c := range rep.Campaigns {
		sum += c.Ratio / float64(len(rep.Campaigns))
		t.Logf("%5s: ratio %.4f, used %.4f, plan error %.4f", c.Name, c.Ratio, c.Utilisation, c.PlanError)
		if c.Ratio < worst {
			t.Errorf("%s: bought %.4f of the optimum, want %g", c.Name, c.Ratio, worst)
		}
		if c.Utilisation < 0.985 {
			t.Errorf("%s: used %.4f of the budget, want 0.985", c.Name, c.Utilisation)
		}
		if c.PlanError > 0.03 {
			t.Errorf("%s: %.4f off the plan, want 0.03", c.Name, c.PlanError)
		}
		if c.Overspend > c.Late {
			t.Errorf("%s: overspent %g, the bound is %g", c.Name, c.Overspend, c.Late)
		}
	}
	if sum < mean {
		t.Errorf("bought %.4f of the optimum on average, want %g", sum, mean)
	}
}

// TestShapes replays markets of every shape. The bounds are those for real logs.
func TestShapes(t *testing.T) {
	for name, shape := range shapes {
		if shape.auctions < 10_000 {
			continue
		}
		log := shape.generate(1)
		for _, o := range []Options{{}, {NoticeDelay: 3}} {
			t.Run(fmt.Sprintf("%s, delay %d", name, o.NoticeDelay), func(t *testing.T) {
				o.Log, o.Columns, o.Budgets = strings.NewReader(log), columns, fractions("1/2", "1/8", "1/32", "1/64")
				rep, err := Run(o)
				if err != nil {
					t.Fatal(err)
				}
				wantNearOptimum(t, rep, 0.97, 0.94)
			})
		}
	}
}

// TestHalfAnHourLate lets notices come after half an hour, on markets of every shape.
// What is physically possible differs: each bid is held in full for as long. So the
// bound is on what one κ buys that is known in hindsight. Six hours, and prices that
// are all the same, are the hardest: of half of such a flight nothing is known.
func TestHalfAnHourLate(t *testing.T) {
	sum, n, worst := 0.0, 0.0, 1.0
	for name, shape := range shapes {
		rep, err := Run(Options{
			Log: strings.NewReader(shape.generate(11)), Columns: columns, NoticeDelay: 180, Budgets: fractions("1/2", "1/8", "1/32"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range rep.Campaigns {
			got := c.Value / c.Constant
			sum, n, worst = sum+got, n+1, min(worst, got)
			if got < 0.8 || c.Overspend > c.Late {
				t.Errorf("%s, %s: bought %.3f of what the best constant κ does, overspent %g", name, c.Name, got, c.Overspend)
			}
		}
	}
	t.Logf("bought %.4f of what the best constant κ does on average, %.4f at worst", sum/n, worst)
	if sum/n < 0.96 {
		t.Errorf("bought %.4f of what the best constant κ does on average, want 0.96", sum/n)
	}
}

// TestFirstPriceShapes holds first price against the best constant κ, too: without
// shading, more of the optimum is not to be had.
func TestFirstPriceShapes(t *testing.T) {
	for name, shape := range shapes {
		rep, err := Run(Options{
			Log: strings.NewReader(shape.generate(11)), Columns: columns, Auction: FirstPrice,
			Worth: 3 * shape.price / 1000 / shape.ctr, Budgets: fractions("1/8", "1/32"), NoticeDelay: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range rep.Campaigns {
			if got := c.Value / c.Constant; got < 0.85 || c.Utilisation < 0.95 || c.Overspend > c.Late {
				t.Errorf("%s, %s: bought %.3f of what the best constant κ does, used %.3f, overspent %g", name, c.Name, got, c.Utilisation, c.Overspend)
			}
		}
	}
}

// TestHardships replays one market under everything that goes wrong.
func TestHardships(t *testing.T) {
	log := shapes["diurnal"].generate(2)
	for name, o := range hardships {
		t.Run(name, func(t *testing.T) {
			o.Log, o.Columns, o.Budgets = strings.NewReader(log), columns, fractions("1/2", "1/8", "1/32", "1/64")
			rep, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			wantNearOptimum(t, rep, 0.97, 0.94)
		})
	}
}

// TestWorseHardships holds looser bounds where nobody can do well.
func TestWorseHardships(t *testing.T) {
	tests := map[string]struct {
		o           Options
		ratio, used float64
	}{
		"forecast wrong":      {Options{ForecastError: 0.5}, 0.95, 0.99},
		"nothing is forecast": {Options{Forecast: KnowsPrior}, 0.95, 0.99},
		"5 % lost":            {Options{NoticeDelay: 3, NoticeLoss: 0.05}, 0.9, 0.9},
		"half an hour late":   {Options{NoticeDelay: 180}, 0.92, 0.85},
		"a small log":         {Options{}, 0.96, 0.98},
		"budget is doubled":   {Options{NoticeDelay: 3, BudgetChange: 2}, 0.9, 0.98},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			shape := shapes["diurnal"]
			if name == "a small log" {
				shape = shapes["thin"]
			}
			o := tt.o
			o.Log, o.Columns, o.Budgets = strings.NewReader(shape.generate(3)), columns, fractions("1/8", "1/32")
			rep, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range rep.Campaigns {
				if c.Ratio < tt.ratio || c.Utilisation < tt.used || c.Overspend > c.Late {
					t.Errorf("%s: ratio %.4f, used %.4f, overspent %g beyond %g", c.Name, c.Ratio, c.Utilisation, c.Overspend, c.Late)
				}
			}
		})
	}
}

func TestCurves(t *testing.T) {
	log := shapes["flat"].generate(4)
	for _, name := range pacing.CurveNames() {
		curve, err := pacing.ParseCurve(name)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := Run(Options{Log: strings.NewReader(log), Columns: columns, Curve: curve})
		if err != nil {
			t.Fatal(err)
		}
		c := rep.Campaigns[0]
		if curve == pacing.ASAP {
			if c.Spent90 == nil || *c.Spent90 > 6 {
				t.Errorf("asap: 90 %% spent after %v hours, want soon", c.Spent90)
			}
			continue
		}
		if c.PlanError > 0.03 || c.Utilisation < 0.99 {
			t.Errorf("%s: %.4f off the plan, %.4f used", name, c.PlanError, c.Utilisation)
		}
	}
}

func TestFirstPrice(t *testing.T) {
	rep, err := Run(Options{
		Log: strings.NewReader(shapes["diurnal"].generate(5)), Columns: columns,
		Auction: FirstPrice, Budgets: fractions("1/32"), Worth: 300,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := rep.Campaigns[0]
	if !(c.Value > 0 && c.Value <= c.Optimum) || c.Overspend != 0 || c.Utilisation < 0.98 {
		t.Errorf("value %g of %g, overspent %g, used %g", c.Value, c.Optimum, c.Overspend, c.Utilisation)
	}
}

// TestMoneyInAnyHistory holds that no history of notices, bursts and restarts makes a
// campaign spend more than its budget and what came late, and that a history
// repeats.
func TestMoneyInAnyHistory(t *testing.T) {
	log := marketShape{auctions: 1500, hours: 3, price: 60, spread: 1, ctr: 1e-3, ctrShape: 1}.generate(6)
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Log: strings.NewReader(log), Columns: columns}
		o.Budgets = []Fraction{{"drawn", rapid.Float64Range(0.001, 1.5).Draw(t, "budget")}}
		o.Auction = Auction(rapid.IntRange(0, 1).Draw(t, "auction"))
		o.Curve = pacing.Curve(rapid.IntRange(0, 3).Draw(t, "curve"))
		o.NoticeDelay = rapid.IntRange(0, 40).Draw(t, "delay")
		o.NoticeLoss = rapid.Float64Range(0, 1).Draw(t, "loss")
		o.NoticeDuplicates = rapid.Float64Range(0, 1).Draw(t, "duplicates")
		o.NoticeWindow = time.Duration(rapid.IntRange(1, 600).Draw(t, "window")) * time.Second
		o.Tick = time.Duration(rapid.IntRange(20, 600).Draw(t, "tick")) * time.Second
		o.KappaStart = rapid.Float64Range(0.01, 100).Draw(t, "kappa")
		o.Burst = rapid.Float64Range(1, 5).Draw(t, "burst")
		o.ForecastError = rapid.Float64Range(0, 0.99).Draw(t, "error")
		o.Restart = rapid.Float64Range(0, 0.99).Draw(t, "restart")
		o.BudgetChange = rapid.Float64Range(0.02, 10).Draw(t, "change")
		o.Seed = rapid.Uint64().Draw(t, "seed")
		rep, err := Run(o)
		if err != nil {
			t.Fatal(err)
		}
		c := rep.Campaigns[0]
		if c.Overspend > c.Late+1e-9 {
			t.Fatalf("spent %g of %g, late %g", c.Spend, c.Budget, c.Late)
		}
		if c.Spend <= c.Budget && c.Ratio > 1+1e-9 {
			t.Fatalf("bought %g times the optimum", c.Ratio)
		}
		o.Log = strings.NewReader(log)
		again, err := Run(o)
		if err != nil || !reflect.DeepEqual(again, rep) {
			t.Fatalf("the same replay gave another report (%v)", err)
		}
	})
}

// TestMoreBudgetBuysMore doubles the budget again and again.
func TestMoreBudgetBuysMore(t *testing.T) {
	for name, shape := range shapes {
		rep, err := Run(Options{
			Log: strings.NewReader(shape.generate(7)), Columns: columns, NoticeDelay: 2,
			Budgets: fractions("1/64", "1/32", "1/16", "1/8", "1/4", "1/2", "1"),
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(rep.Campaigns); i++ {
			if less, more := rep.Campaigns[i-1], rep.Campaigns[i]; more.Value < 0.98*less.Value {
				t.Errorf("%s: %s buys %g, %s only %g", name, less.Name, less.Value, more.Name, more.Value)
			}
		}
	}
}

func TestReportForms(t *testing.T) {
	rep, err := Run(Options{
		Log: strings.NewReader(shapes["thin"].generate(8)), Name: `a<b>.tsv`, Columns: columns,
		Budgets: fractions("1/4", "1/16"), NoticeDelay: 2, NoticeLoss: 0.02, NoticeDuplicates: 0.1, Restart: 0.5,
	})
	if err != nil {
		t.Fatal(err)
	}
	var text, asJSON, html bytes.Buffer
	if err := errors.Join(rep.WriteText(&text), rep.WriteJSON(&asJSON), rep.WriteHTML(&html)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1/4", "1/16", "total", "ratio", "came again"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, &text)
		}
	}
	var doc struct {
		Campaigns []map[string]any
		Total     map[string]any
	}
	if err := json.Unmarshal(asJSON.Bytes(), &doc); err != nil || len(doc.Campaigns) != 2 {
		t.Fatalf("JSON with %d campaigns, %v", len(doc.Campaigns), err)
	}
	for _, key := range []string{"value", "optimum", "ratio", "utilisation", "overspend", "plan_error"} {
		for _, m := range append(doc.Campaigns, doc.Total) {
			if _, ok := m[key].(float64); !ok {
				t.Errorf("JSON: %s is no number in %v", key, m)
			}
		}
	}
	page := html.String()
	if strings.Contains(page, "a<b>") || !strings.Contains(page, "a&lt;b&gt;") {
		t.Error("the page does not escape the log's name")
	}
	for _, foreign := range []string{"<script", "src=", "href=", "@import", "url("} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page needs something else: %s", foreign)
		}
	}
	if got := strings.Count(page, "<svg"); got != 2 || strings.Contains(page, "NaN") {
		t.Errorf("the page has %d charts, want 2, and no NaN", got)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	ok := func() Options { return Options{Log: strings.NewReader("0 1 0.1 0\n"), Columns: columns} }
	tests := map[string]func(*Options){
		"loss":      func(o *Options) { o.NoticeLoss = 1.5 },
		"delay":     func(o *Options) { o.NoticeDelay = -1 },
		"kappa":     func(o *Options) { o.KappaStart = -3 },
		"burst":     func(o *Options) { o.Burst = 0.5 },
		"error":     func(o *Options) { o.ForecastError = 1 },
		"restart":   func(o *Options) { o.Restart = 1 },
		"tick":      func(o *Options) { o.Tick = time.Millisecond },
		"window":    func(o *Options) { o.NoticeWindow = -1 },
		"budget":    func(o *Options) { o.Budgets = []Fraction{{"0", 0}} },
		"no log":    func(o *Options) { o.Log = nil },
		"column":    func(o *Options) { o.Columns = []string{"price", "ctr"} },
		"no price":  func(o *Options) { o.Columns = []string{"pctr"} },
		"twice":     func(o *Options) { o.Columns = []string{"price", "price"} },
		"two times": func(o *Options) { o.Columns = []string{"price", "hour", "time"} },
		"separator": func(o *Options) { o.Separator = "|" },
	}
	for name, spoil := range tests {
		o := ok()
		spoil(&o)
		if _, err := Run(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: got %v, want an error about options", name, err)
		}
	}
	if _, err := Run(ok()); err != nil {
		t.Errorf("a log of one auction: %v", err)
	}
}
