package simulate

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"bidwell/internal/prose"
)

// writeText writes a table for people.
func (s *ShadingReport) writeText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nbids on every auction\tsurplus\t÷ oracle\t÷ hindsight\twins\tspend\t")
	for _, x := range s.Ways {
		fmt.Fprintf(tw, "%s\t%s\t%.4f\t%.4f\t%d\t%s\t\n", x.Name, number(x.Surplus), x.OfOracle, x.OfHindsight, x.Wins, number(x.Spend))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, line := range s.remarks() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// remarks says in words what the figures are of.
func (s *ShadingReport) remarks() []string {
	list := []string{
		fmt.Sprintf("surplus: Σ (value − bid) of what was won, without a budget; value: pCTR × %.4g, the worth of a click", s.Worth),
		"oracle: who knows each price beforehand; hindsight: who knows how the log's prices are spread",
		fmt.Sprintf("the exchange tells %s; %s tried another price, which was expected to gain %.4g less", s.Told, prose.Count(s.Explored, "bid"), s.ExploreCost),
	}
	if len(s.Windows) == 0 {
		return list
	}
	var b strings.Builder
	b.WriteString("after the shift, ÷ hindsight by share of a day's auctions:")
	for _, w := range s.Windows {
		fmt.Fprintf(&b, "  %g–%.3g %%: %.3f", 100*w.From, 100*w.To, w.OfHindsight)
	}
	list = append(list, b.String())
	if s.Recovery == nil {
		return append(list, fmt.Sprintf("it did not come back to %g of hindsight", recovered))
	}
	return append(list, fmt.Sprintf("back at %g of hindsight after %.3g %% of a day's auctions, over the %g %% that follow", recovered, 100**s.Recovery, 100*recoveredFor))
}

// winChart is what the template draws of how likely bids win.
type winChart struct {
	Learned, Log  string // points of polylines
	Prices, Rates []mark
}

// chart draws the curve, prices on a logarithmic scale; nil if there is none.
func (s *ShadingReport) chart() *winChart {
	if len(s.Curve) < 2 {
		return nil
	}
	low, high := logOf(s.Curve[0].CPM), logOf(s.Curve[len(s.Curve)-1].CPM)
	high = max(high, low+0.1)
	x := func(cpm float64) float64 {
		return scale((logOf(cpm)-low)/(high-low), chartLeft, chartRight)
	}
	y := func(win float64) float64 { return scale(win, spendBottom, spendTop) }
	var c winChart
	var learned, log strings.Builder
	for _, p := range s.Curve {
		fmt.Fprintf(&learned, "%.1f,%.1f ", x(p.CPM), y(p.Learned))
		fmt.Fprintf(&log, "%.1f,%.1f ", x(p.CPM), y(p.Log))
	}
	c.Learned, c.Log = learned.String(), log.String()
	for _, m := range roundPrices(s.Curve[0].CPM, s.Curve[len(s.Curve)-1].CPM) {
		c.Prices = append(c.Prices, mark{x(m), fmt.Sprintf("%g", m)})
	}
	for v := 0.0; v <= 1; v += 0.25 {
		c.Rates = append(c.Rates, mark{y(v), fmt.Sprintf("%.0f %%", 100*v)})
	}
	return &c
}

// logOf returns the logarithm of a price, which may be 0.
func logOf(cpm float64) float64 { return math.Log(max(cpm, leastCPM)) }

// leastCPM is the lowest price that is drawn.
const leastCPM = 1e-3

// roundPrices returns 1, 2 and 5 times powers of ten from low to high.
func roundPrices(low, high float64) (list []float64) {
	for p := leastCPM; p <= 1e9; p *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if v := p * f; v >= low && v <= high {
				list = append(list, v)
			}
		}
	}
	return list
}
