package attack

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"
)

// portable is the sender for systems without epoll, and for TLS: a goroutine
// for each connection, and Go's timers. It reaches a fraction of the other
// one's rate and sends up to a millisecond late, which its report shows.
type portable struct {
	*shot
	base  time.Time
	free  chan *worker
	all   []*worker
	mu    sync.Mutex // guards sink, use and bids
	use   usage
	bids  int
	left  sync.WaitGroup
	freed time.Duration // when the connection that was taken last became free
}

// worker is one connection, or the place of one.
type worker struct {
	p    *portable
	conn net.Conn
	buf  []byte
	jobs chan hit
	body []byte        // the request
	done time.Duration // when it became free
}

func newPortable(s *shot) *portable {
	p := &portable{shot: s, base: time.Now(), free: make(chan *worker, s.conns)}
	for range s.conns {
		w := &worker{p: p, buf: make([]byte, 16<<10), jobs: make(chan hit, 1)}
		p.all = append(p.all, w)
		p.free <- w
	}
	return p
}

func (p *portable) now() time.Duration { return time.Since(p.base) }

// warm implements sender: it opens one connection, the others when they are
// needed.
func (p *portable) warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.tmax+p.patience)
	defer cancel()
	if err := p.all[0].dial(ctx); err != nil && context.Cause(ctx) != context.Canceled {
		return fmt.Errorf("connect to %s: %w", p.target.addr, err)
	}
	return nil
}

// run implements sender.
func (p *portable) run(ctx context.Context, d *dues) usage {
	for _, w := range p.all {
		go w.run()
	}
	p.base = time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		due, more := d.next()
		if !more {
			break
		}
		if wait := due - p.now(); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				continue
			}
		}
		p.send(hit{seq: d.n - 1, due: due})
	}
	p.left.Wait()
	for _, w := range p.all {
		close(w.jobs)
	}
	p.use.elapsed = p.now()
	return p.use
}

// send gives a request to a free connection, or gives it up.
func (p *portable) send(h hit) {
	w := p.take(h.due)
	now := p.now()
	h.lag = max(now-max(h.due, p.freed), 0)
	if w == nil || now-h.due >= p.tmax {
		h.done, h.outcome = now, Unsent
		if w != nil {
			p.free <- w
		}
		p.count(&h)
		return
	}
	w.body = append(w.body[:0], p.source.Next()...)
	h.sent, h.out = now, int32(len(w.body))
	p.left.Add(1)
	w.jobs <- h
}

// take returns a free connection, or nil if there is none within tmax.
func (p *portable) take(due time.Duration) *worker {
	select {
	case w := <-p.free:
		return w
	default:
	}
	timer := time.NewTimer(due + p.tmax - p.now())
	defer timer.Stop()
	select {
	case w := <-p.free:
		p.freed = w.done
		return w
	case <-timer.C:
		p.freed = p.now()
		return nil
	}
}

func (p *portable) count(h *hit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sink.add(*h)
	p.sink.flush()
}

func (w *worker) run() {
	for h := range w.jobs {
		w.do(&h)
		w.p.count(&h)
		w.done = w.p.now()
		w.p.free <- w
		w.p.left.Done()
	}
	if w.conn != nil {
		w.conn.Close()
	}
}

// do sends a request and reads its answer.
func (w *worker) do(h *hit) {
	p := w.p
	end := p.base.Add(h.due + p.tmax + p.patience)
	defer func() {
		if h.done == 0 {
			h.done = p.now()
		}
		if h.outcome.failed() && h.outcome != Late && h.outcome != Status && w.conn != nil {
			w.conn.Close()
			w.conn = nil
		}
	}()
	if w.conn != nil && h.sent-w.done > time.Second {
		w.conn.Close() // the other side may be about to
		w.conn = nil
	}
	if w.conn == nil {
		ctx, cancel := context.WithDeadline(context.Background(), end)
		defer cancel()
		if err := w.dial(ctx); err != nil {
			h.outcome = Refused
			return
		}
	}
	w.conn.SetDeadline(end)
	if _, err := w.conn.Write(w.body); err != nil {
		h.outcome = lost(err)
		return
	}
	w.read(h)
}

// lost tells a connection that was closed from one that is silent.
func lost(err error) Outcome {
	if t, ok := err.(net.Error); ok && t.Timeout() {
		return NoAnswer
	}
	return Closed
}

func (w *worker) read(h *hit) {
	p, n := w.p, 0
	for {
		if n == len(w.buf) {
			w.buf = append(w.buf, make([]byte, len(w.buf))...)
		}
		k, err := w.conn.Read(w.buf[n:])
		n += k
		h.done, h.in = p.now(), int32(n)
		if err != nil && lost(err) == NoAnswer {
			h.outcome = NoAnswer
			return
		}
		a, ok, bad := parseAnswer(w.buf[:n], err != nil)
		switch {
		case bad != nil && n > 0, n > maxAnswer+maxHead:
			h.outcome = Malformed
			return
		case ok:
			p.mu.Lock()
			p.finish(h, &a, w.body, &p.bids)
			p.mu.Unlock()
			if a.close {
				w.conn.Close()
				w.conn = nil
			}
			return
		case err != nil:
			h.outcome = Closed
			return
		}
	}
}

func (w *worker) dial(ctx context.Context) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", w.p.target.addr.String())
	if err != nil {
		return err
	}
	if w.p.target.tls {
		t := tls.Client(conn, &tls.Config{ServerName: w.p.target.name})
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return err
		}
		conn = t
	}
	w.p.mu.Lock()
	w.p.use.opened++
	w.p.mu.Unlock()
	w.conn = conn
	return nil
}
