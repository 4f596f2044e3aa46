package simulate

import (
	"math"
	"slices"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/openrtb"
	"bidwell/pacing"
	"bidwell/pricing"
)

// MarketResult is what one campaign did on a market. Money is in the house currency.
type MarketResult struct {
	Name        string  `json:"name"`
	Value       float64 `json:"value"`       // of what was won: Σ worth, with the true chances of what is paid for
	Optimum     float64 `json:"optimum"`     // the most value that the budget buys in hindsight
	Ratio       float64 `json:"ratio"`       // value ÷ optimum
	Utilisation float64 `json:"utilisation"` // spend ÷ budget
	Overspend   float64 `json:"overspend"`   // above a budget of the campaign or of its line items
	PlanError   float64 `json:"plan_error"`  // mean absolute difference of spend and plan, share of the budget; 0 if not paced

	Goal     string  `json:"goal"`     // what is paid for
	Events   int     `json:"events"`   // how often it came
	Expected float64 `json:"expected"` // how often it was to be expected, by the true chances
	Surplus  float64 `json:"surplus"`  // value − cost of what was won

	EventCost float64  `json:"event_cost,omitempty"`   // spend ÷ events
	Target    float64  `json:"average_cost,omitempty"` // that an event was to cost on average
	Quality   *Quality `json:"quality,omitempty"`      // of the chances that were bid with
	Seasoned  *Quality `json:"seasoned,omitempty"`     // the same of impressions after the first 50 000
	Gained    float64  `json:"gained"`                 // Σ (willingness − bid) of what was won at first price
	Oracle    float64  `json:"oracle"`                 // Σ (willingness − least bid that would have won)⁺ of all bids

	OnPlan   [len(planHours)]float64 `json:"spent_of_plan,omitzero"` // spend ÷ plan after 1, 2, 4 and 8 hours, 0 where there is no plan yet
	Paced    bool                    `json:"paced"`
	Budget   float64                 `json:"budget"` // what may be spent in this time, scaled; 0 for no limit
	Spend    float64                 `json:"spend"`
	Unbilled float64                 `json:"unbilled"` // won, but the notice never came: not in spend; the optimum may spend as much more

	Eligible int     `json:"eligible"` // impressions on which the campaign could have bid
	Bids     int     `json:"bids"`
	Wins     int     `json:"wins"`
	WinRate  float64 `json:"win_rate"`
	People   int     `json:"people"` // who were bid on, as far as they can be told apart

	Kappa   float64  `json:"kappa,omitempty"`       // at the end
	Spent90 *float64 `json:"hours_to_90,omitempty"` // hours until 90 % of the budget were spent

	Curve []Point `json:"-"`
}

// buyer is a campaign while the simulation runs.
type buyer struct {
	MarketResult
	campaign *campaign.Campaign
	number   int // among all buyers
	goal     goal
	gauge    *pacing.Gauge
	plan     planner
	first    int32 // the day on which all began
	budget   ad.Money
	made     ad.Money // cost of what was won, whose notice comes, by the time of the auction
	unbilled map[purse]ad.Money
	chances  []chance // of every so manyth request
	every    ad.Money
	people   map[ad.PersonID]struct{}
	judge    *judge
	seasoned *judge // of impressions after the first ones

	// The impression that was met last, with the best that could be bid on it.
	request uint64
	imp     *openrtb.Imp
	best    float64
	noted   bool    // it stands last in chances
	lambda  float64 // the worth for its money of the last impression that the optimum buys
}

// chance is an impression that could have been bought.
type chance struct {
	offer
	line *campaign.Line
	day  int32
}

// purse is what one budget has for one day, or for all of them: the campaign's where
// it names no line item.
type purse struct {
	line *campaign.Line
	day  int32
}

// allDays is the day of a purse for all of them.
const allDays = math.MinInt32

func newBuyer(c *campaign.Campaign, number int, start time.Time) *buyer {
	b := &buyer{campaign: c, number: number, goal: goalOf(c), every: 1, unbilled: map[purse]ad.Money{}, people: map[ad.PersonID]struct{}{}, judge: newJudge(), seasoned: newJudge()}
	b.Name, b.Goal = c.Name, b.goal.pays.String()
	b.plan = newPlanner(c, start)
	b.Paced = b.plan.paced()
	return b
}

// meet notes what the campaign could have bought, once for each impression: of
// several line items, the one to which it is worth most.
func (b *buyer) meet(request uint64, imp *openrtb.Imp, c chance) {
	again := b.request == request && b.imp == imp
	if again && c.worth <= b.best {
		return
	}
	if again && b.noted {
		b.chances = b.chances[:len(b.chances)-1]
	}
	if !again {
		b.Eligible++
	}
	b.request, b.imp, b.best = request, imp, c.worth
	if b.noted = c.cost.Units() <= c.worth; b.noted {
		b.chances = append(b.chances, c)
	}
}

// bid notes a bid, and the least that would have won.
func (b *buyer) bid(of *bidder.Bid, amount, least ad.Money, a ad.Auction) {
	b.Bids++
	if a != ad.FirstPrice {
		return
	}
	b.Oracle += max(of.Willing-least, 0).Units()
	if amount >= least {
		b.Gained += (of.Willing - amount).Units()
	}
}

// buy notes an impression that was won: the chance as the bidder took it, what the line
// item takes it to be worth, and how somebody responds to it.
func (b *buyer) buy(chance float64, stated, cost ad.Money, r *loadtest.Response, o *loadtest.Outcome) {
	b.Wins++
	truth, worth, came := chanceOf(b.goal.pays, r), stated.Units(), cameOf(b.goal.pays, o)
	if b.goal.pays != pricing.PerImpression {
		worth = truth * b.goal.worth.Units()
		b.judge.add(chance, truth, came)
		if b.Wins > firstImpressions {
			b.seasoned.add(chance, truth, came)
		}
	}
	b.Value += worth
	b.Surplus += worth - cost.Units()
	b.Expected += truth
	if came {
		b.Events++
	}
}

