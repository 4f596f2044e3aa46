package simulate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"

	"bidwell/campaign"
)

// Comparison is the same market, traded on by a bidder that learns and by other ways to
// price.
type Comparison struct {
	Policies []PolicyResult `json:"policies"` // the bidder itself first, fixed prices last

	Report *MarketReport `json:"report"` // of the bidder itself
}

// PolicyResult is what a way to price bought with the same budgets.
type PolicyResult struct {
	Name        string  `json:"name"`
	Spend       float64 `json:"spend"`
	Value       float64 `json:"value"`        // with the true chances
	Ratio       float64 `json:"ratio"`        // value ÷ the most that the budgets buy together in hindsight
	Surplus     float64 `json:"surplus"`      // value − cost
	PerSpend    float64 `json:"per_spend"`    // value ÷ spend
	Lift        float64 `json:"lift"`         // value ÷ that of fixed prices
	EqualLift   float64 `json:"equal_lift"`   // value for the money ÷ that of fixed prices
	Shading     float64 `json:"shading"`      // Σ (willingness − bid) of what was won ÷ Σ (willingness − least that wins)⁺
	Utilisation float64 `json:"utilisation"`  // of the budgets
	Best        bool    `json:"best_factor"`  // of the constant factors, the one that bought most
	Calibration float64 `json:"calibration"`  // of chances, all goals together; 0 where nothing is predicted
	NE          float64 `json:"ne,omitempty"` // of chances
	TrueNE      float64 `json:"ne_truth,omitempty"`
}

// Compare lets a bidder trade on a market, and then other ways to price on the very same
// one. Each gets a configuration of its own from load.
func Compare(load func() (*campaign.Snapshot, error), o MarketOptions) (*Comparison, error) {
	return compare(load, o, policies(o.Auction))
}

// compare lets each of some ways to price trade on a market.
func compare(load func() (*campaign.Snapshot, error), o MarketOptions, list []Policy) (*Comparison, error) {
	reports, errs := make([]*MarketReport, len(list)), make([]error, len(list))
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range list {
		snap, err := load()
		if err != nil {
			return nil, err
		}
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			with := o
			with.Policy = list[i]
			reports[i], errs[i] = Market(snap, with)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return comparisonOf(list, reports), nil
}

func comparisonOf(list []Policy, reports []*MarketReport) *Comparison {
	c := &Comparison{Report: reports[0]}
	fixed := &reports[len(reports)-1].Total
	best := -1
	for i, r := range reports {
		t := &r.Total
		p := PolicyResult{
			Name: list[i].String(), Spend: t.Spend, Value: t.Value, Ratio: t.Ratio, Surplus: t.Surplus,
			PerSpend: quotient(t.Value, t.Spend), Lift: quotient(t.Value, fixed.Value),
			EqualLift: quotient(quotient(t.Value, t.Spend), quotient(fixed.Value, fixed.Spend)),
			Shading:   quotient(t.Gained, t.Oracle), Utilisation: t.Utilisation,
		}
		if q := t.Quality; q != nil {
			p.Calibration, p.NE, p.TrueNE = q.Calibration, q.NE, q.TrueNE
		}
		if list[i].Shading == ByFactor && (best < 0 || p.Value > c.Policies[best].Value) {
			best = i
		}
		c.Policies = append(c.Policies, p)
	}
	if best >= 0 {
		c.Policies[best].Best = true
	}
	return c
}

// WriteJSON writes the comparison as one JSON document.
func (c *Comparison) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(c)
}

// WriteText writes a table of the ways to price, then the report of the bidder itself.
func (c *Comparison) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "priced by\tspend\tused\tvalue\tratio\tvalue/spend\t× fixed\t× fixed, equal spend\tsurplus\tshading\t")
	for i := range c.Policies {
		p := &c.Policies[i]
		fmt.Fprintf(tw, "%s\t%s\t%.1f %%\t%s\t%.4f\t%.3f\t%.3f\t%.3f\t%s\t%s\t\n", p.Label(), number(p.Spend), 100*p.Utilisation,
			number(p.Value), p.Ratio, p.PerSpend, p.Lift, p.EqualLift, number(p.Surplus), p.ShadingText())
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range c.Remarks() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return c.Report.WriteText(w)
}

// Label returns the name, and of the constant factors which one was best.
func (p *PolicyResult) Label() string {
	if p.Best {
		return p.Name + " (best)"
	}
	return p.Name
}

// ShadingText returns the share of the surplus that shading kept, if there was any.
func (p *PolicyResult) ShadingText() string {
	if p.Shading == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", p.Shading)
}

// Remarks says in words what the figures are of.
func (c *Comparison) Remarks() []string {
	list := []string{
		"the same people, requests and rivals for all; chances come true alike; each has the budgets, the pacing and the auctions of the bidder",
		"true chances: the same bidder, told by an oracle how likely everybody responds: what is left to be learned, and the rest that the ratio lacks all the same",
		"ratio: value ÷ the most that all budgets buy together in hindsight, where one knows every chance and every rival bid",
	}
	if slices.ContainsFunc(c.Policies, func(p PolicyResult) bool { return p.Shading != 0 }) {
		list = append(list, "shading: Σ (willingness − bid) of what was won ÷ Σ (willingness − least bid that wins)⁺ of all bids; knowing how prices are spread, but not each one, cannot reach 1")
	}
	return list
}

// GoalResult is what all campaigns of a goal did together.
type GoalResult struct {
	Goal      string   `json:"goal"`
	Campaigns int      `json:"campaigns"`
	Spend     float64  `json:"spend"`
	Value     float64  `json:"value"`
	Quality   *Quality `json:"quality,omitempty"`

	// Of impressions after the first 50 000 of each campaign.
	SeasonedCampaigns int        `json:"seasoned_campaigns,omitempty"`
	Seasoned          *Quality   `json:"seasoned,omitempty"`
	SeasonedRange     [2]float64 `json:"seasoned_calibration,omitzero"` // of the campaigns, the least and the most
}

// goals sums campaigns up by what they pay for.
func (m *market) goals() []GoalResult {
	of := map[string]*GoalResult{}
	judges, seasoned := map[string]*judge{}, map[string]*judge{}
	for _, b := range m.buyers {
		g := of[b.Goal]
		if g == nil {
			g = &GoalResult{Goal: b.Goal}
			of[b.Goal], judges[b.Goal], seasoned[b.Goal] = g, newJudge(), newJudge()
		}
		g.Campaigns++
		g.Spend += b.Spend
		g.Value += b.Value
		judges[b.Goal].merge(b.judge)
		if q := b.Seasoned; q != nil {
			seasoned[b.Goal].merge(b.seasoned)
			g.addSeasoned(q.Calibration)
		}
	}
	var list []GoalResult
	for name, g := range of {
		g.Quality, g.Seasoned = judges[name].quality(), seasoned[name].quality()
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b GoalResult) int { return cmp.Compare(a.Goal, b.Goal) })
	return list
}

// addSeasoned counts a campaign, and how well its chances are calibrated.
func (g *GoalResult) addSeasoned(calibration float64) {
	r := &g.SeasonedRange
	if g.SeasonedCampaigns == 0 {
		*r = [2]float64{calibration, calibration}
	}
	g.SeasonedCampaigns++
	r[0], r[1] = min(r[0], calibration), max(r[1], calibration)
}
