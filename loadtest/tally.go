package loadtest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"bidwell/ad"
)

// maxNames bounds every table of a report that is keyed by what a bidder says.
const maxNames = 10_000

// tally collects the figures. One lock guards all of it; what is under the lock
// is counting.
type tally struct {
	mu      sync.Mutex
	started time.Time
	ended   time.Time
	r       Report
	samples int // still to keep
}

func (t *tally) init(samples int) {
	t.samples = samples
	t.r.Notices = map[string]*NoticeFigures{}
	t.r.Spend = map[string]ad.Money{}
	t.r.Problems = map[string]uint64{}
	t.r.Campaigns = map[string]*Figures{}
	t.r.Creatives = map[string]*Figures{}
	t.r.latency, t.r.lag = new(Histogram), new(Histogram)
}

func (t *tally) begin(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.started = now
}

func (t *tally) end(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = now
}

func (t *tally) unsent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Unsent++
}

func (t *tally) dropped(kind ad.Notice) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(kind).Dropped++
}

// answered counts one request and what its auction decided.
func (t *tally) answered(a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Requests++
	t.r.latency.Add(a.latency)
	t.r.lag.Add(a.lag)
	switch {
	case a.problem != "":
		t.r.Errors++
		t.problem(a.problem)
		return
	case a.late:
		t.r.Timeouts++
		return
	case len(a.verdicts) == 0:
		t.r.NoBids++
		return
	}
	t.r.Answers++
	for i := range a.verdicts {
		t.verdict(a, &a.verdicts[i])
	}
}

func (t *tally) verdict(a *answer, v *verdict) {
	t.r.Bids++
	campaign, creative := figures(t.r.Campaigns, v.bid.CID), figures(t.r.Creatives, v.bid.CrID)
	campaign.Bids++
	creative.Bids++
	switch {
	case v.won:
		t.r.Wins++
		campaign.Wins++
		creative.Wins++
		if t.samples > 0 {
			t.samples--
			t.r.Samples = append(t.r.Samples, sampleOf(a, v))
		}
		return
	case v.fault != "":
		t.r.Invalid++
		t.problem("invalid bid: " + v.fault)
		return
	}
	t.r.Losses++
}

// delivered counts an errand. The exchange charges for what was shown whether
// the notice of it arrived or not.
func (t *tally) delivered(e *errand, made, failed int, problem string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.notice(e.kind)
	n.Sent += uint64(made)
	n.Failed += uint64(failed)
	if problem != "" {
		t.problem(problem)
	}
	if e.of == nil {
		return
	}
	both := [...]*Figures{figures(t.r.Campaigns, e.of.campaign), figures(t.r.Creatives, e.of.creative)}
	switch ok := made > failed; {
	case e.kind == ad.Billing:
		t.r.Spend[e.of.cur.String()] += e.of.price
		for _, f := range both {
			f.Spend[e.of.cur.String()] += e.of.price
		}
	case e.kind == ad.Impression && ok:
		t.r.Impressions++
		for _, f := range both {
			f.Impressions++
		}
	case e.kind == ad.Impression && made == 0:
		t.r.Untracked++
	case e.kind == ad.Click && ok:
		t.r.Clicks++
		for _, f := range both {
			f.Clicks++
		}
	}
}

func (t *tally) notice(kind ad.Notice) *NoticeFigures {
	n := t.r.Notices[kind.String()]
	if n == nil {
		n = new(NoticeFigures)
		t.r.Notices[kind.String()] = n
	}
	return n
}

func (t *tally) problem(text string) {
	if _, known := t.r.Problems[text]; !known && len(t.r.Problems) >= 50 {
		text = "other problems"
	}
	t.r.Problems[text]++
}

func figures(of map[string]*Figures, name string) *Figures {
	f := of[name]
	if f == nil {
		if len(of) >= maxNames {
			name = "others"
		}
		if f = of[name]; f == nil {
			f = &Figures{Spend: map[string]ad.Money{}}
			of[name] = f
		}
	}
	return f
}

// report returns a copy of the figures.
func (t *tally) report(now time.Time) *Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.r
	if !t.ended.IsZero() {
		now = t.ended
	}
	if !t.started.IsZero() {
		r.Elapsed = now.Sub(t.started)
	}
	r.Notices = make(map[string]*NoticeFigures, len(t.r.Notices))
	for k, n := range t.r.Notices {
		c := *n
		r.Notices[k] = &c
	}
	r.Spend, r.Problems = maps.Clone(r.Spend), maps.Clone(r.Problems)
	r.Campaigns, r.Creatives = copyFigures(r.Campaigns), copyFigures(r.Creatives)
	r.Samples = slices.Clone(r.Samples)
	r.latency, r.lag = new(Histogram), new(Histogram)
	*r.latency, *r.lag = *t.r.latency, *t.r.lag
	r.Latency, r.Lag = quantilesOf(r.latency), quantilesOf(r.lag)
	return &r
}

func copyFigures(from map[string]*Figures) map[string]*Figures {
	to := make(map[string]*Figures, len(from))
	for name, f := range from {
		c := *f
		c.Spend = maps.Clone(f.Spend)
		to[name] = &c
	}
	return to
}

// unanswered returns an error if there were requests and all failed.
func (t *tally) unanswered() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.r.Requests == 0 || t.r.Requests > t.r.Errors {
		return nil
	}
	most := ""
	for text, n := range t.r.Problems {
		if most == "" || n > t.r.Problems[most] || n == t.r.Problems[most] && text < most {
			most = text
		}
	}
	return fmt.Errorf("none of %d requests got a usable answer: %s", t.r.Requests, most)
}
