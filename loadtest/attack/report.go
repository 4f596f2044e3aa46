package attack

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"bidwell/internal/prose"
)

// Report is what came of an attack. Latencies are from the moment at which a
// request was due; a request that was given up counts with the time until then.
type Report struct {
	Target      string        `json:"target"`
	Schedule    string        `json:"schedule"`
	Started     time.Time     `json:"started"`
	For         time.Duration `json:"for_ns"`     // for how long requests were due
	Elapsed     time.Duration `json:"elapsed_ns"` // until the last answer
	TMax        time.Duration `json:"tmax_ns"`
	Connections int           `json:"connections"`
	Interrupted bool          `json:"interrupted"`

	Due      uint64            `json:"due"`      // requests that the schedule asked for
	Sent     uint64            `json:"sent"`     // of these
	Bids     uint64            `json:"bids"`     // answered in time with a bid
	NoBids   uint64            `json:"no_bids"`  // answered in time without
	Errors   uint64            `json:"errors"`   // everything else
	Timeouts uint64            `json:"timeouts"` // errors that are late, no_answer or unsent
	Reasons  map[string]uint64 `json:"reasons"`  // the errors by kind
	Statuses map[string]uint64 `json:"statuses"` // the errors of kind status, by status

	Checked uint64            `json:"checked"` // answers with bids that were checked
	Faults  map[string]uint64 `json:"faults"`  // what was wrong with them

	DueRate  float64 `json:"due_rate"`  // requests per second
	SentRate float64 `json:"sent_rate"` // until the last was sent
	GoodRate float64 `json:"good_rate"` // answers in time

	Latency Quantiles `json:"latency"`
	Lag     Quantiles `json:"lag"`     // from due to sent, or given up
	OwnLag  Quantiles `json:"own_lag"` // of it, while a connection was free: the generator's own

	Self     Self       `json:"self"`
	Warnings []string   `json:"warnings"` // why the figures cannot be trusted
	Notes    []string   `json:"notes"`    // what else one should know
	Checks   []Check    `json:"checks"`   // the thresholds
	Over     []Interval `json:"over_time"`

	latency *hdrhistogram.Histogram
}

// Quantiles sum up a histogram.
type Quantiles struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
	Mean time.Duration `json:"mean_ns"`
}

func quantilesOf(h *hdrhistogram.Histogram) Quantiles {
	at := func(p float64) time.Duration { return time.Duration(h.ValueAtPercentile(p)) }
	return Quantiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(h.Max()), Mean: time.Duration(h.Mean())}
}

// Self is what the generator used itself. Shares are from 0 to 1; one that is
// not known is 0.
type Self struct {
	Cores   float64       `json:"cores"`     // processor time per time
	Busy    float64       `json:"busy"`      // share of the time in which the sender had something to do
	Machine float64       `json:"machine"`   // share of all cores' time that was used, by whomever
	GC      float64       `json:"gc"`        // share of its processor time
	Pauses  time.Duration `json:"pauses_ns"` // for which the collector stopped everything
}

// Interval is a part of the attack, by when requests were due.
type Interval struct {
	At     time.Duration `json:"at_ns"`
	For    time.Duration `json:"for_ns"`
	Due    uint64        `json:"due"`
	Sent   uint64        `json:"sent"`
	Bids   uint64        `json:"bids"`
	NoBids uint64        `json:"no_bids"`
	Errors uint64        `json:"errors"`
	P50    time.Duration `json:"p50_ns"`
	P90    time.Duration `json:"p90_ns"`
	P99    time.Duration `json:"p99_ns"`
	Max    time.Duration `json:"max_ns"`
}

// report makes the report of all that was counted.
func (t *tally) report(use usage, s self) *Report {
	r := &Report{
		Target: t.cfg.Target.URL, Schedule: t.cfg.Schedule.Text, Started: t.started,
		For: min(t.cfg.Schedule.For, use.elapsed), Elapsed: use.elapsed, TMax: t.cfg.TMax, Connections: t.cfg.Connections,
		Reasons: map[string]uint64{}, Statuses: t.statuses, Checked: t.checked, Faults: t.faults,
		Latency: quantilesOf(t.latency), Lag: quantilesOf(t.lag), OwnLag: quantilesOf(t.own),
		Warnings: []string{}, Notes: []string{}, Checks: []Check{}, latency: t.latency,
	}
	for o, n := range t.counts {
		r.Due += n
		if Outcome(o).failed() && n > 0 {
			r.Errors += n
			r.Reasons[Outcome(o).String()] = n
		}
		if Outcome(o).timedOut() {
			r.Timeouts += n
		}
	}
	r.Sent = r.Due - t.counts[Unsent]
	r.Bids, r.NoBids = t.counts[Bid], t.counts[NoBid]
	r.DueRate = perSecond(r.Due, r.For)
	r.SentRate = perSecond(r.Sent, max(r.For, t.lastSent))
	r.GoodRate = perSecond(r.Bids+r.NoBids, max(r.For, t.lastSent))
	r.Self = selfOf(use, s)
	r.Over = t.intervals.summary()
	r.judge(use)
	for i := range t.cfg.Thresholds {
		r.Checks = append(r.Checks, t.cfg.Thresholds[i].check(r, t.latency, t.lag))
	}
	return r
}

func perSecond(n uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

func selfOf(use usage, s self) Self {
	share := func(part, whole time.Duration) float64 {
		if whole <= 0 {
			return 0
		}
		return float64(part) / float64(whole)
	}
	f := Self{Cores: share(s.cpu, s.duration), Machine: share(s.busy, s.total), GC: share(s.gc, s.cpu), Pauses: s.pauses}
	if use.waited > 0 {
		f.Busy = 1 - share(use.waited, use.elapsed)
	}
	return f
}

func (v *intervals) summary() []Interval {
	all := make([]Interval, len(v.all))
	for i := range v.all {
		f := &v.all[i]
		all[i] = Interval{
			At: time.Duration(i) * v.width, For: v.width,
			Due: f.due, Sent: f.sent, Bids: f.bids, NoBids: f.noBids, Errors: f.errors,
			P50: f.latency.Quantile(0.5), P90: f.latency.Quantile(0.9), P99: f.latency.Quantile(0.99), Max: f.latency.Max(),
		}
	}
	return all
}

// Failed reports whether a threshold was not kept.
func (r *Report) Failed() bool {
	for _, c := range r.Checks {
		if c.Failed {
			return true
		}
	}
	return false
}

// Trusted reports whether nothing speaks against the figures.
func (r *Report) Trusted() bool { return len(r.Warnings) == 0 }

// Unanswered returns an error if not one request got an answer that an exchange
// can use.
func (r *Report) Unanswered() error {
	if r.Due == 0 || r.Bids+r.NoBids > 0 {
		return nil
	}
	return fmt.Errorf("none of %s got a usable answer in time: %s", prose.Count(r.Due, "request"), r.errorRows()[0].Text)
}

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteHDR writes the distribution of latency in milliseconds, as the plotter
// of HdrHistogram reads it.
func (r *Report) WriteHDR(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	_, err = r.latency.PercentilesPrint(f, 5, 1e6)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("histogram %s: %w", name, err)
	}
	return nil
}
