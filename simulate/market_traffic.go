package simulate

import (
	"math"
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/loadtest"
	"bidwell/openrtb"
)

// daily is the share of each hour in a day's requests, with mean 1: a quiet night
// and a busy evening. It is not what the controller takes for usual.
var daily = [24]float64{
	0.46, 0.28, 0.20, 0.17, 0.20, 0.34, 0.63, 0.95, 1.12, 1.16, 1.16, 1.20,
	1.31, 1.26, 1.16, 1.16, 1.21, 1.31, 1.46, 1.67, 1.84, 1.72, 1.26, 0.77,
}

// arrivals are the moments at which requests come, in order.
type arrivals struct {
	sums   []float64 // of weights, up to each cell's end
	cell   int
	next   int
	count  int
	chance *rand.Rand
}

// arrivalCell is for how long traffic is taken to be constant.
const arrivalCell = 5 * time.Minute

func newArrivals(o *MarketOptions, length time.Duration) *arrivals {
	a := &arrivals{chance: rand.New(rand.NewPCG(o.Seed, chanceArrivals))}
	begin := time.Duration(burstAt * float64(length))
	sum, usual := 0.0, 0.0
	for at := time.Duration(0); at < length; at += arrivalCell {
		w := daily[int(at/time.Hour)%24]
		usual += w
		if at >= begin && at < begin+burstFor {
			w *= o.Burst
		}
		sum += w
		a.sums = append(a.sums, sum)
	}
	a.count = int(math.Round(float64(o.Requests*o.Days) * sum / usual))
	return a
}

// take returns when the next request comes, false after the last one.
func (a *arrivals) take() (time.Duration, bool) {
	if a.next >= a.count {
		return 0, false
	}
	at := (float64(a.next) + a.chance.Float64()) / float64(a.count) * a.sums[len(a.sums)-1]
	a.next++
	for a.cell < len(a.sums)-1 && a.sums[a.cell] < at {
		a.cell++
	}
	from := 0.0
	if a.cell > 0 {
		from = a.sums[a.cell-1]
	}
	part := (at - from) / (a.sums[a.cell] - from)
	return time.Duration((float64(a.cell) + min(max(part, 0), 0.999999)) * float64(arrivalCell)), true
}

// hourCounts returns the usual traffic by hour, for teaching a forecast.
func hourCounts(days int) []float64 {
	counts := make([]float64, 0, 24*days)
	for range days {
		counts = append(counts, daily[:]...)
	}
	return counts
}

// rivals draw what others bid. What they bid for an impression hangs on the seed
// and on the impression alone, not on what we do.
type rivals struct {
	loadtest.Rivals
	seed   uint64
	source *rand.PCG
	chance *rand.Rand
}

// usualRivals are the other bidders, with medians in the house currency.
var usualRivals = loadtest.Rivals{Most: 4, Median: 1.2, Sigma: 0.6}

func newRivals(o *MarketOptions) *rivals {
	r := &rivals{Rivals: usualRivals, seed: o.Seed, source: rand.NewPCG(0, 0)}
	r.Median *= o.Rivals
	r.chance = rand.New(r.source)
	return r
}

// How much more than an average one rivals pay for some sites and some people, as
// the sigma of its logarithm.
const siteSigma, personSigma = 0.35, 0.5

// best returns the highest rival bid for the nth impression of a request, CPM in
// the house currency; 0 if nobody bids the floor.
func (r *rivals) best(request, nth uint64, req *openrtb.Request, imp *openrtb.Imp, person ad.PersonID, floor float64) float64 {
	place := req.Site.Domain
	median := r.Median * mediaWorth(imp)
	median *= math.Exp(siteSigma*r.normal(uint64(ad.HashID(place))) + personSigma*r.normal(hashPerson(person)))
	median = max(median, 1.3*floor)
	r.source.Seed(r.seed^0x2545F4914F6CDD1D, request<<8|nth)
	best := 0.0
	for range r.chance.IntN(r.Most + 1) {
		if bid := median * math.Exp(r.Sigma*r.chance.NormFloat64()); bid >= floor {
			best = max(best, bid)
		}
	}
	return best
}

// normal returns the same number of a standard normal distribution whenever it is
// asked about the same thing.
func (r *rivals) normal(of uint64) float64 {
	r.source.Seed(r.seed, of)
	return r.chance.NormFloat64()
}

// mediaWorth is how much more than for a banner rivals bid.
func mediaWorth(imp *openrtb.Imp) float64 {
	switch {
	case imp.Has[ad.Banner]:
		return 1
	case imp.Has[ad.Native]:
		return 1.2
	case imp.Has[ad.Audio]:
		return 2
	}
	return 4
}

func hashPerson(p ad.PersonID) uint64 { return uint64(ad.HashID(p[:])) }
