package loadtest

import (
	"container/heap"
	"sync"
	"time"

	"bidwell/ad"
)

// message is a kind of call that follows an auction. Those of ad.Notice have its
// names.
type message string

const (
	winNotice  message = "win"
	billNotice message = "bill"
	lossNotice message = "loss"
	impPixel   message = "imp"
	viewPixel  message = "view"
	click      message = "click"
	conversion message = "conv"
)

// messages are all of them, in the order in which an ad produces them.
var messages = [...]message{winNotice, billNotice, lossNotice, impPixel, viewPixel, click, conversion}

// errand is a call to make later: a notice, or the URLs of a shown ad.
type errand struct {
	due   time.Time
	kind  message
	urls  []string
	of    *sale // nil for a loss
	tries int   // made already, all of them put off by the bidder
}

// sale is a won bid, for the figures. The tally's lock guards it.
type sale struct {
	campaign, creative string
	cost               ad.Money // of one impression, in the house currency
	acknowledged       bool     // the bidder has answered a billing notice with success
	unclear            bool     // or may have taken one that it did not answer
	tracked, clicked   bool     // the bidder has answered a pixel, a click
	untracked          bool
}

// maxErrands is the most errands that wait at a time. More are dropped and
// counted, so that a bidder that takes no notices costs no endless memory.
const maxErrands = 1 << 18

// lastWait is for how long notices are sent once all requests are done with. It is
// short of for ever for the sake of bidders that put them off or do not answer.
const lastWait = 30 * time.Second

// schedule holds errands until they are due: one heap and one timer, however
// many wait.
type schedule struct {
	mu   sync.Mutex
	heap errandHeap
	open int           // errands that were taken and are not done
	wake chan struct{} // holds a token if there may be something to do
}

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1)} }

// add takes an errand, or returns false if too many wait. Each errand that run
// hands out is to be reported with done.
func (s *schedule) add(e errand) bool {
	s.mu.Lock()
	if len(s.heap) >= maxErrands {
		s.mu.Unlock()
		return false
	}
	heap.Push(&s.heap, e)
	s.open++
	first := s.heap[0].due.Equal(e.due)
	s.mu.Unlock()
	if first {
		s.signal()
	}
	return true
}

// done says that an errand was made, or put back with add.
func (s *schedule) done() {
	s.mu.Lock()
	s.open--
	last := s.open == 0
	s.mu.Unlock()
	if last {
		s.signal()
	}
}

func (s *schedule) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
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
// all that are left, due or not, and those that are put back meanwhile when they
// are due; then it closes out and returns. What is left after last is given to
// dropped.
func (s *schedule) run(out chan<- errand, stop <-chan struct{}, last time.Duration, dropped func(message)) {
	defer close(out)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var end <-chan time.Time // nil until stop
	for {
		e, wait, ok := s.pop(time.Now())
		if ok {
			select {
			case out <- e:
			case <-stop:
				s.putBack(e)
				stop, end = nil, s.hasten(last)
			case <-end:
				s.giveUp(dropped, e)
				return
			}
			continue
		}
		if end != nil && s.idle() {
			return
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-stop:
			stop, end = nil, s.hasten(last)
		case <-end:
			s.giveUp(dropped)
			return
		}
	}
}

func (s *schedule) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open == 0
}

// putBack takes an errand again that pop has returned.
func (s *schedule) putBack(e errand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heap.Push(&s.heap, e)
}

// hasten makes all errands due that were not put off by the bidder, and returns
// when to give up.
func (s *schedule) hasten(last time.Duration) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.heap {
		if s.heap[i].tries == 0 {
			s.heap[i].due = time.Time{}
		}
	}
	heap.Init(&s.heap)
	return time.After(last)
}

// giveUp drops all that wait, and what was taken and not handed out.
func (s *schedule) giveUp(dropped func(message), taken ...errand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(s.heap, taken...)
	for i := range all {
		dropped(all[i].kind)
	}
	s.open -= len(all)
	s.heap = nil
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
