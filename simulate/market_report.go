package simulate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/prose"
)

// MarketReport is what a simulated market shows. Money is in Currency.
type MarketReport struct {
	Auction     string         `json:"auction"`
	Seed        uint64         `json:"seed"`
	Start       string         `json:"start"`
	Days        int            `json:"days"`
	Requests    int            `json:"requests"`
	Impressions int            `json:"impressions"` // in the requests
	NotedEvery  int            `json:"noted_every"` // so manyth request, for what could have been bought
	Currency    string         `json:"currency"`
	BudgetScale float64        `json:"budget_scale"`
	Rivals      float64        `json:"rivals"`     // factor on what they bid
	Late        float64        `json:"late_spend"` // came after its reservation was freed: the bound on overspend
	Replayed    uint64         `json:"replayed"`   // notices that came again, and were not counted
	Notes       []string       `json:"notes,omitempty"`
	Campaigns   []MarketResult `json:"campaigns"` // those that spent most first
	Total       MarketResult   `json:"total"`
	Goals       []GoalResult   `json:"goals"`                // campaigns summed up by what they pay for
	WinCurves   []WinCurve     `json:"win_curves,omitempty"` // at first price, of the segments with most bids

	start time.Time
}

// report finishes the campaigns, those that spent most first.
func (m *market) report() *MarketReport {
	r := &MarketReport{
		Auction: m.o.Auction.String(), Seed: m.o.Seed, Start: m.began.Format(time.RFC3339), Days: m.o.Days,
		Requests: int(m.request), Impressions: m.imps, NotedEvery: int(m.every), Currency: m.snap.Rates.Base().String(),
		BudgetScale: m.o.BudgetScale, Rivals: m.o.Rivals, Replayed: m.ledger.replayed,
		Late: (m.late + m.engine.Money.Stats().LateSpend).Units(), start: m.began,
	}
	judges := newJudge()
	everybody := map[ad.PersonID]struct{}{}
	for _, b := range m.buyers {
		b.finish(m.ledger.account(b.campaign.ID))
		b.Overspend = max(b.Overspend, m.overLines(b.campaign).Units())
		r.Campaigns = append(r.Campaigns, b.MarketResult)
		judges.merge(b.judge)
		for id := range b.people {
			everybody[id] = struct{}{}
		}
	}
	slices.SortStableFunc(r.Campaigns, func(a, b MarketResult) int { return cmp.Compare(b.Spend, a.Spend) })
	r.Total = sumOf(r.Campaigns)
	r.Total.Optimum = min(r.Total.Optimum, m.together())
	r.Total.Ratio = quotient(r.Total.Value, r.Total.Optimum)
	r.Total.People = len(everybody)
	r.Total.Quality, r.Goals = judges.quality(), m.goals()
	if m.pupil != nil {
		r.WinCurves = m.prices.curves(m.exchange.ID, m.pupil.model.Market)
	}
	r.notes(m)
	return r
}

// together returns the most that all campaigns could have bought, together.
func (m *market) together() float64 {
	budgets, lambda := make([]ad.Money, len(m.buyers)), make([]float64, len(m.buyers))
	for i, b := range m.buyers {
		if b.budget > 0 {
			budgets[i], lambda[i] = b.part(b.budget+b.unbilled[purse{nil, allDays}]), b.lambda
		}
	}
	return float64(m.every) * m.sold.together(budgets, lambda)
}

// overLines returns by how much a campaign's line items are above their own budgets.
func (m *market) overLines(c *campaign.Campaign) (sum ad.Money) {
	for i := range m.snap.Lines {
		if l := &m.snap.Lines[i]; l.Campaign == c {
			sum += m.ledger.account(l.ID).over(l.Budget.Total, l.Budget.Daily)
		}
	}
	return sum
}

