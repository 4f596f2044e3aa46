package pacing

import (
	"math"
	"time"

	"bidwell/ad"
)

// due is what a stretch of time was to spend, and what it did.
type due struct {
	target, spent float64
	share         float64 // target, of the period's budget
	left          float64 // of that budget, before
}

// dueOf compares what was spent between two ticks with what was to be. With a total
// and a daily budget it is the one of the two that leaves less, so that a day never
// takes more than its own budget, nor more than what the total leaves to the rest of
// the flight allows; what a day does not spend is spread over the days to come. It
// returns false if nothing is left, nothing is to be paced, or it has not begun.
func (c *Controller) dueOf(from, to time.Time, was spending, spent, came float64, in *Inputs) (d due, ok bool) {
	f := &in.Account
	tightest := math.Inf(1)
	last := false // the period ends: what is left is spent at the κ that there is
	look := func(s span, limit, used float64) {
		p := c.portion(s, from, to, came)
		last = last || p >= 1
		target := (limit - used) * p
		load := spent + c.crowding(s, from, to, spent, target, in)
		if left := target - load; left < tightest {
			tightest, d = left, due{target, load, target / limit, limit - used}
		}
	}
	if c.whole(f) {
		look(c.flight(), float64(f.Limit), was.expected)
	}
	if f.Today.Limit > 0 {
		if was.day != f.Today.Number {
			was.today = 0
		}
		look(c.day(to), float64(f.Today.Limit), was.today)
	}
	return d, d.left > 0 && d.target >= 0 && !last
}

// span is a stretch of time over which a budget is spread.
type span struct{ start, end time.Time }

// flight returns the whole flight. One without a beginning began long ago.
func (c *Controller) flight() span { return span{c.plan.Start, c.plan.End} }

// day returns the day of t in the campaign's zone, as far as the flight covers it.
func (c *Controller) day(t time.Time) span {
	y, m, d := t.Add(-1).In(c.plan.Zone).Date() // a tick at midnight ends a day
	s := span{time.Date(y, m, d, 0, 0, 0, 0, c.plan.Zone), time.Date(y, m, d+1, 0, 0, 0, 0, c.plan.Zone)}
	if s.start.Before(c.plan.Start) && c.plan.Start.Before(s.end) {
		s.start = c.plan.Start
	}
	if !c.plan.End.IsZero() && c.plan.End.Before(s.end) && s.start.Before(c.plan.End) {
		s.end = c.plan.End
	}
	return s
}

// portion returns the part of what was left of a period's budget that is due to
// the time between two ticks, by the curve. Where the curve follows traffic, that
// is the traffic which came, held against the forecast of the rest at today's
// level: at a burst, spend may grow with traffic at first, and is then spread over
// what is expected.
func (c *Controller) portion(s span, from, to time.Time, came float64) float64 {
	if from.Before(s.start) {
		from = s.start
	}
	if !to.Before(s.end) || !from.Before(s.end) {
		return 1
	}
	if c.plan.Curve == Even {
		return float64(to.Sub(from)) / float64(s.end.Sub(from))
	}
	rest := c.forecast.Weight(from, s.end, c.plan.Zone)
	now := c.forecast.Weight(from, to, c.plan.Zone)
	if level := c.level.or(0); level > 0 {
		now = min(came/level, rest)
	}
	if !(rest > 0) {
		return 1
	}
	x := 0.0
	if c.plan.Curve == Ahead && !s.start.IsZero() {
		gone := c.forecast.Weight(s.start, from, c.plan.Zone)
		x, rest = gone/(gone+rest), gone+rest
		return c.plan.Curve.portion(x, now/rest)
	}
	return c.plan.Curve.portion(x, now/rest)
}

