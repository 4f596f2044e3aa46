package ledger

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// request is one thing to write: an event, or whatever write puts into the
// batch. It is made by whoever asks, taken by the committer and answered by the
// acknowledger, in the order in which it was asked.
type request struct {
	event  ad.Event
	write  func(*pebble.Batch) error
	async  bool // nobody waits, and it need not be synced
	needed bool // it is not dropped, however many wait
	sync   bool // although nobody waits

	reason ad.Reason
	err    error
	state  atomic.Int32
	done   chan struct{} // receives one value when it is answered
}

// The states of a request. Who waits may leave it before it is answered; one
// that nobody has taken yet then never happens.
const (
	queued int32 = iota
	taken
	answered
	withdrawn // left while queued
	left      // left while taken
)

var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

func newRequest() *request { return requests.Get().(*request) }

// free gives back a request that nobody else knows any more.
func (r *request) free() {
	r.write, r.async, r.needed, r.sync, r.reason, r.err = nil, false, false, false, ad.OK, nil
	r.state.Store(queued)
	requests.Put(r)
}

// needsSync reports whether a request is to be answered when all up to it is on disk: it
// is written, or says that something is there already.
func (r *request) needsSync() bool {
	return r.err == nil && (r.sync || !r.async && (r.reason == ad.OK || r.reason == ad.NoticeReplayed))
}

// take reports whether the request is still wanted.
func (r *request) take() bool { return r.state.CompareAndSwap(queued, taken) }

// leave gives up waiting. It returns false if there is an answer.
func (r *request) leave() bool {
	return r.state.CompareAndSwap(queued, withdrawn) || r.state.CompareAndSwap(taken, left)
}

// answer wakes who waits, and reports whether somebody does.
func (r *request) answer() bool {
	if !r.state.CompareAndSwap(taken, answered) {
		return false
	}
	r.done <- struct{}{}
	return true
}

// queue holds the requests that the committer has not taken.
type queue struct {
	mu     sync.Mutex
	list   []*request
	closed bool
	wake   chan struct{} // holds one value while the list may not be empty
}

// maxAsync is how many requests may wait before those that nobody waits for are
// dropped, as when the disk is full.
const maxAsync = 1 << 16

func (q *queue) add(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if r.async && !r.needed && len(q.list) >= maxAsync {
		return errQueueFull
	}
	q.append(r)
	return nil
}

// addAll queues requests for which somebody waits, with nothing in between.
func (q *queue) addAll(list []*request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	q.append(list...)
	return nil
}

// append is called with the lock.
func (q *queue) append(list ...*request) {
	if len(q.list) == 0 && len(list) > 0 {
		q.signal()
	}
	q.list = append(q.list, list...)
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// takeAll waits for requests and returns all, in exchange for an empty slice.
// After close it returns false when none is left.
func (q *queue) takeAll(empty []*request) ([]*request, bool) {
	for {
		q.mu.Lock()
		list, closed := q.list, q.closed
		if len(list) > 0 {
			q.list = empty
		}
		q.mu.Unlock()
		if len(list) > 0 || closed {
			return list, len(list) > 0
		}
		<-q.wake
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list)
}
