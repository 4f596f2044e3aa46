package exposure

import (
	"encoding/binary"
	"math"
	"sync"

	"bidwell/ad"
)

// Bounds of the memory. What is more is not held: its line item does not bid.
const (
	MaxBids      = 1 << 24 // of all people: about 1 GB, taken as it is needed
	MaxPerPerson = 64      // as many as a profile holds touches
)

// keepShown is for how long an impression stays in memory at least, in seconds.
// Its touch comes to the profile within milliseconds, unless the disk is full.
const keepShown = 600

const (
	shardBits = 8
	shards    = 1 << shardBits
	perShard  = MaxBids / shards
)

// Memory holds the undecided bids on people, and the impressions that their
// profiles may not show yet. The zero value is ready. It is divided by person into
// shards with a lock each, holds no pointers to what it holds, and outlives
// configurations; it does not outlive the process.
type Memory struct{ shards [shards]shard }

type shard struct {
	mu     sync.Mutex
	adds   uint32   // entries that were ever added
	used   uint32   // entries there are
	vacant uint32   // free list
	swept  uint32   // where the sweep goes on
	heads  []uint32 // first entry by person, as many as a power of two
	slab   []entry  // [0] is unused, so that 0 can mean none
	_      [40]byte // no two locks in a cache line
}

// entry is a bid, or the impression that it became. One without a person is free.
type entry struct {
	person  ad.PersonID
	bid     uint64 // hash of its id
	ad      Ad
	shown   uint32 // unix seconds; 0 while it is undecided
	expires uint32 // unix seconds
	added   uint32 // the shard's adds by then
	next    uint32 // of the same head, or of the free list
}

// Bid is a bid on a person.
type Bid struct {
	Person ad.PersonID
	ID     ad.BidID
	Ad     Ad
	Until  int64 // unix seconds: when its window for notices ends

	// Anew asks that the bid is not entered if anything was entered for the person since
	// the history was read: what was decided from that is to be decided anew.
	Anew bool
}

// Hold enters an undecided bid, which counts as an impression until it is decided,
// or expires. If anything was entered for the person since the history was read,
// that is read again first, and the bid is entered only if none of the caps is
// reached then. It returns OK; FrequencyReached, and the history says why, or that the
// bid is to be decided anew; or InFlight if there is no room.
func (m *Memory) Hold(b *Bid, h *History, line, creative []Cap, now int64) ad.Reason {
	hash := hashOf(b.Person)
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, changed := s.held(hash, b.Person, now, h.cursor)
	if changed {
		s.read(hash, b.Person, now, h)
		h.unite()
		if b.Anew || Reached(line, h, now) != nil || Reached(creative, h, now) != nil {
			return ad.FrequencyReached
		}
	}
	if n >= MaxPerPerson || !s.add(hash, b, 0, b.Until) {
		return ad.InFlight
	}
	h.cursor = s.adds
	h.Open = append(h.Open, b.Ad)
	h.mark(b.Ad)
	return ad.OK
}

// Show notes that a bid became an impression at a moment, in unix seconds. A bid
// that is not held any more, or was made by an earlier process, counts from now
// on.
func (m *Memory) Show(b *Bid, at int64) {
	hash := hashOf(b.Person)
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	until := max(b.Until, at+keepShown)
	if e := s.find(hash, b); e != nil {
		e.shown, e.expires = seconds(at), max(e.expires, seconds(until))
		return
	}
	s.add(hash, b, seconds(at), until) // without room: its touch comes soon
}

// Win notes that a bid was won, in case that it is not known, because an earlier
// process made it: its impression is to come.
func (m *Memory) Win(b *Bid, now int64) {
	hash := hashOf(b.Person)
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Until > now && s.find(hash, b) == nil {
		s.add(hash, b, 0, b.Until)
	}
}

// Drop forgets a bid that lost or was withdrawn. One that was shown stays.
func (m *Memory) Drop(person ad.PersonID, id ad.BidID) {
	m.remove(person, func(e *entry) bool { return e.bid == bidHash(id) && e.shown == 0 })
}

// Held returns what is held of a person: bids that are undecided, and impressions
// that their profile may not show yet.
func (m *Memory) Held(person ad.PersonID) (list []Held) {
	hash := hashOf(person)
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := s.first(hash); at != 0; at = s.slab[at].next {
		if e := &s.slab[at]; e.person == person {
			list = append(list, Held{e.ad, int64(e.shown), int64(e.expires)})
		}
	}
	return list
}

// Held is a bid on a person, or the impression that it became.
type Held struct {
	Ad    Ad
	Shown int64 // unix seconds; 0 while it is undecided
	Until int64 // unix seconds: when it is forgotten
}

// Forget forgets everything about a person.
func (m *Memory) Forget(person ad.PersonID) {
	m.remove(person, func(*entry) bool { return true })
}

func (m *Memory) remove(person ad.PersonID, which func(*entry) bool) {
	hash := hashOf(person)
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := s.first(hash); at != 0; {
		e := &s.slab[at]
		next := e.next
		if e.person == person && which(e) {
			s.free(hash, at)
		}
		at = next
	}
}

// Expire frees the memory of what has expired; it counts no more from that very
// second on, whenever that is. It is to be called about once a second and looks at
// a part of the memory each time, all of it within a minute.
func (m *Memory) Expire(now int64) {
	for i := range m.shards {
		m.shards[i].sweep(seconds(now))
	}
}

// Len returns how many bids and impressions are held.
func (m *Memory) Len() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += int(s.used)
		s.mu.Unlock()
	}
	return n
}

func (m *Memory) shard(hash uint64) *shard { return &m.shards[hash>>(64-shardBits)] }

// hashOf spreads people. Their keys are hashes, but whoever sends requests chooses
// of what.
func hashOf(p ad.PersonID) uint64 {
	return mix(binary.LittleEndian.Uint64(p[:8]) ^ mix(binary.LittleEndian.Uint64(p[8:])))
}

func bidHash(id ad.BidID) uint64 {
	return mix(binary.LittleEndian.Uint64(id[:8]) ^ mix(binary.LittleEndian.Uint64(id[8:])))
}

// mix is the finaliser of splitmix64, a bijection.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func seconds(unix int64) uint32 { return uint32(min(max(unix, 0), math.MaxUint32)) }