// sumOf adds campaigns up. Shares are of the sums of those with a budget; the plan
// error is the mean of those that are paced.
func sumOf(campaigns []MarketResult) MarketResult {
	t := MarketResult{Name: "total"}
	limited, paced := 0.0, 0
	for i := range campaigns {
		c := &campaigns[i]
		t.Value += c.Value
		t.Surplus += c.Surplus
		t.Expected += c.Expected
		t.Gained += c.Gained
		t.Oracle += c.Oracle
		t.Events += c.Events
		t.Optimum += c.Optimum
		t.Overspend += c.Overspend
		t.Budget += c.Budget
		t.Spend += c.Spend
		t.Unbilled += c.Unbilled
		t.Eligible += c.Eligible
		t.Bids += c.Bids
		t.Wins += c.Wins
		if c.Budget > 0 {
			limited += c.Spend
		}
		if c.Paced {
			paced++
			t.PlanError += c.PlanError
		}
	}
	t.Paced = paced > 0
	t.PlanError = quotient(t.PlanError, float64(paced))
	t.Ratio = quotient(t.Value, t.Optimum)
	t.Utilisation = quotient(limited, t.Budget)
	t.WinRate = quotient(float64(t.Wins), float64(t.Bids))
	return t
}

// notes says what cannot be seen in the figures.
func (r *MarketReport) notes(m *market) {
	end := m.began.Add(m.length)
	for _, b := range m.buyers {
		c := b.campaign
		switch {
		case c.Start >= end.Unix() || c.End != 0 && c.End <= m.began.Unix():
			r.Notes = append(r.Notes, fmt.Sprintf("%s is not in its flight in this time", c.Name))
		case b.Eligible == 0 && b.Bids == 0:
			r.Notes = append(r.Notes, fmt.Sprintf("%s could not have bid on any of these impressions%s: bidwell explain says why", c.Name, m.ofThoseNoted()))
		case b.Bids == 0:
			r.Notes = append(r.Notes, fmt.Sprintf("%s never bid: others of our campaigns were better, or its budget is below one bid", c.Name))
		case !b.Paced && b.Budget > 0 && b.Utilisation > 0.99 && b.Spent90 != nil && *b.Spent90 < 0.75*m.length.Hours():
			r.Notes = append(r.Notes, fmt.Sprintf("%s is spent as fast as it can be; with pacing: {curve: traffic} its budget would last, and buy more", c.Name))
		}
	}
}

// ofThoseNoted says that not all were looked at, where that is so.
func (m *market) ofThoseNoted() string {
	if m.every == 1 {
		return ""
	}
	return fmt.Sprintf(", as far as one request in %d tells", m.every)
}

// WriteJSON writes the report as one JSON document.
func (r *MarketReport) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report as a table for people.
func (r *MarketReport) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "campaign\teligible\tbids\twins\tpeople\tspend\tbudget\tused\tvalue\toptimum\tratio\toverspend\tplan error\t90 % after\tκ\t")
	for i := range r.Campaigns {
		r.Campaigns[i].writeRow(tw)
	}
	if len(r.Campaigns) > 1 {
		r.Total.writeRow(tw)
	}
	r.writeQuality(tw)
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range r.remarks() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func (s *MarketResult) writeRow(w io.Writer) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%.4f\t%s\t%s\t%s\t%s\t\n",
		s.Name, s.Eligible, s.Bids, s.Wins, s.People, number(s.Spend), s.BudgetText(), s.UsedText(), number(s.Value), number(s.Optimum),
		s.Ratio, number(s.Overspend), s.PlanErrorText(), hoursText(s.Spent90), kappaText(s.Kappa))
}

// writeQuality writes what became of goals: a row for each campaign that has one, and
// for each goal.
func (r *MarketReport) writeQuality(w io.Writer) {
	if r.Total.Quality == nil {
		return
	}
	fmt.Fprintln(w, "\t")
	fmt.Fprintln(w, "campaign\tgoal\tevents\texpected\tcost each\ttarget\tcalibration\tNE\ttruth's\tAUC\ttruth's\t")
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		if c.Quality == nil {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%s\t%s\t%s\t\n", c.Name, c.Goal, c.Events, c.Expected, c.EventCostText(), c.TargetText(), c.Quality.row())
	}
	for i := range r.Goals {
		g := &r.Goals[i]
		if q := g.Quality; q != nil {
			fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t\t\t%s\t\n", prose.Count(g.Campaigns, "campaign"), g.Goal, q.Events, q.Expected, q.row())
		}
		if q := g.Seasoned; q != nil {
			fmt.Fprintf(w, "%s after %d impressions\t%s\t%d\t%.1f\t\t\t%s\t\n", prose.Count(g.SeasonedCampaigns, "campaign"), firstImpressions, g.Goal, q.Events, q.Expected, q.row())
		}
	}
}

