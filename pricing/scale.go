package pricing

// scale is by how much the sums of a model's weights are to be multiplied: those of the
// weights that all campaigns share, and those of a campaign's own. Of impressions that
// are won, more than chance has those whose sums err upwards, and weights that were
// found together claim some of what they explain twice. What comes of it shows in
// examples before they are learned from: a logistic regression on the two sums tells
// how much of each to believe (stacking; Wolpert, "Stacked Generalization", 1992), by
// Newton's method, one example at a time. An ad that is learned from in parts, as it
// gets older, has been seen from the second part on; that makes little of a difference,
// for one ad moves a weight little.
type scale struct {
	by    [2]float64 // the factors
	known [3]float64 // curvature of the loss by the factors: two squares, and the product
}

// What a scale is before anything is known: all is believed, and that counts as much as
// so many responses to impressions whose sums are 1. It may become no less than nothing
// and little more than all; of what it has seen, some thousand responses are remembered.
const (
	scaleKnown = 20
	mostScale  = 1.25
	mostKnown  = 2000
)

func newScale() scale { return scale{[2]float64{1, 1}, [3]float64{scaleKnown, scaleKnown, 0}} }

// of returns the sum to add to the log-odds of the prior.
func (s *scale) of(sums [2]float64) float64 { return s.by[0]*sums[0] + s.by[1]*sums[1] }

// learn changes the factors by the gradient of the loss by the log-odds and its curvature.
// Steps are not cut: those of responses are the long ones, and to cut these alone would
// make the factors too small.
func (s *scale) learn(sums [2]float64, gradient, curvature float64) {
	a, b := sums[0], sums[1]
	k := &s.known
	k[0], k[1], k[2] = k[0]+curvature*a*a, k[1]+curvature*b*b, k[2]+curvature*a*b
	if det := k[0]*k[1] - k[2]*k[2]; det > 0 {
		s.by[0] = bounded(s.by[0]-gradient*(k[1]*a-k[2]*b)/det, 0, mostScale)
		s.by[1] = bounded(s.by[1]-gradient*(k[0]*b-k[2]*a)/det, 0, mostScale)
	}
	for max(k[0], k[1]) > mostKnown {
		k[0], k[1], k[2] = (k[0]+scaleKnown)/2, (k[1]+scaleKnown)/2, k[2]/2
	}
}

// valid reports whether a scale is one that examples lead to.
func (s *scale) valid() bool {
	a, b, ab := s.known[0], s.known[1], s.known[2]
	return a > 0 && b > 0 && max(a, b) <= mostKnown && ab*ab < a*b
}
