package bidder

import (
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// probe measures how long a request waits from when it has arrived until a
// goroutine has it: it sends a byte through a pipe to a goroutine that waits for
// it as those of connections do, in the runtime's poller. So it stands in both
// queues in which requests stand, that of the kernel, whence the runtime fetches
// them some at a time, and that of goroutines that are ready to run. The runtime's
// own figure, /sched/latencies, knows the second one only, and stays at a few
// milliseconds while requests wait for a hundred.
type probe struct {
	in, out *os.File
	begun   time.Time
	sent    atomic.Int64 // when the byte under way was sent, since begun; 0 if there is none
	ended   sync.WaitGroup

	mu   sync.Mutex
	best time.Duration // the least wait since the last look
}

// none is the least wait of none.
const none = time.Duration(math.MaxInt64)

func newProbe() (*probe, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("a pipe: %w", err)
	}
	p := &probe{in: in, out: out, begun: time.Now(), best: none}
	p.ended.Go(p.receive)
	return p, nil
}

// send sends a byte, unless one is still under way.
func (p *probe) send() {
	if p.sent.CompareAndSwap(0, int64(max(time.Since(p.begun), 1))) {
		p.in.Write([]byte{0}) // fails after close only
	}
}

// receive takes bytes until the pipe is closed.
func (p *probe) receive() {
	var b [1]byte
	for {
		if _, err := p.out.Read(b[:]); err != nil {
			return
		}
		p.took(time.Since(p.begun) - time.Duration(p.sent.Load()))
		p.sent.Store(0)
	}
}

func (p *probe) took(wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.best = min(p.best, wait)
}

// least returns the least wait since the last call. While nothing has come, it is
// that of the byte under way so far.
func (p *probe) least() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := p.best
	p.best = none
	if wait < none {
		return wait
	}
	if sent := p.sent.Load(); sent > 0 {
		return time.Since(p.begun) - time.Duration(sent)
	}
	return 0
}

func (p *probe) close() {
	p.in.Close()
	p.out.Close()
	p.ended.Wait()
}