// crowding returns what has to be added to what was spent between two ticks, so that
// what is held for bids in flight has room in what is left.
//
// Every bid is held in full until its notice comes, and only a part of them is paid.
// So with notices that come after a time d, at any moment t of the period
//
//	spent until t + bid from t−d to t − paid of it ≤ budget
//
// What does not fit is refused by the gate, bids for good impressions as well as for
// bad ones. As spend only grows, it is the last day of the period that counts. If all
// goes on as between the two ticks, in proportion to the weight w of traffic, spend
// until t will be w(now, t) times as much, and what is held w(t−d, t) times. Where
// only little of a budget is without room, that is left to the gate.
func (c *Controller) crowding(s span, from, to time.Time, spent, target float64, in *Inputs) float64 {
	late := time.Duration(min(c.delayTicks()*float64(to.Sub(from)), float64(maxLate)))
	if from.Before(s.start) {
		from = s.start
	}
	rest := c.weight(from, s.end)
	if late <= 0 || !(rest > 0) {
		return 0
	}
	whole := rest
	if !s.start.IsZero() {
		whole = c.weight(s.start, s.end)
	}
	held := (1 - c.paidShare()) * max(0, float64(in.Offered))
	most := 0.0
	for at, h := s.end, 0; h < 24 && at.After(from); at, h = at.Add(-time.Hour), h+1 {
		since := at.Add(-late)
		if since.Before(s.start) {
			since = s.start
		}
		most = max(most, held*c.weight(since, at)-max(0, spent)*c.weight(at, s.end)-target*whole*crowdedPart)
	}
	return most / rest
}

const (
	// crowdedPart is the part of a period's budget that may be without room for bids.
	crowdedPart = 0.01

	// maxLate is more than any exchange's notices are late.
	maxLate = 32 * 24 * time.Hour
)

// weight returns the share of spend that the curve gives to the time between two
// moments, in some unit. What Ahead adds at the beginning is not considered.
func (c *Controller) weight(from, to time.Time) float64 {
	if c.plan.Curve == Even {
		return max(0, to.Sub(from).Hours())
	}
	return c.forecast.Weight(from, to, c.plan.Zone)
}

// Planned returns the share of the budget that is to be spent by t if all goes as
// forecast: of the flight's, or of the day's where there is no total to pace.
func (c *Controller) Planned(t time.Time, f *Figures) float64 {
	s := c.flight()
	if !c.whole(f) {
		s = c.day(t)
	}
	if !t.After(s.start) {
		return 0
	}
	if !t.Before(s.end) {
		return 1
	}
	switch c.plan.Curve {
	case ASAP:
		return 1
	case Even:
		return float64(t.Sub(s.start)) / float64(s.end.Sub(s.start))
	}
	gone := c.forecast.Weight(s.start, t, c.plan.Zone)
	rest := c.forecast.Weight(t, s.end, c.plan.Zone)
	if !(gone+rest > 0) {
		return 0
	}
	return c.plan.Curve.spent(gone / (gone + rest))
}

// used returns the share of the budget that is spent, of the one that Planned speaks of.
func (c *Controller) used(f *Figures) float64 {
	switch {
	case c.whole(f):
		return c.was.expected / float64(f.Limit)
	case f.Today.Limit > 0:
		return c.was.today / float64(f.Today.Limit)
	}
	return 0
}

// whole reports whether there is a total budget to spread over the flight.
func (c *Controller) whole(f *Figures) bool { return f.Limit > 0 && !c.plan.End.IsZero() }

// Progress is how far a budget is spent, in money: the flight's or, where there is no
// total to pace, the day's.
type Progress struct {
	Daily    bool
	Budget   ad.Money
	Spent    ad.Money // of it, as confirmed
	Expected ad.Money // the same, with what is expected of bids in flight
	Planned  ad.Money // what is to be spent by now, by the curve
}

// Progress compares what an account has spent by t with what is planned.
func (c *Controller) Progress(t time.Time, f *Figures) Progress {
	s := c.spending(f)
	p := Progress{Budget: f.Limit, Spent: f.Confirmed, Expected: ad.Money(s.expected)}
	if !c.whole(f) {
		p = Progress{true, f.Today.Limit, f.Today.Confirmed, ad.Money(s.today), 0}
	}
	p.Planned = p.Budget.Mul(c.Planned(t, f))
	return p
}
