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
// over, for those that have waited too long.
type bounded struct {
	net.Listener
	most int64
	slow time.Duration // for the rest of a request, or until an answer is taken
	idle time.Duration // for a request to begin

	now atomic.Int64 // unix nanoseconds, as of the last sweep

	mu     sync.Mutex
	open   map[*watched]struct{}
	closed bool
}

func newBounded(ln net.Listener, most int64, slow, idle time.Duration) *bounded {
	l := &bounded{Listener: ln, most: most, slow: slow, idle: idle, open: map[*watched]struct{}{}}
	l.now.Store(time.Now().UnixNano())
	return l
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
	t := time.NewTicker(max(l.slow/sweeps, time.Millisecond))
	defer t.Stop()
	for now := range t.C {
		if l.sweep(now) {
			return
		}
	}
}

// sweep cuts off who has waited too long. It returns true after the last time.
func (l *bounded) sweep(now time.Time) (last bool) {
	l.now.Store(now.UnixNano())
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
	since atomic.Int64 // unix nanoseconds since which it waits, with what for in the last bits
	once  sync.Once
}

func (c *watched) waits(what int64) { c.since.Store(c.of.now.Load()&^(1<<waitBits-1) | what) }

// cut ends a wait that has been too long. A read that is cut off is answered
// with 408.
func (c *watched) cut(now time.Time) {
	since := c.since.Load()
	waited := time.Duration(now.UnixNano() - since)
	switch since & (1<<waitBits - 1) {
	case forRequest:
		if waited > c.of.idle {
			c.Conn.Close()
		}
	case forRest:
		if waited > c.of.slow {
			c.Conn.SetReadDeadline(now)
		}
	case forTaking:
		if waited > c.of.slow {
			c.Conn.SetWriteDeadline(now)
		}
	}
}

// Read implements net.Conn.
func (c *watched) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.since.Load()&(1<<waitBits-1) == forRequest {
		c.waits(forRest)
	}
	return n, err
}

// Write implements net.Conn.
func (c *watched) Write(p []byte) (int, error) {
	c.waits(forTaking)
	n, err := c.Conn.Write(p)
	c.waits(forRequest)
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
