package campaign

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestBreaks works and takes breaks until there are none left: three times as long as the
// work, none after little of it, and a second in all.
func TestBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaks()
		for i, step := range []struct{ work, want time.Duration }{
			{100 * time.Microsecond, 0},
			{20 * time.Millisecond, 60300 * time.Microsecond}, // with what was before
			{200 * time.Millisecond, 600 * time.Millisecond},
			{200 * time.Millisecond, allBreaks - 660300*time.Microsecond},
			{time.Second, 0},
		} {
			time.Sleep(step.work)
			before := time.Now()
			if b.take(); time.Since(before) != step.want {
				t.Errorf("break %d takes %v, want %v", i, time.Since(before), step.want)
			}
		}
		var none breaks
		before := time.Now()
		if none.take(); time.Since(before) != 0 {
			t.Error("who takes no breaks takes one")
		}
	})
}
