package notice

import (
	"encoding/binary"
	"sync"
	"time"

	"bidwell/ad"
)

// Seen remembers which notices came, so that a repeated one counts once. A
// notice is remembered for at least the lifetime of its token, and for at most
// twice as long: there are two generations, and the older is dropped whole.
// It is safe for concurrent use.
type Seen struct {
	lifetime int64 // seconds
	shards   [64]seenShard
}

type seenShard struct {
	mu    sync.Mutex
	since int64 // unix seconds, when the younger generation began
	young map[seenKey]struct{}
	old   map[seenKey]struct{}
	_     [16]byte
}

type seenKey struct {
	bid   ad.BidID
	kind  ad.Notice
	event uint8
}

// NewSeen returns a memory for notices whose tokens live that long.
func NewSeen(lifetime time.Duration) *Seen {
	s := &Seen{lifetime: int64(lifetime / time.Second)}
	for i := range s.shards {
		s.shards[i].young = map[seenKey]struct{}{}
	}
	return s
}

// First notes a notice and reports whether it is the first of its kind for the
// bid. Kinds that come several times for good, such as views, are told apart by
// event; it is 0 for the others.
func (s *Seen) First(bid ad.BidID, kind ad.Notice, event uint8, now time.Time) bool {
	k := seenKey{bid, kind, event}
	sh := s.shard(bid)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if unix := now.Unix(); unix-sh.since > s.lifetime {
		sh.old, sh.young, sh.since = sh.young, map[seenKey]struct{}{}, unix
	}
	if _, ok := sh.young[k]; ok {
		return false
	}
	if _, ok := sh.old[k]; ok {
		return false
	}
	sh.young[k] = struct{}{}
	return true
}

// Forget takes a First back.
func (s *Seen) Forget(bid ad.BidID, kind ad.Notice, event uint8) {
	sh := s.shard(bid)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.young, seenKey{bid, kind, event})
}

func (s *Seen) shard(bid ad.BidID) *seenShard {
	return &s.shards[binary.LittleEndian.Uint64(bid[8:])%uint64(len(s.shards))]
}
