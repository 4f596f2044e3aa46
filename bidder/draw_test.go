package bidder

import (
	"math"
	"testing"
)

// TestDraw draws creatives by their shares, also where some are left out, each once.
func TestDraw(t *testing.T) {
	shares := []float64{0.5, 0.25, 0.05, 0.2}
	for _, of := range [][]int{{0, 1, 2, 3}, {1, 2}, {3}, {}} {
		counts, sum := make([]float64, len(shares)), 0.0
		for _, n := range of {
			sum += shares[n]
		}
		const times = 20_000
		for i := range times {
			d := draw{shares: shares, chance: mix(uint64(i))}
			for _, n := range of {
				d.add(n)
			}
			seen := map[int]bool{}
			for k := 0; ; k++ {
				n := d.next()
				if n < 0 {
					break
				}
				if k == 0 {
					counts[n]++
				}
				if seen[n] {
					t.Fatalf("%d is drawn twice of %v", n, of)
				}
				seen[n] = true
			}
			if len(seen) != len(of) {
				t.Fatalf("%v are drawn of %v", seen, of)
			}
		}
		for _, n := range of {
			if got, want := counts[n]/times, shares[n]/sum; math.Abs(got-want) > 0.02 {
				t.Errorf("%d of %v is drawn first in %.3f, want %.3f", n, of, got, want)
			}
		}
	}
}
