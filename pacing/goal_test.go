package pacing

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"bidwell/ad"
)

// clicks is a campaign that buys clicks worth one unit each, on a market where each
// impression has a chance of a click and a price. It is told of both as a bidder is:
// the chance when the impression is shown, the click some ticks later.
type clicks struct {
	controller *Controller
	chance     *rand.Rand
	rate       float64 // median chance of a click
	wrong      float64 // factor on chances as they are believed
	price      float64 // median price of an impression, units
	first      bool    // at first price
	budget     ad.Money
	delay      int // ticks from an impression to its click

	now     time.Time
	sums    Responses
	waiting []pending // one for each tick
	most    float64   // by which the goal's κ was multiplied or divided between two ticks
	events  float64   // in all, also those that are not known yet
}

type pending struct{ events, due float64 }

func newClicks(seed uint64, plan Plan) *clicks {
	m := &clicks{
		controller: NewController(plan), chance: rand.New(rand.NewPCG(seed, 17)),
		rate: 0.01, wrong: 1, price: 0.004, delay: 30, now: plan.Start, most: 1,
	}
	m.controller.Responses(m.sums)
	m.controller.Tick(m.now, Inputs{Account: Figures{Limit: m.budget}})
	return m
}

// pass lets n impressions come in one tick.
func (m *clicks) pass(n int) {
	kappa, goal := m.controller.Kappa(), m.controller.goal.kappa
	in := Inputs{Eligible: uint64(n)}
	var p pending
	for range n {
		x := m.rate * math.Exp(0.5*m.chance.NormFloat64())
		price := m.price * math.Exp(0.5*m.chance.NormFloat64())
		bid := kappa * x * m.wrong
		in.Bids++
		in.Offered += ad.Unit.Mul(bid)
		if bid < price {
			continue
		}
		if m.first {
			price = bid
		}
		m.sums.Cost += ad.Unit.Mul(price)
		m.sums.Expected += x * m.wrong
		p.due += x * m.wrong
		if m.chance.Float64() < x {
			p.events++
		}
	}
	m.events += p.events
	m.waiting = append(m.waiting, p)
	if len(m.waiting) > m.delay {
		m.sums.Events += m.waiting[0].events
		m.sums.Due += m.waiting[0].due
		m.waiting = m.waiting[1:]
	}
	m.now = m.now.Add(10 * time.Second)
	in.Account = Figures{Limit: m.budget, Confirmed: m.sums.Cost}
	m.controller.Responses(m.sums)
	m.controller.Tick(m.now, in)
	m.most = max(m.most, m.controller.goal.kappa/goal, goal/m.controller.goal.kappa)
}

// average returns what a click has cost.
func (m *clicks) average() float64 { return m.sums.Cost.Units() / m.events }

func clickPlan(target float64) Plan {
	return Plan{Curve: Even, Start: flightStart, End: flightStart.Add(24 * time.Hour), AverageCost: ad.Unit.Mul(target), Worth: ad.Unit}
}

// TestAverageCostIsKept lets the price of clicks drift to three times what it was, and
// back, in a day of about two thousand clicks, at both kinds of auctions, with chances
// that are right and ones that are not.
func TestAverageCostIsKept(t *testing.T) {
	for _, first := range []bool{false, true} {
		for _, wrong := range []float64{1, 1.4, 0.7} {
			for seed := range uint64(4) {
				m := newClicks(seed, clickPlan(0.3))
				m.first, m.wrong, m.budget = first, wrong, 1e6*ad.Unit
				for i := range ticksADay {
					m.price = 0.004 * (2 - math.Cos(2*math.Pi*float64(i)/ticksADay))
					m.pass(100)
				}
				if off := m.average()/0.3 - 1; math.Abs(off) > 0.04 {
					t.Errorf("first price %t, chances × %g, seed %d: %.0f clicks cost %.4f each, want 0.3", first, wrong, seed, m.events, m.average())
				}
				if m.events < 500 {
					t.Errorf("first price %t, chances × %g, seed %d: only %.0f clicks", first, wrong, seed, m.events)
				}
			}
		}
	}
}

