package pricing

import (
	"math"
	"testing"
)

func TestExp(t *testing.T) {
	for z := -maxOdds; z <= maxOdds; z += 0.0137 {
		if off := exp(z)/math.Exp(z) - 1; math.Abs(off) > 2e-7 {
			t.Fatalf("exp(%v) is off by %g", z, off)
		}
	}
	for _, z := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		if p := sigmoid(z); !(p > 0 && p < 1) {
			t.Errorf("sigmoid(%v) = %v", z, p)
		}
	}
}

var sink float64

func BenchmarkExp(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		for i := range b.N {
			sink += exp(float64(i&31) - 16.3)
		}
	})
	b.Run("math", func(b *testing.B) {
		for i := range b.N {
			sink += math.Exp(float64(i&31) - 16.3)
		}
	})
}
