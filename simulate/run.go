package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// Report is what a replay shows.
type Report struct {
	Log       string         `json:"log,omitempty"`
	Auction   string         `json:"auction"`
	Curve     string         `json:"curve"`
	Seed      uint64         `json:"seed"`
	Hours     float64        `json:"hours"` // of the log
	Cost      float64        `json:"cost"`  // of every impression of the log
	Notes     []string       `json:"notes,omitempty"`
	Campaigns []Result       `json:"campaigns"`
	Total     Result         `json:"total"`
	Shift     float64        `json:"shift,omitempty"`   // factor on prices after half of the auctions
	Shading   *ShadingReport `json:"shading,omitempty"` // at first price

	start time.Time
}

// Run replays a log once for each budget.
//
// A campaign bids κ × value on every auction, where value is pCTR × worth of a
// click, or just worth where the log has no pCTR. Worth sets the scale of κ and, at
// first price, the value that is left after paying. Unless it is given, it is what
// clicks cost on the market in the first thousandth of the auctions, at least 10
// and at most 200, on which no bid is made; and no bid is above ten times their mean
// price. A bid is never above what the budget has left. κ begins at a tenth. A bid
// that equals the highest rival bid wins.
func Run(o Options) (*Report, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	usual, err := readLog(o.Log, o.Columns, o.Separator)
	if err != nil {
		return nil, err
	}
	if ticks := usual.length / o.Tick; ticks > mostTicks {
		return nil, fmt.Errorf("%w: tick %s: the log has %d of them, more than %d", ErrOptions, o.Tick, ticks, mostTicks)
	}
	if o.Shift != 1 {
		usual.shift(usual.after(shiftAt), o.Shift)
	}
	log := usual
	if o.Burst > 1 {
		begin := time.Duration(burstAt * float64(usual.length))
		log = usual.burst(begin, begin+burstFor, o.Burst)
	}
	cost := usual.cost()
	rep := &Report{
		Log: o.Name, Auction: o.Auction.String(), Curve: o.Curve.String(), Seed: o.Seed,
		Hours: usual.length.Hours(), Cost: cost.Units(), Notes: usual.notes, start: usual.start,
	}
	for i, b := range o.Budgets {
		r := newReplay(&o, usual, log, cost.Mul(b.Value))
		if r.budget <= 0 {
			return nil, fmt.Errorf("budget fraction %s: of %s that is nothing", b.Text, cost)
		}
		r.id, r.result.Name = ad.ID(i+1), b.Text
		r.run()
		rep.Campaigns = append(rep.Campaigns, r.result)
	}
	rep.Total = total(rep.Campaigns)
	if o.Shift != 1 {
		rep.Shift = o.Shift
	}
	if o.Auction == FirstPrice {
		rep.Shading = shade(&o, log)
	}
	return rep, nil
}

func newReplay(o *Options, usual, log *priceLog, budget ad.Money) *replay {
	r := &replay{o: o, usual: usual, log: log, budget: budget, first: budget, last: budget.Mul(o.BudgetChange), tick: o.Tick}
	seen := watch(usual)
	r.watched, r.worth, r.ceiling = seen.auctions, seen.worth(), seen.ceiling()
	if o.Worth > 0 {
		r.worth = o.Worth * float64(ad.Unit)
	}
	if o.MaxBid > 0 {
		r.ceiling, _ = ad.FromCPM(o.MaxBid)
	}
	if o.Worth > 0 && o.MaxBid > 0 {
		r.watched = 0
	}
	r.plan = pacing.Plan{
		Curve: o.Curve, Start: log.start, End: log.start.Add(log.length), Zone: time.UTC,
		Min: kappaLeast, Max: kappaMost, Initial: o.KappaStart * kappaInitial,
	}
	if o.Auction == FirstPrice {
		r.plan.Max = 1 // above, an impression costs more than it is worth
	}
	r.chance = rand.New(rand.NewPCG(o.Seed, chanceNotices))
	r.due = make(map[int][]message)
	return r
}

// total adds campaigns up. Shares are of the sums; the plan error is the mean.
func total(campaigns []Result) Result {
	t := Result{Name: "total"}
	for _, c := range campaigns {
		t.Value += c.Value
		t.Optimum += c.Optimum
		t.Constant += c.Constant
		t.Overspend += c.Overspend
		t.PlanError += c.PlanError / float64(len(campaigns))
		t.Budget += c.Budget
		t.Spend += c.Spend
		t.Late += c.Late
		t.Unbilled += c.Unbilled
		t.Auctions += c.Auctions
		t.Bids += c.Bids
		t.Refused += c.Refused
		t.Wins += c.Wins
		t.Clicks += c.Clicks
		t.Replayed += c.Replayed
	}
	t.Ratio = quotient(t.Value, t.Optimum)
	t.Utilisation = quotient(t.Spend, t.Budget)
	return t
}
