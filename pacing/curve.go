package pacing

import "fmt"

// Curve is how a budget is to be spread over its flight, or over the day.
type Curve uint8

// Curves.
const (
	Traffic Curve = iota // in proportion to the eligible traffic that is forecast
	Even                 // the same amount every hour
	Ahead                // as Traffic, a fifth more at the beginning and a fifth less at the end
	ASAP                 // as fast as traffic allows: no pacing
)

var curveNames = [...]string{"traffic", "even", "ahead", "asap"}

// CurveNames returns the names of all curves, as ParseCurve reads them.
func CurveNames() []string { return append([]string(nil), curveNames[:]...) }

// ParseCurve reads the name of a curve.
func ParseCurve(name string) (Curve, error) {
	for i, n := range curveNames {
		if n == name {
			return Curve(i), nil
		}
	}
	return 0, fmt.Errorf("curve %q: it is one of traffic, even, ahead, asap", name)
}

// String returns the curve's name.
func (c Curve) String() string {
	if int(c) < len(curveNames) {
		return curveNames[c]
	}
	return fmt.Sprintf("curve %d", uint8(c))
}

// aheadBy is by how much the curve Ahead begins above the average.
const aheadBy = 0.2

// spent returns the share of the budget that is to be spent when the share x of
// the period's weight is over. It rises from 0 to 1.
func (c Curve) spent(x float64) float64 {
	x = min(max(x, 0), 1)
	if c == Ahead {
		return (1+aheadBy)*x - aheadBy*x*x
	}
	return x
}

// portion returns which part of what is left at x is to be spent by x+dx, of a
// budget that is left whole to the end of the period.
func (c Curve) portion(x, dx float64) float64 {
	left := 1 - c.spent(x)
	if x+dx >= 1 || left <= 0 {
		return 1
	}
	return min(1, (c.spent(x+dx)-c.spent(x))/left)
}
