package learn

import "bidwell/ad"

// early is what notices said that were faster than those of their impressions, the
// newest of them.
type early struct {
	said  map[ad.BidID]flags
	order []ad.BidID
	next  int // place in order of the next
}

func newEarly() early { return early{said: map[ad.BidID]flags{}} }

// add notes what a notice says.
func (y *early) add(bid ad.BidID, f flags) {
	if had, ok := y.said[bid]; ok {
		y.said[bid] = had | f
		return
	}
	if len(y.order) < mostEarly {
		y.order = append(y.order, bid)
	} else {
		delete(y.said, y.order[y.next])
		y.order[y.next] = bid
	}
	y.said[bid] = f
	y.next = (y.next + 1) % mostEarly
}
