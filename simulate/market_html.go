package simulate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"bidwell/internal/prose"
)

//go:embed market.html
var marketPage string

var marketTemplate = template.Must(template.Must(pageTemplate.Clone()).New("market").Parse(marketPage))

// marketView is what the page of a market shows.
type marketView struct {
	*MarketReport
	Policies     []PolicyResult // empty without a comparison
	About        []string       // of the comparison
	Remarks      []string
	Calibrations []plot
	Curves       []plot
	Charts       []chart
}

// WriteHTML writes the report as one page that needs nothing else: a table, calibration
// and win-rate curves, and for each campaign its spend against the plan, and κ.
func (r *MarketReport) WriteHTML(w io.Writer) error { return marketTemplate.Execute(w, r.view()) }

// WriteHTML writes the comparison as such a page, with a table of the ways to price.
func (c *Comparison) WriteHTML(w io.Writer) error {
	v := c.Report.view()
	v.Policies, v.About = c.Policies, c.Remarks()
	return marketTemplate.Execute(w, v)
}

func (r *MarketReport) view() *marketView {
	v := &marketView{MarketReport: r, Remarks: r.remarks(), Charts: make([]chart, len(r.Campaigns))}
	axes := &Report{start: r.start}
	for i := range r.Campaigns {
		c := &r.Campaigns[i]
		v.Charts[i] = axes.chart(&Result{Name: c.Name, Ratio: c.Ratio, Curve: c.Curve})
		if !c.Paced {
			v.Charts[i].Planned = ""
		}
	}
	for i := range r.Goals {
		if g := &r.Goals[i]; g.Quality != nil && len(g.Quality.Curve) > 1 {
			v.Calibrations = append(v.Calibrations, calibrationPlot(g))
		}
	}
	for i := range r.WinCurves {
		if c := &r.WinCurves[i]; c.Known && len(c.Points) > 1 {
			v.Curves = append(v.Curves, winPlot(c))
		}
	}
	return v
}

// plot is a small square chart: a line, another one to hold it against, and dots.
type plot struct {
	Title, Line, Against string
	Dots                 []mark2
	X, Y                 []mark
	XText, YText         string
}

// mark2 is a dot.
type mark2 struct {
	X, Y, R float64
	Text    string
}

// Size of a plot, in its own units.
const (
	plotLeft, plotRight = 52, 372
	plotTop, plotBottom = 14, 254
)

// calibrationPlot shows true chances over those that were bid with, both on logarithmic
// axes: on the diagonal they are the same. Dots are as large as they are many.
func calibrationPlot(g *GoalResult) plot {
	low, high := math.Inf(1), 0.0
	for _, p := range g.Quality.Curve {
		low, high = min(low, p.Predicted, p.Expected), max(high, p.Predicted, p.Expected)
	}
	low, high = math.Log10(low)-0.05, math.Log10(high)+0.05
	at := func(v, from, to float64) float64 { return scale((math.Log10(v)-low)/(high-low), from, to) }
	out := plot{
		Title: fmt.Sprintf("%s: calibration %.3f, NE %.4f, truth's %.4f", g.Goal, g.Quality.Calibration, g.Quality.NE, g.Quality.TrueNE),
		XText: "chance as it was bid with", YText: "true chance",
		Against: fmt.Sprintf("%d,%d %d,%d", plotLeft, plotBottom, plotRight, plotTop),
	}
	var line strings.Builder
	for _, p := range g.Quality.Curve {
		x, y := at(p.Predicted, plotLeft, plotRight), at(p.Expected, plotBottom, plotTop)
		fmt.Fprintf(&line, "%.1f,%.1f ", x, y)
		out.Dots = append(out.Dots, mark2{x, y, 1.5 + 5*math.Sqrt(float64(p.Shown)/float64(g.Quality.Shown)),
			fmt.Sprintf("%d shown: bid with %.4g, truly %.4g, came %.4g", p.Shown, p.Predicted, p.Expected, p.Came)})
	}
	out.Line = line.String()
	for _, v := range decades(low, high) {
		text := fmt.Sprintf("%.4g %%", 100*v)
		out.X = append(out.X, mark{at(v, plotLeft, plotRight), text})
		out.Y = append(out.Y, mark{at(v, plotBottom, plotTop), text})
	}
	return out
}

// decades returns round numbers between two powers of ten: 1, 2 and 5 of each, or only
// 1 where there are many.
func decades(low, high float64) (list []float64) {
	steps := []float64{1, 2, 5}
	if high-low > 1.6 {
		steps = steps[:1]
	}
	for e := math.Floor(low); e <= high; e++ {
		for _, s := range steps {
			if v := math.Log10(s) + e; v >= low && v <= high {
				list = append(list, s*math.Pow(10, e))
			}
		}
	}
	return list
}

// winPlot shows the chance to win over the bid, as it was learned and as it was.
func winPlot(c *WinCurve) plot {
	top := c.Points[len(c.Points)*9/10].CPM * 1.2
	x := func(cpm float64) float64 { return scale(cpm/top, plotLeft, plotRight) }
	y := func(share float64) float64 { return scale(share, plotBottom, plotTop) }
	out := plot{Title: fmt.Sprintf("%s, segment %08x: %s", c.Media, c.Segment, prose.Count(c.Bids, "bid")), XText: "bid, CPM", YText: "chance to win"}
	var learned, real strings.Builder
	for _, p := range c.Points {
		if p.CPM <= top {
			fmt.Fprintf(&learned, "%.1f,%.1f ", x(p.CPM), y(p.Learned))
			fmt.Fprintf(&real, "%.1f,%.1f ", x(p.CPM), y(p.Real))
		}
	}
	out.Line, out.Against = learned.String(), real.String()
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for top/step < 3 {
		step /= 2
	}
	for v := 0.0; v <= top; v += step {
		out.X = append(out.X, mark{x(v), fmt.Sprintf("%.3g", v)})
	}
	for _, v := range [...]float64{0, 0.25, 0.5, 0.75, 1} {
		out.Y = append(out.Y, mark{y(v), fmt.Sprintf("%.0f %%", 100*v)})
	}
	return out
}
