package simulate

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"bidwell/internal/prose"
)

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report as a table for people.
func (r *Report) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "budget\tvalue\toptimum\tratio\tused\toverspend\tplan error\t90 % after\trecovery\twins\tclicks\trefused\tκ\t")
	for i := range r.Campaigns {
		r.Campaigns[i].writeRow(tw)
	}
	if len(r.Campaigns) > 1 {
		r.Total.writeRow(tw)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range r.remarks() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if r.Shading != nil {
		return r.Shading.writeText(w)
	}
	return nil
}

func (s *Result) writeRow(w io.Writer) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%.4f\t%.2f %%\t%s\t%.2f %%\t%s\t%s\t%d\t%d\t%d\t%s\t\n",
		s.Name, number(s.Value), number(s.Optimum), s.Ratio, 100*s.Utilisation, number(s.Overspend), 100*s.PlanError,
		hoursText(s.Spent90), hoursText(s.Recovery), s.Wins, s.Clicks, s.Refused, kappaText(s.Kappa))
}

func hoursText(h *float64) string {
	if h == nil {
		return "–"
	}
	return fmt.Sprintf("%d:%02d", int(*h), int(*h*60)%60)
}

func kappaText(k float64) string {
	if k == 0 {
		return ""
	}
	return fmt.Sprintf("%.3g", k)
}

// remarks says in words what the figures are of.
func (r *Report) remarks() []string {
	what := "value: Σ pCTR of what was bought"
	if r.Auction == FirstPrice.String() {
		what = "value: Σ (value − bid) of what was bought"
	}
	list := []string{
		fmt.Sprintf("%s-price auctions, %s curve, %.4g hours, seed %d; a bid that equals the highest rival bid wins", r.Auction, r.Curve, r.Hours, r.Seed),
		what + "; optimum: the most that the budget buys in hindsight",
	}
	if r.Shift != 0 {
		list = append(list, fmt.Sprintf("after half of the auctions all prices were multiplied by %g", r.Shift))
	}
	if r.Total.Optimum > 0 {
		list = append(list, fmt.Sprintf("the best constant κ, known in hindsight, buys %.4f of the optimum with notices as late as these; pacing has to find it", r.Total.Constant/r.Total.Optimum))
	}
	if r.Total.Late > 0 {
		list = append(list, fmt.Sprintf("%s was billed after its reservation was freed, which bounds overspend", number(r.Total.Late)))
	}
	if r.Total.Unbilled > 0 {
		list = append(list, fmt.Sprintf("%s was won, but the notice was lost: it is owed and not in spend; the optimum may spend as much more", number(r.Total.Unbilled)))
	}
	if r.Total.Replayed > 0 {
		list = append(list, fmt.Sprintf("not charged: %s that came again", prose.Count(r.Total.Replayed, "billing notice")))
	}
	return append(list, r.Notes...)
}

// number writes a figure with the four digits that count, or all before the point.
func number(x float64) string {
	if math.Abs(x) >= 1000 {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}
