package attack

import (
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"bidwell/loadtest"
)

// tally counts hits. It belongs to one goroutine.
type tally struct {
	cfg       *Config
	started   time.Time
	latency   *hdrhistogram.Histogram // nanoseconds from the due time
	lag       *hdrhistogram.Histogram // from the due time to the sending, or to giving up
	own       *hdrhistogram.Histogram // the part of it that is the generator's
	counts    [outcomes]uint64
	statuses  map[string]uint64
	faults    map[string]uint64
	checked   uint64
	lastSent  time.Duration
	intervals intervals
	second    Progress
	secondLat loadtest.Histogram
}

// Progress is what happened in about a second.
type Progress struct {
	Elapsed           time.Duration
	Asked             float64 // requests per second
	Sent, Bids, Wrong uint64
	P50, P99          time.Duration
	span              time.Duration
	answered          uint64
}

// longest is the longest time that histograms keep apart; longer ones count as
// this.
const longest = int64(10 * time.Minute)

func newTally(cfg *Config, started time.Time) *tally {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, 3) }
	return &tally{
		cfg: cfg, started: started, latency: histogram(), lag: histogram(), own: histogram(),
		statuses: map[string]uint64{}, faults: map[string]uint64{}, intervals: intervals{width: time.Second, end: cfg.Schedule.For},
	}
}

// run counts what comes through a sink until it is closed. Once a second it
// writes out the results so far and tells the progress.
func (t *tally) run(s *sink) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case batch, ok := <-s.out:
			if !ok {
				t.cfg.Results.flush()
				return
			}
			for i := range batch {
				t.add(&batch[i])
			}
			s.recycle(batch)
		case <-tick.C:
			t.cfg.Results.flush()
			t.progress(time.Since(t.started))
		}
	}
}

func (t *tally) progress(elapsed time.Duration) {
	p := &t.second
	if t.cfg.Progress != nil {
		p.span, p.Elapsed = elapsed-p.Elapsed, elapsed
		p.Asked = t.cfg.Schedule.Pacer.Rate(min(elapsed, t.cfg.Schedule.For-1)) // of its last moment, while the last answers are awaited
		p.P50, p.P99 = t.secondLat.Quantile(0.5), t.secondLat.Quantile(0.99)
		t.cfg.Progress(*p)
	}
	t.second, t.secondLat = Progress{Elapsed: elapsed}, loadtest.Histogram{}
}

// add counts one hit.
func (t *tally) add(h *hit) {
	if h.sample != nil {
		t.check(h)
	}
	t.counts[h.outcome]++
	if h.outcome == Status {
		t.statuses[strconv.Itoa(int(h.status))]++
	}
	if h.outcome == Unsent {
		t.lag.RecordValue(bounded(h.done - h.due))
	} else {
		t.lag.RecordValue(bounded(h.sent - h.due))
		t.second.Sent++
		t.lastSent = max(t.lastSent, h.sent)
	}
	t.own.RecordValue(bounded(h.lag))
	took := h.done - h.due
	if waited(h.outcome) {
		t.latency.RecordValue(bounded(took))
		t.secondLat.Add(took)
		t.second.answered++
	}
	switch {
	case h.outcome == Bid:
		t.second.Bids++
	case h.outcome.failed():
		t.second.Wrong++
	}
	t.intervals.add(h, took)
	t.cfg.Results.write(t.started, h)
}

// waited reports whether the time of an outcome is one of waiting for an
// answer. Those that were given up count with the time until then, for leaving
// them out would flatter; a connection that ended is no answer at all.
func waited(o Outcome) bool { return o != Refused && o != Closed && o != Malformed }

func bounded(d time.Duration) int64 { return min(max(int64(d), 0), longest) }

// check reads an answer that was chosen for it.
func (t *tally) check(h *hit) {
	t.checked++
	body, err := bodyOf(h.sample.request)
	wrong := ""
	if err != nil {
		wrong = err.Error()
	} else {
		_, wrong = loadtest.Validate(body, h.sample.answer)
	}
	if wrong != "" {
		h.outcome = Invalid
		if len(t.faults) >= 50 && t.faults[wrong] == 0 {
			wrong = "others"
		}
		t.faults[wrong]++
	}
	samples.Put(h.sample)
	h.sample = nil
}

// intervals are figures over time, by when requests were due. There are at most
// mostIntervals: when there are more, two become one.
type intervals struct {
	width time.Duration
	end   time.Duration // of the schedule; what is due right then belongs to the last interval
	all   []interval
}

type interval struct {
	due, sent, bids, noBids, errors uint64
	latency                         loadtest.Histogram
}

const mostIntervals = 300

func (v *intervals) add(h *hit, took time.Duration) {
	due := min(h.due, v.end-1)
	at := int(due / v.width)
	for at >= mostIntervals {
		v.halve()
		at = int(due / v.width)
	}
	for at >= len(v.all) {
		v.all = append(v.all, interval{})
	}
	i := &v.all[at]
	i.due++
	if h.outcome != Unsent {
		i.sent++
	}
	switch {
	case h.outcome == Bid:
		i.bids++
	case h.outcome == NoBid:
		i.noBids++
	default:
		i.errors++
	}
	if waited(h.outcome) {
		i.latency.Add(took)
	}
}

func (v *intervals) halve() {
	v.width *= 2
	for i := range v.all {
		if i%2 == 0 {
			v.all[i/2] = v.all[i]
			continue
		}
		a, b := &v.all[i/2], &v.all[i]
		a.due, a.sent, a.bids, a.noBids, a.errors = a.due+b.due, a.sent+b.sent, a.bids+b.bids, a.noBids+b.noBids, a.errors+b.errors
		a.latency.Merge(&b.latency)
	}
	v.all = v.all[:(len(v.all)+1)/2]
}
