package attack

import (
	"context"
	"sync"
	"time"
)

// hit is a request that was due. Times are since the attack began.
type hit struct {
	seq             uint64
	due, sent, done time.Duration // sent is 0 if it was not
	lag             time.Duration // the part of sent-due that is the generator's own
	in, out         int32         // bytes
	status          uint16
	outcome         Outcome
	sample          *sample // to be checked, or nil
}

// sample is a request with its answer's body.
type sample struct{ request, answer []byte }

var samples = sync.Pool{New: func() any { return new(sample) }}

// shot is what a sender needs to know.
type shot struct {
	target   Target
	source   Source
	tmax     time.Duration
	patience time.Duration // how long after tmax an answer is waited for, to tell a late one from none
	conns    int           // the most connections, and so the most requests in flight
	every    int           // every how manieth answer with a bid is checked; 0 for none
	sink     *sink
}

// usage is what a sender says of itself.
type usage struct {
	elapsed time.Duration // until the last answer
	waited  time.Duration // of it, without anything to do; 0 if that is not known
	opened  int           // connections
	stray   int           // connections on which something came that was not asked for
}

// sender sends what is due and hands every hit to its sink, once.
type sender interface {
	// warm opens connections. It fails if there is none.
	warm(ctx context.Context) error
	// run returns when all that was due is done with. When ctx ends nothing
	// more is due. It closes the connections.
	run(ctx context.Context, d *dues) usage
}

// sink takes hits in batches to the goroutine that counts them, so that the
// sender does as little as possible.
type sink struct {
	out   chan []hit
	free  chan []hit
	batch []hit
}

const batchSize = 256

// newSink returns a sink for about a million hits. One that is full makes its
// sender wait, which shows as lag.
func newSink() *sink {
	return &sink{out: make(chan []hit, 4096), free: make(chan []hit, 4096), batch: make([]hit, 0, batchSize)}
}

func (s *sink) add(h hit) {
	s.batch = append(s.batch, h)
	if len(s.batch) == cap(s.batch) {
		s.flush()
	}
}

func (s *sink) flush() {
	if len(s.batch) == 0 {
		return
	}
	s.out <- s.batch
	select {
	case b := <-s.free:
		s.batch = b[:0]
	default:
		s.batch = make([]hit, 0, batchSize)
	}
}

// close hands over the rest. Nothing may be added any more.
func (s *sink) close() {
	s.flush()
	close(s.out)
}

// recycle takes a batch back.
func (s *sink) recycle(b []hit) {
	select {
	case s.free <- b:
	default:
	}
}

// finish sets what an answer makes of a hit.
func (s *shot) finish(h *hit, a *answer, request []byte, bids *int) {
	h.status = uint16(a.status)
	h.outcome = judge(a)
	if h.done-h.due > s.tmax && h.outcome <= NoBid {
		h.outcome = Late
	}
	if h.outcome != Bid || s.every == 0 {
		return
	}
	if *bids++; *bids%s.every == 0 {
		h.sample = samples.Get().(*sample)
		h.sample.request = append(h.sample.request[:0], request...)
		h.sample.answer = append(h.sample.answer[:0], a.body...)
	}
}
