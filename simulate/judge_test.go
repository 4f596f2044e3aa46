package simulate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestJudge gives chances that are right, off by a factor, and always the mean.
func TestJudge(t *testing.T) {
	right, double, mean := newJudge(), newJudge(), newJudge()
	chance := rand.New(rand.NewPCG(1, 2))
	const n = 200_000
	truths, sum := make([]float64, n), 0.0
	for i := range truths {
		truths[i] = 0.01 * math.Exp(chance.NormFloat64()-0.5)
		sum += truths[i]
	}
	ordered, events := 0.0, 0.0
	for _, p := range truths {
		came := chance.Float64() < p
		right.add(p, p, came)
		double.add(2*p, p, came)
		mean.add(sum/n, p, came)
		if came { // against somebody at random
			other := truths[chance.IntN(n)]
			events++
			switch {
			case p > other:
				ordered++
			case p == other:
				ordered += 0.5
			}
		}
	}
	q, d, m := right.quality(), double.quality(), mean.quality()
	if q.Calibration != 1 || q.NE != q.TrueNE || q.NE >= 0.97 || q.AUC != q.TrueAUC {
		t.Errorf("the truth: %+v", q)
	}
	if got := ordered / events; math.Abs(q.AUC-got) > 0.02 {
		t.Errorf("AUC %.4f, of pairs at random %.4f are in order", q.AUC, got)
	}
	if math.Abs(d.Calibration-2) > 1e-9 || d.NE <= q.NE || math.Abs(d.AUC-q.AUC) > 0.002 || d.TrueNE != q.TrueNE {
		t.Errorf("twice the truth: %+v", d)
	}
	if math.Abs(m.NE-1) > 1e-9 || m.AUC != 0.5 || math.Abs(m.Calibration-1) > 1e-9 {
		t.Errorf("always the mean: %+v", m)
	}
	if math.Abs(float64(q.Events)/q.Expected-1) > 0.1 || len(q.Curve) < 10 {
		t.Errorf("%d events where %.0f were expected, %d points", q.Events, q.Expected, len(q.Curve))
	}
	for _, p := range d.Curve {
		if math.Abs(p.Predicted/p.Expected-2) > 1e-9 {
			t.Errorf("a point of twice the truth: %+v", p)
		}
	}
	right.merge(mean)
	if all := right.quality(); all.NE <= q.NE || all.NE >= 1 || all.Shown != 2*n {
		t.Errorf("merged: %+v", all)
	}
	if newJudge().quality() != nil {
		t.Error("there is a quality of nothing")
	}
}

// TestRanksOfSureThings ranks chances at both ends, whose log-odds are infinite, among
// others.
func TestRanksOfSureThings(t *testing.T) {
	last := -1
	for _, p := range []float64{0, 1e-6, 0.5, 1 - 1e-6, 1} {
		i := rankOf(p)
		if i <= last || i >= rankBins {
			t.Errorf("a chance of %v is in bin %d, the one before in %d of %d", p, i, last, rankBins)
		}
		last = i
	}
	if low, high := rankOf(-0.1), rankOf(1.5); low != 0 || high != rankBins-1 {
		t.Errorf("chances beyond both ends are in bins %d and %d", low, high)
	}
	var r ranks
	r.add(1, 1)
	r.add(0, 0)
	if got := r.auc(); got != 1 {
		t.Errorf("who is right for sure has an AUC of %v", got)
	}
}
