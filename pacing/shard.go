package pacing

import (
	"sync"
	"time"

	"bidwell/ad"
)

// reservation is one undecided bid. It holds no pointers, so that millions of
// them cost the garbage collector nothing.
type reservation struct {
	bid      ad.BidID
	amount   int64
	expires  int64               // unix seconds
	accounts [MaxAccounts]uint32 // refs
	days     [MaxAccounts]int32
	prev     uint32 // neighbours on the wheel, or next in the free list; 0 ends
	next     uint32
	slot     uint16 // on the wheel
	n        uint8  // accounts
}

// wheelSlots is how many seconds the wheel of expiry times spans. What expires
// later than that stays in its slot for another turn.
const wheelSlots = 1024

// shard is one part of the book: a slab of reservations, an index into it by bid
// id, a wheel that finds those that expire, and the memory of settled bids.
type shard struct {
	mu     sync.Mutex
	slab   []reservation // [0] is unused, so that 0 can mean none
	vacant uint32        // free list
	index  index
	wheel  [wheelSlots]uint32 // first reservation by second of expiry
	swept  int64              // unix seconds up to which the wheel is swept
	known  settled
	stats  Stats
}

func (s *shard) init(lifetime time.Duration) {
	s.slab = make([]reservation, 1, 64)
	s.index.init()
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
	s.index.put(hash, at)
	s.link(at)
	s.stats.Open++
	s.stats.Reserved++
	return true
}

// settle ends a bid at a price. It returns the reservation if there was one.
func (s *shard) settle(hash uint64, bid ad.BidID, price, bidTime int64) (r reservation, found bool, why ad.Reason) {
	at := s.find(hash, bid)
	if at != 0 && price > s.slab[at].amount {
		s.stats.TooHigh++
		return r, true, ad.PriceAboveBid
	}
	if why := s.known.add(bid, bidTime); why != ad.OK {
		if why == ad.NoticeReplayed {
			s.stats.Replayed++
		}
		return r, at != 0, why
	}
	s.stats.Settled++
	if at == 0 {
		s.stats.Late++
		s.stats.LateSpend += ad.Money(price)
		return r, false, ad.OK
	}
	return s.close(hash, at), true, ad.OK
}

func (s *shard) release(hash uint64, bid ad.BidID) (r reservation, found bool) {
	at := s.find(hash, bid)
	if at == 0 {
		return r, false
	}
	s.stats.Released++
	return s.close(hash, at), true
}

// sweep frees what expires in the next second of the wheel. It is done when the
// wheel has come to now, which takes one turn at most.
func (s *shard) sweep(now int64, b *Book) (freed int, done bool) {
	if now <= s.swept || s.stats.Open == 0 {
		s.swept = now // if the clock was put back, that time is passed again
		s.known.forget(now)
		return 0, true
	}
	s.swept = max(s.swept+1, now-wheelSlots+1)
	for at := s.wheel[s.swept&(wheelSlots-1)]; at != 0; {
		next := s.slab[at].next
		if s.slab[at].expires <= now {
			r := s.close(hashOf(s.slab[at].bid), at)
			b.free(&r)
			freed++
		}
		at = next
	}
	s.stats.Expired += uint64(freed)
	return freed, false
}

// close takes a reservation out of everything and returns it.
func (s *shard) close(hash uint64, at uint32) reservation {
	r := s.slab[at]
	s.index.remove(hash, at)
	s.unlink(at)
	s.slab[at] = reservation{next: s.vacant}
	s.vacant = at
	s.stats.Open--
	return r
}

func (s *shard) link(at uint32) {
	r := &s.slab[at]
	r.slot = uint16(max(r.expires, s.swept+1) & (wheelSlots - 1))
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
	mask := uint64(len(s.index.cells) - 1)
	for i := hash & mask; s.index.cells[i].at != 0; i = (i + 1) & mask {
		c := s.index.cells[i]
		if c.hash == uint32(hash) && s.slab[c.at].bid == bid {
			return c.at
		}
	}
	return 0
}

func (s *shard) addTo(sum *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.Open += s.stats.Open
	sum.Known += s.known.len()
	sum.Reserved += s.stats.Reserved
	sum.Settled += s.stats.Settled
	sum.Released += s.stats.Released
	sum.Expired += s.stats.Expired
	sum.Replayed += s.stats.Replayed
	sum.TooHigh += s.stats.TooHigh
	sum.Late += s.stats.Late
	sum.LateSpend += s.stats.LateSpend
}
