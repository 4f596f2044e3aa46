package attack

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"bidwell/internal/prose"
)

// A Schedule says when requests are due. Pacer may be any of vegeta's or of
// ours. It is asked in virtual time, with the moment at which the last request
// was due and never with the real one: so the same pacer gives the same moments
// however late they are met.
type Schedule struct {
	Pacer vegeta.Pacer
	For   time.Duration // no request is due after this
	Text  string        // for people, such as "5,000/s"
}

// dues walks through a schedule.
type dues struct {
	Schedule
	at time.Duration
	n  uint64
}

// next returns when the next request is due, since the beginning; ok is false
// if there is none.
func (d *dues) next() (at time.Duration, ok bool) {
	wait, stop := d.Pacer.Pace(d.at, d.n)
	if stop {
		return 0, false
	}
	if d.at += max(wait, 0); d.at > d.For {
		return 0, false
	}
	d.n++
	return d.at, true
}

// Point is a rate in requests per second at a moment.
type Point struct {
	At   time.Duration
	Rate float64
}

// Rates is a pacer whose rate runs in straight lines from point to point; two
// points at the same time make a step. Constant rates, ramps, steps and traces
// are all of this kind. Unlike vegeta's constant and linear pacers it inverts
// the integral exactly: a rate such as 90,000/s is not rounded to nanoseconds,
// and a ramp may begin at 0.
type Rates struct {
	points []Point
	due    []float64 // requests due up to each point
}

// NewRates returns a pacer through at least two points in order of time.
func NewRates(points ...Point) (*Rates, error) {
	if len(points) < 2 || points[0].At != 0 {
		return nil, errors.New("a schedule needs a point at its beginning and another")
	}
	r := &Rates{points: points, due: make([]float64, len(points))}
	for i, p := range points {
		if !(p.Rate >= 0) || p.Rate > maxRate {
			return nil, fmt.Errorf("rate %v is not between 0 and %s requests per second", p.Rate, prose.Number(maxRate))
		}
		if i == 0 {
			continue
		}
		before := points[i-1]
		if p.At < before.At {
			return nil, fmt.Errorf("%v comes after %v, but is earlier", p.At, before.At)
		}
		r.due[i] = r.due[i-1] + (p.At-before.At).Seconds()*(p.Rate+before.Rate)/2
	}
	if r.due[len(points)-1] < 1 {
		return nil, errors.New("at this rate not one request is due")
	}
	return r, nil
}

// maxRate is more than one generator sends.
const maxRate = 10_000_000

// Pace implements vegeta.Pacer.
func (r *Rates) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	target := float64(hits + 1)
	last := len(r.due) - 1
	if target > r.due[last]+1e-6 {
		return 0, true
	}
	target = min(target, r.due[last])
	i := sort.SearchFloat64s(r.due, target) - 1 // due[i] < target <= due[i+1]
	from, to := r.points[i], r.points[i+1]
	length := (to.At - from.At).Seconds()
	slope := (to.Rate - from.Rate) / length
	// from.Rate·x + slope·x²/2 = missing, solved without cancellation
	missing := target - r.due[i]
	x := 2 * missing / (from.Rate + math.Sqrt(max(from.Rate*from.Rate+2*slope*missing, 0)))
	at := from.At + time.Duration(math.Round(min(x, length)*1e9))
	return at - elapsed, false
}

// Rate implements vegeta.Pacer.
func (r *Rates) Rate(elapsed time.Duration) float64 {
	i := sort.Search(len(r.points), func(i int) bool { return r.points[i].At > elapsed })
	if i == 0 || i == len(r.points) {
		return 0
	}
	from, to := r.points[i-1], r.points[i]
	return from.Rate + (to.Rate-from.Rate)*float64(elapsed-from.At)/float64(to.At-from.At)
}

// peak returns the highest rate.
func (r *Rates) peak() float64 {
	most := 0.0
	for _, p := range r.points {
		most = max(most, p.Rate)
	}
	return most
}

// Poisson is a pacer whose requests come at random moments, independent of each
// other, at the rate of another one: as they come from very many people. It
// thins a process of the constant rate Peak (Lewis and Shedler, 1979), which is
// exact for any rate up to Peak.
type Poisson struct {
	Of   vegeta.Pacer
	Peak float64       // the highest rate of Of
	End  time.Duration // after which Of has no rate
	Rnd  *rand.Rand
}

// Pace implements vegeta.Pacer.
func (p *Poisson) Pace(elapsed time.Duration, _ uint64) (wait time.Duration, stop bool) {
	for at := elapsed.Seconds(); ; {
		at += p.Rnd.ExpFloat64() / p.Peak
		t := time.Duration(at * 1e9)
		if t > p.End {
			return 0, true
		}
		if p.Rnd.Float64()*p.Peak < p.Of.Rate(t) {
			return t - elapsed, false
		}
	}
}

// Rate implements vegeta.Pacer: it is the average one.
func (p *Poisson) Rate(elapsed time.Duration) float64 { return p.Of.Rate(elapsed) }
