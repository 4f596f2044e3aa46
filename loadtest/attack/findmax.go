package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// Stair is one attack on the way to the highest rate.
type Stair struct {
	Rate   float64 `json:"rate"`
	Passed bool    `json:"passed"`
	Why    string  `json:"why"` // why not
	Report *Report `json:"report"`
}

// Maximum is the highest rate that keeps the thresholds.
type Maximum struct {
	Rate   float64       `json:"rate"` // 0 if none does
	Each   time.Duration `json:"each_ns"`
	Limits []string      `json:"limits"` // the thresholds
	Stairs []Stair       `json:"stairs"` // in the order in which they were tried
	// Generator says that the first rate that failed, did so while the figures
	// were doubtful: the limit may be the generator's.
	Generator bool `json:"generator"`
}

// near is when the staircase ends: the highest rate that passed and the lowest
// that did not are this near.
const near = 1.05

// FindMax looks for the highest constant rate at which the thresholds of cfg
// are kept and every request can be sent. It begins with the rate start, for
// the length of the schedule of cfg each time, doubles until a rate fails and
// then halves the distance until it is less than a twentieth. at makes the
// schedule of a rate. tell is called after each.
func FindMax(ctx context.Context, cfg Config, start float64, at func(rate float64) (Schedule, error), tell func(Stair)) (*Maximum, error) {
	m := &Maximum{Each: cfg.Schedule.For}
	for _, t := range cfg.Thresholds {
		m.Limits = append(m.Limits, t.text)
	}
	low, high := 0.0, math.Inf(1)
	for rate := start; rate >= 1 && rate <= maxRate && ctx.Err() == nil; rate = between(low, high, rate) {
		var err error
		cfg.Schedule, err = at(rate)
		if err != nil && low == 0 && len(m.Stairs) > 0 {
			break // so low that nothing is due
		}
		if err != nil {
			return m, err
		}
		r, err := Run(ctx, cfg)
		if err != nil {
			return m, err
		}
		if r.Interrupted {
			break
		}
		s := stairOf(rate, r)
		m.Stairs = append(m.Stairs, s)
		tell(s)
		if s.Passed {
			low = rate
		} else {
			high, m.Generator = rate, !r.Trusted()
		}
		if low > 0 && high/low <= near {
			break
		}
	}
	m.Rate = low
	return m, nil
}

// between returns the next rate to try.
func between(low, high, rate float64) float64 {
	switch {
	case low == 0:
		return math.Floor(rate / 2)
	case math.IsInf(high, 1):
		return rate * 2
	}
	return math.Round((low + high) / 2)
}

func stairOf(rate float64, r *Report) Stair {
	s := Stair{Rate: rate, Report: r}
	var why []string
	for _, c := range r.Checks {
		if c.Failed {
			why = append(why, c.Is)
		}
	}
	if missing := r.Due - r.Sent; missing*100 > r.Due {
		why = append(why, percent(missing, r.Due)+" could not be sent")
	}
	s.Why = strings.Join(why, "; ")
	s.Passed = len(why) == 0
	return s
}

// Line returns a stair on one line.
func (s Stair) Line() string {
	verdict := "passed"
	if !s.Passed {
		verdict = "failed: " + s.Why
	}
	if !s.Report.Trusted() {
		verdict += " (doubtful)"
	}
	return fmt.Sprintf("%s/s\tp50 %s\tp99 %s\terrors %s\t%s", rateText(s.Rate), short(s.Report.Latency.P50), short(s.Report.Latency.P99),
		percent(s.Report.Errors, s.Report.Due), verdict)
}

// WriteText writes what was found, and how, for people.
func (m *Maximum) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range m.Stairs {
		fmt.Fprintln(t, s.Line())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fail := strings.Join(m.Limits, ", ")
	if m.Rate == 0 {
		_, err := fmt.Fprintf(w, "\nno rate was found that does not fail at %s\n", fail)
		return err
	}
	fmt.Fprintf(w, "\nmaximum %s/s without %s, in attacks of %s\n", rateText(m.Rate), fail, seconds(m.Each))
	if m.Generator {
		fmt.Fprintln(w, "DOUBTFUL: above it the generator itself was at its limit, or had to share its cores. The bidder may do more.")
	}
	fmt.Fprintln(w)
	return m.Best().WriteText(w)
}

// Best returns the report of the highest rate that passed, or nil.
func (m *Maximum) Best() *Report {
	for i := range m.Stairs {
		if s := &m.Stairs[i]; s.Passed && s.Rate == m.Rate {
			return s.Report
		}
	}
	return nil
}

// WriteJSON writes what was found, and how, as JSON.
func (m *Maximum) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(m)
}
