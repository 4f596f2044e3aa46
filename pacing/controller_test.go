package pacing

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

var flightStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// market is a market of a kind that has a closed form: every opportunity is worth
// one unit to us, and a bid of κ wins and pays with probability κ at half of it.
type market struct {
	controller *Controller
	figures    Figures
	now        time.Time
	tick       time.Duration
}

func newMarket(plan Plan, total, daily ad.Money) *market {
	m := &market{controller: NewController(plan), now: plan.Start, tick: 10 * time.Second}
	m.figures.Limit, m.figures.Today.Limit = total, daily
	m.controller.Tick(m.now, Inputs{Account: m.figures})
	return m
}

// pass lets n opportunities come in one tick.
func (m *market) pass(n uint64) float64 { return m.take(n, n) }

// take lets n opportunities come in one tick, which are counted as seen.
func (m *market) take(n, seen uint64) float64 {
	m.now = m.now.Add(m.tick)
	k := m.controller.Kappa()
	in := Inputs{Eligible: seen, Bids: n, Offered: ad.Unit.Mul(float64(n) * k)}
	if m.figures.Limit > 0 && m.figures.Confirmed >= m.figures.Limit {
		in.Refused, in.Bids, in.Offered = n, 0, 0
	}
	number, _, _ := dayIn(m.controller.plan.Zone, m.now.Unix())
	if number != m.figures.Today.Number {
		m.figures.Today = DayFigures{Number: number, Limit: m.figures.Today.Limit}
	}
	paid := in.Offered.Mul(k / 2)
	m.figures.Confirmed += paid
	m.figures.Today.Confirmed += paid
	in.Account = m.figures
	return m.controller.Tick(m.now, in)
}

func TestKappaFindsTheBudget(t *testing.T) {
	// 8640 ticks of 100 opportunities at κ²/2 cost 432,000 units at κ = 1, so a
	// sixteenth of that is spent at κ = 1/4.
	plan := Plan{Curve: Even, Start: flightStart, End: flightStart.Add(24 * time.Hour)}
	for _, initial := range []float64{0.01, 0.25, 1} {
		plan.Initial = initial
		m := newMarket(plan, 27_000*ad.Unit, 0)
		for range 8640 {
			m.pass(100)
		}
		if got := m.controller.Kappa(); math.Abs(got-0.25) > 0.02 {
			t.Errorf("κ from %g: got %g, want 0.25", initial, got)
		}
		if got := m.figures.Confirmed.Units() / 27_000; math.Abs(got-1) > 0.005 {
			t.Errorf("spent from %g: got %g of the budget, want all", initial, got)
		}
	}
}

func TestStateRestores(t *testing.T) {
	plan := Plan{Start: flightStart, End: flightStart.Add(24 * time.Hour)}
	m := newMarket(plan, 27_000*ad.Unit, 0)
	for i := range 1000 {
		m.pass(uint64(50 + i%100))
	}
	state := m.controller.State()
	c := NewController(plan)
	if err := c.Restore(state); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Kappa(), m.controller.Kappa(); got != want {
		t.Errorf("κ: got %g, want %g", got, want)
	}
	if !bytes.Equal(c.State(), state) {
		t.Error("a restored controller has another state")
	}
	before := c.State()
	for i := range state {
		bad := bytes.Clone(state)
		bad[i] ^= 0x10
		if err := c.Restore(bad); !errors.Is(err, ErrState) {
			t.Fatalf("byte %d flipped: got %v", i, err)
		}
		if err := c.Restore(state[:i]); !errors.Is(err, ErrState) {
			t.Fatalf("cut to %d bytes: got %v", i, err)
		}
	}
	if !bytes.Equal(c.State(), before) {
		t.Error("a refused state changed the controller")
	}
}

func oneDay(initial float64) Plan {
	return Plan{Curve: Even, Start: flightStart, End: flightStart.Add(24 * time.Hour), Initial: initial}
}

const ticksADay = 8640

