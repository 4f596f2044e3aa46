package simulate

import (
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// teach makes the forecast know the hours of the log, or what it is wrongly told.
func (r *replay) teach(f *pacing.Forecast) {
	if r.o.Forecast == KnowsPrior {
		return
	}
	hours := int((r.usual.length + time.Hour - 1) / time.Hour)
	counts := make([]float64, hours)
	for i := range r.usual.auctions {
		counts[int(r.usual.auctions[i].at/time.Hour)]++
	}
	chance := rand.New(rand.NewPCG(r.o.Seed, chanceForecast))
	teach(f, wrong(counts, r.o.ForecastError, chance), r.log.start, r.log.length, time.UTC)
}

// wrong makes each count wrong by a share, up or down.
func wrong(counts []float64, by float64, chance *rand.Rand) []float64 {
	for h := range counts {
		if chance.IntN(2) == 0 {
			counts[h] *= 1 - by
		} else {
			counts[h] *= 1 + by
		}
	}
	return counts
}

// teach makes a forecast know traffic by the hour from a start on, as if the weeks
// before had been the same.
func teach(f *pacing.Forecast, counts []float64, start time.Time, length time.Duration, zone *time.Location) {
	const week = 7 * 24 * time.Hour
	past := (length + week - 1) / week * week
	for w := taughtWeeks; w > 0; w-- {
		begin := start.Add(-past * time.Duration(w))
		for h, n := range counts {
			at := begin.Add(time.Duration(h) * time.Hour)
			f.Observe(at, at.Add(time.Hour), zone, n)
		}
	}
}

// watched is what was seen of the market before the first bid.
type watched struct {
	auctions int
	cost     float64 // of all of them
	clicks   float64 // expected
}

func watch(l *priceLog) (w watched) {
	w.auctions = min(max(len(l.auctions)/watchedPart, watchedLeast), watchedMost, len(l.auctions))
	for _, a := range l.auctions[:w.auctions] {
		w.cost += float64(a.price)
		w.clicks += a.pctr
	}
	return w
}

// worth returns what a click costs on the market.
func (w watched) worth() float64 {
	if !(w.cost > 0) || !(w.clicks > 0) {
		return float64(ad.Unit)
	}
	return w.cost / w.clicks
}

// ceiling returns a multiple of the mean price.
func (w watched) ceiling() ad.Money {
	if !(w.cost > 0) {
		return mostBid
	}
	return min(ad.Money(1).Mul(ceilingFactor*w.cost/float64(w.auctions)), mostBid)
}
