package pricing_test

import (
	"fmt"
	"math"

	"bidwell/ad"
	"bidwell/pricing"
)

// elsewhere is a logistic regression that was trained elsewhere: weights by feature,
// added to the log-odds of the line item's own rate. The table does not change while
// requests read it.
type elsewhere struct{ weights map[uint32]float64 }

// Chance implements pricing.Scorer. It allocates nothing.
func (m *elsewhere) Chance(x *pricing.Context, _ *pricing.Bases, l *pricing.LineView, _ *pricing.Subject) float64 {
	z := math.Log(l.Rate / (1 - l.Rate))
	for i := range x.Len() {
		z += m.weights[x.Feature(i)]
	}
	return min(max(1/(1+math.Exp(-z)), l.Least), l.Most)
}

// A team's own model in the place of ours.
func ExampleScorer() {
	key := pricing.KeyOf([pricing.KeySize]byte{7}) // the engine's, Engine.Features
	news, tablet := uint64(ad.HashID([]byte("news.example"))), uint64(5)
	var scorer pricing.Scorer = &elsewhere{weights: map[uint32]float64{
		key.HashOf(pricing.Place, news):    math.Log(2),   // twice as often
		key.HashOf(pricing.Device, tablet): math.Log(0.5), // half as often
	}}

	// What the bidder does, for a line item whose clicks are said to come one in 500
	// times: price ÷ worth.
	model := pricing.Nothing()
	line := pricing.LineKey{Advertiser: 1, Campaign: 2, Line: 3, Goal: pricing.PerClick, Prior: 0.002}
	view := model.Responses.Line(line)
	view.Least, view.Most = 0, 1 // the bounds are those of what ours has learned, not of theirs
	var x pricing.Context
	x.Reset(key)
	x.Add(pricing.Place, news)
	var bases pricing.Bases
	model.Responses.Begin(&x, &bases)
	s := &pricing.Subject{Goal: line.Goal, Advertiser: line.Advertiser, Campaign: line.Campaign, Line: line.Line}
	fmt.Printf("ours %.4f, theirs %.4f\n", model.Responses.Chance(&x, &bases, &view, s), scorer.Chance(&x, &bases, &view, s))
	// Output: ours 0.0020, theirs 0.0040
}
