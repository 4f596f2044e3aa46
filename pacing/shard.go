package pacing

import (
	"sync"
	"time"

	"bidwell/ad"
)

// reservation is one undecided bid. It holds no pointers, so that millions of
// them cost the garbage collector nothing, and fills one cache line.
type reservation struct {
	bid      ad.BidID
	amount   int64
	accounts [MaxAccounts]uint32 // refs
	day      int32               // of the first account
	days     [MaxAccounts]int8   // of each, from that day on: zones are within a day or two of each other
	prev     uint32              // neighbours on the wheel, or next in the free list; 0 ends
	next     uint32
	expires  uint32 // unix seconds, until 2106
	slot     uint16 // on the wheel
	n        uint8  // accounts
}

func (r *reservation) add(ref uint32, day int32) {
	if r.n == 0 {
		r.day = day
	}
	r.accounts[r.n], r.days[r.n] = ref, int8(day-r.day)
	r.n++
}

func (r *reservation) dayOf(i uint8) int32 { return r.day + int32(r.days[i]) }

// wheelSlots is how many seconds the wheel of expiry times spans. What expires
// later than that stays in its slot for another turn.
const wheelSlots = 1024

// shard is one part of the book: a slab of reservations, an index into it by bid
// id, a wheel that finds those that expire, and the memory of settled bids.
type shard struct {
	mu     sync.Mutex
	vacant uint32        // free list
	used   uint32        // reservations
	cells  []cell        // index of the slab: see index.go
	slab   []reservation // [0] is unused, so that 0 can mean none

	// A second cache line, which Reserve leaves alone.
	released, charged, expired    uint64
	unreserved, replayed, tooHigh uint64
	_                             [16]byte

	swept int64 // unix seconds up to which the wheel is swept
	known settled
	_     [8]byte
	wheel [wheelSlots]uint32 // first reservation by second of expiry
}

func (s *shard) init(lifetime time.Duration) {
	s.slab = make([]reservation, 1, 64)
	s.cells = make([]cell, leastCells)
	s.known.init(lifetime)
}

// open enters a reservation; false means that the bid has one already.
func (s *shard) open(hash uint64, r *reservation) bool {
	if s.find(hash, r.bid) != 0 {
		return false
	}
	at := s.vacant
	if at != 0 {
		s.vacant = s.slab[at].next
		s.slab[at] = *r
	} else {
		at = uint32(len(s.slab))
		s.slab = append(s.slab, *r)
	}
	s.put(hash, at)
	s.link(at)
	return true
}

// settle ends a bid at a price. It returns the reservation if there was one.
func (s *shard) settle(hash uint64, bid ad.BidID, price, bidTime int64) (r reservation, found bool, why ad.Reason) {
	at := s.find(hash, bid)
	if at != 0 && price > s.slab[at].amount {
		s.tooHigh++
		return r, true, ad.PriceAboveBid
	}
	if why := s.known.add(bid, bidTime); why != ad.OK {
		if why == ad.NoticeReplayed {
			s.replayed++
		}
		return r, at != 0, why
	}
	if at == 0 {
		s.unreserved++
		return r, false, ad.OK
	}
	s.charged++
	return s.close(hash, at), true, ad.OK
}

func (s *shard) release(hash uint64, bid ad.BidID) (r reservation, found bool) {
	at := s.find(hash, bid)
	if at == 0 {
		return r, false
	}
	s.released++
	return s.close(hash, at), true
}

// sweep frees what expires in the next second of the wheel. It is done when the
// wheel has come to now, which takes one turn at most.
func (s *shard) sweep(now int64, b *Book) (freed int, done bool) {
	if now <= s.swept || s.used == 0 {
		s.swept = now // if the clock was put back, that time is passed again
		s.known.forget(now)
		return 0, true
	}
	s.swept = max(s.swept+1, now-wheelSlots+1)
	for at := s.wheel[s.swept&(wheelSlots-1)]; at != 0; {
		next := s.slab[at].next
		if int64(s.slab[at].expires) <= now {
			r := s.close(hashOf(s.slab[at].bid), at)
			b.free(&r)
			freed++
		}
		at = next
	}
	s.expired += uint64(freed)
	return freed, false
}

// close takes a reservation out of everything and returns it.
func (s *shard) close(hash uint64, at uint32) reservation {
	r := s.slab[at]
	s.remove(hash, at)
	s.unlink(at)
	s.slab[at] = reservation{next: s.vacant}
	s.vacant = at
	return r
}

func (s *shard) link(at uint32) {
	r := &s.slab[at]
	r.slot = uint16(max(int64(r.expires), s.swept+1) & (wheelSlots - 1))
	first := &s.wheel[r.slot]
	r.prev, r.next = 0, *first
	if *first != 0 {
		s.slab[*first].prev = at
	}
	*first = at
}

func (s *shard) unlink(at uint32) {
	r := &s.slab[at]
	if r.prev != 0 {
		s.slab[r.prev].next = r.next
	} else {
		s.wheel[r.slot] = r.next
	}
	if r.next != 0 {
		s.slab[r.next].prev = r.prev
	}
}

func (s *shard) find(hash uint64, bid ad.BidID) uint32 {
	mask := uint64(len(s.cells) - 1)
	for i := hash & mask; s.cells[i].at != 0; i = (i + 1) & mask {
		c := s.cells[i]
		if c.hash == uint32(hash) && s.slab[c.at].bid == bid {
			return c.at
		}
	}
	return 0
}

func (s *shard) addTo(sum *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.Open += int(s.used)
	sum.Known += s.known.len()
	sum.Reserved += uint64(s.used) + s.released + s.charged + s.expired
	sum.Settled += s.charged + s.unreserved
	sum.Released += s.released
	sum.Expired += s.expired
	sum.Replayed += s.replayed
	sum.TooHigh += s.tooHigh
}
