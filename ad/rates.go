package ad

import "slices"

// Rates converts between currencies through one base, the currency in which the
// house keeps its accounts. It is immutable once built and safe for concurrent
// use.
type Rates struct {
	base  Currency
	known []rate
}

type rate struct {
	cur   Currency
	value float64 // worth of one unit, in base units
}

// NewRates returns rates in which one unit of each currency is worth the given
// number of units of base. Values that are not positive are left out.
func NewRates(base Currency, worth map[Currency]float64) *Rates {
	r := &Rates{base: base, known: []rate{{base, 1}}}
	for c, v := range worth {
		if c != base && v > 0 {
			r.known = append(r.known, rate{c, v})
		}
	}
	slices.SortFunc(r.known[1:], func(a, b rate) int { return slices.Compare(a.cur[:], b.cur[:]) })
	return r
}

// Base returns the house currency.
func (r *Rates) Base() Currency { return r.base }

// Worth returns the value of one unit of c in units of the house currency.
func (r *Rates) Worth(c Currency) (float64, bool) {
	for i := range r.known {
		if r.known[i].cur == c {
			return r.known[i].value, true
		}
	}
	return 0, false
}

// Factor returns what to multiply an amount in from with to have it in to.
func (r *Rates) Factor(from, to Currency) (float64, bool) {
	if from == to {
		return 1, true
	}
	f, ok1 := r.Worth(from)
	t, ok2 := r.Worth(to)
	return f / t, ok1 && ok2
}
