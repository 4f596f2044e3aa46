package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"bidwell/campaign"
	"bidwell/internal/prose"
)

// PlanReport is what a change of configuration does: what differs, and what each
// campaign would buy before and after, on the same market.
type PlanReport struct {
	Changes   []Change      `json:"changes"`
	Market    *MarketReport `json:"market,omitempty"` // after the change; nil if nothing changes
	Campaigns []Effect      `json:"campaigns"`        // those that trade otherwise first
	Total     Effect        `json:"total"`
}

// Effect is what one campaign buys before and after a change. One of the two is nil
// for a campaign that is added or removed.
type Effect struct {
	Name   string  `json:"name"`
	Before *Bought `json:"before"`
	After  *Bought `json:"after"`
}

// Bought is what a campaign bought, money in the house currency of its configuration.
type Bought struct {
	People  int     `json:"reach"` // people who were bid on, as far as they can be told apart
	Bids    int     `json:"bids"`
	Wins    int     `json:"wins"`
	Spend   float64 `json:"spend"`
	WinRate float64 `json:"win_rate"`
}

// Plan trades with both configurations on the same market, which hangs on options
// and seed alone, and sets what they buy side by side. Changes are those of Diff; if
// there are none nothing is simulated. Both snapshots are used up.
func Plan(before, after *campaign.Snapshot, changes []Change, o MarketOptions) (*PlanReport, error) {
	p := &PlanReport{Changes: changes, Campaigns: []Effect{}}
	if len(changes) == 0 {
		p.Changes = []Change{}
		return p, nil
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	ex, err := exchangeOf(before, o.Exchange)
	if err != nil {
		return nil, err
	}
	o.zone = midnight(before, o.Start).Location()
	o.Deals = slices.Concat(o.Deals, dealsOf(before, nil), dealsOf(after, nil))
	other := o
	if other.Exchange = ""; after.Exchange([]byte(ex.Name)) != nil {
		other.Exchange = ex.Name
	}
	first := make(chan error, 1)
	var was *MarketReport
	go func() {
		var err error
		was, err = Market(before, o)
		first <- err
	}()
	p.Market, err = Market(after, other)
	if err := errors.Join(<-first, err); err != nil {
		return nil, err
	}
	p.compare(was, p.Market)
	return p, nil
}

// compare sets two reports side by side.
func (p *PlanReport) compare(was, is *MarketReport) {
	for i := range is.Campaigns {
		c := &is.Campaigns[i]
		p.Campaigns = append(p.Campaigns, Effect{Name: c.Name, Before: was.bought(c.Name), After: boughtBy(c)})
	}
	for i := range was.Campaigns {
		if c := &was.Campaigns[i]; is.bought(c.Name) == nil {
			p.Campaigns = append(p.Campaigns, Effect{Name: c.Name, Before: boughtBy(c)})
		}
	}
	slices.SortStableFunc(p.Campaigns, func(a, b Effect) int { return boolToInt(a.same()) - boolToInt(b.same()) })
	p.Total = Effect{Name: "total", Before: boughtBy(&was.Total), After: boughtBy(&is.Total)}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *MarketReport) bought(name string) *Bought {
	for i := range r.Campaigns {
		if r.Campaigns[i].Name == name {
			return boughtBy(&r.Campaigns[i])
		}
	}
	return nil
}

func boughtBy(c *MarketResult) *Bought {
	return &Bought{People: c.People, Bids: c.Bids, Wins: c.Wins, Spend: c.Spend, WinRate: c.WinRate}
}

// same reports whether the campaign trades as before.
func (e *Effect) same() bool { return e.Before != nil && e.After != nil && *e.Before == *e.After }

// WriteJSON writes the report as one JSON document.
func (p *PlanReport) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(p)
}

