package pricing

import (
	"math"

	"bidwell/ad"
)

// Creatives of a line item are drawn as by Thompson sampling: each as often as it
// is likely to be the best. The probability is worked out beforehand, once for all
// requests until the models are taken over again, instead of drawing from each
// posterior for every request; so the shares that are told are those that are
// played. What counts is the goal's own response, beside what was to be expected
// where the creative was shown: one that was shown in better places is not better.

// explorable is the least share that a creative has, or half of an equal share if
// there are many.
const explorable = 0.05

// trustEqual is how many responses "all creatives are alike" counts as much as:
// creatives are expected to differ by 1/√trustEqual.
const trustEqual = 10

// maxCredits is of how many creatives credit is kept.
const maxCredits = 2 * maxKept

// creativeKey is a creative as a line item shows it.
type creativeKey struct{ line, creative ad.ID }

// credit is the responses to a creative, and those to be expected whatever the
// creative, by task.
type credit struct {
	y, e [NumTasks]float64
	seen int64 // day of the last example, as Trainer counts them
}

func (c *credit) add(t Task, y, e float64) {
	c.y[t], c.e[t] = max(c.y[t]+y, 0), max(c.e[t]+e, 0)
	if c.y[t] > memory {
		c.y[t], c.e[t] = c.y[t]/2, c.e[t]/2
	}
}

// effect is how much better a creative is, as a logarithm, and its variance.
type effect struct{ mean, variance float64 }

func (c *credit) effect(t Task) effect {
	return effect{math.Log((c.y[t] + trustEqual) / (c.e[t] + trustEqual)), 1 / (c.y[t] + trustEqual)}
}

// effectOn is that on a goal. Of acquisitions a part follows clicks.
func (c *credit) effectOn(g Goal, clicked float64) effect {
	if g != PerAcquisition {
		return c.effect(g.Tasks()[0])
	}
	click, convert, view := c.effect(Clicking), c.effect(ClickConverting), c.effect(ViewConverting)
	return effect{
		clicked*(click.mean+convert.mean) + (1-clicked)*view.mean,
		clicked*clicked*(click.variance+convert.variance) + (1-clicked)*(1-clicked)*view.variance,
	}
}

// shares returns how often each creative is to be drawn.
func (r *Responses) shares(k *LineKey, clicked float64) []float64 {
	out := make([]float64, len(k.Creatives))
	if len(out) == 0 {
		return nil
	}
	for i := range out {
		out[i] = 1 / float64(len(out))
	}
	if len(out) == 1 || len(k.Goal.Tasks()) == 0 {
		return out
	}
	effects, known := make([]effect, len(out)), false
	for i, id := range k.Creatives {
		c := r.credits[creativeKey{k.Line, id}]
		if c == nil {
			c = new(credit)
		} else {
			known = true
		}
		effects[i] = c.effectOn(k.Goal, clicked)
	}
	if !known {
		return out
	}
	floor := min(explorable, 0.5/float64(len(out)))
	bestOf(effects, out)
	for i, p := range out {
		out[i] = floor + (1-floor*float64(len(out)))*p
	}
	return out
}

// bestSteps is into how many steps the range of effects is cut.
const bestSteps = 64

// bestOf writes how likely each effect is the highest: the integral of its density
// times the probabilities that all others are below.
func bestOf(effects []effect, out []float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range effects {
		low = min(low, e.mean-4*math.Sqrt(e.variance))
		high = max(high, e.mean+4*math.Sqrt(e.variance))
	}
	clear(out)
	step := (high - low) / bestSteps
	for k := range bestSteps {
		a := low + step*float64(k)
		for i := range effects {
			p := effects[i].below(a+step) - effects[i].below(a)
			for j := range effects {
				if j != i {
					p *= effects[j].below(a + step/2)
				}
			}
			out[i] += p
		}
	}
	sum := 0.0
	for _, p := range out {
		sum += p
	}
	for i := range out {
		if out[i] /= sum; !(sum > 0) {
			out[i] = 1 / float64(len(out))
		}
	}
}

// below is how likely the effect is below x.
func (e effect) below(x float64) float64 {
	return 0.5 * math.Erfc((e.mean-x)/math.Sqrt(2*e.variance))
}
