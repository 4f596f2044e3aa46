package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// marketShape describes a log to generate.
type marketShape struct {
	auctions int
	hours    int     // that the log spans, 24 if zero
	flat     bool    // the same traffic every hour
	price    float64 // median, per thousand
	spread   float64 // σ of the logarithm of prices
	ctr      float64 // mean
	ctrShape float64 // σ of its logarithm
	tied     float64 // how much a good impression also costs more, 0 to 1
	drift    float64 // factor on prices in the last third of the log, 1 if zero
	climb    float64 // factor by which prices rise from the first hour to the last, 1 if zero
	bursts   float64 // σ of the logarithm of an hour's traffic, besides its usual
	steps    int     // prices are rounded to so many steps for each doubling, as with list prices
}

// generate returns a log with the columns click, price, pctr and hour.
func (m marketShape) generate(seed uint64) string {
	chance := rand.New(rand.NewPCG(seed, 99))
	if m.hours == 0 {
		m.hours = 24
	}
	m.drift, m.climb = cmp.Or(m.drift, 1), cmp.Or(m.climb, 1)
	weights, sum := make([]float64, m.hours), 0.0
	for h := range weights {
		weights[h] = 1
		if !m.flat {
			weights[h] = 1.1 - math.Cos(2*math.Pi*(float64(h%24)-4)/24) + 0.3*chance.Float64()
		}
		weights[h] *= math.Exp(m.bursts * chance.NormFloat64())
		sum += weights[h]
	}
	var b strings.Builder
	for h, w := range weights {
		for range int(math.Round(w / sum * float64(m.auctions))) {
			z := chance.NormFloat64()
			ctr := math.Min(1, m.ctr*math.Exp(m.ctrShape*z-m.ctrShape*m.ctrShape/2))
			price := m.price * math.Exp(m.spread*(m.tied*z+math.Sqrt(1-m.tied*m.tied)*chance.NormFloat64()))
			if 3*h >= 2*m.hours {
				price *= m.drift
			}
			price *= math.Pow(m.climb, float64(h)/float64(m.hours-1))
			if m.steps > 0 {
				price = math.Exp2(math.Round(math.Log2(price)*float64(m.steps)) / float64(m.steps))
			}
			click := 0
			if chance.Float64() < ctr {
				click = 1
			}
			fmt.Fprintf(&b, "%d\t%.2f\t%.6f\t%d\n", click, price, ctr, h%24)
		}
	}
	return b.String()
}

// shapes are markets that differ in everything that a controller could be tuned to.
var shapes = map[string]marketShape{
	"diurnal":      {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1},
	"heavy tails":  {auctions: 60_000, price: 60, spread: 1.6, ctr: 6e-4, ctrShape: 1.8},
	"few clicks":   {auctions: 60_000, price: 60, spread: 0.7, ctr: 1e-5, ctrShape: 0.5},
	"flat":         {auctions: 60_000, flat: true, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1},
	"dear is good": {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, tied: 0.8},
	"drift":        {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, drift: 2},
	"price climbs": {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, climb: 4},
	"price falls":  {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, climb: 0.25},
	"bursty":       {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, bursts: 1},
	"list prices":  {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1, steps: 1},
	"alike":        {auctions: 60_000, price: 60, spread: 0.15, ctr: 6e-4, ctrShape: 0.15},
	"few and dear": {auctions: 20_000, price: 6000, spread: 1.3, ctr: 6e-4, ctrShape: 1.3, tied: 0.5},
	"six hours":    {auctions: 60_000, hours: 6, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1},
	"one ctr":      {auctions: 60_000, price: 60, spread: 0.7, ctr: 6e-4},
	"thin":         {auctions: 5_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1},
	"tiny":         {auctions: 1_000, price: 60, spread: 0.7, ctr: 6e-4, ctrShape: 1},
}

func fractions(texts ...string) []Fraction {
	list := make([]Fraction, len(texts))
	for i, s := range texts {
		f, err := ParseFraction(s)
		if err != nil {
			panic(err)
		}
		list[i] = f
	}
	return list
}
