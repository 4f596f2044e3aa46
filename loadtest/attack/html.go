package attack

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"

	"bidwell/internal/prose"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"n": prose.Number[uint64], "count": prose.Count[int], "of": percent, "rate": rateText, "short": short, "seconds": seconds,
}).Parse(page))

// WriteHTML writes the report as one page that needs nothing else: latency,
// rates and errors over time, and the distribution of latency.
func (r *Report) WriteHTML(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		*Report
		Errs   []errorRow
		Charts []chart
		Wrong  []string
		Busy   [2]float64 // the sender and the machine, in percent
	}{r, r.errorRows(), []chart{r.latencyChart(), r.tailChart(), r.rateChart(), r.answerChart()}, byCount(r.Faults), [2]float64{100 * r.Self.Busy, 100 * r.Self.Machine}})
}

// Size of a chart, in its own units.
const (
	chartLeft, chartRight = 64, 740
	chartTop, chartBottom = 14, 214
)

// chart is what the template draws.
type chart struct {
	Title, Across string
	Lines         []line
	XMarks        []chartMark
	YMarks        []chartMark
}

// line is a polyline of a chart. Colours are of a palette that people tell apart
// who do not see red and green.
type line struct {
	Name, Colour, Points string
}

type chartMark struct {
	At   float64
	Text string
}

const (
	blue   = "#0072b2"
	orange = "#e69f00"
	red    = "#d55e00"
	grey   = "#888888"
	green  = "#009e73"
)

// scale is one axis.
type scale struct{ from, to, low, high float64 }

func (s scale) at(v float64) float64 {
	if s.high <= s.low {
		return s.from
	}
	return s.from + (min(max(v, s.low), s.high)-s.low)/(s.high-s.low)*(s.to-s.from)
}

// times returns the axis of the attack's time with its marks.
func (r *Report) times() (scale, []chartMark) {
	length := max(r.For.Seconds(), 1e-3)
	x := scale{chartLeft, chartRight, 0, length}
	var marks []chartMark
	step := niceStep(length / 8)
	for v := 0.0; v <= length*1.0001; v += step {
		marks = append(marks, chartMark{x.at(v), fmt.Sprintf("%g s", math.Round(v*1000)/1000)})
	}
	return x, marks
}

// over draws a figure of every interval, at its middle.
func (r *Report) over(x, y scale, name, colour string, v func(*Interval) float64) line {
	var b strings.Builder
	for i := range r.Over {
		f := &r.Over[i]
		fmt.Fprintf(&b, "%.1f,%.1f ", x.at((f.At + f.For/2).Seconds()), y.at(v(f)))
	}
	return line{name, colour, b.String()}
}

// logTime returns an axis of times in powers of ten.
func logTime(least, most time.Duration) (scale, []chartMark) {
	low := math.Floor(math.Log10(math.Max(float64(least), 1000)))
	high := math.Max(math.Ceil(math.Log10(math.Max(float64(most), 1000))), low+1)
	y := scale{chartBottom, chartTop, low, high}
	var marks []chartMark
	for e := low; e <= high; e++ {
		marks = append(marks, chartMark{y.at(e), short10(time.Duration(math.Pow(10, e)))})
	}
	return y, marks
}

// short10 writes a power of ten.
func short10(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%d s", d/time.Second)
	case d >= time.Millisecond:
		return fmt.Sprintf("%d ms", d/time.Millisecond)
	}
	return fmt.Sprintf("%d µs", d/time.Microsecond)
}

func log10(d time.Duration) float64 { return math.Log10(math.Max(float64(d), 1)) }

func (r *Report) latencyChart() chart {
	x, xMarks := r.times()
	least, most := time.Duration(math.MaxInt64), time.Duration(0)
	for i := range r.Over {
		least, most = min(least, r.Over[i].P50), max(most, r.Over[i].Max)
	}
	y, yMarks := logTime(min(least, most), most)
	return chart{
		Title: "Latency over time, from when requests were due", Across: "time", XMarks: xMarks, YMarks: yMarks,
		Lines: []line{
			r.over(x, y, "max", grey, func(i *Interval) float64 { return log10(i.Max) }),
			r.over(x, y, "p99", red, func(i *Interval) float64 { return log10(i.P99) }),
			r.over(x, y, "p90", orange, func(i *Interval) float64 { return log10(i.P90) }),
			r.over(x, y, "p50", blue, func(i *Interval) float64 { return log10(i.P50) }),
		},
	}
}

