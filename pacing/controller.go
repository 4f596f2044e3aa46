package pacing

import (
	"math"
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
}

// Inputs is what a controller is told at a tick. Counts are since the last one.
type Inputs struct {
	Account  Figures  // the campaign's account now, with its limits
	Eligible uint64   // opportunities on which the campaign could have bid
	Refused  uint64   // of those, on which a budget refused the bid
	Bids     uint64   // bids that were made
	Offered  ad.Money // their sum
}

// The law of control. Nothing of it depends on the currency or on how long a tick
// is.
const (
	// A step looks at batch payments at the least: with fewer, chance would move κ.
	// Ticks are added up until there are as many.
	batch = 6

	// Steps are as long as stepMost at first and while κ is far off; each time the
	// error changes its sign they become shorter, down to the root of the share of the
	// budget that a step looks at, or stepLeast.
	stepMost, stepLeast   = 0.5, 0.01
	stepShrink, stepGrow  = 0.6, 1.4
	farError, farSteps    = 0.6, 3 // so much error in so many steps is far off
	leastError, mostError = -2.0, 1.0
	searching, lostError  = 0.3, -4.0 // while steps are longer than that, this is the least error

	// With notices this many ticks late, steps are half as long.
	delayHalf = 8

	// mostDecided is how many ticks' bids count at most that are decided in one tick:
	// what comes at once after a disturbance must not outweigh all the rest.
	mostDecided = 20

	// As long as nothing is known, paidShare of what is bid is taken to be paid. It
	// weighs as much as paidWeight bids. Of what is known, paidKeep outlasts a step.
	paidShare, paidWeight, paidKeep = 0.5, 4, 0.9

	// The level of traffic is that of the last half hour, or of the last levelCount
	// opportunities where these took longer.
	levelMemory = 30 * time.Minute
	levelCount  = 200

	defaultMin, defaultMax, defaultInitial = 0.001, 1, 0.05
)

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
// account to hold.
type Controller struct {
	plan  Plan
	kappa float64
	step  float64 // η, before the delay of notices is considered
	far   int     // steps in a row with a large error of the same sign
	err   float64 // of the last step

	last     time.Time // of the last tick
	was      spending  // as of the last tick
	compared bool      // whether last and was are there to compare with
	forecast Forecast

	level ratio // opportunities that came, by forecast
	paid  ratio // what was paid, by what was bid, of bids that are decided
	size  ratio // what was bid, by bids
	delay ratio // bids in flight, by bids per tick: ticks
	flow  ratio // what was bid, by ticks

	spent, target, share float64 // of the batch that is being added up; share is of the period's budget
	status               Status
}

// ratio is the quotient of two sums that forget.
type ratio struct{ a, b float64 }

func (r *ratio) add(a, b float64) { r.a, r.b = r.a+a, r.b+b }

func (r *ratio) keep(k float64) { r.a, r.b = r.a*k, r.b*k }

// or returns the quotient, or something else if there is none.
func (r ratio) or(other float64) float64 {
	if r.b > 0 {
		return r.a / r.b
	}
	return other
}

// spending is one moment of an account, with the bids in flight as counted then.
type spending struct {
	confirmed, reserved, late float64
	expected                  float64 // confirmed, and what of reserved is usually paid
	day                       int32
	today                     float64 // expected, of that day
}

// Status is what a controller thinks, for metrics and for people.
type Status struct {
	Curve    Curve
	Kappa    float64
	Target   ad.Money // of the last tick
	Expected ad.Money // spent in total, with what is expected of bids in flight
	Planned  float64  // share of the period's budget that is to be spent by the curve, 0 to 1
	Used     float64  // share of it that is spent, with what is expected of bids in flight; 0 without a budget to pace
	Delay    float64  // of notices, in ticks
	Steps    uint64   // how often κ was reconsidered
}

// NewController returns a controller that begins with the plan's κ and knows
// nothing but the prior.
func NewController(plan Plan) *Controller {
	c := &Controller{step: stepMost}
	c.SetPlan(plan)
	c.kappa = plan.Initial
	if !(c.kappa > 0) {
		c.kappa = c.plan.Max * defaultInitial
	}
	c.kappa = c.clamp(c.kappa)
	c.status.Kappa = c.kappa
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
	c.plan = plan
	c.kappa = c.clamp(c.kappa)
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
	}
	c.status.Kappa = c.kappa
	if c.plan.Curve == ASAP || !c.paced(&in.Account) {
		c.status.Kappa = c.plan.Max
	}
	c.status.Expected = ad.Money(c.was.expected)
	c.status.Planned = c.Planned(now, &in.Account)
	c.status.Used = c.used(&in.Account)
	c.status.Delay = c.delayTicks()
	return c.status.Kappa
}

