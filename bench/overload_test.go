//go:build linux

package main

import (
	"math"
	"testing"
)

// TestGoodputBound compares with bounds worked out by hand.
func TestGoodputBound(t *testing.T) {
	for _, tt := range []struct{ decided, mixed, shed, arrive, want float64 }{
		{30, 30, 0, 1.5, 1},        // nothing is shed
		{30, 20, 0.5, 1.5, 0.75},   // an empty answer costs 10, a third
		{30, 20, 0.5, 1, 1},        // no more arrive than can be decided on
		{30, 28, 0.5, 1.5, 0},      // answering all of them takes all the time
		{30, 30, 0.5, 1.5, 0},      // an empty answer costs as much
		{30, 35, 0.5, 1.5, 0},      // or more
		{30, 15.2, 0.5, 1.5, 0.99}, // or next to nothing: (30 - 0.6) / (30 - 0.4)
	} {
		if got := goodputBound(tt.decided, tt.mixed, tt.shed, tt.arrive); math.Abs(got-tt.want) > 0.005 {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}
