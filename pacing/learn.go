package pacing

import (
	"math"
	"time"
)

const (
	// As long as nothing is known, paidShare of what is bid is taken to be paid. It
	// weighs as much as paidWeight bids. Of what is known, paidKeep outlasts a step.
	paidShare, paidWeight, paidKeep = 0.5, 4, 0.9

	// mostDecided is how many ticks' bids count at most that are decided in one tick:
	// what comes at once after a disturbance must not outweigh all the rest.
	mostDecided = 20

	// The level of traffic is that of the last half hour, or of the last levelCount
	// opportunities that were counted where these took longer.
	levelMemory = 30 * time.Minute
	levelCount  = 200

	// What is forecast of a tick is believed as much as forecastWorth samples are.
	forecastWorth = 10

	// When so many samples were to be expected and neither one came nor a bid was
	// made, traffic has ended.
	mostSilent = 3
)

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

// observe learns from one tick: traffic, the size of bids, how much of them is paid
// and how late.
func (c *Controller) observe(from, to time.Time, in *Inputs) {
	n := float64(in.Eligible)
	c.forecast.Observe(from, to, c.plan.Zone, n)
	weight := c.forecast.Weight(from, to, c.plan.Zone) // as it is now: a day that begins has taught it the last one
	keep := math.Exp(-float64(to.Sub(from)) / float64(levelMemory))
	if c.level.a > 0 {
		keep = max(keep, min(1, levelCount*float64(c.plan.OneIn)/c.level.a))
	}
	c.level.keep(keep)
	c.level.add(n, weight)
	c.silent += c.level.or(0) * weight / float64(c.plan.OneIn)
	if c.stirs(in) {
		c.silent = 0
	}

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

// traffic returns how many opportunities came between two ticks. Those that are
// counted on a sample tell the less of a tick the fewer they are, most often none at
// all. So the estimate lies between them and what is forecast at today's level, by
// what either is worth: the linear one with the least error, if traffic is usually a
// third (1/√forecastWorth) off its forecast. Before the first sample it is zero.
func (c *Controller) traffic(from, to time.Time, in *Inputs) float64 {
	n := float64(in.Eligible)
	if c.plan.OneIn == 1 {
		return n
	}
	doubt := forecastWorth * float64(c.plan.OneIn-1)
	forecast := c.level.or(0) * c.forecast.Weight(from, to, c.plan.Zone)
	return (n + doubt) * forecast / (forecast + doubt)
}

// stirs reports whether there is any sign of traffic. All bids are counted, and refusals,
// also where opportunities are sampled.
func (c *Controller) stirs(in *Inputs) bool {
	return in.Eligible > 0 || c.plan.OneIn > 1 && in.Bids+in.Refused > 0
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
