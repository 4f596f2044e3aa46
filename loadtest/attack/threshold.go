package attack

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"bidwell/internal/prose"
)

// A Threshold is a condition under which an attack fails, such as p99>10ms.
type Threshold struct {
	text   string
	metric metric
	q      float64 // percentile, for latencies
	more   bool    // fails if more than the limit, else if less
	equal  bool    // fails at the limit, too
	limit  float64 // nanoseconds, a count, a share of all requests, or requests per second
	share  bool    // limit is a share
}

// Check is what came of a threshold.
type Check struct {
	Threshold string `json:"threshold"` // as it was written: the condition under which it fails
	Failed    bool   `json:"failed"`
	Is        string `json:"is"` // the figure, as in "p99 is 3.2 ms"
}

type metric uint8

const (
	ofLatency metric = iota
	ofLag
	ofMax
	ofMean
	ofErrors
	ofTimeouts
	ofBids
	ofNoBids
	ofInvalid
	ofRate
)

var metricNames = map[string]metric{
	"max": ofMax, "mean": ofMean, "lag": ofLag, "errors": ofErrors, "timeouts": ofTimeouts,
	"bids": ofBids, "nobids": ofNoBids, "invalid": ofInvalid, "rate": ofRate,
}

// ParseThresholds reads conditions with commas between them, such as
// p99>10ms,errors>0.1%,bids<5%. What can be asked: a percentile of latency from
// the due time (p50, p99, p99.9 …), max, mean, lag (the 99th percentile of how
// late requests were sent) in time; errors, timeouts, bids, nobids, invalid as a
// share of the requests that were due or in number; rate, of answers in time
// per second.
func ParseThresholds(text string) ([]Threshold, error) {
	var all []Threshold
	for part := range strings.SplitSeq(text, ",") {
		t, err := parseThreshold(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("threshold %q: %w", part, err)
		}
		all = append(all, t)
	}
	return all, nil
}

func parseThreshold(s string) (Threshold, error) {
	at := strings.IndexAny(s, "<>")
	if at < 0 {
		return Threshold{}, fmt.Errorf("write a figure, < or >, and a limit, as in p99>10ms")
	}
	t := Threshold{text: s, more: s[at] == '>'}
	name, limit := strings.TrimSpace(s[:at]), s[at+1:]
	if rest, ok := strings.CutPrefix(limit, "="); ok {
		t.equal, limit = true, rest
	}
	if err := t.parseMetric(name); err != nil {
		return Threshold{}, err
	}
	if err := t.parseLimit(strings.TrimSpace(limit)); err != nil {
		return Threshold{}, err
	}
	return t, nil
}

func (t *Threshold) parseMetric(name string) error {
	if m, ok := metricNames[name]; ok {
		t.metric = m
		return nil
	}
	if digits, ok := strings.CutPrefix(name, "p"); ok {
		if q, err := strconv.ParseFloat(digits, 64); err == nil && q > 0 && q < 100 {
			t.metric, t.q = ofLatency, q
			return nil
		}
	}
	return fmt.Errorf("%q is not one of p50, p99, p99.9 …, max, mean, lag, errors, timeouts, bids, nobids, invalid, rate", name)
}

func (t *Threshold) parseLimit(s string) error {
	if t.timed() {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return fmt.Errorf("%q is no duration such as 10ms", s)
		}
		t.limit = float64(d)
		return nil
	}
	digits, isShare := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	switch {
	case err != nil || !(v >= 0) || v > 1e15 || isShare && v > 100:
		return fmt.Errorf("%q is neither a number nor a share such as 0.1%%", s)
	case isShare && t.metric == ofRate:
		return fmt.Errorf("a rate is a number of requests per second, not a share")
	case isShare:
		v /= 100
	}
	t.limit, t.share = v, isShare
	return nil
}

// timed reports whether the figure is a time.
func (t *Threshold) timed() bool { return t.metric <= ofMean }

// check compares a threshold with a report. Without a single answer a latency
// is not met, whichever way it was asked.
func (t *Threshold) check(r *Report, latency, lag *hdrhistogram.Histogram) Check {
	c := Check{Threshold: t.text}
	name := strings.TrimSpace(t.text[:strings.IndexAny(t.text, "<>")])
	if t.timed() && t.metric != ofLag && latency.TotalCount() == 0 {
		c.Failed, c.Is = true, "there is no answer to measure"
		return c
	}
	v := t.figure(r, latency, lag)
	switch {
	case t.timed():
		c.Is = fmt.Sprintf("%s is %s", name, short(time.Duration(v)))
	case t.metric == ofRate:
		c.Is = fmt.Sprintf("%s is %s/s", name, rateText(v))
	default:
		c.Is = fmt.Sprintf("%s are %s, %s", name, percent(uint64(v), r.Due), prose.Number(uint64(v)))
		if t.share && r.Due > 0 {
			v /= float64(r.Due)
		}
	}
	c.Failed = v == t.limit && t.equal || v > t.limit && t.more || v < t.limit && !t.more
	return c
}

func (t *Threshold) figure(r *Report, latency, lag *hdrhistogram.Histogram) float64 {
	switch t.metric {
	case ofLatency:
		return float64(latency.ValueAtPercentile(t.q))
	case ofLag:
		return float64(lag.ValueAtPercentile(99))
	case ofMax:
		return float64(r.Latency.Max)
	case ofMean:
		return latency.Mean()
	case ofErrors:
		return float64(r.Errors)
	case ofTimeouts:
		return float64(r.Timeouts)
	case ofBids:
		return float64(r.Bids)
	case ofNoBids:
		return float64(r.NoBids)
	case ofInvalid:
		return float64(r.Reasons[Invalid.String()])
	}
	return r.GoodRate
}
