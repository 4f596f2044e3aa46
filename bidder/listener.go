package bidder

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// bounded is a listener that keeps at most so many connections: one more is
// closed at once, without an answer, so that those that are open go on.
//
// It also cuts off clients that take too long. To set a deadline for every
// request would cost each of them several hundred nanoseconds. Instead a
// connection notes what it waits for, and a sweep sets a deadline, one that is
// over, for those that have waited for too many sweeps. Sweeps are counted, not
// the clock read: a process that was stopped for a while, or whose clock has
// jumped, cuts nobody off for it.
type bounded struct {
	net.Listener
	most  int64
	every time.Duration // from sweep to sweep
	slow  int64         // sweeps for the rest of a request, or until an answer is taken
	idle  int64         // sweeps for a request to begin

	swept atomic.Int64 // sweeps so far

	mu     sync.Mutex
	open   map[*watched]struct{}
	closed bool
}

func newBounded(ln net.Listener, most int64, slow, idle time.Duration) *bounded {
	every := max(slow/sweeps, time.Millisecond)
	return &bounded{
		Listener: ln, most: most, open: map[*watched]struct{}{},
		every: every, slow: int64(slow / every), idle: int64(idle / every),
	}
}

// Accept implements net.Listener.
func (l *bounded) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if w := l.take(c); w != nil {
			return w, nil
		}
		c.Close()
	}
}

// take takes a connection on, or returns nil if there are too many.
func (l *bounded) take(c net.Conn) *watched {
	l.mu.Lock()
	defer l.mu.Unlock()
	if int64(len(l.open)) >= l.most {
		return nil
	}
	w := &watched{Conn: c, of: l}
	w.waits(forRequest)
	l.open[w] = struct{}{}
	return w
}

// sweeps is how many sweeps there are while a client may be slow.
const sweeps = 16

// watch sweeps until the listener and all of its connections are closed.
func (l *bounded) watch() {
	t := time.NewTicker(l.every)
	defer t.Stop()
	for range t.C {
		if l.sweep() {
			return
		}
	}
}

// sweep cuts off who has waited too long. It returns true after the last time.
func (l *bounded) sweep() (last bool) {
	now := l.swept.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.open {
		w.cut(now)
	}
	return l.closed && len(l.open) == 0
}

// Close implements net.Listener. Connections stay open, and watched.
func (l *bounded) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.Listener.Close()
}

// What a connection waits for.
const (
	forRequest = iota // to begin
	forRest           // of the request
	forUs             // to answer
	forTaking         // of the answer
	waitBits   = 2
)

// watched is a connection that says what it waits for.
type watched struct {
	net.Conn
	of    *bounded
	since atomic.Int64 // the sweep since which it waits, with what for in the last bits
	once  sync.Once
}

func (c *watched) waits(what int64) { c.since.Store(c.of.swept.Load()<<waitBits | what) }

func (c *watched) waitsFor() int64 { return c.since.Load() & (1<<waitBits - 1) }

// over is a deadline that has passed.
var over = time.Unix(1, 0)

// cut ends a wait that has been too long at a sweep. A read that is cut off is
// answered with 408.
func (c *watched) cut(now int64) {
	since := c.since.Load()
	waited := now - since>>waitBits - 1 // whole times from sweep to sweep
	switch since & (1<<waitBits - 1) {
	case forRequest:
		if waited >= c.of.idle {
			c.Conn.Close()
		}
	case forRest:
		if waited >= c.of.slow {
			c.Conn.SetReadDeadline(over)
		}
	case forTaking:
		if waited >= c.of.slow {
			c.Conn.SetWriteDeadline(over)
		}
	}
}

// Read implements net.Conn. Who reads on before the answer to a request is
// written has a part of the next one. The server writes first if that part ends
// within the header: what came of it then counts as nothing yet.
func (c *watched) Read(p []byte) (int, error) {
	if c.waitsFor() == forUs {
		c.waits(forRest)
	}
	n, err := c.Conn.Read(p)
	if n > 0 && c.waitsFor() == forRequest {
		c.waits(forRest)
	}
	return n, err
}

// Write implements net.Conn. What is written before the server has the whole
// request tells the client to go on.
func (c *watched) Write(p []byte) (int, error) {
	next := int64(forRequest)
	if c.waitsFor() == forRest {
		next = forRest
	}
	c.waits(forTaking)
	n, err := c.Conn.Write(p)
	c.waits(next)
	return n, err
}

// Close implements net.Conn.
func (c *watched) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		delete(c.of.open, c)
		c.of.mu.Unlock()
	})
	return c.Conn.Close()
}
