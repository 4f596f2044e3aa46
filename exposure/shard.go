package exposure

import (
	"bidwell/ad"
	"bidwell/profile"
)

// first returns the first entry of a person's chain, which others may share.
func (s *shard) first(hash uint64) uint32 {
	if len(s.heads) == 0 {
		return 0
	}
	return s.heads[hash&uint64(len(s.heads)-1)]
}

// find returns the entry of a bid, or nil.
func (s *shard) find(hash uint64, b *Bid) *entry {
	id := bidHash(b.ID)
	for at := s.first(hash); at != 0; at = s.slab[at].next {
		if e := &s.slab[at]; e.bid == id && e.person == b.Person {
			return e
		}
	}
	return nil
}

// held returns how much is held of a person, and whether some of it was added after
// a moment.
func (s *shard) held(hash uint64, person ad.PersonID, now int64, after uint32) (n int, changed bool) {
	for at := s.first(hash); at != 0; at = s.slab[at].next {
		if e := &s.slab[at]; e.person == person && e.expires > seconds(now) {
			changed = changed || int32(e.added-after) > 0
			n++
		}
	}
	return n, changed
}

// read fills a history with what is held of a person.
func (s *shard) read(hash uint64, person ad.PersonID, now int64, h *History) {
	h.Open, h.shown = h.Open[:0], h.shown[:0]
	h.cursor = s.adds
	for at := s.first(hash); at != 0; at = s.slab[at].next {
		e := &s.slab[at]
		switch {
		case e.person != person || e.expires <= seconds(now):
		case e.shown == 0:
			h.Open = append(h.Open, e.ad)
		default:
			h.shown = append(h.shown, profile.Touch{
				Campaign: e.ad.Campaign, Line: e.ad.Line, Creative: e.ad.Creative, Kind: profile.Impression, Time: int64(e.shown),
			})
		}
	}
}

// add enters a bid; false means that there is no room.
func (s *shard) add(hash uint64, b *Bid, shown uint32, until int64) bool {
	if s.used >= perShard {
		return false
	}
	if int(s.used) >= len(s.heads) {
		s.grow()
	}
	at := s.vacant
	if at != 0 {
		s.vacant = s.slab[at].next
	} else {
		at = uint32(len(s.slab))
		s.slab = append(s.slab, entry{})
	}
	s.used++
	s.adds++
	head := &s.heads[hash&uint64(len(s.heads)-1)]
	s.slab[at] = entry{
		person: b.Person, bid: bidHash(b.ID), ad: b.Ad, shown: shown, expires: seconds(until), added: s.adds, next: *head,
	}
	*head = at
	return true
}

// grow doubles the heads, so that chains stay short.
func (s *shard) grow() {
	if s.slab == nil {
		s.slab = make([]entry, 1, 64)
	}
	s.heads = make([]uint32, max(64, 2*len(s.heads)))
	for at := 1; at < len(s.slab); at++ {
		e := &s.slab[at]
		if e.person.IsZero() {
			continue
		}
		head := &s.heads[hashOf(e.person)&uint64(len(s.heads)-1)]
		e.next, *head = *head, uint32(at)
	}
}

// free takes an entry out of its chain.
func (s *shard) free(hash uint64, at uint32) {
	link := &s.heads[hash&uint64(len(s.heads)-1)]
	for *link != at {
		link = &s.slab[*link].next
	}
	*link = s.slab[at].next
	s.slab[at] = entry{next: s.vacant}
	s.vacant = at
	s.used--
}

// sweeps is in how many calls the whole memory is swept, leastSwept how many
// entries are looked at in each at least.
const sweeps, leastSwept = 60, 64

// sweep frees what has expired among the next part of the entries.
func (s *shard) sweep(now uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == 0 {
		return
	}
	for range min(max(len(s.slab)/sweeps+1, leastSwept), len(s.slab)) {
		if s.swept++; int(s.swept) >= len(s.slab) {
			s.swept = 1
		}
		if e := &s.slab[s.swept]; !e.person.IsZero() && e.expires <= now {
			s.free(hashOf(e.person), s.swept)
		}
	}
}
