package simulate

import (
	"math"
	"slices"
)

// Quality says how good the chances were that bids were made with, of what was shown.
// Losses are those that the true chances let expect, so that no luck is in them; what
// the truth itself would have had stands beside them: no model does better.
type Quality struct {
	Shown       int     `json:"shown"`
	Events      int     `json:"events"`      // that came
	Expected    float64 `json:"expected"`    // by the true chances
	Predicted   float64 `json:"predicted"`   // by the bidder's
	Calibration float64 `json:"calibration"` // predicted ÷ expected
	NE          float64 `json:"ne"`          // log loss ÷ that of a chance that is always the mean
	TrueNE      float64 `json:"ne_truth"`
	AUC         float64 `json:"auc"`
	TrueAUC     float64 `json:"auc_truth"`

	Curve []CalibrationPoint `json:"calibration_curve,omitempty"`
}

// CalibrationPoint is what became of impressions whose chances were about the same.
type CalibrationPoint struct {
	Shown     int     `json:"shown"`
	Predicted float64 `json:"predicted"` // mean chance, as the bidder took it
	Expected  float64 `json:"expected"`  // mean true chance
	Came      float64 `json:"came"`      // share of them with an event
}

// judge holds what a bidder took chances to be against what they are.
type judge struct {
	shown, events       int
	predicted, expected float64
	loss, trueLoss      float64 // nats
	base                float64 // loss of a chance that is always the mean, of what was merged
	ranks, trueRanks    *ranks
	curve               *[curveBins]calibrated
}

// calibrated is a bin of a calibration curve.
type calibrated struct {
	shown, events       int
	predicted, expected float64
}

const (
	curveBins  = 96 // of a quarter of a doubling each
	leastPoint = 20 // expected or predicted events for a point of the curve
)

func newJudge() *judge {
	return &judge{ranks: new(ranks), trueRanks: new(ranks), curve: new([curveBins]calibrated)}
}

// add notes one impression: the chance as the bidder took it, the true one, and whether
// the event came.
func (j *judge) add(p, truth float64, came bool) {
	j.shown++
	b := &j.curve[min(int(-4*math.Log2(min(max(p, 1e-9), 1))), curveBins-1)]
	b.shown++
	if came {
		j.events++
		b.events++
	}
	j.predicted += p
	j.expected += truth
	b.predicted += p
	b.expected += truth
	j.loss += logLoss(p, truth)
	j.trueLoss += logLoss(truth, truth)
	j.ranks.add(p, truth)
	j.trueRanks.add(truth, truth)
}

// logLoss returns the logarithmic loss of a chance that is to be expected, in nats.
func logLoss(p, truth float64) float64 {
	p = min(max(p, 1e-9), 1-1e-9)
	return -truth*math.Log(p) - (1-truth)*math.Log1p(-p)
}

// merge adds another campaign's judge. What is held against stays each one's own mean.
func (j *judge) merge(o *judge) {
	j.base = j.baseLoss() + o.baseLoss()
	j.shown += o.shown
	j.events += o.events
	j.predicted += o.predicted
	j.expected += o.expected
	j.loss += o.loss
	j.trueLoss += o.trueLoss
	j.ranks.merge(o.ranks)
	j.trueRanks.merge(o.trueRanks)
	for i := range j.curve {
		a, b := &j.curve[i], &o.curve[i]
		a.shown += b.shown
		a.events += b.events
		a.predicted += b.predicted
		a.expected += b.expected
	}
}

// baseLoss is the loss of a chance that is always the true mean.
func (j *judge) baseLoss() float64 {
	if j.base > 0 || j.shown == 0 {
		return j.base
	}
	mean := j.expected / float64(j.shown)
	return float64(j.shown) * logLoss(mean, mean)
}

// quality sums up; nil where nothing was shown.
func (j *judge) quality() *Quality {
	if j.shown == 0 || !(j.expected > 0) {
		return nil
	}
	q := &Quality{
		Shown: j.shown, Events: j.events, Expected: j.expected, Predicted: j.predicted,
		Calibration: j.predicted / j.expected, NE: j.loss / j.baseLoss(), TrueNE: j.trueLoss / j.baseLoss(),
		AUC: j.ranks.auc(), TrueAUC: j.trueRanks.auc(),
	}
	for i := range j.curve {
		if b := &j.curve[i]; max(b.expected, b.predicted) >= leastPoint {
			n := float64(b.shown)
			q.Curve = append(q.Curve, CalibrationPoint{b.shown, b.predicted / n, b.expected / n, float64(b.events) / n})
		}
	}
	slices.Reverse(q.Curve) // ascending
	return q
}

// ranks tell how well chances tell events from others: what share of pairs they put in
// the right order. Chances are kept in bins of log-odds; in each impression so much of
// an event is as the true chance says.
type ranks struct{ events, others [rankBins]float64 }

// rankBins is 32 for each unit of log-odds, from -16 to 16.
const rankBins = 1024

func (r *ranks) add(p, truth float64) {
	i := rankOf(p)
	r.events[i] += truth
	r.others[i] += 1 - truth
}

// rankOf returns the bin of a chance. Those of 0 and 1, whose log-odds are infinite, and
// what a bidder takes to be beyond are in the first and the last.
func rankOf(p float64) int {
	switch {
	case !(p > 0):
		return 0
	case p >= 1:
		return rankBins - 1
	}
	x := math.Log(p) - math.Log1p(-p)
	return min(max(int((x+16)*32), 0), rankBins-1)
}

func (r *ranks) merge(o *ranks) {
	for i := range r.events {
		r.events[i] += o.events[i]
		r.others[i] += o.others[i]
	}
}

// auc returns the area under the ROC curve.
func (r *ranks) auc() float64 {
	below, pairs, events := 0.0, 0.0, 0.0
	for i, e := range r.events {
		pairs += e * (below + r.others[i]/2)
		below += r.others[i]
		events += e
	}
	if !(events*below > 0) {
		return 0.5
	}
	return pairs / (events * below)
}
