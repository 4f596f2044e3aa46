package pacing

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"bidwell/ad"
)

// passSampled lets n opportunities come in one tick, of which one in oneIn is looked
// at and counts as many times. Bids are made on all of them.
func (m *market) passSampled(n, oneIn int, chance *rand.Rand) {
	seen := 0
	for range n {
		if chance.IntN(oneIn) == 0 {
			seen += oneIn
		}
	}
	m.take(uint64(n), uint64(seen))
}

// sampled is a day on which opportunities are counted on a sample.
type sampled struct {
	used, planError float64
}

// spendSampled spends a day's budget on some opportunities a tick, which come as
// the prior has it.
func spendSampled(curve Curve, perTick float64, oneIn int, seed uint64) (s sampled) {
	plan := oneDay(0)
	plan.Curve, plan.OneIn = curve, oneIn
	var prior Forecast
	limit := ad.Unit.Mul(perTick * ticksADay / 32) // for which κ is about a quarter
	m, chance := newMarket(plan, limit, 0), rand.New(rand.NewPCG(seed, uint64(oneIn)))
	for i := range ticksADay {
		n := perTick * prior.Weight(m.now, m.now.Add(m.tick), time.UTC) * 360
		m.passSampled(int(n+chance.Float64()), oneIn, chance)
		planned := float64(i+1) / ticksADay
		if curve != Even {
			planned = curve.spent(prior.Weight(flightStart, m.now, time.UTC) / prior.Weight(flightStart, plan.End, time.UTC))
		}
		s.planError += math.Abs(float64(m.figures.Confirmed)/float64(limit)-planned) / ticksADay
	}
	s.used = float64(m.figures.Confirmed) / float64(limit)
	return s
}

// TestSampledOpportunities holds that a plan is kept as well where opportunities are
// counted on a small part of the requests: down to a hundred a day, of which most
// ticks have none.
func TestSampledOpportunities(t *testing.T) {
	for _, curve := range []Curve{Traffic, Even, Ahead} {
		all := spendSampled(curve, 20, 1, 1)
		for _, oneIn := range []int{4, 16, 157, 1563} {
			for seed := range uint64(3) {
				s := spendSampled(curve, 20, oneIn, seed)
				if s.planError > all.planError+0.003 || math.Abs(s.used-1) > 0.001 {
					t.Errorf("%v, one in %d: used %.4f, plan error %.4f, want %.4f as where all are counted", curve, oneIn, s.used, s.planError, all.planError)
				}
			}
		}
	}
}

// TestSampledBurst sends four times the traffic for two hours, of which a sample
// tells, and holds that the budget lasts.
func TestSampledBurst(t *testing.T) {
	for _, oneIn := range []int{1, 16, 157, 1563} {
		plan := oneDay(0)
		plan.Curve, plan.OneIn = Traffic, oneIn
		m, chance := newMarket(plan, 5400*ad.Unit, 0), rand.New(rand.NewPCG(1, uint64(oneIn)))
		for i := range ticksADay {
			n := 20 * m.controller.forecast.Weight(m.now, m.now.Add(m.tick), time.UTC) * 360
			if i >= 3600 && i < 3600+720 {
				n *= 4
			}
			m.passSampled(int(n+chance.Float64()), oneIn, chance)
			if spent := m.figures.Confirmed.Units() / 5400; i == 3600+720 && spent > 0.75 {
				t.Errorf("one in %d: after the burst %.3f is spent, want the rest of the day to have its share", oneIn, spent)
			}
		}
		if got := m.figures.Confirmed.Units() / 5400; math.Abs(got-1) > 0.01 {
			t.Errorf("one in %d: spent %.4f of the budget, want all", oneIn, got)
		}
	}
}

// TestSampledTicksThatSayNothing holds that κ stays where it is while nothing comes
// for hours, of which a sample tells by being silent, and while budgets refuse what
// comes.
func TestSampledTicksThatSayNothing(t *testing.T) {
	for _, curve := range []Curve{Traffic, Even} {
		plan := oneDay(0)
		plan.Curve, plan.OneIn = curve, 157
		m, chance := newMarket(plan, 5400*ad.Unit, 0), rand.New(rand.NewPCG(1, 1))
		for range 4000 {
			m.passSampled(20, plan.OneIn, chance)
		}
		before := m.controller.Kappa()
		for range 2000 {
			m.take(0, 0)
		}
		if got := m.controller.Kappa(); got != before {
			t.Errorf("%v: without traffic κ went from %g to %g", curve, before, got)
		}
		for range 1000 {
			m.now = m.now.Add(m.tick)
			in := Inputs{Account: m.figures, Refused: 20}
			if chance.IntN(8) == 0 {
				in.Eligible = 157
			}
			m.controller.Tick(m.now, in)
		}
		if got := m.controller.Kappa(); got != before {
			t.Errorf("%v: while budgets refused every bid κ went from %g to %g", curve, before, got)
		}
	}
}

// TestSampledKappaRises holds that κ comes up although it is too low to bid at all:
// only the sample tells then that there is traffic.
func TestSampledKappaRises(t *testing.T) {
	plan := oneDay(0.01)
	plan.OneIn = 157
	m, chance := newMarket(plan, 5400*ad.Unit, 0), rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		m.now = m.now.Add(m.tick)
		in := Inputs{Account: m.figures}
		if chance.IntN(8) == 0 {
			in.Eligible = 157
		}
		m.controller.Tick(m.now, in)
	}
	if got := m.controller.Kappa(); got != 1 {
		t.Errorf("κ came to %g, want 1", got)
	}
}

// TestLevelIsOfTheForecastInForce lets a day begin, on which what was seen the day
// before is learned: the level of traffic is held against the forecast as it is then.
func TestLevelIsOfTheForecastInForce(t *testing.T) {
	c := NewController(oneDay(0))
	for h := range 24 { // another shape than the prior
		from := flightStart.Add(time.Duration(h) * time.Hour)
		c.forecast.Observe(from, from.Add(time.Hour), time.UTC, float64(24-h))
	}
	from := flightStart.Add(24 * time.Hour)
	to := from.Add(10 * time.Second)
	c.Tick(from, Inputs{})
	before := c.forecast.Weight(from, to, time.UTC)
	c.Tick(to, Inputs{Eligible: 5})
	after := c.forecast.Weight(from, to, time.UTC)
	if before == after {
		t.Fatal("nothing was learned")
	}
	if got := c.level.or(0); got != 5/after {
		t.Errorf("the level is %g, want %g; by the forecast of the day before it is %g", got, 5/after, 5/before)
	}
}
