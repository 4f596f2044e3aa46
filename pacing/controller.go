package pacing

import (
	"time"

	"bidwell/ad"
)

// Plan is how one campaign is to spend, or a line item or an advertiser with a budget
// of its own. Its budgets are the limits of its account.
type Plan struct {
	Curve      Curve
	Start, End time.Time      // of the flight; without an end, only a daily budget is paced
	Zone       *time.Location // in which its days begin, UTC if nil

	// The bounds of κ and where it begins: 1/1000, 1, and a twentieth of the upper
	// bound where they are zero. A live campaign never bids above its price: its upper
	// bound is 1. A κ that is too low costs a minute, one that is too high money.
	Min, Max, Initial float64

	// OneIn is on how many requests opportunities are counted: on one in so many, where
	// each counts as many times. 0 stands for 1, all of them.
	OneIn int

	// AverageCost is what an event of the campaign's goal is to cost on average, 0 for
	// no target. Worth is what one is worth: the κ that keeps the target begins at
	// AverageCost ÷ Worth, or at the upper bound where that is not known.
	AverageCost, Worth ad.Money
}

// Inputs is what a controller is told at a tick. Counts are since the last one.
type Inputs struct {
	Account  Figures  // the campaign's account now, with its limits
	Eligible uint64   // opportunities on which the campaign could have bid: an estimate where Plan.OneIn is more than 1
	Refused  uint64   // of those, on which a budget refused the bid; all are counted, as are bids
	Bids     uint64   // bids that were made
	Offered  ad.Money // their sum
}

// Controller decides by how much a campaign's bids are lowered so that its budget
// lasts and is spent: a bid is κ × value. It moves κ by dual mirror descent with an
// entropic step. At a tick it compares what was spent with the target, the part of
// what was left that the curve gives to the traffic that came, and multiplies κ by
// exp(η × error). Bids in flight count at the share that is usually paid of what is
// bid, so that notices may be late. What is left is looked at anew each time: a
// budget that changes, or spend that is off the plan, is spread over the rest of
// the flight.
//
// It is plain data: no clock, no chance, no goroutine; the same ticks give the same
// κ. It is not safe for concurrent use. It promises no limit, which is for the
// account to hold. What it learns is in learn.go, what is due in target.go, and how κ
// moves in step.go. A campaign with a target for its average cost has a second κ, in
// goal.go; the smaller one counts.
type Controller struct {
	plan    Plan
	descent      // κ for the budget
	goal    goal // κ for the average cost

	last     time.Time // of the last tick
	was      spending  // as of the last tick
	compared bool      // whether last and was are there to compare with
	forecast Forecast

	level ratio // opportunities that came, by forecast
	paid  ratio // what was paid, by what was bid, of bids that are decided
	size  ratio // what was bid, by bids
	delay ratio // bids in flight, by bids per tick: ticks
	flow  ratio // what was bid, by ticks

	uneven ratio // squared differences of what was spent in two ticks, by its sums
	seen   tick  // the last one

	silent float64 // samples that were to be expected since there was any sign of traffic

	spent, target, share float64 // of the batch that is being added up; share is of the period's budget
	met                  float64 // opportunities of the batch
	arrears              float64 // what was due while κ was looked for and is not made up for
	status               Status
}

// Status is what a controller thinks, for metrics and for people.
type Status struct {
	Curve   Curve
	Kappa   float64  // what bids are multiplied with: the smaller of the next two
	Budget  float64  // κ for the budget
	Goal    float64  // κ for the average cost, 0 without a target for it
	Cost    ad.Money // of an event of the goal, of late, as far as events can be expected to come; 0 if not known
	Target  ad.Money // of the last tick
	Planned float64  // share of the period's budget that is to be spent by the curve, 0 to 1
	Used    float64  // share of it that is spent, with what is expected of bids in flight; 0 without a budget to pace
	Delay   float64  // of notices, in ticks
	Steps   uint64   // how often κ was reconsidered
}

// NewController returns a controller that begins with the plan's κ and knows
// nothing but the prior.
func NewController(plan Plan) *Controller {
	c := &Controller{descent: descent{step: stepMost}}
	c.SetPlan(plan)
	c.kappa = plan.Initial
	if !(c.kappa > 0) {
		c.kappa = c.plan.Max * defaultInitial
	}
	c.kappa = c.clamp(c.kappa)
	c.show(c.kappa)
	return c
}

// SetPlan changes the plan and keeps what is learned.
func (c *Controller) SetPlan(plan Plan) {
	if plan.Zone == nil {
		plan.Zone = time.UTC
	}
	if !(plan.Min > 0) || !amount(plan.Min) {
		plan.Min = defaultMin
	}
	if !(plan.Max > 0) || !amount(plan.Max) {
		plan.Max = defaultMax
	}
	plan.Max = max(plan.Max, plan.Min)
	plan.OneIn = max(plan.OneIn, 1)
	c.plan = plan
	c.kappa = c.clamp(c.kappa)
	c.goal.aim(&c.plan)
}

// Plan returns the plan, with defaults filled in.
func (c *Controller) Plan() Plan { return c.plan }

// Kappa returns κ as of the last tick.
func (c *Controller) Kappa() float64 { return c.status.Kappa }

// Status returns what the controller thinks as of the last tick.
func (c *Controller) Status() Status {
	st := c.status
	st.Curve = c.plan.Curve
	return st
}

// Forecast returns what is known about traffic, which may be taught more.
func (c *Controller) Forecast() *Forecast { return &c.forecast }

// Tick takes in what happened since the last tick and returns κ. Ticks may come at
// any interval. The first one, and one for which the clock was put back, only notes
// what later ones are compared with.
func (c *Controller) Tick(now time.Time, in Inputs) float64 {
	prev, was := c.last, c.was
	elapsed := now.Sub(prev)
	comparable := c.compared && elapsed > 0
	if comparable {
		c.observe(prev, now, &in)
	}
	c.last, c.was, c.compared = now, c.spending(&in.Account), true
	if comparable {
		c.control(prev, now, was, c.settle(was, &in), &in)
		c.goal.wake(c.was.confirmed > was.confirmed, c.stirs(&in))
		c.goal.kappa = min(c.goal.kappa, c.plan.Max)
	}
	kappa := c.kappa
	if c.plan.Curve == ASAP || !c.paced(&in.Account) {
		kappa = c.plan.Max
	}
	c.show(kappa)
	c.status.Planned = c.Planned(now, &in.Account)
	c.status.Used = c.used(&in.Account)
	c.status.Delay = c.delayTicks()
	return c.status.Kappa
}

// show makes a κ for the budget the one that counts, unless the goal's is smaller.
func (c *Controller) show(budget float64) {
	c.status.Budget, c.status.Goal, c.status.Cost = budget, c.goal.kappa, c.goal.price()
	c.status.Kappa = c.goal.limit(budget)
}

// paced reports whether there is a budget to pace and a time to spread it over.
func (c *Controller) paced(f *Figures) bool {
	return c.whole(f) || f.Today.Limit > 0
}