// TestFewEventsDoNotMakeItJump gives a campaign some twenty clicks in a day, which come
// by chance. What it pays is what it would have paid without that chance.
func TestFewEventsDoNotMakeItJump(t *testing.T) {
	for seed := range uint64(8) {
		m := newClicks(seed, clickPlan(0.3))
		m.rate, m.price, m.budget = 0.0005, 0.0002, 1e6*ad.Unit
		lowest, highest := math.Inf(1), 0.0
		for i := range ticksADay {
			m.pass(10)
			if i > ticksADay/2 {
				lowest, highest = min(lowest, m.controller.Kappa()), max(highest, m.controller.Kappa())
			}
		}
		if m.events < 5 || m.events > 60 {
			t.Fatalf("seed %d: %.0f clicks: this shows nothing", seed, m.events)
		}
		if highest/lowest > 2 || m.most > 1.7 {
			t.Errorf("seed %d: with %.0f clicks κ went from %.3f to %.3f in the second half, by at most %.2f between two ticks", seed, m.events, lowest, highest, m.most)
		}
		if expected := m.sums.Cost.Units() / m.sums.Expected; math.Abs(expected/0.3-1) > 0.25 {
			t.Errorf("seed %d: a click that was to be expected cost %.3f, want about 0.3", seed, expected)
		}
	}
}

// TestBudgetAndGoal holds a campaign against both: where the budget is the tighter one
// it is spent to its plan and clicks are cheaper, else they cost what they may.
func TestBudgetAndGoal(t *testing.T) {
	run := func(budget ad.Money) *clicks {
		m := newClicks(1, clickPlan(0.3))
		m.budget = budget
		for range ticksADay {
			m.pass(100)
		}
		return m
	}
	tight := run(50 * ad.Unit)
	if st := tight.controller.Status(); tight.sums.Cost.Units() < 49 || tight.average() > 0.29 || st.Kappa != st.Budget || st.Goal <= st.Budget {
		t.Errorf("spent %s of 50, %.3f a click, %+v", tight.sums.Cost, tight.average(), st)
	}
	wide := run(1e5 * ad.Unit)
	if st := wide.controller.Status(); math.Abs(wide.average()/0.3-1) > 0.03 || st.Kappa != st.Goal || math.Abs(st.Cost.Units()/0.3-1) > 0.15 {
		t.Errorf("with much budget: %.3f a click, %+v", wide.average(), st)
	}
}

// TestGoalOutlivesARestart compares a campaign that is interrupted with one that is not.
func TestGoalOutlivesARestart(t *testing.T) {
	plan := clickPlan(0.3)
	run := func(interrupted bool) *clicks {
		m := newClicks(3, plan)
		m.budget = 1e4 * ad.Unit
		for i := range ticksADay / 2 {
			if interrupted && i == ticksADay/4 {
				before := m.controller
				m.controller = NewController(plan)
				if err := m.controller.Restore(before.State()); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(before.State(), m.controller.State()) || before.Kappa() != m.controller.Kappa() {
					t.Fatalf("κ was %g and is %g", before.Kappa(), m.controller.Kappa())
				}
			}
			m.pass(100)
		}
		return m
	}
	usual, interrupted := run(false), run(true)
	if a, b := usual.average(), interrupted.average(); math.Abs(a/b-1) > 0.02 {
		t.Errorf("a click costs %.4f, and %.4f if the bidder is started anew meanwhile", a, b)
	}
}

// TestGoalComesAndGoes reads states of campaigns whose target was set or taken away
// between two runs.
func TestGoalComesAndGoes(t *testing.T) {
	without := clickPlan(0)
	m := newClicks(1, clickPlan(0.3))
	for range 1000 {
		m.pass(100)
	}
	c := NewController(without)
	if err := c.Restore(m.controller.State()); err != nil {
		t.Fatal(err)
	}
	if st := c.Status(); st.Goal != 0 || st.Kappa != st.Budget || st.Budget != m.controller.kappa {
		t.Errorf("without a target: %+v", st)
	}
	again := NewController(clickPlan(0.3))
	if err := again.Restore(c.State()); err != nil {
		t.Fatal(err)
	}
	if st := again.Status(); math.Abs(st.Goal-0.3) > 1e-9 {
		t.Errorf("a new target: %+v, want the goal's κ to begin at 0.3", st)
	}
	before := m.controller.goal.kappa
	m.controller.SetPlan(clickPlan(0.15))
	if got := m.controller.goal.kappa; math.Abs(got/before-0.5) > 1e-9 {
		t.Errorf("half the target made κ %g of %g", got, before)
	}
}

