package simulate

import (
	"math"
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// Result is what one campaign bought. Money is in the currency of the log's
// prices.
type Result struct {
	Name        string  `json:"name"`          // its budget as a fraction
	Value       float64 `json:"value"`         // of what was bought: Σ pCTR, or Σ (value − bid) at first price
	Optimum     float64 `json:"optimum"`       // the most value that the budget buys in hindsight
	Ratio       float64 `json:"ratio"`         // value ÷ optimum
	Utilisation float64 `json:"utilisation"`   // spend ÷ budget
	Overspend   float64 `json:"overspend"`     // spend above the budget
	Constant    float64 `json:"best_constant"` // the most value that one κ buys in hindsight, with notices as late, none of them lost
	PlanError   float64 `json:"plan_error"`    // mean absolute difference of spend and plan, share of the budget

	Budget   float64 `json:"budget"`
	Spend    float64 `json:"spend"`
	Late     float64 `json:"late_spend"` // came after its reservation was freed: the bound on overspend
	Unbilled float64 `json:"unbilled"`   // won, but the notice never came: not in spend; the optimum may spend as much more

	Auctions int    `json:"auctions"`
	Bids     int    `json:"bids"`
	Refused  int    `json:"refused"` // by the budget
	Wins     int    `json:"wins"`
	Clicks   int    `json:"clicks"`   // on what was bought
	Replayed uint64 `json:"replayed"` // billing notices that came again, and were not charged

	Kappa    float64  `json:"kappa,omitempty"`          // at the end
	Spent90  *float64 `json:"hours_to_90,omitempty"`    // hours until 90 % of the budget were spent
	Recovery *float64 `json:"recovery_hours,omitempty"` // after a burst, a restart or a change of the budget, until spend stays near the plan

	Curve []Point `json:"-"`

	unbilled ad.Money
}

// Point is one moment of a replay. Spend counts at the time of its auction.
type Point struct {
	At      time.Duration
	Spent   float64 // share of the budget
	Planned float64 // share of the budget
	Kappa   float64
}

// nearPlan is the share of the budget within which spend is near the plan.
const nearPlan = 0.03

// count adds an impression that was won.
func (s *Result) count(n *message, lost bool) {
	if lost {
		s.unbilled += n.price
	}
	s.Value += n.worth
	if n.click {
		s.Clicks++
	}
}

// sample adds the end of tick k to the curve; 0 is the beginning.
func (r *replay) sample(k int) {
	at := r.tick * time.Duration(k)
	now := r.log.start.Add(at)
	f := r.account.Figures(now)
	r.result.Curve = append(r.result.Curve, Point{
		At:      at,
		Spent:   float64(r.made) / float64(r.last),
		Planned: r.plannedShare(k, now, &f),
		Kappa:   r.gauge.Kappa(),
	})
}

// plannedShare returns the share of the last budget that is to be spent by the end of
// tick k. A budget that changes is planned anew from what was planned until then.
func (r *replay) plannedShare(k int, now time.Time, f *pacing.Figures) float64 {
	p := r.planned.Planned(now, f)
	if !r.changes() {
		return p
	}
	first := float64(r.first) / float64(r.last)
	if k <= r.changeTick() {
		return p * first
	}
	then := r.planned.Planned(r.log.start.Add(r.tick*time.Duration(r.changeTick())), f)
	left := max(0, 1-then*first)
	return then*first + left*quotient(p-then, 1-then)
}

// addStats takes in the counts of a book that ends.
func (r *replay) addStats() {
	stats := r.book.Stats()
	r.result.Late += stats.LateSpend.Units()
	r.result.Replayed += stats.Replayed
}

// finish computes what is known when everything is settled.
func (r *replay) finish() {
	r.addStats()
	s := &r.result
	f := r.account.Figures(r.log.start)
	s.Budget, s.Spend = r.budget.Units(), f.Confirmed.Units()
	s.Overspend = max(0, f.Confirmed-max(r.budget, r.spent)).Units()
	s.Unbilled = s.unbilled.Units()
	var marginal float64
	s.Optimum, marginal = r.optimum(r.budget + s.unbilled)
	s.Ratio = quotient(s.Value, s.Optimum)
	s.Constant = r.bestConstant(marginal)
	s.Utilisation = quotient(s.Spend, s.Budget)
	s.Auctions = len(r.log.auctions)
	s.Kappa = r.gauge.Kappa()
	sum := 0.0
	for _, p := range s.Curve {
		sum += math.Abs(p.Spent - p.Planned)
		if p.Spent >= 0.9 && s.Spent90 == nil {
			h := p.At.Hours()
			s.Spent90 = &h
		}
	}
	s.PlanError = sum / float64(len(s.Curve))
	s.Recovery = r.recovery()
}

// recovery returns the hours from the first disturbance until spend is near the
// plan and stays there, nil if there was none or it never is.
func (r *replay) recovery() *float64 {
	begin := time.Duration(math.MaxInt64)
	if r.o.Burst > 1 {
		begin = r.burstBegin()
	}
	if r.o.Restart > 0 {
		begin = min(begin, time.Duration(r.o.Restart*float64(r.log.length)))
	}
	if r.changes() {
		begin = min(begin, r.tick*time.Duration(r.changeTick()))
	}
	if begin > r.log.length {
		return nil
	}
	last, far := begin, false
	for _, p := range r.result.Curve {
		if p.At < begin {
			continue
		}
		far = math.Abs(p.Spent-p.Planned) > nearPlan
		if far {
			last = p.At
		}
	}
	if far {
		return nil
	}
	h := (last - begin).Hours()
	return &h
}

func (r *replay) burstBegin() time.Duration {
	return time.Duration(burstAt * float64(r.log.length))
}

// optimum returns the most value that a budget buys from the log in hindsight, at
// the lowest price that wins, and the κ with which the last of it is bought.
func (r *replay) optimum(budget ad.Money) (value, kappa float64) {
	offers := make([]offer, len(r.log.auctions))
	for i, a := range r.log.auctions {
		offers[i] = offer{a.pctr, a.price}
		if r.o.Auction == FirstPrice {
			offers[i].worth = (r.worth*a.pctr - float64(a.price)) / float64(ad.Unit)
		}
	}
	value, last := knapsack(offers, budget)
	worth := last.worth * r.worth
	if r.o.Auction == FirstPrice {
		worth = last.worth*float64(ad.Unit) + float64(last.cost)
	}
	return value, quotient(float64(last.cost), worth)
}

// quotient returns a ÷ b, or 0 where b is.
func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
