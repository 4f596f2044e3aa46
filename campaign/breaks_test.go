package campaign

import (
	"testing"
	"time"
)

// TestBreaks takes breaks after long work until there are none left.
func TestBreaks(t *testing.T) {
	var none breaks
	if none.take(); none.left != 0 || !none.since.IsZero() {
		t.Error("a compiler that is in a hurry takes a break")
	}
	b := breaks{3 * time.Millisecond, time.Now().Add(-500 * time.Microsecond)}
	for n := 0; b.left > 0; n++ {
		if n > 1 {
			t.Fatalf("%v are left after %d breaks", b.left, n)
		}
		before := time.Now()
		b.take()
		if b.since.Before(before) {
			t.Fatal("work before the break counts again")
		}
		b.since = b.since.Add(-time.Second)
	}
}
