package pricing

import (
	"math/rand/v2"
	"testing"
)

// TestScaleFindsWhatToBelieve lets responses follow a part of what weights say: half of
// what all campaigns share, and nothing of what a campaign has of its own.
func TestScaleFindsWhatToBelieve(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := newScale()
	for range 200_000 {
		sums := [2]float64{rng.NormFloat64(), 0.5 * rng.NormFloat64()}
		y := 0.0
		if rng.Float64() < sigmoid(-4+0.5*sums[0]) {
			y = 1
		}
		p := sigmoid(-4 + s.of(sums))
		s.learn(sums, p-y, p*(1-p))
	}
	if got := s.by; got[0] < 0.4 || got[0] > 0.6 || got[1] > 0.15 || !s.valid() {
		t.Errorf("believes %.3f of what is shared and %.3f of a campaign's own, want 0.5 and 0", got[0], got[1])
	}
}

// TestScaleBelievesWhatIsRight lets responses, which are few, follow all that weights
// say.
func TestScaleBelievesWhatIsRight(t *testing.T) {
	const runs = 10
	var mean [2]float64
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(seed, 7))
		s := newScale()
		for range 50_000 {
			sums := [2]float64{rng.NormFloat64(), 0.5 * rng.NormFloat64()}
			y := 0.0
			if rng.Float64() < sigmoid(-6+sums[0]+sums[1]) {
				y = 1
			}
			p := sigmoid(-6 + s.of(sums))
			s.learn(sums, p-y, p*(1-p))
		}
		for i := range mean {
			mean[i] += s.by[i] / runs
		}
	}
	if mean[0] < 0.9 || mean[1] < 0.9 {
		t.Errorf("believes %.3f of what is shared and %.3f of a campaign's own, want 1", mean[0], mean[1])
	}
}

// TestHeavyExamplesLeaveAStateToRestore teaches examples that stand for as many as there
// may be.
func TestHeavyExamplesLeaveAStateToRestore(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	tr := NewTrainer()
	for n := range 300 {
		var x Context
		x.Add(Place, rng.Uint64N(10))
		s := Subject{Goal: PerClick, Campaign: 1, Line: 1}
		tr.Learn(&Example{Task: Clicking, Context: &x, Subject: &s, Yes: rng.Float64() < 0.3, Weight: maxExample})
		if err := new(Trainer).Restore(tr.AppendState(nil)); err != nil {
			t.Fatalf("after %d examples: %v", n+1, err)
		}
	}
}

// TestScaleIsBounded teaches what cannot be, and the same sums again and again, which do
// not tell one factor from the other.
func TestScaleIsBounded(t *testing.T) {
	s := newScale()
	for i := range 100_000 {
		sums, gradient := [2]float64{2, 2}, -1e6
		if i%2 == 0 {
			gradient = 1e6
		}
		s.learn(sums, gradient, maxExample)
		if !s.valid() || s.by[0] < 0 || s.by[0] > mostScale || s.by[1] < 0 || s.by[1] > mostScale {
			t.Fatalf("after %d examples it is %+v", i, s)
		}
	}
}
