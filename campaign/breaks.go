package campaign

import "time"

// breaks are those that a reload takes from its work: compiling thousands of line items
// takes a processor for a while, and requests that come meanwhile would wait for it. The
// zero value takes none.
type breaks struct {
	left  time.Duration // of all breaks
	since time.Time     // the last one
}

// How long breaks are, compared with the work before, and all of them together: what has
// been edited is waited for.
const (
	breakLength = 3
	allBreaks   = time.Second
)

func newBreaks() breaks { return breaks{allBreaks, time.Now()} }

// take takes a break, as long as there are any left.
func (b *breaks) take() {
	if b.left <= 0 {
		return
	}
	length := min(breakLength*time.Since(b.since), b.left)
	time.Sleep(length)
	b.left -= length
	b.since = time.Now()
}
