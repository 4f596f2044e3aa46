package attack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"bidwell/internal/prose"
)

// Constant returns a schedule of evenly spaced requests.
func Constant(rate float64, length time.Duration) (Schedule, error) {
	r, err := NewRates(Point{0, rate}, Point{length, rate})
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{Pacer: r, For: length, Text: rateText(rate) + "/s"}, nil
}

// ParseSchedule reads a schedule as people write it:
//
//	5000                   constant, requests per second
//	1000..20000            a linear ramp over the length
//	5000~3000/60s          a sine: average, amplitude, period
//	1000:10s,2000:10s      steps, each with its own length
//
// length is for how long; steps know it themselves and want 0.
func ParseSchedule(text string, length time.Duration) (Schedule, error) {
	s, err := parseSchedule(text, length)
	if err != nil {
		return s, fmt.Errorf("rate %q: %w", text, err)
	}
	return s, nil
}

func parseSchedule(text string, length time.Duration) (Schedule, error) {
	if strings.Contains(text, ":") {
		return parseSteps(text)
	}
	if length <= 0 {
		return Schedule{}, fmt.Errorf("a length of %v is too short", length)
	}
	if from, to, ok := strings.Cut(text, ".."); ok {
		return ramp(from, to, length)
	}
	if mean, rest, ok := strings.Cut(text, "~"); ok {
		return sine(mean, rest, length)
	}
	rate, err := parseRate(text)
	if err != nil {
		return Schedule{}, err
	}
	return Constant(rate, length)
}

func ramp(from, to string, length time.Duration) (Schedule, error) {
	a, err := parseRate(from)
	if err != nil {
		return Schedule{}, err
	}
	b, err := parseRate(to)
	if err != nil {
		return Schedule{}, err
	}
	r, err := NewRates(Point{0, a}, Point{length, b})
	return Schedule{Pacer: r, For: length, Text: fmt.Sprintf("%s to %s/s", rateText(a), rateText(b))}, err
}

func sine(mean, rest string, length time.Duration) (Schedule, error) {
	amplitude, every, ok := strings.Cut(rest, "/")
	if !ok {
		return Schedule{}, fmt.Errorf("a sine needs a period, as in 5000~3000/60s")
	}
	m, err := parseRate(mean)
	if err != nil {
		return Schedule{}, err
	}
	a, err := parseRate(amplitude)
	if err != nil {
		return Schedule{}, err
	}
	period, err := time.ParseDuration(every)
	if err != nil || period <= 0 {
		return Schedule{}, fmt.Errorf("%q is no period such as 60s", every)
	}
	if a >= m {
		return Schedule{}, fmt.Errorf("the amplitude of a sine must be less than its average")
	}
	thousandth := func(rate float64) vegeta.Rate {
		return vegeta.Rate{Freq: int(math.Round(rate * 1000)), Per: 1000 * time.Second}
	}
	p := vegeta.SinePacer{Period: period, Mean: thousandth(m), Amp: thousandth(a)}
	return Schedule{Pacer: p, For: length, Text: fmt.Sprintf("%s ± %s/s in %v", rateText(m), rateText(a), period)}, nil
}

func parseSteps(text string) (Schedule, error) {
	var points []Point
	var names []string
	at := time.Duration(0)
	for step := range strings.SplitSeq(text, ",") {
		r, d, _ := strings.Cut(step, ":")
		rate, err := parseRate(r)
		if err != nil {
			return Schedule{}, err
		}
		length, err := time.ParseDuration(strings.TrimSpace(d))
		if err != nil || length <= 0 {
			return Schedule{}, fmt.Errorf("step %q is not a rate and a length, such as 1000:10s", step)
		}
		points = append(points, Point{at, rate}, Point{at + length, rate})
		at += length
		names = append(names, rateText(rate))
	}
	r, err := NewRates(points...)
	return Schedule{Pacer: r, For: at, Text: "steps of " + strings.Join(names, ", ") + "/s"}, err
}

func parseRate(s string) (float64, error) {
	r, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), "_", ""), 64)
	if err != nil || !(r >= 0) || r > maxRate {
		return 0, fmt.Errorf("%q is not a number of requests per second from 0 to %s", s, prose.Number(maxRate))
	}
	return r, nil
}

// AtRandom makes the requests of a schedule come at random moments.
func (s Schedule) AtRandom(seed uint64) Schedule {
	peak := 0.0
	switch p := s.Pacer.(type) {
	case *Rates:
		peak = p.peak()
	case vegeta.SinePacer:
		peak = (float64(p.Mean.Freq) + float64(p.Amp.Freq)) / p.Mean.Per.Seconds()
	default:
		for i := range 1000 {
			peak = max(peak, s.Pacer.Rate(s.For*time.Duration(i)/1000))
		}
	}
	s.Pacer = &Poisson{Of: s.Pacer, Peak: peak, End: s.For, Rnd: rand.New(rand.NewPCG(seed, 0x2545F4914F6CDD1D))}
	s.Text += " at random moments"
	return s
}