func (q *Quality) row() string {
	return fmt.Sprintf("%.3f\t%.4f\t%.4f\t%.3f\t%.3f", q.Calibration, q.NE, q.TrueNE, q.AUC, q.TrueAUC)
}

// EventCostText returns what an event cost, if there was one.
func (s *MarketResult) EventCostText() string {
	if s.Events == 0 {
		return "–"
	}
	return number(s.EventCost)
}

// TargetText returns what an event is to cost on average, if that is said.
func (s *MarketResult) TargetText() string {
	if s.Target == 0 {
		return "–"
	}
	return number(s.Target)
}

// BudgetText returns the budget, or that there is none.
func (s *MarketResult) BudgetText() string {
	if s.Budget == 0 {
		return "–"
	}
	return number(s.Budget)
}

// UsedText returns how much of the budget was spent, if there is one.
func (s *MarketResult) UsedText() string {
	if s.Budget == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*s.Utilisation)
}

// PlanErrorText returns the plan error, if there is a plan.
func (s *MarketResult) PlanErrorText() string {
	if !s.Paced {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*s.PlanError)
}

// remarks says in words what the figures are of.
func (r *MarketReport) remarks() []string {
	list := []string{
		fmt.Sprintf("%s with %s in %s from %s, %s-price auctions, seed %d; amounts in %s",
			prose.Count(r.Requests, "request"), prose.Count(r.Impressions, "impression"), prose.Count(r.Days, "day"), r.start.Format("2 January 2006"), r.Auction, r.Seed, r.Currency),
		fmt.Sprintf("the requests are a sample: budgets are multiplied by %.4g", r.BudgetScale),
		"value: Σ what the impressions won are worth, before pacing; optimum: the most that the budget buys in hindsight, were the campaign alone; in total, where each impression is bought once",
	}
	if text := r.onPlan(); text != "" {
		list = append(list, text)
	}
	if r.NotedEvery > 1 {
		list = append(list, fmt.Sprintf("eligible and optimum are of one request in %d, times as many", r.NotedEvery))
	}
	if r.Total.Quality != nil {
		list = append(list, "calibration: Σ chances as they were bid with ÷ Σ true ones; NE: log loss ÷ that of a chance that is always the campaign's true mean, with the true chances beside it; AUC alike")
	}
	for i := range r.Goals {
		if g := &r.Goals[i]; g.Seasoned != nil {
			list = append(list, fmt.Sprintf("%s: after %d impressions, chances of each campaign were %.3f to %.3f of the true ones", g.Goal, firstImpressions, g.SeasonedRange[0], g.SeasonedRange[1]))
		}
	}
	if r.Auction == FirstPrice.String() && r.Total.Oracle > 0 {
		list = append(list, fmt.Sprintf("shading kept %.3f of what bids of just the least price that wins would have: %s of %s", r.Total.Gained/r.Total.Oracle, number(r.Total.Gained), number(r.Total.Oracle)))
	}
	if r.Late > 0 {
		list = append(list, fmt.Sprintf("%s was billed after its reservation was freed, which bounds overspend", number(r.Late)))
	}
	if r.Total.Unbilled > 0 {
		list = append(list, fmt.Sprintf("%s was won, but the notice was lost: it is owed and not in spend; the optimum may spend as much more", number(r.Total.Unbilled)))
	}
	if r.Replayed > 0 {
		list = append(list, fmt.Sprintf("not counted: %s that came again", prose.Count(r.Replayed, "notice")))
	}
	return append(list, r.Notes...)
}

// onPlan says how many campaigns kept to their plans how soon.
func (r *MarketReport) onPlan() string {
	var within [len(planHours)]int
	of := 0
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		if !c.Paced || c.OnPlan[0] == 0 {
			continue
		}
		of++
		for k, x := range c.OnPlan {
			if math.Abs(x-1) <= 0.1 {
				within[k]++
			}
		}
	}
	if of == 0 {
		return ""
	}
	var b strings.Builder
	for k, n := range within {
		fmt.Fprintf(&b, "%d of %d after %s, ", n, of, prose.Count(int(planHours[k]/time.Hour), "hour"))
	}
	return "within 10 % of plan were " + strings.TrimSuffix(b.String(), ", ")
}
