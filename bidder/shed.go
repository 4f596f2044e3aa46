package bidder

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// shedder turns requests away unread when they wait too long for a processor.
// What it measures is queue time itself, with a byte that waits as a request
// does, see probe. The longer that is above the target, the larger a share of
// requests is answered with an empty 204, which costs a third to a half of a decision. So
// the queue stays about as long as the target, however much is asked, and there
// is always work: a share that was raised step by step would overshoot, since
// what it does to a long queue is seen when that queue has been worked off.
type shedder struct {
	threshold atomic.Uint64 // requests whose hash is below it are shed; 0 for none
	turn      atomic.Uint64
	target    time.Duration
}

const (
	probeCalm  = 10 * time.Millisecond // from one probe to the next
	probeTense = 2 * time.Millisecond  // the same while requests wait for half the target
	probeLooks = 2                     // of so many waits the shortest counts: one alone may be a hiccup
	shedMost   = 0.95                  // always let some through, to learn that it is over
)

// full reports whether the next request is to be shed.
func (s *shedder) full() bool {
	t := s.threshold.Load()
	return t != 0 && mix(s.turn.Add(1)) < t
}

// share returns the share of requests that are shed.
func (s *shedder) share() float64 { return float64(s.threshold.Load()) / math.MaxUint64 }

// adjust sets the share by the wait: nothing is shed up to the target, and the
// most from twice as long.
func (s *shedder) adjust(wait time.Duration) {
	share := float64(wait-s.target) / float64(max(s.target, 1))
	s.threshold.Store(uint64(min(max(share, 0), shedMost) * math.MaxUint64))
}

// Watch adjusts what is shed until ctx is done.
func (s *Server) Watch(ctx context.Context) error {
	p, err := newProbe()
	if err != nil {
		return fmt.Errorf("watch for overload: %w", err)
	}
	defer p.close()
	shed, interval := &s.engine.shed, probeCalm
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n%probeLooks == 0 {
			wait := p.least()
			shed.adjust(wait)
			if next := shed.interval(wait); next != interval {
				interval = next
				tick.Reset(interval)
			}
		}
		p.send()
	}
}

// interval returns how long to wait from one probe to the next.
func (s *shedder) interval(wait time.Duration) time.Duration {
	if wait >= s.target/2 {
		return probeTense
	}
	return probeCalm
}
