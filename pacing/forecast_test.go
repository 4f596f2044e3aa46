package pacing

import (
	"math"
	"testing"
	"time"
)

// watch observes n(hour) opportunities an hour, hour by hour.
func watch(f *Forecast, from time.Time, hours int, loc *time.Location, n func(local time.Time) float64) {
	for range hours {
		to := from.Add(time.Hour)
		f.Observe(from, to, loc, n(from.In(loc)))
		from = to
	}
}

func TestForecastKnowsThePrior(t *testing.T) {
	var f Forecast
	night := f.Weight(flightStart.Add(3*time.Hour), flightStart.Add(4*time.Hour), time.UTC)
	noon := f.Weight(flightStart.Add(12*time.Hour), flightStart.Add(13*time.Hour), time.UTC)
	if night <= 0 || noon < 4*night {
		t.Errorf("at night %g, at noon %g: want much more at noon, and some at night", night, noon)
	}
	if day := f.Weight(flightStart, flightStart.Add(24*time.Hour), time.UTC); math.Abs(day-24) > 0.1 {
		t.Errorf("a day weighs %g, want 24", day)
	}
}

func TestForecastLearns(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// Only evenings, and on Saturdays twice as much.
	traffic := func(local time.Time) float64 {
		switch {
		case local.Hour() < 18:
			return 0
		case local.Weekday() == time.Saturday:
			return 2000
		}
		return 1000
	}
	var f Forecast
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, berlin)
	watch(&f, start, 5*7*24, berlin, traffic)
	next := time.Date(2026, 2, 13, 0, 0, 0, 0, berlin) // a Friday
	share := func(h int) float64 {
		at := next.Add(time.Duration(h) * time.Hour)
		return f.Weight(at, at.Add(time.Hour), berlin) / f.Weight(next, next.Add(48*time.Hour), berlin)
	}
	if got := share(9); got > 0.01 {
		t.Errorf("the morning has %g of two days, want next to nothing", got)
	}
	if got := share(20); math.Abs(got-1.0/18) > 0.01 {
		t.Errorf("an hour on Friday evening has %g, want 1/18", got)
	}
	if got := share(24 + 20); math.Abs(got-2.0/18) > 0.02 {
		t.Errorf("an hour on Saturday evening has %g, want 2/18", got)
	}
}

// TestForecastForgets lets traffic move from mornings to evenings: after three weeks
// most is expected in the evening.
func TestForecastForgets(t *testing.T) {
	var f Forecast
	half := func(evening bool) func(time.Time) float64 {
		return func(local time.Time) float64 {
			if (local.Hour() >= 12) == evening {
				return 500
			}
			return 0
		}
	}
	watch(&f, flightStart, 8*7*24, time.UTC, half(false))
	watch(&f, flightStart.Add(8*7*24*time.Hour), 3*7*24+1, time.UTC, half(true))
	day := flightStart.Add(12 * 7 * 24 * time.Hour)
	evening := f.Weight(day.Add(12*time.Hour), day.Add(24*time.Hour), time.UTC)
	if got := evening / f.Weight(day, day.Add(24*time.Hour), time.UTC); got < 0.55 || got > 0.8 {
		t.Errorf("the evening has %g of the day after three of eleven weeks, want some two thirds", got)
	}
}

// TestForecastWeightAdds holds the weight of a stretch against the sum of its parts,
// over the end of the week and over many weeks.
func TestForecastWeightAdds(t *testing.T) {
	var f Forecast
	watch(&f, flightStart, 300, time.UTC, func(l time.Time) float64 { return float64(l.Hour() * l.Day()) })
	from := flightStart.Add(17*time.Minute + 3*time.Second)
	sum := 0.0
	for at := from; at.Before(from.Add(1000 * time.Hour)); at = at.Add(40 * time.Minute) {
		sum += f.Weight(at, at.Add(40*time.Minute), time.UTC)
	}
	if got := f.Weight(from, from.Add(1000*time.Hour), time.UTC); math.Abs(got/sum-1) > 1e-9 {
		t.Errorf("1000 hours weigh %g, their parts %g", got, sum)
	}
	if got := f.Weight(from, from, time.UTC); got != 0 {
		t.Errorf("no time weighs %g", got)
	}
}

func TestForecastIgnoresNonsense(t *testing.T) {
	var f, untouched Forecast
	for _, n := range []float64{math.NaN(), math.Inf(1), -1} {
		f.Observe(flightStart, flightStart.Add(time.Hour), time.UTC, n)
	}
	f.Observe(flightStart, flightStart.Add(-time.Hour), time.UTC, 10)
	f.Observe(flightStart, flightStart.Add(100*time.Hour), time.UTC, 10)
	if f != untouched {
		t.Error("an observation that makes no sense changed the forecast")
	}
}

// TestForecastFollowsItsLevel widens a campaign so that a day has a thousand times the
// traffic of those before, and narrows it again: days stay as alike as they are.
func TestForecastFollowsItsLevel(t *testing.T) {
	var f Forecast
	at := flightStart
	for _, level := range []float64{1, 1000, 5} {
		watch(&f, at, 7*24, time.UTC, func(time.Time) float64 { return level * 10 })
		at = at.Add(7 * 24 * time.Hour)
		watch(&f, at, 25, time.UTC, func(time.Time) float64 { return level * 10 }) // so that the last day is learned
		at = at.Add(25 * time.Hour)
		day := f.Weight(at, at.Add(24*time.Hour), time.UTC)
		if week := f.Weight(at, at.Add(7*24*time.Hour), time.UTC); math.Abs(week/day-7) > 0.5 {
			t.Errorf("at level %g a week has %.2f times the weight of the next day, want 7", level, week/day)
		}
	}
}

// TestForecastKeepsWeekends has half the traffic at weekends, which is no other level.
func TestForecastKeepsWeekends(t *testing.T) {
	var f Forecast
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	watch(&f, monday, 3*7*24+1, time.UTC, func(local time.Time) float64 {
		if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
			return 500
		}
		return 1000
	})
	at := monday.Add(3 * 7 * 24 * time.Hour)
	weekend := f.Weight(at.Add(5*24*time.Hour), at.Add(7*24*time.Hour), time.UTC)
	if got := weekend / f.Weight(at, at.Add(7*24*time.Hour), time.UTC); math.Abs(got-1.0/6) > 0.02 {
		t.Errorf("the weekend has %.3f of a week, want 1/6", got)
	}
}
