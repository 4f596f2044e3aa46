package loadtest

import (
	"fmt"
	"sync"
	"time"

	"bidwell/ad"
	"bidwell/internal/prose"
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
	values  Values
}

func (t *tally) init(c *Config) {
	t.samples, t.values = c.Samples, c.Values
	t.r = *newReport()
	t.r.Currency = c.Rates.Base().String()
	t.r.Rate = c.Rate
}

func (t *tally) begin(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.started = now
	t.r.Started = now.UTC()
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

func (t *tally) dropped(kind message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(kind).Dropped++
}

func (t *tally) lost(kind message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(kind).Lost++
}

func (t *tally) doubled(kind message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(kind).Doubled++
}

// called counts one call and how long it took.
func (t *tally) called(kind message, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(kind).Sent++
	t.r.Histograms.Notices.Add(took)
}

// answered counts one request and what its auction decided.
func (t *tally) answered(a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Requests++
	t.r.Histograms.Latency.Add(a.latency)
	t.r.Histograms.Lag.Add(a.lag)
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
	both := [...]*Figures{figures(t.r.Campaigns, v.bid.CID), figures(t.r.Creatives, v.bid.CrID)}
	for _, f := range both {
		f.Bids++
		surplus := t.values.surplusOf(v)
		f.Surplus.merge(&surplus)
	}
	if v.met {
		t.market(v)
	}
	switch {
	case v.won:
		t.won(a, v, both[:])
	case v.fault != "":
		t.r.Invalid++
		t.problem("invalid bid: " + v.fault)
	default:
		t.r.Losses++
	}
}

// market counts what a segment's impressions cost.
func (t *tally) market(v *verdict) {
	s := t.r.Segments[v.segment]
	if s == nil {
		if len(t.r.Segments) >= maxNames {
			v.segment = "others"
		}
		if s = t.r.Segments[v.segment]; s == nil {
			s = new(SegmentFigures)
			t.r.Segments[v.segment] = s
		}
	}
	bid, _ := ad.FromCPM(v.bid.Price * v.house)
	least, _ := ad.FromCPM(v.minToWin * v.house)
	s.Bids++
	s.Wins += count(v.won)
	s.Bid += bid
	s.MinToWin += least
	s.Paid += v.cost
	t.r.Histograms.MinToWin.Add(time.Duration(least))
	t.r.Histograms.Bids.Add(time.Duration(bid))
}

// won counts a won auction. The exchange charges for what is shown, whether the
// notice of it arrives or not.
func (t *tally) won(a *answer, v *verdict, both []*Figures) {
	t.r.Wins++
	cur, _ := ad.CurrencyOf(a.cur)
	price, _ := ad.FromCPM(v.clearing)
	for _, f := range both {
		f.Wins++
		if v.shown {
			f.Spend[cur.String()] += price
			f.Billed += v.cost
			f.Responses.add(&v.response, &v.outcome)
		}
	}
	if v.shown {
		t.r.Spend[cur.String()] += price
	}
	if t.samples > 0 {
		t.samples--
		t.r.Samples = append(t.r.Samples, sampleOf(a, v))
	}
}

// delivered counts what came of an errand.
func (t *tally) delivered(e *errand, d *delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.notice(e.kind)
	n.Failed += uint64(d.failed)
	n.PutOff += uint64(d.putOff)
	if d.problem != "" {
		t.problem(d.problem)
	}
	s := e.of
	if s == nil {
		return
	}
	both := [...]*Figures{figures(t.r.Campaigns, s.campaign), figures(t.r.Creatives, s.creative)}
	switch e.kind {
	case billNotice:
		s.billed(both[:], d)
	case impPixel:
		if d.good > 0 && !s.tracked {
			s.tracked = true
			t.r.Impressions++
			for _, f := range both {
				f.Impressions++
			}
		}
		if d.made == 0 && !s.untracked {
			s.untracked = true
			t.r.Untracked++
		}
	case click:
		if d.good > 0 && !s.clicked {
			s.clicked = true
			t.r.Clicks++
			for _, f := range both {
				f.Clicks++
			}
		}
	}
}

// billed counts what the bidder knows that it owes: surely if it has answered,
// perhaps if there was no answer.
func (s *sale) billed(both []*Figures, d *delivery) {
	for _, f := range both {
		if d.good > 0 && !s.acknowledged {
			f.Acknowledged += s.cost
			if s.unclear {
				f.Unclear -= s.cost
			}
		}
		if d.good == 0 && d.silent > 0 && !s.acknowledged && !s.unclear {
			f.Unclear += s.cost
		}
	}
	s.unclear = s.unclear || d.silent > 0
	s.acknowledged = s.acknowledged || d.good > 0
}

func (t *tally) notice(kind message) *NoticeFigures {
	n := t.r.Notices[string(kind)]
	if n == nil {
		n = new(NoticeFigures)
		t.r.Notices[string(kind)] = n
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
	r := newReport()
	r.merge(&t.r)
	r.Currency, r.Started, r.Rate = t.r.Currency, t.r.Started, t.r.Rate
	if !t.ended.IsZero() {
		now = t.ended
	}
	if !t.started.IsZero() {
		r.Elapsed = now.Sub(t.started)
	}
	r.sumUp()
	return r
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
	return fmt.Errorf("none of %s got a usable answer: %s", prose.Count(t.r.Requests, "request"), most)
}
