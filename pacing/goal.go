package pacing

import (
	"math"

	"bidwell/ad"
)

// Responses is what the impressions of a campaign have cost and brought in events of
// its goal: clicks, or conversions. All are sums since counting began. A sum that is
// smaller than the last time says that it began again; what came in between then
// counts neither as cost nor as events.
type Responses struct {
	Cost     ad.Money // paid for impressions
	Events   float64  // that are known
	Expected float64  // the chances of all these impressions
	Due      float64  // the part of Expected whose events would have come by now: of the same impressions as Events
}

// goal is how a campaign keeps the average cost of an event near its target: by a κ
// of its own, moved by the same descent as the one for the budget. In place of a
// target for spend stands what the events may have cost that are expected of what was
// shown.
//
// Events are few, and come late. So a step looks at the chances of the impressions
// that were shown, not at events: these correct the chances, as far as there are
// enough of them. What was paid too much or too little, by the events themselves, is
// made up for over the events to come; so it is the average that is kept, not a limit
// for each moment. Of what there is to make up for, no more is remembered than that of
// some events: a long time that was cheap is no reason for a dear one.
type goal struct {
	descent
	target float64 // what an event is to cost; 0: there is no target
	worth  float64 // of an event; 0 if that is not known
	was    sums
	told   float64 // how often there were sums: was is there to compare with, unless 0

	came    ratio   // events that came, by events that were due
	late    ratio   // what was paid, by events that are expected
	balance float64 // what the events that came may cost, less what was paid

	spent, events float64 // of the batch that is being added up
	idle          int     // ticks with traffic since something was bought
}

const (
	// A step of the goal's κ looks at so many expected events, or at what twice as many
	// may cost.
	goalBatch = 1

	// Chances are believed as much as eventsWorth events: with as many, what is
	// corrected lies in the middle. Of events, so many are remembered.
	eventsWorth, eventsKept = 25, 400

	// What was paid too much or too little is made up for over the next madeUp events,
	// and no more than mostMadeUp of each one's target.
	madeUp, mostMadeUp = 100, 0.5

	goalStepLeast = 0.05

	// Of how far κ was from where an event costs its target if it is paid as it is bid,
	// a change of target or worth lets no more than this factor stand: what was found
	// at a bound, or with figures that were mistaken, tells nothing.
	mostAside = 4

	// After idleTicks with traffic in which nothing was bought, κ rises by idleRise.
	idleTicks, idleRise = 12, 1.1
)

// aim takes over the plan's target, and what an event is worth. New ones hold from then
// on.
func (g *goal) aim(p *Plan) {
	target, worth := float64(p.AverageCost), max(0, float64(p.Worth))
	switch {
	case !(target > 0):
		*g = goal{}
		return
	case g.target == 0:
		*g = goal{descent: descent{step: stepMost}, target: target, worth: worth}
		g.kappa = g.even()
	case g.target != target || g.worth != worth:
		aside := min(max(g.kappa/g.even(), 1.0/mostAside), mostAside)
		g.target, g.worth = target, worth
		g.kappa = g.even() * aside
		g.settle(0)
	}
	g.spent, g.events, g.idle = 0, 0, 0
	g.kappa = min(max(g.kappa, p.Min), p.Max)
}

// even returns the κ at which an event costs its target if impressions are paid as they
// are bid. By bids below that the average cannot be exceeded, as far as chances are right.
func (g *goal) even() float64 {
	if g.worth > 0 {
		return g.target / g.worth
	}
	return 1
}

// wake lets κ rise slowly, up to even, while there is traffic and nothing is bought: from
// nothing it would learn nothing, and stay too low for ever.
func (g *goal) wake(bought, traffic bool) {
	switch {
	case !(g.target > 0):
	case bought:
		g.idle = 0
	case traffic:
		g.idle++
	}
	if g.idle >= idleTicks && g.kappa < g.even() {
		g.kappa = min(g.kappa*idleRise, g.even())
		g.idle = 0
	}
}