func TestBudgetChangesAtNoon(t *testing.T) {
	m := newMarket(oneDay(0.25), 27_000*ad.Unit, 0)
	for i := range ticksADay {
		if i == ticksADay/2 {
			m.figures.Limit *= 2
		}
		m.pass(100)
	}
	if got := m.figures.Confirmed.Units() / 54_000; got < 0.99 || got > 1.01 {
		t.Errorf("spent %g of the budget that was doubled at noon, want all", got)
	}
	m = newMarket(oneDay(0.25), 27_000*ad.Unit, 0)
	for i := range ticksADay {
		if i == ticksADay/2 {
			m.figures.Limit = 20_000 * ad.Unit
		}
		m.pass(100)
	}
	if got := m.figures.Confirmed.Units() / 20_000; got < 0.99 || got > 1.01 {
		t.Errorf("spent %g of the budget that was cut at noon, want all", got)
	}
}

// TestBurst sends four times the traffic for two hours: κ comes back to where it
// was, and the budget lasts.
func TestBurst(t *testing.T) {
	plan := oneDay(0.25)
	plan.Curve = Traffic
	m := newMarket(plan, 27_000*ad.Unit, 0)
	weight := func() float64 {
		return m.controller.forecast.Weight(m.now, m.now.Add(m.tick), time.UTC) * 360
	}
	for i := range ticksADay {
		n := 100 * weight()
		if i >= 3600 && i < 3600+720 {
			n *= 4
		}
		m.pass(uint64(n))
		if spent := m.figures.Confirmed.Units() / 27_000; i == 3600+720 && spent > 0.75 {
			t.Errorf("after the burst %g is spent, want the rest of the day to have its share", spent)
		}
	}
	if got := m.figures.Confirmed.Units() / 27_000; math.Abs(got-1) > 0.01 {
		t.Errorf("spent %g of the budget, want all", got)
	}
}

// TestDailyWithinTotal gives a flight of ten days a total for six of its days'
// budgets: every day spends about the same, and none more than its own budget.
func TestDailyWithinTotal(t *testing.T) {
	plan := Plan{Curve: Even, Start: flightStart, End: flightStart.Add(240 * time.Hour), Initial: 0.2}
	m := newMarket(plan, 60_000*ad.Unit, 10_000*ad.Unit)
	for d := range 10 {
		before := m.figures.Confirmed
		for range ticksADay {
			m.pass(100)
		}
		if got := (m.figures.Confirmed - before).Units(); got < 5_500 || got > 6_500 {
			t.Errorf("day %d spent %g, want 6000", d, got)
		}
	}
	if got := m.figures.Confirmed.Units() / 60_000; math.Abs(got-1) > 0.01 {
		t.Errorf("spent %g of the total, want all", got)
	}
}

// TestCatchUp loses two of five days: the others make up for it, up to their daily
// budget.
func TestCatchUp(t *testing.T) {
	plan := Plan{Curve: Even, Start: flightStart, End: flightStart.Add(120 * time.Hour), Initial: 0.2}
	m := newMarket(plan, 50_000*ad.Unit, 15_000*ad.Unit)
	m.now = m.now.Add(48 * time.Hour)
	m.controller.Tick(m.now, Inputs{Account: m.figures})
	for d := range 3 {
		before := m.figures.Confirmed
		for range ticksADay {
			m.pass(100)
		}
		if got := (m.figures.Confirmed - before).Units(); got > 15_100 || got < 14_800 {
			t.Errorf("day %d spent %g, want its budget of 15000", d, got)
		}
	}
}

func TestAhead(t *testing.T) {
	plan := oneDay(0.25)
	plan.Curve = Ahead
	m := newMarket(plan, 27_000*ad.Unit, 0)
	for i := range ticksADay {
		w := m.controller.forecast.Weight(m.now, m.now.Add(m.tick), time.UTC) * 360
		m.pass(uint64(100 * w))
		f := m.figures
		planned := m.controller.Planned(m.now, &f)
		if got := f.Confirmed.Units() / 27_000; i%360 == 359 && math.Abs(got-planned) > 0.02 {
			t.Errorf("after %d hours %g is spent, planned %g", (i+1)/360, got, planned)
		}
	}
}

func TestNothingToPace(t *testing.T) {
	asap := oneDay(0.5)
	asap.Curve = ASAP
	if m := newMarket(asap, 100*ad.Unit, 0); m.pass(100) != 1 {
		t.Error("asap: κ is not 1")
	}
	if m := newMarket(oneDay(0.5), 0, 0); m.pass(100) != 1 {
		t.Error("no budget: κ is not 1")
	}
	open := Plan{Start: flightStart, Initial: 0.5}
	if m := newMarket(open, 100*ad.Unit, 0); m.pass(100) != 1 {
		t.Error("a total without an end: κ is not 1")
	}
	if m := newMarket(open, 0, 100*ad.Unit); m.pass(100) == 1 {
		t.Error("a daily budget without an end is not paced")
	}
}