// TestMistakenWorthIsMended corrects the worth of an event, and its target, that were
// far off: the bid for an event is soon what it would be had they never been.
func TestMistakenWorthIsMended(t *testing.T) {
	plan := func(target, worth ad.Money) Plan {
		p := clickPlan(0)
		p.AverageCost, p.Worth = target, worth
		return p
	}
	right := plan(ad.Unit*8/10, ad.Unit*12/10)
	want := NewController(right).goal.kappa
	for _, wrong := range []Plan{plan(right.AverageCost, 12*ad.Unit), plan(right.AverageCost, 120*ad.Unit), plan(ad.Micro, right.Worth), plan(100*ad.Unit, right.Worth)} {
		c := NewController(wrong)
		restarted := NewController(right)
		if err := restarted.Restore(c.State()); err != nil {
			t.Fatal(err)
		}
		c.SetPlan(right)
		for _, got := range []float64{c.goal.kappa, restarted.goal.kappa} {
			if got < want/mostAside || got > want*mostAside {
				t.Errorf("after a target of %v and a worth of %v κ is %g, want about %g", wrong.AverageCost, wrong.Worth, got, want)
			}
		}
	}
}

// TestNothingBoughtIsNoEnd lowers κ until nothing is bought at the prices of the market.
func TestNothingBoughtIsNoEnd(t *testing.T) {
	m := newClicks(1, clickPlan(0.3))
	m.budget, m.price, m.first = 1e6*ad.Unit, 0.0002, true
	m.controller.goal.kappa = m.controller.plan.Min
	for range ticksADay / 4 {
		m.pass(100)
	}
	if m.events < 5 {
		t.Errorf("%.0f clicks were bought; κ is %g", m.events, m.controller.goal.kappa)
	}
	if even := m.controller.goal.even(); m.controller.goal.kappa > 2*even {
		t.Errorf("κ is %g, far above %g", m.controller.goal.kappa, even)
	}
}

// TestWithoutGoalNothingChanges tells a controller without a target of responses.
func TestWithoutGoalNothingChanges(t *testing.T) {
	plan := oneDay(0.05)
	plain, told := newMarket(plan, 27_000*ad.Unit, 0), newMarket(plan, 27_000*ad.Unit, 0)
	for i := range 2000 {
		told.controller.Responses(Responses{Cost: ad.Money(i) * ad.Unit, Events: float64(i % 7), Expected: float64(i)})
		if a, b := plain.pass(100), told.pass(100); a != b {
			t.Fatalf("tick %d: κ is %g, and %g where responses were told", i, a, b)
		}
	}
	if a := plain.controller.State(); !bytes.Equal(a, told.controller.State()) || a[0] != stateOfBudget {
		t.Error("the states differ, or are not of the version before there were goals")
	}
}

// TestAbsurdResponses tells what cannot be. κ stays a number within its bounds.
func TestAbsurdResponses(t *testing.T) {
	m := newClicks(5, clickPlan(0.3))
	for i := range 3000 {
		m.pass(100)
		bad := []Responses{
			{Cost: -1}, {Events: math.NaN()}, {Expected: math.Inf(1)}, {}, {Cost: ad.MaxMoney, Events: 1e99, Expected: 1e99, Due: 1e99}, m.sums,
		}
		m.controller.Responses(bad[i%len(bad)])
		if k := m.controller.Kappa(); !(k >= defaultMin && k <= 1) {
			t.Fatalf("κ is %g", k)
		}
	}
	if err := NewController(clickPlan(0.3)).Restore(m.controller.State()); err != nil {
		t.Error(err)
	}
}
