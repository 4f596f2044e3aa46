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

// TestScaleIsBounded teaches what cannot be, and the same sums again and again, which do
// not tell one factor from the other.
func TestScaleIsBounded(t *testing.T) {
	s := newScale()
	for i := range 100_000 {
		sums, gradient := [2]float64{2, 2}, -1e6
		if i%2 == 0 {
			gradient = 1e6
		}
		s.learn(sums, gradient, 1)
		if !s.valid() || s.by[0] < 0 || s.by[0] > mostScale || s.by[1] < 0 || s.by[1] > mostScale {
			t.Fatalf("after %d examples it is %+v", i, s)
		}
	}
}