func TestTicksThatSayNothing(t *testing.T) {
	m := newMarket(oneDay(0.25), 27_000*ad.Unit, 0)
	before := m.controller.Kappa()
	for range 100 {
		m.pass(0)
	}
	if got := m.controller.Kappa(); got != before {
		t.Errorf("without traffic κ went from %g to %g", before, got)
	}
	for range 100 {
		m.now = m.now.Add(m.tick)
		m.controller.Tick(m.now, Inputs{Account: m.figures, Eligible: 100, Refused: 100})
	}
	if got := m.controller.Kappa(); got != before {
		t.Errorf("while budgets refused every bid κ went from %g to %g", before, got)
	}
	m.controller.Tick(m.now.Add(-time.Hour), Inputs{Account: m.figures, Eligible: 100})
	if got := m.controller.Kappa(); got != before {
		t.Errorf("when the clock was put back κ went from %g to %g", before, got)
	}
}

// TestDayOfTurnedClocks paces the days on which Berlin turns its clocks.
func TestDayOfTurnedClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for date, hours := range map[string]int{"2026-03-29": 23, "2026-10-25": 25, "2026-06-01": 24} {
		begin, err := time.ParseInLocation(time.DateOnly, date, berlin)
		if err != nil {
			t.Fatal(err)
		}
		m := newMarket(Plan{Curve: Even, Start: begin, Zone: berlin, Initial: 0.25}, 0, 27_000*ad.Unit)
		for range hours*360 - 1 {
			m.pass(100)
		}
		if got := m.figures.Confirmed.Units() / 27_000; math.Abs(got-1) > 0.01 {
			t.Errorf("%s: spent %g of the daily budget in %d hours, want all", date, got, hours)
		}
	}
}

// TestAnyInputs holds that κ stays a number within its bounds whatever a controller
// is told, that the same ticks give the same κ, and that a state restores.
func TestAnyInputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		money := rapid.Custom(func(t *rapid.T) ad.Money {
			return ad.Money(rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1e12), rapid.Just(int64(0))).Draw(t, "money"))
		})
		count := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 1000))
		number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}))
		plan := Plan{
			Curve: Curve(rapid.IntRange(0, 3).Draw(t, "curve")),
			Start: flightStart, End: flightStart.Add(time.Duration(rapid.IntRange(-1, 100).Draw(t, "hours")) * time.Hour),
			Min: number.Draw(t, "min"), Max: number.Draw(t, "max"), Initial: number.Draw(t, "initial"),
			OneIn: rapid.IntRange(-1, 2000).Draw(t, "one in"),
		}
		a, b := NewController(plan), NewController(plan)
		now := flightStart
		for range rapid.IntRange(1, 40).Draw(t, "ticks") {
			now = now.Add(time.Duration(rapid.IntRange(-100, 4000).Draw(t, "seconds")) * time.Second)
			in := Inputs{
				Account: Figures{
					Limit: money.Draw(t, "limit"), Confirmed: money.Draw(t, "confirmed"), Reserved: money.Draw(t, "reserved"),
					Open: rapid.Int64().Draw(t, "open"), Late: money.Draw(t, "late"),
					Today: DayFigures{Limit: money.Draw(t, "daily"), Confirmed: money.Draw(t, "today"), Reserved: money.Draw(t, "held")},
				},
				Eligible: count.Draw(t, "eligible"), Refused: count.Draw(t, "refused"), Bids: count.Draw(t, "bids"), Offered: money.Draw(t, "offered"),
			}
			got, again := a.Tick(now, in), b.Tick(now, in)
			if got != again {
				t.Fatalf("κ is %g and %g after the same ticks", got, again)
			}
			if p := a.Plan(); !(got >= p.Min && got <= p.Max) {
				t.Fatalf("κ = %g, outside %g to %g", got, p.Min, p.Max)
			}
		}
		c := NewController(plan)
		if err := c.Restore(a.State()); err != nil {
			t.Fatalf("restore: %v", err)
		}
	})
}
