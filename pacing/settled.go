package pacing

import (
	"math"
	"slices"
	"time"

	"bidwell/ad"
)

// settled remembers which bids are settled, in generations by the time of the
// bid. A generation is forgotten as a whole when no notice for its bids can be
// accepted any more, so that memory is bounded by the rate of billing notices
// times their lifetime, at some 20 to 40 bytes each.
type settled struct {
	lifetime    int64 // seconds
	span        int64 // seconds of bid time in one generation
	forgotten   int64 // the latest generation that held bids and is gone
	generations []generation
}

type generation struct {
	number int64 // bid time / span
	bids   map[ad.BidID]struct{}
}

// generationsKept is into how many generations a lifetime is divided: the memory
// kept too long is one part in as many.
const generationsKept = 8

func (k *settled) init(lifetime time.Duration) {
	k.lifetime = int64((lifetime + time.Second - 1) / time.Second)
	k.span = max(1, k.lifetime/generationsKept)
	k.forgotten = math.MinInt64
}

// add remembers a bid. It returns NoticeReplayed if it is known, TokenExpired if
// its generation is forgotten. The latter holds for good, even if the clock
// jumped ahead and was put back, for a bid that may have been settled must not be
// settled again.
func (k *settled) add(bid ad.BidID, bidTime int64) ad.Reason {
	number := floorDiv(bidTime, k.span)
	if number <= k.forgotten {
		return ad.TokenExpired
	}
	bids := k.generation(number)
	if _, known := bids[bid]; known {
		return ad.NoticeReplayed
	}
	bids[bid] = struct{}{}
	return ad.OK
}

func (k *settled) generation(number int64) map[ad.BidID]struct{} {
	for _, g := range k.generations {
		if g.number == number {
			return g.bids
		}
	}
	bids := make(map[ad.BidID]struct{})
	k.generations = append(k.generations, generation{number, bids})
	return bids
}

// forget drops the generations whose last bid is older than the lifetime.
func (k *settled) forget(now int64) {
	oldest := floorDiv(now-k.lifetime, k.span)
	k.generations = slices.DeleteFunc(k.generations, func(g generation) bool {
		if g.number >= oldest {
			return false
		}
		k.forgotten = max(k.forgotten, g.number)
		return true
	})
}

func (k *settled) len() int {
	n := 0
	for _, g := range k.generations {
		n += len(g.bids)
	}
	return n
}