// limit returns the smaller of κ for the budget and κ for the goal.
func (g *goal) limit(budget float64) float64 {
	if g.target > 0 {
		return min(budget, g.kappa)
	}
	return budget
}

// decides reports whether the goal's κ is the smaller one.
func (g *goal) decides(budget float64) bool { return g.target > 0 && g.kappa < budget }

// Responses takes in what the campaign's impressions have cost and brought, and moves
// κ for the average cost. The next tick shows it.
func (c *Controller) Responses(r Responses) {
	g, now := &c.goal, sums{float64(r.Cost), r.Events, r.Expected, r.Due}
	if !(g.target > 0) || !now.valid() {
		return
	}
	g.told++
	if g.told == 1 || now.before(&g.was) {
		g.was = now
		g.settle(0)
		return
	}
	g.observe(&now)
	if g.events < goalBatch && g.spent < 2*goalBatch*g.target {
		return
	}
	allowed := g.allowed()
	if e := g.errorOf(allowed-g.spent, max(allowed, goalBatch*g.target)); e < 0 || c.status.Budget >= g.kappa { // where the budget decides, more κ buys no more
		g.move(e, goalStepLeast, 0)
		g.kappa = c.clamp(g.kappa)
	}
	g.spent, g.events = 0, 0
}

// observe adds what came since the last time.
func (g *goal) observe(now *sums) {
	paid, came, due := now.cost-g.was.cost, now.events-g.was.events, now.due-g.was.due
	g.came.add(came, due)
	g.came.keep(min(1, eventsKept/max(g.came.b, 1)))
	expected := (now.expected - g.was.expected) * g.rate()
	g.was = *now

	g.late.add(paid, expected)
	g.late.keep(min(1, madeUp/max(g.late.b, 1)))
	g.spent += paid
	g.events += expected
	most := madeUp * mostMadeUp * g.target
	g.balance += g.target*came - paid
	g.settle(min(max(g.left(), -most), most))
}

// rate returns how many events come for each that is expected.
func (g *goal) rate() float64 { return (g.came.a + eventsWorth) / (g.came.b + eventsWorth) }

// left returns how much less was paid than what came, and is still to come, may cost.
func (g *goal) left() float64 { return g.balance + g.target*g.rate()*g.was.open() }

// settle makes so much be left.
func (g *goal) settle(left float64) { g.balance += left - g.left() }

// allowed returns what the events of the batch may cost.
func (g *goal) allowed() float64 {
	return g.target * g.events * (1 + g.left()/(g.target*madeUp))
}

// price returns what an event costs, of late.
func (g *goal) price() ad.Money { return ad.Money(g.late.or(0)) }

// sums are Responses as they are kept.
type sums struct{ cost, events, expected, due float64 }

// open returns the events that are expected of impressions of which nothing is due.
func (s *sums) open() float64 { return max(0, s.expected-s.due) }

// before reports whether one of the sums is smaller than it was.
func (s *sums) before(was *sums) bool {
	return s.cost < was.cost || s.events < was.events || s.expected < was.expected || s.due < was.due
}

func (s *sums) valid() bool {
	return amount(s.cost) && amount(s.events) && amount(s.expected) && amount(s.due)
}

// fields lists what a state holds, in its order.
func (g *goal) fields() []*float64 {
	return []*float64{
		&g.kappa, &g.step, &g.err, &g.target, &g.worth, &g.told, &g.was.cost, &g.was.events, &g.was.expected, &g.was.due,
		&g.came.a, &g.came.b, &g.late.a, &g.late.b, &g.balance,
	}
}

func (g *goal) valid() bool {
	return g.target == 0 || g.kappa > 0 && amount(g.kappa) && g.step >= goalStepLeast && g.step <= stepMost &&
		g.err >= lostError && g.err <= mostError && amount(g.target) && amount(g.worth) && amount(g.told) && g.was.valid() &&
		amount(g.came.a) && amount(g.came.b) && amount(g.late.a) && amount(g.late.b) && amount(math.Abs(g.balance))
}
