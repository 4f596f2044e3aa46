package simulate

import (
	"math"

	"bidwell/ad"
	"bidwell/openrtb"
)

// hindsight is what all campaigns together could have bought: impressions, and what
// each is worth to whom. That is much: it is kept in few bytes.
type hindsight struct {
	lots    []lot
	options []option

	imp *openrtb.Imp // that was met last in the request
}

// lot is an impression, as far as the options of the next one.
type lot struct {
	price ad.Money
	first int
}

// option is one campaign's part in a lot.
type option struct {
	buyer int32
	worth float32
}

// meet notes what an impression is worth to a line item of a campaign, and what it
// costs. Impressions come one after the other. What is not worth its price is left out.
func (h *hindsight) meet(imp *openrtb.Imp, buyer int, worth float64, price ad.Money) {
	if price.Units() > worth {
		return
	}
	if h.imp != imp {
		h.imp = imp
		h.lots = append(h.lots, lot{price, len(h.options)})
	}
	l := &h.lots[len(h.lots)-1]
	l.price = min(l.price, price) // line items may have other floors: the least of them
	for i := l.first; i < len(h.options); i++ {
		if o := &h.options[i]; o.buyer == int32(buyer) {
			o.worth = max(o.worth, float32(worth))
			return
		}
	}
	h.options = append(h.options, option{int32(buyer), float32(worth)})
}

// close ends a request.
func (h *hindsight) close() { h.imp = nil }

// together returns an upper bound of the worth that budgets buy together, 0 for none,
// where an impression goes to one campaign. It is the dual of the linear program: for
// any prices of money λ
//
//	Σ_c λ_c × budget_c + Σ_i max_c (worth_ic − λ_c × price_i)⁺
//
// is no less than the worth of any dealing out, and with the right ones it is that of
// the best, but for parts of impressions. They are found by steps from those that
// lambda begins with: λ rises where more than a budget is spent, and falls where less
// is.
func (h *hindsight) together(budgets []ad.Money, lambda []float64) float64 {
	best, spent := math.Inf(1), make([]float64, len(budgets))
	for i, b := range budgets {
		if b <= 0 {
			lambda[i] = 0 // nothing is scarce
		}
	}
	for step := range dualSteps {
		best = min(best, h.dual(lambda, budgets, spent))
		eta := 1 / math.Sqrt(1+float64(step))
		for i, b := range budgets {
			if b > 0 {
				lambda[i] *= math.Exp(eta * min(max(spent[i]/b.Units()-1, -1), 1))
			}
		}
	}
	return best
}

// dualSteps is how often λ is made better.
const dualSteps = 60

// dual returns the bound for prices of money, and what each budget would spend.
func (h *hindsight) dual(lambda []float64, budgets []ad.Money, spent []float64) (sum float64) {
	clear(spent)
	for i, b := range budgets {
		sum += lambda[i] * b.Units()
	}
	end := len(h.options)
	for n := len(h.lots) - 1; n >= 0; n-- {
		l := &h.lots[n]
		price := l.price.Units()
		gain, to := 0.0, -1
		for i := l.first; i < end; i++ {
			o := &h.options[i]
			if g := float64(o.worth) - lambda[o.buyer]*price; g > gain {
				gain, to = g, int(o.buyer)
			}
		}
		end = l.first
		if to >= 0 {
			sum += gain
			spent[to] += price
		}
	}
	return sum
}
