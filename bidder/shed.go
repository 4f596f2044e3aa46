package bidder

import (
	"math"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// shedder turns requests away unread when they wait too long for a processor.
// What it measures is queue time itself: how long the runtime's goroutines were
// runnable before they ran. While the slowest tenth waited longer than the
// target, a growing share of requests is answered with an empty 204, which costs
// a fraction of a decision; when the wait is short again, the share shrinks.
type shedder struct {
	threshold atomic.Uint64 // requests whose hash is below it are shed; 0 for none
	turn      atomic.Uint64
	target    time.Duration
	sample    []metrics.Sample
	last      []uint64
}

// How often the share of shed requests is adjusted, and by how much of all
// requests at a time.
const (
	shedInterval = 50 * time.Millisecond
	shedUp       = 0.10
	shedDown     = 0.05
	shedMost     = 0.95 // always let some through, to learn that it is over
)

// full reports whether the next request is to be shed.
func (s *shedder) full() bool {
	t := s.threshold.Load()
	return t != 0 && mix(s.turn.Add(1)) < t
}

// share returns the share of requests that are shed.
func (s *shedder) share() float64 { return float64(s.threshold.Load()) / math.MaxUint64 }

// tick adjusts the share. It is called every shedInterval, by one goroutine.
func (s *shedder) tick() {
	s.adjust(s.wait())
}

func (s *shedder) adjust(wait time.Duration) {
	share := s.share()
	if wait > s.target {
		share = min(share+shedUp, shedMost)
	} else {
		share = max(share-shedDown, 0)
	}
	s.threshold.Store(uint64(share * math.MaxUint64))
}

// wait returns how long the slowest tenth of goroutines waited to run since the
// last call.
func (s *shedder) wait() time.Duration {
	if s.sample == nil {
		s.sample = []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	}
	metrics.Read(s.sample)
	h := s.sample[0].Value.Float64Histogram()
	if s.last == nil {
		s.last = append(s.last, h.Counts...)
		return 0
	}
	return ninetieth(h, s.last)
}

// ninetieth returns the 90th percentile of what was added to a histogram since
// last, and brings last up to date.
func ninetieth(h *metrics.Float64Histogram, last []uint64) time.Duration {
	var total uint64
	for i, n := range h.Counts {
		total += n - last[i]
	}
	at, seen := time.Duration(0), uint64(0)
	for i, n := range h.Counts {
		seen += n - last[i]
		last[i] = n
		if total > 0 && at == 0 && seen*10 >= total*9 {
			at = time.Duration(max(h.Buckets[i], 0) * float64(time.Second))
		}
	}
	return at
}
