package pacing

import (
	"math"
	"time"
)

// weekHours is how many cells a forecast has: the hours of a week, from Sunday
// midnight in the campaign's zone.
const weekHours = 7 * 24

const (
	// forgetPerWeek is how much of an observation is left after a week: the last
	// three weeks make two thirds of what is known.
	forgetPerWeek = 0.7

	// priorHours is how many hours of observation in a cell the prior weighs.
	priorHours = 0.2

	// A day with more than sameLevel times the traffic that was to be expected, or less
	// than that part of it, is no busier day but another level, as where a campaign is
	// widened. With fewer than leastLevel opportunities that may be chance.
	sameLevel, leastLevel = 3, 50
)

// Forecast says how the eligible traffic of a campaign is spread over the hours
// of the week. It begins with the shape that web traffic has in most places and
// learns from what comes; newer weeks count more. Only the shape matters, so the
// unit is whatever is observed. The zero value knows the prior alone.
type Forecast struct {
	seen  [weekHours]float64 // opportunities, discounted
	hours [weekHours]float64 // for how long the hour was watched, discounted
	week  float64            // the number of the week that the discounts refer to
	today today

	sums  [weekHours + 1]float64 // prefix sums of the weights
	ready bool
}

// today is what was seen on the day that is not over. It is learned when the day
// is: until then the forecast of its hours is comparable with the rest of the
// week's, however much busier this day is than others.
type today struct {
	number float64 // days since 1970-01-01
	seen   [24]float64
	hours  [24]float64
}

// priorDay is the usual share of an hour of the day, with mean 1. Weekends are
// so alike that no difference is assumed.
var priorDay = [24]float64{
	0.42, 0.28, 0.22, 0.21, 0.26, 0.38, 0.58, 0.83, 1.08, 1.30, 1.42, 1.46,
	1.46, 1.44, 1.41, 1.38, 1.36, 1.35, 1.37, 1.42, 1.43, 1.30, 1.00, 0.64,
}

// Observe adds what was seen from one moment to another, within which traffic is
// taken to be constant; it should not be longer than an hour. Time that is put
// back or makes no sense is ignored.
func (f *Forecast) Observe(from, to time.Time, loc *time.Location, eligible float64) {
	d := to.Sub(from)
	if d <= 0 || d > 2*time.Hour || from.Unix() < 0 || !(eligible >= 0) || math.IsInf(eligible, 1) {
		return
	}
	mid := from.Add(d / 2)
	_, offset := mid.In(loc).Zone()
	if number := float64(floorDiv(mid.Unix()+int64(offset), 24*3600)); number != f.today.number {
		f.learn()
		f.today.number = number
		f.discount(mid)
	}
	h := int(weekTime(mid, loc)) % 24
	f.today.seen[h] += eligible
	f.today.hours[h] += d.Hours()
}

// learn takes in the day that is over.
func (f *Forecast) learn() {
	weekday := (int64(f.today.number) + int64(time.Thursday)) % 7 // 1970-01-01 was a Thursday
	first := int(weekday) * 24
	f.relevel(first)
	for h := range 24 {
		f.seen[first+h] += f.today.seen[h]
		f.hours[first+h] += f.today.hours[h]
	}
	f.today = today{number: f.today.number}
	f.ready = false
}

// relevel brings what is known to the level of the day that is over, where that is another
// one. Without it, this day of the week would have a multiple of the weight of all others.
func (f *Forecast) relevel(first int) {
	f.settle()
	var seen, expected float64
	for h := range 24 {
		seen += f.today.seen[h]
		expected += f.today.hours[h] * (f.sums[first+h+1] - f.sums[first+h])
	}
	if !(seen > 0 && expected > 0) || max(seen, expected) < leastLevel {
		return
	}
	if by := seen / expected; by > sameLevel || by < 1.0/sameLevel {
		for i := range f.seen {
			f.seen[i] *= by
		}
	}
}

// discount makes what was seen in earlier weeks count less.
func (f *Forecast) discount(t time.Time) {
	week := float64(floorDiv(t.Unix(), weekHours*3600))
	if f.week == 0 {
		f.week = week
	}
	if week <= f.week {
		return
	}
	keep := math.Pow(forgetPerWeek, week-f.week)
	for i := range f.seen {
		f.seen[i] *= keep
		f.hours[i] *= keep
	}
	f.week = week
}

// weekTime returns the hours since Sunday midnight, in [0, 168).
func weekTime(t time.Time, loc *time.Location) float64 {
	t = t.In(loc)
	h, m, s := t.Clock()
	at := float64(int(t.Weekday())*24+h) + (float64(m)+(float64(s)+float64(t.Nanosecond())/1e9)/60)/60
	return min(at, weekHours-1e-9)
}

// Weight returns the traffic that is to be expected between two moments, zero if
// the second is not later. Clocks that are turned in between are not minded.
func (f *Forecast) Weight(from, to time.Time, loc *time.Location) float64 {
	hours := to.Sub(from).Hours()
	if !(hours > 0) {
		return 0
	}
	f.settle()
	at := weekTime(from, loc)
	weeks := math.Floor(hours / weekHours)
	end := at + hours - weeks*weekHours
	sum := weeks * f.sums[weekHours]
	if end > weekHours {
		return sum + f.upTo(weekHours) - f.upTo(at) + f.upTo(end-weekHours)
	}
	return sum + f.upTo(end) - f.upTo(at)
}

// upTo returns the weight of the week up to a time in it.
func (f *Forecast) upTo(at float64) float64 {
	i := min(int(at), weekHours-1)
	return f.sums[i] + (at-float64(i))*(f.sums[i+1]-f.sums[i])
}

// settle computes the weights anew if something was learned. A cell that was
// never watched has the prior's weight at the level of those that were.
func (f *Forecast) settle() {
	if f.ready {
		return
	}
	f.ready = true
	var seen, expected float64
	for i := range f.seen {
		seen += f.seen[i]
		expected += f.hours[i] * priorDay[i%24]
	}
	level := 1.0 // opportunities per hour where the prior is 1
	if seen > 0 && expected > 0 {
		level = seen / expected
	}
	for i := range f.seen {
		prior := priorDay[i%24] * level
		w := (f.seen[i] + priorHours*prior) / (f.hours[i] + priorHours)
		f.sums[i+1] = f.sums[i] + w
	}
}

// valid says whether restored figures can be used.
func (f *Forecast) valid() bool {
	for i := range f.seen {
		if !amount(f.seen[i]) || !amount(f.hours[i]) {
			return false
		}
	}
	for h := range 24 {
		if !amount(f.today.seen[h]) || !amount(f.today.hours[h]) {
			return false
		}
	}
	return f.today.number >= 0 && f.today.number < 1e6 && math.Abs(f.week) < 1e6
}

// amount reports whether x is a finite number that is not negative, and not so
// large that sums overflow.
func amount(x float64) bool { return x >= 0 && x < 1e100 }
