package pricing

import (
	"fmt"
	"math"

	"bidwell/ad"
)

// Quality says how good a campaign's chances are. It is made of examples before
// they are learned from, the last few thousand responses counting most.
type Quality struct {
	Goal  Goal          `json:"-"`
	Tasks []TaskQuality `json:"tasks"` // those that the goal's chance is made of
}

// TaskQuality is the quality of one model for one campaign.
type TaskQuality struct {
	Task        Task    `json:"-"`
	Impressions float64 `json:"impressions"` // examples: impressions, or clicks for what follows a click; decayed, as all sums
	Events      float64 `json:"events"`      // of them with a response
	Predicted   float64 `json:"predicted"`   // responses that the model expected
	Calibration float64 `json:"calibration"` // predicted ÷ events; 0 without events
	Entropy     float64 `json:"entropy"`     // normalised: log loss ÷ that of always saying the average; below 1 is better than that. 0 without events
	PriorLoss   float64 `json:"prior_loss"`  // the same of the prior
	AUC         float64 `json:"auc"`         // how often a response got a higher chance than none; 0 without events
	Used        bool    `json:"used"`        // the model; else the prior
	Why         string  `json:"why"`         // it is used, or not

	Waiting          float64 `json:"waiting"`           // examples of the last ten minutes, of which nothing is learned yet
	WaitingResponses float64 `json:"waiting_responses"` // of them, those that have a response by now
}

// The gate: what a model must show before it is used.
const (
	gateEvents      = 20    // responses of the campaign; with fewer it follows what all campaigns together show
	gateHouseEvents = 100   // responses of all
	gateMemory      = 150   // responses of which the loss counts; then the half
	gateLoss        = 1.005 // log loss, as a multiple of the prior's
	gateBand        = 0.25  // calibration is off by no more, as log of the ratio, beyond what chance does
	trustOne        = 30    // responses that "it is calibrated" counts as much as
)

// scoreBuckets are of log-odds, a quarter wide, from lowScore on.
const (
	scoreBuckets = 64
	scoreWidth   = 0.25
	lowScore     = -12
)

// progress is what examples have shown of a model, each before it was learned from.
type progress struct {
	n, y       float64 // examples, and responses
	raw, p     float64 // responses expected, before and after calibration
	loss, base float64 // log loss of the model, and of the prior
	late       recent
	scores     [2][scoreBuckets]float32
}

// recent is the same of the last responses only: how a model began does not matter
// when it has become better.
type recent struct{ y, loss, base float64 }

// factor is by how much the raw model is to be multiplied.
func (q *progress) factor() float64 {
	if q == nil {
		return 1
	}
	return (q.y + trustOne) / (q.raw + trustOne)
}

// add counts an example: n and y of it are new, for a label that comes late takes
// back what was counted before.
func (q *progress) add(n, y, raw, p, prior float64) {
	none := n - y
	q.n += n
	q.y += y
	q.raw += n * raw
	q.p += n * p
	loss, base := logLoss(none, y, p), logLoss(none, y, prior)
	q.loss += loss
	q.base += base
	q.late.add(y, loss, base)
	b := int(within(math.Floor((logit(p)-lowScore)/scoreWidth), scoreBuckets))
	b = min(max(b, 0), scoreBuckets-1)
	q.scores[0][b] = max(q.scores[0][b]+float32(none), 0)
	q.scores[1][b] = max(q.scores[1][b]+float32(y), 0)
	if q.y > memory {
		q.halve()
	}
}

func (r *recent) add(y, loss, base float64) {
	r.y, r.loss, r.base = r.y+y, r.loss+loss, r.base+base
	if r.y > gateMemory {
		r.y, r.loss, r.base = r.y/2, r.loss/2, r.base/2
	}
}

// ratio is the log loss of the model to that of the prior: by as much less as it is
// below 1, the model has predicted better.
func (r *recent) ratio() float64 { return r.loss / r.base }

func logLoss(none, y, p float64) float64 { return -y*math.Log(p) - none*math.Log1p(-p) }

func (q *progress) sums() [6]*float64 {
	return [...]*float64{&q.n, &q.y, &q.raw, &q.p, &q.loss, &q.base}
}

// kept are all sums.
func (q *progress) kept() []*float64 {
	s := q.sums()
	return append(s[:], &q.late.y, &q.late.loss, &q.late.base)
}

