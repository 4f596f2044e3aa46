package loadtest

import (
	"container/heap"
	"sync"
	"time"

	"bidwell/ad"
)

// errand is a call to make later: a notice, or the URLs of a shown ad.
type errand struct {
	due  time.Time
	kind ad.Notice
	urls []string
	of   *sale // nil for a loss
}

// sale is a won bid, for the figures.
type sale struct {
	campaign, creative string
	price              ad.Money // of one impression, in cur
	cur                ad.Currency
}

// maxErrands is the most errands that wait at a time. More are dropped and
// counted, so that a bidder that takes no notices costs no endless memory.
const maxErrands = 1 << 18

// schedule holds errands until they are due: one heap and one timer, however
// many wait.
type schedule struct {
	mu   sync.Mutex
	heap errandHeap
	wake chan struct{} // holds a token if the first errand may have changed
}

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1)} }

// add takes an errand, or returns false if too many wait.
func (s *schedule) add(e errand) bool {
	s.mu.Lock()
	if len(s.heap) >= maxErrands {
		s.mu.Unlock()
		return false
	}
	heap.Push(&s.heap, e)
	first := s.heap[0].due.Equal(e.due)
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// pop returns an errand that is due at now, or else how long to wait for the
// next; a day if there is none.
func (s *schedule) pop(now time.Time) (e errand, wait time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heap) == 0 {
		return e, 24 * time.Hour, false
	}
	if wait = s.heap[0].due.Sub(now); wait > 0 {
		return e, wait, false
	}
	return heap.Pop(&s.heap).(errand), 0, true
}

// run hands errands to out when they are due. Once stop is closed it hands out
// all that are left, due or not, closes out and returns.
func (s *schedule) run(out chan<- errand, stop <-chan struct{}) {
	defer close(out)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		e, wait, ok := s.pop(time.Now())
		if ok {
			out <- e
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-stop:
			s.drain(out)
			return
		}
	}
}

func (s *schedule) drain(out chan<- errand) {
	far := time.Unix(1<<40, 0)
	for {
		e, _, ok := s.pop(far)
		if !ok {
			return
		}
		out <- e
	}
}

type errandHeap []errand

func (h errandHeap) Len() int           { return len(h) }
func (h errandHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h errandHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *errandHeap) Push(x any)        { *h = append(*h, x.(errand)) }
func (h *errandHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = errand{}
	*h = old[:len(old)-1]
	return last
}
