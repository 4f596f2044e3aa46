//go:build linux

package main

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// errand is a notice that is to be sent.
type errand struct {
	due   time.Time
	key   key
	url   string
	again bool      // if nobody answers
	then  string    // URL that is called when it is acknowledged, and has to change nothing
	want  ad.Reason // why it has to be refused, OK for a good one
}

// schedule hands out errands when they are due. Its methods are safe for
// concurrent use.
type schedule struct {
	ready chan errand // those that are due
	left  atomic.Int64

	mu    sync.Mutex
	queue errands
	wake  chan struct{} // has an element when the queue has changed
}

func newSchedule() *schedule {
	return &schedule{ready: make(chan errand), wake: make(chan struct{}, 1)}
}

func (s *schedule) add(e errand) {
	s.left.Add(1)
	s.mu.Lock()
	heap.Push(&s.queue, e)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is going to look anyway
	}
}

// done says that an errand has been run.
func (s *schedule) done() { s.left.Add(-1) }

// pending returns how many errands are not done.
func (s *schedule) pending() int { return int(s.left.Load()) }

// run hands out errands until ctx is done.
func (s *schedule) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		e, wait, ok := s.next(time.Now())
		if ok {
			select {
			case s.ready <- e:
			case <-ctx.Done():
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
		}
	}
}

// next takes the errand that is due, or says how long none is.
func (s *schedule) next(now time.Time) (e errand, wait time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return e, time.Hour, false
	}
	if wait = s.queue[0].due.Sub(now); wait > 0 {
		return e, wait, false
	}
	return heap.Pop(&s.queue).(errand), 0, true
}

// errands is a heap by the time at which they are due.
type errands []errand

func (h errands) Len() int           { return len(h) }
func (h errands) Less(i, k int) bool { return h[i].due.Before(h[k].due) }
func (h errands) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *errands) Push(e any)        { *h = append(*h, e.(errand)) }
func (h *errands) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