func (q *progress) halve() {
	for _, x := range q.sums() {
		*x /= 2
	}
	for i := range q.scores {
		for b := range q.scores[i] {
			q.scores[i][b] /= 2
		}
	}
}

// auc is the area under the curve of true over false positives.
func (q *progress) auc() float64 {
	area, below, positives := 0.0, 0.0, 0.0
	for b := range scoreBuckets {
		none, y := float64(q.scores[0][b]), float64(q.scores[1][b])
		area += y * (below + none/2)
		below += none
		positives += y
	}
	if below <= 0 || positives <= 0 {
		return 0
	}
	return area / (below * positives)
}

// quality sums up, and decides whether the model is used. House is what all
// campaigns show together, w what waits, nil for nothing.
func (q *progress) quality(t Task, house *progress, w *Waiting) TaskQuality {
	out := TaskQuality{Task: t}
	if q == nil {
		q = new(progress)
	}
	out.Impressions, out.Events, out.Predicted, out.AUC = max(q.n, 0), max(q.y, 0), max(q.p, 0), q.auc()
	if entropy := logLoss(q.n-q.y, q.y, q.y/q.n); q.y > 0 && q.n > q.y && entropy > 0 {
		out.Calibration, out.Entropy, out.PriorLoss = q.p/q.y, q.loss/entropy, q.base/entropy
	}
	out.Used, out.Why = q.gate(house), q.why(house)
	if w != nil {
		out.Waiting, out.WaitingResponses = w.Trials[t], w.Responses[t]
		out.Why += w.text(t)
	}
	return out
}

// gate decides whether a model is used. House is what all campaigns show together.
func (q *progress) gate(house *progress) bool {
	if q != nil && q.y >= gateEvents {
		return q.passes()
	}
	return house.y >= gateHouseEvents && house.passes()
}

func (q *progress) passes() bool {
	return q.late.loss <= gateLoss*q.late.base && q.off() <= q.band()
}

// off is by how much more or less the model expects than comes, as a logarithm.
func (q *progress) off() float64 { return math.Abs(math.Log(max(q.p, minRate) / max(q.y, minRate))) }

// band is how much of that is allowed: what chance does, and a bit.
func (q *progress) band() float64 { return gateBand + 3/math.Sqrt(max(q.y, 1)) }

// why says why the gate decides as it does.
func (q *progress) why(house *progress) string {
	switch {
	case q.y >= gateEvents:
		return q.finding("")
	case house.y < gateHouseEvents:
		return fmt.Sprintf("responses so far: %.0f, %d are needed", max(q.y, 0), gateEvents)
	}
	return fmt.Sprintf("responses so far: %.0f; %s", max(q.y, 0), house.finding(" of all campaigns"))
}

func (q *progress) finding(of string) string {
	if q.late.loss <= gateLoss*q.late.base && q.off() > q.band() {
		return fmt.Sprintf("it expects %.2f times the responses%s that come", q.p/q.y, of)
	}
	better, word, but := 100*(1-q.late.ratio()), "better", ""
	if better < 0 {
		better, word = -better, "worse"
		if q.passes() {
			but = ", which may be chance"
		}
	}
	return fmt.Sprintf("it has predicted responses%s %.1f %% %s than the usual rate lately%s", of, better, word, but)
}

// record is what is kept of a campaign.
type record struct {
	goal     Goal
	seen     int64 // day of the last example
	progress [NumTasks]*progress
}

// verdict is what of a campaign's models is published.
type verdict struct {
	quality Quality
	tasks   [NumTasks]struct {
		known  bool // it has responses enough of its own
		used   bool
		factor float64
	}
}

func (c *record) verdict(house *[NumTasks]progress, w *Waiting) *verdict {
	v := &verdict{quality: Quality{Goal: c.goal}}
	for t := range NumTasks {
		q := c.progress[t]
		v.tasks[t].used = q.gate(&house[t])
		v.tasks[t].known = q != nil && q.y >= gateEvents
		v.tasks[t].factor = q.factor()
	}
	for _, t := range c.goal.Tasks() {
		v.quality.Tasks = append(v.quality.Tasks, c.progress[t].quality(t, &house[t], w))
	}
	return v
}

// Quality returns how good a campaign's chances are, and false for one of which
// nothing has been learned.
func (r *Responses) Quality(campaign ad.ID) (Quality, bool) {
	v, ok := r.verdicts[campaign]
	if !ok {
		return Quality{}, false
	}
	return v.quality, true
}
