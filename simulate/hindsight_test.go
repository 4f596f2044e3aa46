package simulate

import (
	"math/rand/v2"
	"testing"

	"bidwell/ad"
	"bidwell/openrtb"
)

// TestTogetherIsABound deals impressions out at random, and by a greedy rule: nothing is
// worth more than the bound, and the rule comes near it.
func TestTogetherIsABound(t *testing.T) {
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		const buyers, lots = 6, 3000
		var h hindsight
		worths := make([][buyers]float64, lots)
		prices := make([]ad.Money, lots)
		imps := make([]openrtb.Imp, lots)
		for i := range worths {
			prices[i] = ad.Unit.Mul(0.5 + chance.Float64())
			for c := range buyers {
				if chance.Float64() < 0.5 {
					worths[i][c] = 1 + 3*chance.Float64()
					h.meet(&imps[i], c, worths[i][c], prices[i])
				}
			}
			h.close()
		}
		budgets := make([]ad.Money, buyers)
		lambda := make([]float64, buyers)
		for c := range budgets {
			budgets[c], lambda[c] = ad.Unit.Mul(100+400*chance.Float64()), 1
		}
		budgets[0] = 0 // has no limit
		bound := h.together(budgets, lambda)
		best := 0.0
		for range 50 {
			best = max(best, deal(chance, worths, prices, budgets))
		}
		if best > bound {
			t.Errorf("seed %d: %.1f were dealt out, the bound is %.1f", seed, best, bound)
		}
		// What λ ends with deals out nearly as much as can be.
		if by := dealBy(lambda, worths, prices, budgets); by > bound*(1+1e-6) || by < 0.97*bound {
			t.Errorf("seed %d: the bound is %.1f, by its prices %.1f are dealt out", seed, bound, by)
		}
	}
}

// deal gives each impression to somebody who has the money, at random.
func deal(chance *rand.Rand, worths [][6]float64, prices, budgets []ad.Money) (sum float64) {
	left := append([]ad.Money(nil), budgets...)
	for _, i := range chance.Perm(len(worths)) {
		c := chance.IntN(len(left))
		if worths[i][c] > prices[i].Units() && (budgets[c] == 0 || left[c] >= prices[i]) {
			left[c] -= prices[i]
			sum += worths[i][c]
		}
	}
	return sum
}

// dealBy gives each impression to whom it is worth most at some prices of money.
func dealBy(lambda []float64, worths [][6]float64, prices, budgets []ad.Money) (sum float64) {
	left := append([]ad.Money(nil), budgets...)
	for i := range worths {
		gain, to := 0.0, -1
		for c, w := range worths[i] {
			if g := w - lambda[c]*prices[i].Units(); w > prices[i].Units() && g > gain && (budgets[c] == 0 || left[c] >= prices[i]) {
				gain, to = g, c
			}
		}
		if to >= 0 {
			left[to] -= prices[i]
			sum += worths[i][to]
		}
	}
	return sum
}

func TestTogetherAlone(t *testing.T) {
	var h hindsight
	imps := make([]openrtb.Imp, 3)
	h.meet(&imps[0], 0, 3, ad.Unit)   // the best for its money
	h.meet(&imps[1], 0, 4, 2*ad.Unit) // the next
	h.meet(&imps[1], 0, 3, 2*ad.Unit) // another line item, to which it is worth less
	h.meet(&imps[2], 0, 1, 2*ad.Unit) // not worth its price
	if got := h.together([]ad.Money{2 * ad.Unit}, []float64{2}); got < 5-1e-6 || got > 5.05 {
		t.Errorf("got %g, want 3 + 4/2", got)
	}
	if got := h.together([]ad.Money{0}, []float64{0}); got != 7 {
		t.Errorf("without a budget: got %g, want 7", got)
	}
}