// paced reports whether there is a budget to pace and a time to spread it over.
func (c *Controller) paced(f *Figures) bool {
	return f.Limit > 0 && !c.plan.End.IsZero() || f.Today.Limit > 0
}

// observe learns from one tick: traffic, the size of bids, how much of them is paid
// and how late.
func (c *Controller) observe(from, to time.Time, in *Inputs) {
	n := float64(in.Eligible)
	c.forecast.Observe(from, to, c.plan.Zone, n)
	keep := math.Exp(-float64(to.Sub(from)) / float64(levelMemory))
	if c.level.a > 0 {
		keep = max(keep, min(1, levelCount/c.level.a))
	}
	c.level.keep(keep)
	c.level.add(n, c.forecast.Weight(from, to, c.plan.Zone))

	offered := max(0, float64(in.Offered))
	if in.Bids > 0 {
		c.size.keep(paidKeep)
		c.size.add(offered, float64(in.Bids))
		c.delay.keep(paidKeep)
		c.delay.add(max(0, float64(in.Account.Open)), float64(in.Bids))
	}
	c.flow.keep(paidKeep)
	c.flow.add(offered, 1)
}

// settle learns how much of what was bid is paid, from the bids that were decided
// in one tick, and returns what was spent in it: what is expected of its bids, and
// what earlier ones brought beyond expectation. The later notices come, the more
// that tells of a κ that is long past, and the less it counts.
func (c *Controller) settle(was spending, in *Inputs) float64 {
	offered := max(0, float64(in.Offered))
	paid := max(0, c.was.confirmed-was.confirmed-(c.was.late-was.late))
	decided := max(0, offered-(c.was.reserved-was.reserved))
	share := c.paidShare()
	spent := share*offered + (paid-share*decided)/(1+c.delayTicks())
	if most := mostDecided * c.flow.or(0); decided > most {
		paid, decided = paid*most/decided, most
	}
	c.paid.add(paid, decided)
	return spent
}

// paidShare returns the part of what is bid that is usually paid.
func (c *Controller) paidShare() float64 {
	r, w := c.paid, paidWeight*c.size.or(0)
	r.add(w*paidShare, w)
	return min(1, r.or(paidShare))
}

// delayTicks is Little's law: bids in flight over bids per tick.
func (c *Controller) delayTicks() float64 { return min(c.delay.or(0), 1e6) }

// spending counts bids in flight at the share of them that is usually paid.
func (c *Controller) spending(f *Figures) spending {
	share := c.paidShare()
	return spending{
		confirmed: float64(f.Confirmed),
		reserved:  float64(f.Reserved),
		late:      float64(f.Late),
		expected:  float64(f.Confirmed) + share*float64(f.Reserved),
		day:       f.Today.Number,
		today:     float64(f.Today.Confirmed) + share*float64(f.Today.Reserved),
	}
}

// control adds a tick to the batch, and makes a step when the batch is full.
func (c *Controller) control(prev, now time.Time, was spending, spent float64, in *Inputs) {
	d, ok := c.dueOf(prev, now, was, spent, in)
	c.status.Target = 0
	if !ok {
		return
	}
	c.status.Target = ad.Money(d.target)
	if in.Eligible == 0 || c.blocked(in) {
		return
	}
	c.target += d.target
	c.share += d.share
	c.spent += d.spent
	if need := batch * c.size.or(0); max(c.spent, c.target) < need || !(c.target > 0) {
		return
	}
	worst := leastError
	if c.step > searching {
		worst = lostError
	}
	e := min(max(1-c.spent/c.target, worst), mostError)
	c.paid.keep(paidKeep)
	c.move(e, min(max(math.Sqrt(c.share), stepLeast), stepMost))
	c.spent, c.target, c.share = 0, 0, 0
}

// blocked reports whether budgets, not κ, decided what was bid: nothing can be
// learned about κ then, and it must not run away.
func (c *Controller) blocked(in *Inputs) bool { return 2*in.Refused > in.Eligible }

// move makes one step against the error.
func (c *Controller) move(e, least float64) {
	switch {
	case e*c.err < 0:
		c.step, c.far = max(least, c.step*stepShrink), 0
	case math.Abs(e) < farError:
		c.far = 0
	default:
		if c.far++; c.far >= farSteps {
			c.step = min(stepMost, c.step*stepGrow)
		}
	}
	c.err = e
	eta := c.step / (1 + c.delayTicks()/delayHalf)
	c.kappa = c.clamp(c.kappa * math.Exp(eta*e))
	c.status.Steps++
}

func (c *Controller) clamp(kappa float64) float64 {
	switch {
	case kappa >= c.plan.Max:
		return c.plan.Max
	case kappa >= c.plan.Min:
		return kappa
	}
	return c.plan.Min // or no number at all
}