// tailChart draws latency over percentiles, with each nine as wide as the last.
func (r *Report) tailChart() chart {
	nines := min(math.Max(math.Ceil(math.Log10(math.Max(float64(r.latency.TotalCount()), 10))), 1), 6)
	x := scale{chartLeft, chartRight, 0, nines}
	y, yMarks := logTime(time.Duration(r.latency.Min()), r.Latency.Max)
	var points strings.Builder
	for i := range 200 {
		e := nines * float64(i) / 199
		v := time.Duration(r.latency.ValueAtPercentile(100 * (1 - math.Pow(10, -e))))
		fmt.Fprintf(&points, "%.1f,%.1f ", x.at(e), y.at(log10(v)))
	}
	c := chart{Title: "Latency by percentile", Across: "share of requests that took no longer", YMarks: yMarks, Lines: []line{{"latency", blue, points.String()}}}
	for e := 0.0; e <= nines; e++ {
		c.XMarks = append(c.XMarks, chartMark{x.at(e), fmt.Sprintf("%.*f %%", max(int(e)-2, 0), 100*(1-math.Pow(10, -e)))})
	}
	return c
}

func (r *Report) rateChart() chart {
	x, xMarks := r.times()
	per := func(n uint64, i *Interval) float64 { return float64(n) / r.spanOf(i) }
	most := 1.0
	for i := range r.Over {
		most = max(most, per(r.Over[i].Due, &r.Over[i]))
	}
	y, yMarks := counts(most)
	return chart{
		Title: "Requests per second", Across: "time", XMarks: xMarks, YMarks: yMarks,
		Lines: []line{
			r.over(x, y, "due", grey, func(i *Interval) float64 { return per(i.Due, i) }),
			r.over(x, y, "sent", blue, func(i *Interval) float64 { return per(i.Sent, i) }),
			r.over(x, y, "answered in time", green, func(i *Interval) float64 { return per(i.Bids+i.NoBids, i) }),
		},
	}
}

func (r *Report) answerChart() chart {
	x, xMarks := r.times()
	share := func(n uint64, i *Interval) float64 { return 100 * float64(n) / math.Max(float64(i.Due), 1) }
	y := scale{chartBottom, chartTop, 0, 100}
	c := chart{
		Title: "Answers, as shares of the requests that were due", Across: "time", XMarks: xMarks,
		Lines: []line{
			r.over(x, y, "no-bids", grey, func(i *Interval) float64 { return share(i.NoBids, i) }),
			r.over(x, y, "bids", green, func(i *Interval) float64 { return share(i.Bids, i) }),
			r.over(x, y, "errors", red, func(i *Interval) float64 { return share(i.Errors, i) }),
		},
	}
	for v := 0.0; v <= 100; v += 25 {
		c.YMarks = append(c.YMarks, chartMark{y.at(v), fmt.Sprintf("%.0f %%", v)})
	}
	return c
}

// spanOf returns how much of an interval the schedule covers, in seconds.
func (r *Report) spanOf(i *Interval) float64 {
	return math.Max(min(i.For, r.For-i.At).Seconds(), 1e-3)
}

// counts returns an axis from 0 to a number.
func counts(most float64) (scale, []chartMark) {
	step := niceStep(most / 4)
	y := scale{chartBottom, chartTop, 0, math.Ceil(most/step) * step}
	var marks []chartMark
	for v := 0.0; v <= y.high*1.0001; v += step {
		marks = append(marks, chartMark{y.at(v), rateText(v)})
	}
	return y, marks
}

// niceStep returns the next 1, 2 or 5 times a power of ten.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*p >= v {
			return f * p
		}
	}
	return 10 * p
}
