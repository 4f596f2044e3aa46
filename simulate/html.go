package simulate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent":          func(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) },
	"number":           number,
	"ratio":            func(x float64) string { return fmt.Sprintf("%.4f", x) },
	"hours":            hoursText,
	"kappa":            kappaText,
	"firstImpressions": func() int { return firstImpressions },
}).Parse(page))

// WriteHTML writes the report as one page that needs nothing else: a table, and for
// each campaign its spend against the plan, and κ.
func (r *Report) WriteHTML(w io.Writer) error {
	charts := make([]chart, len(r.Campaigns))
	for i := range r.Campaigns {
		charts[i] = r.chart(&r.Campaigns[i])
	}
	data := struct {
		*Report
		Remarks        []string
		Charts         []chart
		ShadingRemarks []string
		Wins           *winChart
	}{Report: r, Remarks: r.remarks(), Charts: charts}
	if r.Shading != nil {
		data.ShadingRemarks, data.Wins = r.Shading.remarks(), r.Shading.chart()
	}
	return pageTemplate.Execute(w, data)
}

// Size of a chart and of the two panels in it, in its own units.
const (
	chartLeft, chartRight = 52, 748
	spendTop, spendBottom = 16, 266
	kappaTop, kappaBottom = 296, 366
	mostPoints            = 480 // of a line
)

// chart is what the template draws for one campaign.
type chart struct {
	*Result
	Spent, Planned, Kappas string // points of polylines
	Top                    float64
	Shares, Hours, Factors []mark
}

// mark is a tick of an axis.
type mark struct {
	At   float64
	Text string
}

func (r *Report) chart(s *Result) chart {
	points := thin(s.Curve, mostPoints)
	top, low, high := 1.0, math.Inf(1), 0.0
	for _, p := range points {
		top = max(top, p.Spent)
		low, high = min(low, p.Kappa), max(high, p.Kappa)
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	high = max(high, low+1)
	length := s.Curve[len(s.Curve)-1].At
	x := func(at time.Duration) float64 {
		return scale(float64(at)/float64(length), chartLeft, chartRight)
	}
	share := func(v float64) float64 { return scale(v/top, spendBottom, spendTop) }
	factor := func(k float64) float64 {
		return scale((math.Log10(k)-low)/(high-low), kappaBottom, kappaTop)
	}
	c := chart{Result: s, Top: top}
	var spent, planned, kappas strings.Builder
	for _, p := range points {
		fmt.Fprintf(&spent, "%.1f,%.1f ", x(p.At), share(p.Spent))
		fmt.Fprintf(&planned, "%.1f,%.1f ", x(p.At), share(p.Planned))
		fmt.Fprintf(&kappas, "%.1f,%.1f ", x(p.At), factor(p.Kappa))
	}
	c.Spent, c.Planned, c.Kappas = spent.String(), planned.String(), kappas.String()
	for v := 0.0; v <= top+1e-9; v += 0.25 {
		c.Shares = append(c.Shares, mark{share(v), fmt.Sprintf("%.0f %%", 100*v)})
	}
	for e := low; e <= high; e += max(1, math.Ceil((high-low)/3)) {
		c.Factors = append(c.Factors, mark{factor(math.Pow(10, e)), fmt.Sprintf("%g", math.Pow(10, e))})
	}
	c.Hours = r.clock(length, x)
	return c
}

// clock marks round hours, or days where there are many.
func (r *Report) clock(length time.Duration, x func(time.Duration) float64) []mark {
	step := time.Hour
	for _, s := range []time.Duration{2, 3, 6, 12, 24, 48, 168, 336} {
		if length/step > 12 {
			step = s * time.Hour
		}
	}
	y, m, d := r.start.Date()
	first := time.Date(y, m, d, 0, 0, 0, 0, r.start.Location())
	for first.Before(r.start) {
		first = first.Add(step)
	}
	layout := "15:04"
	if step >= 24*time.Hour {
		layout = "Jan 2"
	}
	var marks []mark
	for t := first; !t.After(r.start.Add(length)); t = t.Add(step) {
		marks = append(marks, mark{x(t.Sub(r.start)), t.Format(layout)})
	}
	return marks
}

func scale(share float64, from, to float64) float64 { return from + share*(to-from) }

// thin returns at most n points, the last one among them.
func thin(curve []Point, n int) []Point {
	if len(curve) <= n {
		return curve
	}
	out := make([]Point, 0, n)
	for i := range n {
		out = append(out, curve[i*(len(curve)-1)/(n-1)])
	}
	return out
}