// firstImpressions are those of which a campaign's models learn the most.
const firstImpressions = 50_000

// leastSeasoned is how many impressions after those say something.
const leastSeasoned = 1000

// miss notes a bid that won and whose notice never comes.
func (b *buyer) miss(l *campaign.Line, day int32, cost ad.Money) {
	for _, p := range [...]purse{{nil, day}, {nil, allDays}, {l, day}, {l, allDays}} {
		b.unbilled[p] += cost
	}
}

// sample adds a moment to the curve.
func (b *buyer) sample(start, now time.Time) {
	b.Curve = append(b.Curve, Point{
		At: now.Sub(start), Spent: float64(b.made), Planned: float64(b.plan.at(now)), Kappa: b.gauge.Kappa(),
	})
}

// finish computes what is known when everything is settled.
func (b *buyer) finish(f *figures) {
	b.budget = ad.Money(b.Curve[len(b.Curve)-1].Planned)
	b.Budget, b.Spend = b.budget.Units(), f.spend.Units()
	b.Unbilled = b.unbilled[purse{nil, allDays}].Units()
	b.Overspend = f.over(b.campaign.Total, b.campaign.Daily).Units()
	b.Optimum = float64(b.every) * b.optimum()
	b.Eligible *= int(b.every)
	b.Ratio = quotient(b.Value, b.Optimum)
	b.Utilisation = quotient(b.Spend, b.Budget)
	b.WinRate = quotient(float64(b.Wins), float64(b.Bids))
	b.People = len(b.people)
	b.Kappa = b.gauge.Kappa()
	b.EventCost = quotient(b.Spend, float64(b.Events))
	b.Target = b.goal.average.Units()
	b.Quality = b.judge.quality()
	if b.seasoned.shown >= leastSeasoned {
		b.Seasoned = b.seasoned.quality()
	}
	b.share()
}

// share makes the curve one of shares of the budget, and measures it.
func (b *buyer) share() {
	whole := float64(b.budget)
	if whole <= 0 {
		whole = max(1, float64(b.made)) // without a budget, of what was spent
	}
	sum := 0.0
	for i := range b.Curve {
		p := &b.Curve[i]
		p.Spent, p.Planned = p.Spent/whole, p.Planned/whole
		sum += math.Abs(p.Spent - p.Planned)
		if b.budget > 0 && p.Spent >= 0.9 && b.Spent90 == nil {
			h := p.At.Hours()
			b.Spent90 = &h
		}
	}
	if !b.Paced {
		return
	}
	b.PlanError = sum / float64(len(b.Curve))
	for _, p := range b.Curve {
		for k, at := range planHours {
			if p.At <= at && p.Planned > 0 { // the last one stays
				b.OnPlan[k] = p.Spent / p.Planned
			}
		}
	}
}

// planHours are when it is told how far a plan was kept that begins with nothing learned.
var planHours = [...]time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour}

// optimum returns the most value that the budgets buy in hindsight, as if the
// campaign had the market for itself: best worth for the money first, as long as
// every budget has room. As budgets lie within each other, nothing does better.
func (b *buyer) optimum() float64 {
	slices.SortFunc(b.chances, func(x, y chance) int { return x.offer.compare(y.offer) })
	purses := map[purse]ad.Money{}
	sum := 0.0
	for i := range b.chances {
		c := &b.chances[i]
		within := [...]purse{{c.line, c.day}, {c.line, allDays}, {nil, c.day}, {nil, allDays}}
		pay := c.cost
		for _, p := range within {
			pay = min(pay, b.left(purses, p))
		}
		if pay <= 0 || !(c.worth > 0) {
			continue
		}
		sum += c.worth * float64(pay) / float64(c.cost)
		b.lambda = c.worth / c.cost.Units()
		for _, p := range within {
			purses[p] -= pay
		}
	}
	if n := b.campaign.Impressions; n > 0 {
		sum = min(sum, b.mostOf(int(b.part(ad.Money(n)))))
	}
	return sum
}

// left returns what is left in a purse, which is filled when it is first needed.
func (b *buyer) left(purses map[purse]ad.Money, p purse) ad.Money {
	if left, ok := purses[p]; ok {
		return left
	}
	limit := b.limit(p)
	if limit == 0 {
		limit = ad.MaxMoney
	} else {
		limit = b.part(limit + b.unbilled[p])
	}
	purses[p] = limit
	return limit
}

// part returns the part of a budget that goes with the requests that are noted, at least
// next to nothing.
func (b *buyer) part(budget ad.Money) ad.Money { return (budget + b.every - 1) / b.every }

// limit returns a budget, 0 for none.
func (b *buyer) limit(p purse) ad.Money {
	switch {
	case p.line == nil && p.day == allDays:
		return b.budget
	case p.line == nil:
		return b.onDay(b.campaign.Daily, p.day)
	case p.day == allDays:
		return p.line.Budget.Total
	}
	return b.onDay(p.line.Budget.Daily, p.day)
}

// onDay returns what is left of a daily budget for a day, at least next to nothing.
func (b *buyer) onDay(daily ad.Money, day int32) ad.Money {
	if daily == 0 || day != b.first {
		return daily
	}
	return max(1, daily-daily.Mul(b.plan.gone))
}

// mostOf returns the most that n impressions are worth.
func (b *buyer) mostOf(n int) float64 {
	flat := make([]offer, len(b.chances))
	for i, c := range b.chances {
		flat[i] = offer{c.worth, 1}
	}
	return optimum(flat, ad.Money(n))
}
