package pacing

import (
	"math"
	"testing"
)

func TestParseCurve(t *testing.T) {
	for _, name := range CurveNames() {
		c, err := ParseCurve(name)
		if err != nil || c.String() != name {
			t.Errorf("ParseCurve(%q) = %v, %v", name, c, err)
		}
	}
	if _, err := ParseCurve("fast"); err == nil {
		t.Error("a curve of no such name was accepted")
	}
}

func TestCurveSpent(t *testing.T) {
	tests := []struct {
		curve   Curve
		x, want float64
	}{
		{Traffic, 0.25, 0.25},
		{Even, 0.5, 0.5},
		{Ahead, 0, 0},
		{Ahead, 0.5, 0.55}, // 1.2 at the beginning, 0.8 at the end
		{Ahead, 1, 1},
		{Ahead, 2, 1},
		{Traffic, -1, 0},
	}
	for _, tt := range tests {
		if got := tt.curve.spent(tt.x); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s.spent(%g) = %g, want %g", tt.curve, tt.x, got, tt.want)
		}
	}
}

// TestPortionSpendsAll holds that spending each step's portion of what is left
// follows the curve and leaves nothing.
func TestPortionSpendsAll(t *testing.T) {
	const steps = 50
	for _, c := range []Curve{Traffic, Even, Ahead} {
		left := 1.0
		for i := range steps {
			x := float64(i) / steps
			left -= left * c.portion(x, 1.0/steps)
			if want := 1 - c.spent(x+1.0/steps); math.Abs(left-want) > 1e-9 {
				t.Fatalf("%s: after %d steps %g is left, want %g", c, i+1, left, want)
			}
		}
	}
}
