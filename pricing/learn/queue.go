package learn

import (
	"math/bits"

	"bidwell/ad"
	"bidwell/pricing"
)

// item is an impression, or a click on one, that waits for what comes of it.
type item struct {
	bid        ad.BidID
	person     ad.PersonID
	at         int64   // unix milliseconds of the impression or the click
	weight     float32 // how many it stands for
	taken      float32 // weight of what was learned of it without a response
	flags      flags
	conversion uint64 // key of person, advertiser and what counts; 0 where no conversion can be matched

	subject pricing.Subject
	context pricing.Context
}

// flags are what has happened to an item.
type flags uint8

const (
	viewed    flags = 1 << iota
	clicked         //
	completed       //
	converted       //
	played          // it is a video or audio ad
	due             // its window has ended, and what it was then has been learned
	held            // it has converted, and that has not been learned yet
	bought          // its view had converted before the click, which is counted
)

// queue is items in the order in which they came. It has room for so many; numbers
// count items from the beginning.
type queue struct {
	most        int
	items       []item // a ring, of a power of two
	first, next uint64
	of          map[ad.BidID]uint64
}

func newQueue(most int) *queue { return &queue{most: most, of: map[ad.BidID]uint64{}} }

func (q *queue) len() int { return int(q.next - q.first) }

func (q *queue) full() bool { return q.len() >= q.most }

func (q *queue) at(n uint64) *item { return &q.items[n&uint64(len(q.items)-1)] }

// find returns the item of a bid, nil if there is none.
func (q *queue) find(bid ad.BidID) *item {
	n, ok := q.of[bid]
	if !ok {
		return nil
	}
	return q.at(n)
}

// push adds an item; there must be room.
func (q *queue) push(it *item) {
	if q.len() == len(q.items) {
		q.grow()
	}
	*q.at(q.next) = *it
	q.of[it.bid] = q.next
	q.next++
}

func (q *queue) grow() {
	items := make([]item, max(64, 2*len(q.items)))
	for n := q.first; n != q.next; n++ {
		items[n&uint64(len(items)-1)] = *q.at(n)
	}
	q.items = items
}

// pop drops the first item.
func (q *queue) pop() {
	bid := q.at(q.first).bid
	if q.of[bid] == q.first {
		delete(q.of, bid)
	}
	q.first++
}

// mostThin is the most that thin thins by, as a power of two.
const mostThin = 10

// thin says whether what has a hash is kept where there is room for so many and some
// are held, and how many it stands for then: the less room is left, the fewer.
func thin(hash uint64, held, room int) (weight float64, ok bool) {
	if held >= room {
		return 0, false
	}
	shift := min(bits.Len(uint(room/(room-held)))-1, mostThin)
	return float64(uint64(1) << shift), hash&(1<<shift-1) == 0
}
