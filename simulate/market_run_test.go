package simulate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/internal/conf"
	"bidwell/pacing"
)

// monday is the first day of the tests' markets.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// compiled compiles a configuration. Any error fails the test.
func compiled(tb testing.TB, fsys fs.FS) *campaign.Snapshot {
	tb.Helper()
	ps := new(conf.Problems)
	s := campaign.Compile(fsys, monday, ps)
	if s == nil {
		var text strings.Builder
		ps.Write(&text, false)
		tb.Fatalf("the configuration has problems:\n%s", text.String())
	}
	return s
}

// edited returns the example configuration with texts of a file replaced: old and
// new ones, in turns.
func edited(tb testing.TB, file string, oldnew ...string) fstest.MapFS {
	tb.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(configs.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(configs.Files(), name)
		out[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !bytes.Contains(out[file].Data, []byte(oldnew[i])) {
			tb.Fatalf("%s holds no %q", file, oldnew[i])
		}
		out[file].Data = bytes.ReplaceAll(out[file].Data, []byte(oldnew[i]), []byte(oldnew[i+1]))
	}
	return out
}

// small is a market that takes a moment: as many requests for the money as usual.
func small() MarketOptions {
	return MarketOptions{Start: monday, Requests: 15_000, People: 2000, BudgetScale: 0.001, Seed: 1}
}

// troubled is a small market in which everything goes wrong.
func troubled() MarketOptions {
	o := small()
	o.Days, o.NoticeDelay, o.NoticeLoss, o.NoticeDuplicates = 2, 6, 0.05, 0.1
	o.Burst, o.ForecastError, o.Restart = 5, 0.5, 0.4
	o.Curve = new(pacing.Curve)
	return o
}

func trade(tb testing.TB, fsys fs.FS, o MarketOptions) *MarketReport {
	tb.Helper()
	r, err := Market(compiled(tb, fsys), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (r *MarketReport) campaign(tb testing.TB, name string) *MarketResult {
	tb.Helper()
	for i := range r.Campaigns {
		if r.Campaigns[i].Name == name {
			return &r.Campaigns[i]
		}
	}
	tb.Fatalf("there is no campaign %q in the report", name)
	return nil
}

func TestMarketIsDeterministic(t *testing.T) {
	text := func(o MarketOptions) string {
		var b bytes.Buffer
		if err := trade(t, configs.Files(), o).WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := text(troubled())
	if second := text(troubled()); first != second {
		t.Errorf("the same seed gives other figures:\n%s\nand\n%s", first, second)
	}
	other := troubled()
	other.Seed = 2
	if text(other) == first {
		t.Error("another seed gives the same figures")
	}
}

// TestMarketKeepsBudgets holds every account against its limits, in a market where
// everything goes wrong.
func TestMarketKeepsBudgets(t *testing.T) {
	for _, auction := range []Auction{SecondPrice, FirstPrice} {
		o := troubled()
		o.Auction = auction
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		m, err := newMarket(compiled(t, configs.Files()), &o)
		if err != nil {
			t.Fatal(err)
		}
		defer m.people.close()
		if err := m.run(); err != nil {
			t.Fatal(err)
		}
		m.engine.Money.Expire(m.began.Add(m.length + 2*m.exchange.NoticeWindow))
		late := m.late + m.engine.Money.Stats().LateSpend
		charged := 0
		check := func(name string, id ad.ID, b *campaign.Budget) {
			f := m.ledger.account(id)
			if over := f.over(b.Total, b.Daily); over > late {
				t.Errorf("%s is %s above its budget, more than the %s that came late", name, over, late)
			}
			if f.spend > 0 {
				charged++
			}
			if live := m.engine.Books.Money.Get(id).Figures(m.began); live.Confirmed != f.spend {
				t.Errorf("%s: the account says %s, the ledger %s", name, live.Confirmed, f.spend)
			} else if live.Reserved != 0 {
				t.Errorf("%s: %s stays reserved", name, live.Reserved)
			}
		}
		for i := range m.snap.Advertisers {
			check(m.snap.Advertisers[i].Name, m.snap.Advertisers[i].ID, &m.snap.Advertisers[i].Budget)
		}
		for _, c := range m.snap.Campaigns {
			check(c.Name, c.ID, &c.Budget)
		}
		for i := range m.snap.Lines {
			check(m.snap.Lines[i].Name, m.snap.Lines[i].ID, &m.snap.Lines[i].Budget)
		}
		if charged < 10 {
			t.Errorf("only %d accounts were charged at all", charged)
		}
		if r := m.report(); r.Replayed == 0 || r.Total.Unbilled == 0 {
			t.Errorf("%d notices came again, %g was unbilled: nothing went wrong", r.Replayed, r.Total.Unbilled)
		}
	}
}

func TestMarketRivals(t *testing.T) {
	o := small()
	usual := trade(t, configs.Files(), o)
	o.Rivals = 2
	dear := trade(t, configs.Files(), o)
	if usual.Total.Wins == 0 || dear.Total.WinRate >= usual.Total.WinRate {
		t.Errorf("twice as high rival bids: %.3f of bids win, %.3f before", dear.Total.WinRate, usual.Total.WinRate)
	}
	if dear.Requests != usual.Requests || dear.Impressions != usual.Impressions {
		t.Errorf("got %d requests with %d impressions, want the same as before: %d, %d", dear.Requests, dear.Impressions, usual.Requests, usual.Impressions)
	}
}

// TestMarketPacing shows that pacing spends the whole budget by its plan, and buys
// more with it than without.
func TestMarketPacing(t *testing.T) {
	o := small()
	o.Requests, o.BudgetScale = 60_000, 0.002
	asap := trade(t, configs.Files(), o).campaign(t, "morning-coffee")
	o.Curve = new(pacing.Curve)
	paced := trade(t, configs.Files(), o).campaign(t, "morning-coffee")
	if asap.Paced || asap.PlanError != 0 {
		t.Errorf("without a curve: paced %t, plan error %g", asap.Paced, asap.PlanError)
	}
	if !paced.Paced || paced.PlanError > 0.05 || paced.Utilisation < 0.97 || paced.Utilisation > 1 {
		t.Errorf("paced %t, plan error %.4f, utilisation %.4f", paced.Paced, paced.PlanError, paced.Utilisation)
	}
	if paced.Ratio < 0.85 || paced.Ratio > 1 || paced.Ratio < 2*asap.Ratio {
		t.Errorf("paced %.4f of the optimum, unpaced %.4f", paced.Ratio, asap.Ratio)
	}
}

func TestMarketFirstPrice(t *testing.T) {
	o := small()
	o.Auction, o.Curve = FirstPrice, new(pacing.Curve)
	r := trade(t, configs.Files(), o)
	for _, c := range r.Campaigns {
		if c.Value < -1e-9 || c.Value > c.Optimum {
			t.Errorf("%s: value %g, optimum %g", c.Name, c.Value, c.Optimum)
		}
	}
	if r.Total.Spend == 0 || r.Total.Value == 0 {
		t.Errorf("spend %g, value %g", r.Total.Spend, r.Total.Value)
	}
}

func TestMarketFlight(t *testing.T) {
	fsys := edited(t, "campaigns/roadster.yaml", "flight: {timezone: Europe/Berlin}", "flight: {timezone: Europe/Berlin, start: 2026-05-01}")
	r := trade(t, fsys, small())
	if c := r.campaign(t, "roadster"); c.Eligible+c.Bids != 0 {
		t.Errorf("before its flight it could bid on %d impressions and made %d bids", c.Eligible, c.Bids)
	}
	if want := "roadster is not in its flight in this time"; !slices.Contains(r.Notes, want) {
		t.Errorf("notes are %q, want %q", r.Notes, want)
	}
}

func TestMarketReportIsWritten(t *testing.T) {
	r := trade(t, configs.Files(), small())
	var text, page, doc bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteHTML(&page), r.WriteJSON(&doc)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"morning-coffee", "budgets are multiplied by 0.001", "seed 1"} {
		if !strings.Contains(text.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("text or page lack %q:\n%s", want, text.String())
		}
	}
	view := r.view()
	charts := len(r.Campaigns) + len(view.Calibrations) + len(view.Curves)
	if strings.Contains(page.String(), "NaN") || strings.Contains(page.String(), "Inf") || strings.Count(page.String(), "<svg") != charts {
		t.Error("the charts of the page are broken")
	}
	if strings.Contains(page.String(), "plan</text>") {
		t.Error("the charts name a plan, and no campaign has one")
	}
	var got struct {
		Campaigns []map[string]any
		Total     map[string]any
	}
	if err := json.Unmarshal(doc.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, m := range append(got.Campaigns, got.Total) {
		for _, key := range []string{"value", "optimum", "ratio", "utilisation", "overspend", "plan_error"} {
			if _, ok := m[key].(float64); !ok {
				t.Errorf("%v: %s is %v", m["name"], key, m[key])
			}
		}
	}
}

func TestMarketRefuses(t *testing.T) {
	for _, change := range []func(*MarketOptions){
		func(o *MarketOptions) { o.Days = -1 },
		func(o *MarketOptions) { o.Requests = 1e9 },
		func(o *MarketOptions) { o.Days, o.Requests = 366, 1e6 },
		func(o *MarketOptions) { o.People = 3 },
		func(o *MarketOptions) { o.Exchange = "elsewhere" },
		func(o *MarketOptions) { o.BudgetScale = -1 },
		func(o *MarketOptions) { o.Burst = 0.5 },
		func(o *MarketOptions) { o.Tick = time.Millisecond },
		func(o *MarketOptions) { o.NoticeLoss = 2 },
		func(o *MarketOptions) { o.Restart = 1 },
		func(o *MarketOptions) { o.Start = time.Time{} },
	} {
		o := small()
		change(&o)
		if _, err := Market(compiled(t, configs.Files()), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: got %v, want an error of options", o, err)
		}
	}
}
