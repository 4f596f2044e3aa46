package simulate

import (
	"fmt"
	"math"
	"slices"

	"bidwell/ad"
)

// bidding adds up what a way to bid gains.
func (s *shading) bidding(name string, bid func(i int, a *auction, value ad.Money) ad.Money) Way {
	w := Way{Name: name}
	for i := range s.log.auctions {
		a := &s.log.auctions[i]
		b := bid(i, a, s.value(a))
		if b <= 0 || b < a.price {
			continue
		}
		w.Wins++
		w.Spend += b.Units()
		w.Surplus += s.gain(a, b) / float64(ad.Unit)
	}
	return w
}

func (s *shading) unshaded() Way {
	return s.bidding("not shaded", func(_ int, _ *auction, value ad.Money) ad.Money { return value })
}

const (
	// Factors of the value are tried in steps of a sixteenth of a doubling, from
	// 1/1024 to 1.
	factorSteps = 160
	factorStep  = 16

	triedPrices = 100 // quantiles of the prices that are tried
)

// constantFactor is the one factor of the value that gains most, in hindsight.
func (s *shading) constantFactor() Way {
	factor, most := 0.0, 0.0
	for step := range factorSteps + 1 {
		f, sum := math.Exp2(-float64(step)/factorStep), 0.0
		for i := range s.log.auctions {
			a := &s.log.auctions[i]
			sum += s.gain(a, s.value(a).Mul(f))
		}
		if sum > most {
			factor, most = f, sum
		}
	}
	return s.bidding(fmt.Sprintf("%.3g × value, tuned in hindsight", factor),
		func(_ int, _ *auction, value ad.Money) ad.Money { return value.Mul(factor) })
}

// lastValue bids the price of the auction before, up to the value.
func (s *shading) lastValue() Way {
	var last ad.Money
	return s.bidding("price of the auction before", func(_ int, a *auction, value ad.Money) ad.Money {
		b := min(last, value)
		last = a.price
		return b
	})
}

// fixed bids one price wherever the value is not below it, the one that gains most in
// hindsight.
func (s *shading) fixed() Way {
	price, most := ad.Money(0), 0.0
	for _, c := range s.prices(triedPrices) {
		sum := 0.0
		for i := range s.log.auctions {
			if a := &s.log.auctions[i]; s.value(a) >= c {
				sum += s.gain(a, c)
			}
		}
		if sum > most {
			price, most = c, sum
		}
	}
	return s.bidding(fmt.Sprintf("%.4g CPM, tuned in hindsight", price.CPM()), func(_ int, _ *auction, value ad.Money) ad.Money {
		if value < price {
			return 0
		}
		return price
	})
}

// prices returns n quantiles of the log's prices.
func (s *shading) prices(n int) []ad.Money {
	list := make([]ad.Money, len(s.log.auctions))
	for i := range list {
		list[i] = s.log.auctions[i].price
	}
	return quantiles(list, n)
}

// quantiles returns n of them, each once. It reorders the list.
func quantiles(list []ad.Money, n int) []ad.Money {
	slices.Sort(list)
	out := make([]ad.Money, 0, n)
	for i := range n {
		out = append(out, list[(2*i+1)*len(list)/(2*n)])
	}
	return slices.Compact(out)
}
