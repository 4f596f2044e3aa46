package bidder

import (
	"math"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pricing"
)

// priced counts the bids that are paid as they are made: what they would have been, and
// what shading made of them, in nano-units of house currency for an impression.
type priced struct {
	bids, explored atomic.Uint64
	value, bid     atomic.Int64
	cost           atomic.Int64 // of exploring

	noChance atomic.Uint64 // answers of a scorer that are no number
}

// checkedScorer is one whose answers that are no number are counted.
type checkedScorer struct {
	pricing.Scorer
	noChance *atomic.Uint64
}

// Chance implements pricing.Scorer.
func (w *checkedScorer) Chance(x *pricing.Context, b *pricing.Bases, l *pricing.LineView, s *pricing.Subject) float64 {
	c := w.Scorer.Chance(x, b, l, s)
	if math.IsNaN(c) {
		w.noChance.Add(1)
	}
	return c
}

// add counts a bid that is sent.
func (p *priced) add(b *Bid) {
	if b.auction() != ad.FirstPrice {
		return
	}
	p.bids.Add(1)
	p.value.Add(int64(b.Willing))
	p.bid.Add(int64(b.Amount))
	if b.shade.tried {
		p.explored.Add(1)
		p.cost.Add(int64(b.shade.cost))
	}
}

var (
	firstDesc    = desc("first_price_bids_total", "Bids that are paid as they are made.")
	valueDesc    = desc("first_price_value_total", "What those bids would have been without shading, in units of the house currency.")
	shadedDesc   = desc("first_price_amount_total", "What those bids were, in units of the house currency; divided by first_price_value_total, how far they are shaded.")
	exploredDesc = desc("explored_bids_total", "Bids at another price than the best, to learn what wins.")
	exploreDesc  = desc("exploration_cost_total", "What those bids were expected to gain less, in units of the house currency.")
	noChanceDesc = desc("scorer_failures_total", "Answers of the scorer that was compiled in that are no number: our own models' chance is taken.")

	usedDesc        = desc("model_used", "1 if the response model tells the campaign's chances; at 0 the usual rate does.", "campaign", "task")
	eventsDesc      = desc("model_events", "Responses that the model was measured on, of late.", "campaign", "task")
	calibrationDesc = desc("model_calibration", "Responses that were predicted, for each that came.", "campaign", "task")
	aucDesc         = desc("model_auc", "How often a response had a higher chance than none.", "campaign", "task")
	entropyDesc     = desc("model_entropy", "Log loss of the model as a multiple of that of the average, below 1 if it knows anything.", "campaign", "task")
	goalKappaDesc   = desc("goal_kappa", "What the average cost of its events multiplies a campaign's bids with; the budget's κ may be lower.", "campaign")
	goalCostDesc    = desc("goal_cost", "What an event costs, of late, in units of the house currency.", "campaign")
)

// collectPrices reports shading, how good the models are, and what events cost.
func (e *Engine) collectPrices(s *campaign.Snapshot, ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v)
	}
	p := &e.Metrics.priced
	counter(firstDesc, float64(p.bids.Load()))
	counter(valueDesc, ad.Money(p.value.Load()).Units())
	counter(shadedDesc, ad.Money(p.bid.Load()).Units())
	counter(exploredDesc, float64(p.explored.Load()))
	counter(exploreDesc, ad.Money(p.cost.Load()).Units())
	counter(noChanceDesc, float64(p.noChance.Load()))
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, c := range s.Campaigns {
		if c.Goal == nil {
			continue
		}
		if c.Goal.Average > 0 {
			if st, ok := e.Books.Pacer.Status(c.ID); ok {
				gauge(goalKappaDesc, st.Goal, c.Name)
				gauge(goalCostDesc, st.Cost.Units(), c.Name)
			}
		}
		q, _ := s.Paced().Model().Responses.Quality(c.ID)
		for _, t := range q.Tasks {
			labels := []string{c.Name, t.Task.String()}
			gauge(usedDesc, oneIf(t.Used), labels...)
			gauge(eventsDesc, t.Events, labels...)
			gauge(calibrationDesc, t.Calibration, labels...)
			gauge(aucDesc, t.AUC, labels...)
			gauge(entropyDesc, t.Entropy, labels...)
		}
	}
}
