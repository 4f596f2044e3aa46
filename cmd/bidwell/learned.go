package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/internal/prose"
	"bidwell/ledger"
	"bidwell/pacing"
	"bidwell/pricing/learn"
)

// modelsDir is where what was learned for prices is kept.
func modelsDir(data string) string { return filepath.Join(data, "models") }

// featureKeyFile is where the key of what models see is kept in a data directory.
func featureKeyFile(data string) string { return filepath.Join(data, "feature.key") }

// openLearned takes up what was learned for prices, which bids are made of from the
// first one on.
func (m *Main) openLearned() { m.learnWith(learn.Options{}) }

func (m *Main) learnWith(o learn.Options) {
	o.Say = func(text string) { m.Log.Warn("learning prices: " + text) }
	m.learned = learn.Open(m.ledger, modelsDir(m.dataDir()), o)
	m.engine.Model = m.learned.Model
	m.engine.Outcomes = func(campaign ad.ID) (pacing.Responses, bool) {
		p := m.learned.Published()
		return pacing.Responses(p.Outcomes[campaign]), p.Whole
	}
}

// longestCatchUp is how long explain goes through events that no snapshot has seen.
const longestCatchUp = 5 * time.Second

// openLearnedToExplain takes up what was learned, as the bidder on that data directory
// would have it now; where that takes too long, as of a while ago. Nothing is written.
func (m *Main) openLearnedToExplain() error {
	if _, err := os.Stat(modelsDir(m.dataDir())); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was learned yet
	}
	m.learnWith(learn.Options{Looks: true})
	ctx, cancel := context.WithTimeout(context.Background(), longestCatchUp)
	defer cancel()
	if err := m.learned.CatchUp(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// learnedStatus is where learning stands.
type learnedStatus struct {
	Behind      uint64 `json:"events_behind"`     // durable events that were not learned from yet
	Trouble     string `json:"trouble,omitempty"` // why not
	Impressions uint64 `json:"impressions"`       // with a goal, that were learned from or wait to be
	Auctions    uint64 `json:"auctions"`          // outcomes of bids that win rates were learned from

	Disbelieved []string `json:"disbelieved,omitempty"` // exchanges that tell other prices than those that win
}

func (m *Main) learnedStatus() learnedStatus {
	s, p := m.learned.Stats(), m.learned.Published()
	out := learnedStatus{Behind: s.Behind, Impressions: p.Counts.Impressions, Auctions: p.Rates.Exact + p.Rates.Won + p.Rates.Lost}
	if s.Trouble != nil {
		out.Trouble = s.Trouble.Error()
	}
	for _, id := range p.Model.Market.Disbelieved() {
		out.Disbelieved = append(out.Disbelieved, m.ledger.TextOf(ledger.ExchangeName, id))
	}
	return out
}

// goalStatus is what a campaign pays for, and how well its chances are known.
type goalStatus struct {
	PayPer  string       `json:"pay_per"`
	Worth   float64      `json:"worth"`
	Average float64      `json:"average_cost,omitempty"`
	Kappa   float64      `json:"kappa,omitempty"` // what the average cost multiplies bids with
	Cost    float64      `json:"cost,omitempty"`  // of an event, of late
	Events  float64      `json:"events"`          // that were paid for
	Chances []taskStatus `json:"chances,omitempty"`
}

// taskStatus is a chance that the goal's is made of, and how good the model of it is.
type taskStatus struct {
	Of          string  `json:"of"`
	Used        bool    `json:"model_used"`
	Why         string  `json:"why"`
	Impressions float64 `json:"impressions"`
	Events      float64 `json:"events"`
	Calibration float64 `json:"calibration"`
	Entropy     float64 `json:"entropy"`
	AUC         float64 `json:"auc"`

	Waiting          float64 `json:"waiting"`           // impressions or clicks of the last ten minutes, not in impressions yet
	WaitingResponses float64 `json:"waiting_responses"` // of them, with a response
}

func (m *Main) goalStatus(c *campaign.Campaign) *goalStatus {
	if c.Goal == nil || c.Goal.Worth == 0 {
		return nil
	}
	p := m.learned.Published()
	st := &goalStatus{
		PayPer: c.Goal.Event(), Worth: c.Goal.Worth.Units(), Average: c.Goal.Average.Units(), Events: p.Outcomes[c.ID].Events,
	}
	if pace, ok := m.engine.Books.Pacer.Status(c.ID); ok && c.Goal.Average > 0 {
		st.Kappa, st.Cost = pace.Goal, pace.Cost.Units()
	}
	q, _ := p.Model.Responses.Quality(c.ID)
	for _, t := range q.Tasks {
		st.Chances = append(st.Chances, taskStatus{t.Task.String(), t.Used, t.Why, t.Impressions, t.Events, t.Calibration, t.Entropy, t.AUC, t.Waiting, t.WaitingResponses})
	}
	return st
}

// learnedMetrics shows what the learner counts.
type learnedMetrics struct{ *learn.Follower }

var (
	learnedDesc       = prometheus.NewDesc("bidwell_learned_impressions_total", "Impressions that response models learn from, by what became of them.", []string{"outcome"}, nil)
	responsesDesc     = prometheus.NewDesc("bidwell_learned_responses_total", "Responses that response models met, by what was to be said of them.", []string{"outcome"}, nil)
	auctionsDesc      = prometheus.NewDesc("bidwell_learned_auctions_total", "Outcomes of bids that win rates were learned from, by what they told.", []string{"told"}, nil)
	disbelievedDesc   = prometheus.NewDesc("bidwell_exchanges_disbelieved", "Exchanges that tell other prices than those that win: only outcomes are learned from. /status names them.", nil, nil)
	learnBehindDesc   = prometheus.NewDesc("bidwell_learning_events_behind", "Durable events that prices were not learned from yet.", nil, nil)
	learnLostDesc     = prometheus.NewDesc("bidwell_learning_events_lost_total", "Stretches of events in the ledger that cannot be read: nothing is learned from them.", nil, nil)
	learnWorkableDesc = prometheus.NewDesc("bidwell_learning_works", "1 if prices are learned and kept; at 0 bids go by what was learned before.", nil, nil)
)

// Describe implements prometheus.Collector.
func (l learnedMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(l, ch) }

// Collect implements prometheus.Collector.
func (l learnedMetrics) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	p, s := l.Published(), l.Stats()
	c := &p.Counts
	counter(learnedDesc, c.Impressions-c.Unreadable-c.LeftOut, "learned")
	counter(learnedDesc, c.Unreadable, "unreadable")
	counter(learnedDesc, c.LeftOut, "left_out")
	counter(responsesDesc, c.Conversions, "conversion")
	counter(responsesDesc, c.Unmatched, "unmatched_conversion")
	counter(responsesDesc, c.Repeated, "repeated_conversion")
	counter(responsesDesc, c.Late, "late")
	counter(responsesDesc, c.Flooded, "flood")
	counter(auctionsDesc, p.Rates.Exact, "least_to_win")
	counter(auctionsDesc, p.Rates.Won, "won")
	counter(auctionsDesc, p.Rates.Lost, "lost")
	counter(auctionsDesc, p.Rates.Contradictory, "contradictory")
	counter(auctionsDesc, p.Rates.Refused, "nothing")
	counter(learnLostDesc, s.Lost)
	works := 1.0
	if s.Trouble != nil {
		works = 0
	}
	ch <- prometheus.MustNewConstMetric(disbelievedDesc, prometheus.GaugeValue, float64(len(p.Model.Market.Disbelieved())))
	ch <- prometheus.MustNewConstMetric(learnBehindDesc, prometheus.GaugeValue, float64(s.Behind))
	ch <- prometheus.MustNewConstMetric(learnWorkableDesc, prometheus.GaugeValue, works)
}

// verifyLearned makes the models of a data directory again from the ledger, and
// compares. It returns nil if there are none.
func verifyLearned(ctx context.Context, l *ledger.Ledger, dir string) (*learn.Verified, error) {
	if _, err := os.Stat(modelsDir(dir)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	bar := newStepBar("replay models")
	defer bar.end()
	return learn.Verify(ctx, l, modelsDir(dir), learn.Options{}, bar.step)
}

// writeLearned says what a replay of models has found.
func writeLearned(w io.Writer, v *learn.Verified) {
	if v == nil {
		return
	}
	switch {
	case v.Comparable && v.Equal:
		fmt.Fprintf(w, "models of the first %s made again: the same, %s in all\n", prose.Count(v.Position, "event"), prose.Count(v.Bytes, "byte"))
	case v.Comparable:
		fmt.Fprintf(w, "models of the first %s made again: they differ\n", prose.Count(v.Position, "event"))
		fmt.Fprintln(w, "  remove the directory models from the data directory: a bidder makes them again")
	default:
		fmt.Fprintln(w, "models cannot be compared")
	}
	for _, note := range v.Notes {
		fmt.Fprintln(w, "  "+note)
	}
}
