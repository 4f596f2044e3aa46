package learn

import "time"

// Conversions come late: an ad without one yet is no failure yet. What it counts as is
// learned in parts, as it gets older: as much of an example without a conversion as
// conversions would have come by then. How soon they come is learned as well, from
// those of which the whole time is known. An ad with a conversion waits for the end of
// its stage as well: so successes and failures are always of the same age.

// stages are the ages at which a part is learned; at the last one conversions are no
// longer waited for.
type stages []time.Duration

var (
	afterClick = stages{window, time.Hour, 6 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour}
	afterView  = stages{window, time.Hour, 6 * time.Hour, 24 * time.Hour}
)

const mostStages = 6

// usualClick and usualView are how conversions are spread over the stages while none
// have been seen, and trustUsual how many conversions that counts as much as. Of those
// after a click two fifths come within the hour and three within the day, of those that
// come at all within the week (after Chapelle, "Modeling Delayed Feedback in Display
// Advertising", 2014).
var (
	usualClick = [mostStages]float64{0.2, 0.2, 0.15, 0.15, 0.17, 0.13}
	usualView  = [mostStages]float64{0.1, 0.2, 0.35, 0.35}
)

const trustUsual = 20

// delays is how soon conversions come.
type delays struct {
	stages  stages
	usual   *[mostStages]float64
	passed  [mostStages]float64 // items that have reached the end of a stage
	convert [mostStages]float64 // conversions in a stage
}

// shares returns how conversions are spread over the stages. The sum is 1.
func (d *delays) shares() (out [mostStages]float64) {
	all, weighted := 0.0, 0.0
	for i := range d.stages {
		all += d.convert[i]
		weighted += d.passed[i] * d.usual[i]
	}
	rate := 0.0 // of conversions, if the usual spread is right
	if weighted > 0 {
		rate = all / weighted
	}
	sum := 0.0
	for i := range d.stages {
		expected := rate * d.passed[i] * d.usual[i]
		out[i] = d.usual[i] * (d.convert[i] + trustUsual*d.usual[i]) / (expected + trustUsual*d.usual[i])
		sum += out[i]
	}
	for i := range d.stages {
		out[i] /= sum
	}
	return out
}

// by returns which part of conversions comes until an age, if they are spread as in
// shares.
func (s stages) by(age int64, shares *[mostStages]float64) (part float64) {
	from := int64(0)
	for i, end := range s {
		to := end.Milliseconds()
		if age < to {
			return part + shares[i]*float64(max(age-from, 0))/float64(to-from)
		}
		part += shares[i]
		from = to
	}
	return 1
}
