package learn

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestDelaysAreLearned lets conversions come after times of which most are not as usual,
// and asks before the last stages have ended for anybody.
func TestDelaysAreLearned(t *testing.T) {
	if got := (&delays{stages: afterClick, usual: &usualClick}).shares(); got != usualClick {
		t.Errorf("without a conversion %v, want what is usual", got)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	const items, mean = 20_000, 2 * time.Hour
	want := func(from, to time.Duration) float64 {
		return math.Exp(-float64(from)/float64(mean)) - math.Exp(-float64(to)/float64(mean))
	}
	d := &delays{stages: afterClick, usual: &usualClick}
	for i := range items {
		age := time.Duration(i) * 36 * time.Hour / items
		converts, from := rng.Float64() < 0.1, time.Duration(0)
		after := time.Duration(rng.ExpFloat64() * float64(mean))
		for stage, end := range d.stages {
			if age < end {
				break
			}
			d.passed[stage]++
			if converts && from <= after && after < end {
				d.convert[stage]++
			}
			from = end
		}
	}
	got, from, all := d.shares(), time.Duration(0), 0.0
	for stage, end := range d.stages {
		if w := want(from, end); math.Abs(got[stage]-w) > 0.1 {
			t.Errorf("until %v: %.3f of conversions, want %.3f", end, got[stage], w)
		}
		all += got[stage]
		from = end
	}
	if math.Abs(all-1) > 1e-9 {
		t.Errorf("all shares make %v", all)
	}
}
