package pacing

import (
	"math"
	"time"

	"bidwell/ad"
)

// The law of control. Nothing of it depends on the currency or on how long a tick
// is.
const (
	// A step looks at batch payments at the least: with fewer, chance would move κ.
	// Where a few dear ones make up most of what is spent, only these count. Ticks are
	// added up until there are as many, or as many opportunities as long as there is no
	// bid.
	batch = 6

	// Steps are as long as stepMost at first and while κ is far off; each time the
	// error changes its sign they become shorter, as 1/(stepShrink·k) after k changes,
	// down to the root of the share of the budget that a step looks at, or stepLeast.
	stepMost, stepLeast   = 0.5, 0.01
	stepShrink, stepGrow  = 0.5, 1.4
	farError, farSteps    = 0.6, 3 // so much error in so many steps is far off
	leastError, mostError = -2.0, 1.0
	searching, lostError  = 0.3, -4.0 // while steps are longer than that, this is the least error

	// While steps are longer than sought, and than soughtLeast times the smallest, κ is still
	// looked for, and what is spent too little or too much by that is made up for: at once,
	// not over the rest of the flight. Of that no more is remembered than mostArrears batches,
	// nor made up for in one than makeUpMost of it.
	sought, soughtLeast     = 0.05, 1.5
	mostArrears, makeUpMost = 10, 0.5

	// A payment that counts is no more than so many bids.
	mostUneven = 20

	// Of two ticks of which one has more than twice the opportunities of the other, and
	// more than twice fewCame, the difference tells of traffic and not of payments.
	fewCame = 10

	// With notices this many ticks late, steps are half as long.
	delayHalf = 8

	defaultMin, defaultMax, defaultInitial = 0.001, 1, 0.05
)

// control adds a tick to the batch, and makes a step when the batch is full.
func (c *Controller) control(prev, now time.Time, was spending, spent float64, in *Inputs) {
	if in.Account.Today.Limit > 0 && was.day != in.Account.Today.Number {
		c.arrears = 0 // the day ends, and its budget with it
	}
	came := c.traffic(prev, now, in)
	d, ok := c.dueOf(prev, now, was, spent, came, in)
	c.status.Target = 0
	if !ok {
		return
	}
	c.status.Target = ad.Money(d.target)
	if blocked(came, in) {
		return
	}
	c.spent += d.spent
	c.see(spent, came)
	stirs := c.stirs(in)
	if !stirs && (c.plan.OneIn == 1 && c.plan.Curve != Even || c.silent > mostSilent) {
		return // nothing came: nothing was to be spent
	}
	c.target += d.target
	c.share += d.share
	if !stirs {
		return // perhaps nothing came: no reason to move κ
	}
	c.met += came
	need := batch * c.payment()
	if max(c.spent, c.target) < need || !(c.target > 0) || need == 0 && c.met < batch {
		return
	}
	// What is spent decides when a batch ends. So the difference is held against what
	// hardly hangs on that: then it is nothing on average when κ is right (optional
	// stopping). Held against the target, a dear payment would count many times, for it
	// ends a batch while little was due.
	less, of, least := c.target-c.spent, max(c.target, need), min(max(math.Sqrt(c.share), stepLeast), stepMost)
	e := c.errorOf(less+c.makeUp(less, of, least), of)
	c.paid.keep(paidKeep)
	c.uneven.keep(paidKeep)
	if e < 0 || !c.goal.decides(c.kappa) { // where the goal decides, more κ spends no more
		c.move(e, least, c.delayTicks())
		c.kappa = c.clamp(c.kappa)
		c.status.Steps++
	}
	c.spent, c.target, c.share, c.met = 0, 0, 0, 0
}

// makeUp returns by how much more than its due a batch is to spend, or less if that is
// negative, for what was missed while κ was looked for. A part of it as large as the step
// is made up for, so that both come to rest together; where notices are late and tell of a
// κ that is past, less.
func (c *Controller) makeUp(less, of, least float64) float64 {
	if c.goal.decides(c.kappa) { // it is not this κ that misses
		c.arrears = 0
		return 0
	}
	c.arrears = within(c.arrears, mostArrears*of) // of may be less than it was: a budget was cut
	late := 1 + c.delayTicks()/delayHalf
	more := within(c.arrears*c.step/(late*late), makeUpMost*of)
	switch {
	case c.step <= max(sought, soughtLeast*least):
		c.arrears -= more
	case less < 0 || c.kappa < c.plan.Max: // else there is nothing to be bought
		c.arrears = within(c.arrears+less, mostArrears*of)
	}
	return more
}

// within bounds a number on either side of zero.
func within(x, most float64) float64 { return min(max(x, -most), most) }

// see learns how uneven spend is from what was spent in a tick. For payments that come
// independently of each other, the variance of their sum by its mean is the size of the
// payment with which the average unit of money is spent. The variance is told by ticks in a
// row with about the same traffic; there may be little of a mean yet, or an old one.
func (c *Controller) see(spent, came float64) {
	was := c.seen
	c.seen = tick{max(0, spent), came}
	if max(was.came, came) <= 2*max(min(was.came, came), fewCame) {
		d := c.seen.spent - was.spent
		c.uneven.add(d*d, c.seen.spent+was.spent)
	}
}

// tick is what was spent in one, on so many opportunities.
type tick struct{ spent, came float64 }

// payment returns the size of a payment that counts. What looks like a much larger one is
// a change of traffic or of prices.
func (c *Controller) payment() float64 {
	size := c.size.or(0)
	return min(max(size, c.uneven.or(0)), mostUneven*size)
}

// blocked reports whether budgets, not κ, decided what was bid: nothing can be
// learned about κ then, and it must not run away.
func blocked(came float64, in *Inputs) bool { return 2*float64(in.Refused) > came }

// descent is a κ on its way to where the error is nothing.
type descent struct {
	kappa float64
	step  float64 // η, before the delay of notices is considered
	far   int     // steps in a row with a large error of the same sign
	err   float64 // of the last step
}

// errorOf returns by how much less was spent than was to be, as a share of an amount.
func (d *descent) errorOf(less, of float64) float64 {
	worst := leastError
	if d.step > searching {
		worst = lostError
	}
	return min(max(less/of, worst), mostError)
}

// move makes one step against the error. Notices are some ticks late.
func (d *descent) move(e, least, late float64) {
	switch {
	case e*d.err < 0:
		d.step, d.far = max(least, d.step/(1+stepShrink*d.step)), 0
	case math.Abs(e) < farError:
		d.far = 0
	default:
		if d.far++; d.far >= farSteps {
			d.step = min(stepMost, d.step*stepGrow)
		}
	}
	d.err = e
	eta := d.step / (1 + late/delayHalf)
	d.kappa *= math.Exp(eta * e)
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
