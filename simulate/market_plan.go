package simulate

import (
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pacing"
)

// planner says how much of a campaign's budgets is to be spent by when. It has to be
// asked in the order of time.
type planner struct {
	total, daily ad.Money
	plan         pacing.Plan
	flight       *pacing.Controller // plans over the flight, nil without a total and an end
	days         *pacing.Controller // plans over the day
	start        time.Time

	day  int      // of the year, on which it was asked last
	past ad.Money // due on days that are over
	gone float64  // share of the first day's budget that was due before all began
	from float64  // of this day's
}

func newPlanner(c *campaign.Campaign, start time.Time) planner {
	p := planner{total: c.Total, daily: c.Daily, plan: c.Plan, start: start}
	p.plan.Start = later(p.plan.Start, start)
	if p.total > 0 && !p.plan.End.IsZero() && p.plan.Curve != pacing.ASAP {
		p.flight = pacing.NewController(p.plan)
	}
	daily := p.plan
	daily.Start = time.Time{}
	p.days = pacing.NewController(daily)
	p.day = p.dayOf(start.Add(1))
	p.begin()
	return p
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// paced reports whether there is a plan to hold spend against.
func (p *planner) paced() bool {
	return p.plan.Curve != pacing.ASAP && (p.flight != nil || p.daily > 0)
}

// learn makes the planner know what was forecast.
func (p *planner) learn(teach func(f *pacing.Forecast, zone *time.Location)) {
	for _, c := range []*pacing.Controller{p.flight, p.days} {
		if c != nil {
			teach(c.Forecast(), p.plan.Zone)
		}
	}
	p.begin()
}

// begin notes how much of the first day's budget is taken to be spent already. The
// day has begun earlier where it is not midnight now: in another time zone.
func (p *planner) begin() {
	if h, m, s := p.start.In(p.plan.Zone).Clock(); h+m+s > 0 {
		p.gone = p.days.Planned(p.start, &pacing.Figures{})
	}
	p.from = p.gone
}

// at returns what is to be spent by a moment; 0 if nothing limits spend.
func (p *planner) at(now time.Time) ad.Money {
	if !now.After(p.plan.Start) {
		return 0
	}
	whole := ad.Money(0)
	if p.daily > 0 {
		whole = p.byDays(now)
	}
	byTotal := p.total
	if p.flight != nil {
		byTotal = p.total.Mul(p.flight.Planned(now, &pacing.Figures{Limit: p.total}))
	}
	switch {
	case p.daily == 0:
		return byTotal
	case p.total == 0:
		return whole
	}
	return min(whole, byTotal)
}

// byDays returns the budgets of the days that are over, and what is due of today's.
func (p *planner) byDays(now time.Time) ad.Money {
	if d := p.dayOf(now); d != p.day {
		p.past += p.daily.Mul(1 - p.from)
		p.day, p.from = d, 0
	}
	due := p.days.Planned(now, &pacing.Figures{})
	return p.past + p.daily.Mul(max(0, due-p.from))
}

// dayOf returns the day that a moment ends or lies in.
func (p *planner) dayOf(t time.Time) int { return t.Add(-1).In(p.plan.Zone).YearDay() }
