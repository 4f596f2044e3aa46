package campaign

import "time"

// breaks are those that a reload takes from its work: compiling thousands of line items
// takes a processor for a while, and requests that come meanwhile would wait for it. What
// takes longer than a third of a second does the rest without, for what has been edited
// is waited for. The zero value takes none.
type breaks struct {
	left  time.Duration // of all breaks
	since time.Time     // the last one
}

// How long breaks are, compared with the work before, how much of it there is at least,
// and how long all of them are together.
const (
	breakLength = 3
	leastWork   = time.Millisecond
	allBreaks   = time.Second
)

func newBreaks() breaks { return breaks{allBreaks, time.Now()} }

// take takes a break, if there was work enough, as long as there are any left.
func (b *breaks) take() {
	now := time.Now()
	work := now.Sub(b.since)
	if b.left <= 0 || work < leastWork {
		return
	}
	time.Sleep(min(breakLength*work, b.left))
	b.since = time.Now()
	b.left -= b.since.Sub(now)
}
