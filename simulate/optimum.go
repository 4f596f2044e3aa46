package simulate

import (
	"slices"

	"bidwell/ad"
)

// offer is one impression that could have been bought: what it is worth, and what
// it costs.
type offer struct {
	worth float64
	cost  ad.Money
}

// optimum returns the most worth that a budget buys in hindsight: the fractional
// knapsack, best worth for the money first. No strategy does better, for it knows
// all prices beforehand and may buy a part of an impression. It reorders offers.
func optimum(offers []offer, budget ad.Money) float64 {
	sum, _ := knapsack(offers, budget)
	return sum
}

// knapsack returns the optimum, and the last offer that is bought for it, which is
// the one with the least worth for the money.
func knapsack(offers []offer, budget ad.Money) (sum float64, last offer) {
	offers = slices.DeleteFunc(offers, func(o offer) bool { return !(o.worth > 0) })
	slices.SortFunc(offers, offer.compare)
	left := budget
	for _, o := range offers {
		if o.cost > left {
			return sum + o.worth*float64(left)/float64(o.cost), o
		}
		sum, last = sum+o.worth, o
		left -= o.cost
	}
	return sum, last
}

// compare orders offers by worth for the money, the best first.
func (o offer) compare(other offer) int {
	// o.worth/o.cost > other.worth/other.cost, without a division by zero.
	switch l, r := o.worth*float64(other.cost), other.worth*float64(o.cost); {
	case l > r:
		return -1
	case l < r:
		return 1
	}
	return 0
}
