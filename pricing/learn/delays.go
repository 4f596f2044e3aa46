package learn

import (
	"math"
	"time"
)

// Conversions come late: an ad without one yet is no failure yet. What it counts as is
// learned in parts, as it gets older: as much of an example without a conversion as
// conversions would have come by then. How soon they come is learned as well, stage by
// stage. An ad with a conversion waits for the end of its stage as well: so successes and
// failures are always of the same age.

// stages are the ages at which a part is learned; at the last one conversions are no
// longer waited for.
type stages []time.Duration

var (
	afterClick = stages{window, time.Hour, 6 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour}
	afterView  = stages{window, time.Hour, 6 * time.Hour, 24 * time.Hour}
)

const mostStages = 6

// usualClick and usualView are how conversions are spread over the stages while none
// have been seen. Of those after a click two fifths come within the hour and four fifths
// within the day, of those that come at all within the week.
var (
	usualClick = [mostStages]float64{0.2, 0.2, 0.25, 0.17, 0.11, 0.07}
	usualView  = [mostStages]float64{0.1, 0.2, 0.35, 0.35}
)

// What is expected of a stage counts as much as trustUsual conversions in it. When there
// have been trustBefore in the stage before, it is expected half by these, and half by
// all there are: where few came late, fewer come later.
const trustUsual, trustBefore = 6, 20

// delays is how soon conversions come.
type delays struct {
	stages  stages
	usual   *[mostStages]float64
	passed  [mostStages]float64 // items that have reached the end of a stage
	convert [mostStages]float64 // conversions in a stage
}

// shares returns how conversions are spread over the stages. The sum is 1. Of stages at
// whose end nothing has arrived yet, what is known of those before tells.
func (d *delays) shares() (out [mostStages]float64) {
	all, weighted := 0.0, 0.0
	for i := range d.stages {
		all += d.convert[i]
		weighted += d.passed[i] * d.usual[i]
	}
	if all <= 0 || weighted <= 0 {
		return *d.usual
	}
	believed := 0.0
	for i := range d.stages {
		expected := d.usual[i] * all / weighted // of an item in the stage
		if i > 0 {
			if d.passed[i-1] > 0 {
				believed = d.convert[i-1] / (d.convert[i-1] + trustBefore)
			}
			after := out[i-1] * d.usual[i] / d.usual[i-1]
			expected *= math.Pow(after/expected, believed)
		}
		out[i] = (d.convert[i] + trustUsual) / (d.passed[i] + trustUsual/expected)
	}
	whole := sum(out[:])
	for i := range out {
		out[i] /= whole
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
