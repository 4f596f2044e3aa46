package pacing

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

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
func (m *market) pass(n uint64) float64 {
	m.now = m.now.Add(m.tick)
	k := m.controller.Kappa()
	in := Inputs{Eligible: n, Bids: n, Offered: ad.Unit.Mul(float64(n) * k)}
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
