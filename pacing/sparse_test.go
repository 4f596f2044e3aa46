package pacing

import (
	"math"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
)

// TestFewPaymentsOfManySizes holds that a campaign which pays a hundred times an hour,
// seldom much and mostly little, spends what it is to from the first hours on: that
// steps of which some end with a dear payment by chance do not let it spend less on
// average. One day may be off by what chance does.
func TestFewPaymentsOfManySizes(t *testing.T) {
	const days = 20
	var spent [24]float64 // by the end of each hour, by what was planned, all days
	for seed := range uint64(days) {
		chance := rand.New(rand.NewPCG(seed, 5))
		m := newMarket(oneDay(0), 3_000*ad.Unit, 0)
		for i := range ticksADay {
			m.passDear(chance)
			if h := (i + 1) * 24 / ticksADay; (i+1)%(ticksADay/24) == 0 {
				spent[h-1] += m.figures.Confirmed.Units() / 3_000 * 24 / float64(h) / days
			}
		}
	}
	for _, h := range [...]int{1, 2, 4, 8} {
		if got := spent[h-1]; math.Abs(got-1) > 0.05 {
			t.Errorf("after %d hours: spent %.3f of what was planned on average over %d days", h, got, days)
		}
	}
}

// passDear lets some opportunities come in one tick. What each is worth and costs is
// spread over more than a decade.
func (m *market) passDear(chance *rand.Rand) {
	m.now = m.now.Add(m.tick)
	in, k := Inputs{}, m.controller.Kappa()
	for range 4 {
		if chance.IntN(2) == 0 {
			continue
		}
		in.Eligible++
		bid := k * 8 * math.Exp(chance.NormFloat64())
		price := 2 * math.Exp(chance.NormFloat64())
		in.Bids++
		in.Offered += ad.Unit.Mul(bid)
		if bid >= price && m.figures.Confirmed+ad.Unit.Mul(price) <= m.figures.Limit {
			m.figures.Confirmed += ad.Unit.Mul(price)
		}
	}
	in.Account = m.figures
	m.controller.Tick(m.now, in)
}