// WriteText writes the report for people.
func (p *PlanReport) WriteText(w io.Writer) error {
	if len(p.Changes) == 0 {
		_, err := fmt.Fprintln(w, "Nothing changes.")
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.headline())
	for i := range p.Changes {
		p.Changes[i].write(&b)
	}
	p.writeEffects(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// headline counts the changes.
func (p *PlanReport) headline() string {
	counts := map[string]int{}
	for _, c := range p.Changes {
		counts[c.Change]++
	}
	var parts []string
	for _, what := range []string{added, changed, removed} {
		if n := counts[what]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	return prose.Count(len(p.Changes), "thing") + " would change: " + strings.Join(parts, ", ")
}

var signs = map[string]string{added: "+", changed: "~", removed: "-"}

func (c *Change) write(w io.Writer) {
	where := c.Where
	if c.Change == removed {
		where += " (old)"
	}
	fmt.Fprintf(w, "\n%s %s %s is %s  [%s]\n", signs[c.Change], c.Kind, c.Name, c.Change, where)
	if len(c.With) > 0 {
		fmt.Fprintf(w, "    with %s\n", c.withText())
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range c.Keys {
		fmt.Fprintf(tw, "    %s\t%s → %s\t%s\n", k.Key, orNothing(k.Old), orNothing(k.New), k.Where)
	}
	tw.Flush() // into memory: it cannot fail
}

// withText names what came or went with a thing, or counts it where it is much.
func (c *Change) withText() string {
	const few = 6
	names := c.With
	if len(names) > few {
		names = nil
		for _, kind := range []string{"advertiser", "line item", "creative"} {
			n := 0
			for _, name := range c.With {
				if strings.HasPrefix(name, kind+" ") {
					n++
				}
			}
			if n > 0 {
				names = append(names, prose.Count(n, kind))
			}
		}
	}
	return strings.Join(names, ", ")
}

func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}

func (p *PlanReport) writeEffects(w io.Writer) {
	m := p.Market
	fmt.Fprintf(w, "\nWhat campaigns would buy, before → after, in %s with %s, %s-price auctions (simulated, budgets × %.4g, seed %d)\n\n",
		prose.Count(m.Days, "day"), prose.Count(m.Requests, "request"), m.Auction, m.BudgetScale, m.Seed)
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintf(tw, "campaign\tpeople reached\tbids\twins\twin rate\tspend, %s\n", m.Currency)
	var same []string
	for i := range p.Campaigns {
		if e := &p.Campaigns[i]; e.same() {
			same = append(same, e.Name)
		} else {
			e.write(tw)
		}
	}
	if len(same) < len(p.Campaigns) {
		p.Total.write(tw)
		tw.Flush()
	}
	if len(same) > 0 {
		fmt.Fprintf(w, "\nAs before: %s\n", strings.Join(same, ", "))
	}
	for _, n := range m.Notes {
		fmt.Fprintln(w, n)
	}
}

func (e *Effect) write(w io.Writer) {
	name := e.Name
	switch {
	case e.Before == nil:
		name += " (new)"
	case e.After == nil:
		name += " (gone)"
	}
	of := func(get func(*Bought) float64, format string) string { return change(e.Before, e.After, get, format) }
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name,
		of(func(b *Bought) float64 { return float64(b.People) }, "%.0f"),
		of(func(b *Bought) float64 { return float64(b.Bids) }, "%.0f"),
		of(func(b *Bought) float64 { return float64(b.Wins) }, "%.0f"),
		of(func(b *Bought) float64 { return 100 * b.WinRate }, "%.1f %%"),
		of(func(b *Bought) float64 { return b.Spend }, "%.2f"))
}

// change writes a figure before and after, and by how much it grows.
func change(before, after *Bought, get func(*Bought) float64, format string) string {
	switch {
	case before == nil:
		return fmt.Sprintf(format, get(after))
	case after == nil:
		return fmt.Sprintf(format, get(before)) + " → 0"
	}
	a, b := get(before), get(after)
	x, y := fmt.Sprintf(format, a), fmt.Sprintf(format, b)
	switch {
	case x == y:
		return y
	case strings.Contains(format, "%%") || a == 0:
		return x + " → " + y
	}
	return fmt.Sprintf("%s → %s (%+.0f %%)", x, y, 100*(b-a)/a)
}
