package attack

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// newSender returns the sender for a target: the one on raw sockets, or, where
// there is TLS to be spoken, the portable one.
func newSender(s *shot) (sender, error) {
	if s.target.tls {
		return newPortable(s), nil
	}
	return newEpoll(s)
}

// epollSender does everything on one thread: it sends what is due, one request
// at a time on each connection, and waits with epoll. Go's timers and a
// goroutine for each connection would cost more than the servers it measures,
// and pace no finer than half a millisecond.
type epollSender struct {
	*shot
	fd     int // of epoll
	to     unix.Sockaddr
	family int
	conns  []epollConn
	idle   []int32 // open and free; the last used on top, so that few are in use at a low rate
	unused []int32 // not open
	busy   list    // with a request, in the order in which they were due
	base   time.Time
	early  time.Duration // how long before the next request to stop sleeping
	freeAt time.Duration // since when there is a connection for the next request
	events []unix.EpollEvent
	use    usage
	bids   int
	err    error // why the last connection could not be opened
}

// epollConn is a connection or the place of one.
type epollConn struct {
	fd      int32
	state   connState
	watches uint32 // what epoll watches for
	buf     []byte
	n       int    // bytes of the answer so far
	rest    []byte // of the request, that is still to be written
	hit     hit
	request []byte // a copy, kept only if answers are checked
	prev    int32  // in the list of busy ones
	next    int32
}

type connState uint8

const (
	connClosed connState = iota
	connOpening
	connIdle
	connBusy
)

func newEpoll(s *shot) (*epollSender, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	e := &epollSender{shot: s, fd: fd, base: time.Now(), conns: make([]epollConn, s.conns), events: make([]unix.EpollEvent, min(s.conns, 256))}
	e.to, e.family = sockaddr(s.target.addr)
	for i := len(e.conns) - 1; i >= 0; i-- {
		e.unused = append(e.unused, int32(i))
	}
	e.busy.init()
	return e, nil
}

func sockaddr(to netip.AddrPort) (unix.Sockaddr, int) {
	if to.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}, unix.AF_INET
	}
	s := &unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())}
	if i, err := net.InterfaceByName(to.Addr().Zone()); err == nil {
		s.ZoneId = uint32(i.Index)
	}
	return s, unix.AF_INET6
}

// warm opens all connections before the first request is due.
func (e *epollSender) warm(ctx context.Context) error {
	for len(e.unused) > 0 {
		i := e.unused[len(e.unused)-1]
		e.unused = e.unused[:len(e.unused)-1]
		if !e.open(i) {
			e.unused = append(e.unused, i)
			break
		}
	}
	for end := time.Now().Add(e.tmax + e.patience); ctx.Err() == nil && time.Now().Before(end) && e.opening() > 0; {
		e.receive(10 * time.Millisecond)
	}
	if len(e.idle) == 0 && ctx.Err() == nil {
		err := e.err
		if err == nil {
			err = os.ErrDeadlineExceeded
		}
		e.closeAll()
		return fmt.Errorf("connect to %s: %w", e.target.addr, err)
	}
	return nil
}

func (e *epollSender) opening() int {
	return len(e.conns) - len(e.idle) - len(e.unused) - e.busy.len
}

// run implements sender.
func (e *epollSender) run(ctx context.Context, d *dues) usage {
	runtime.LockOSThread() // for the timer slack, and so that its time can be told
	defer runtime.UnlockOSThread()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // nanosecond; as it was if that is not permitted
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	defer e.closeAll()
	e.base, e.freeAt = time.Now(), 0
	due, more := d.next()
	for {
		var now time.Duration
		now, due, more = e.sendDue(d, due, more)
		e.expire(now)
		if more && ctx.Err() != nil {
			more = false
		}
		if !more && e.busy.len == 0 {
			e.use.elapsed = e.now()
			return e.use
		}
		wait := 50 * time.Millisecond
		if e.busy.len > 0 {
			wait = min(wait, e.deadline()-now)
		}
		if more && e.room() {
			wait = min(wait, due-now-e.early)
		} else if more {
			wait = min(wait, due+e.tmax-now) // when it is given up
		}
		e.receive(wait)
	}
}

// now returns the time since the attack began.
func (e *epollSender) now() time.Duration { return time.Since(e.base) }

// room reports whether a request can be sent.
func (e *epollSender) room() bool { return len(e.idle)+len(e.unused) > 0 }

// burst is after how many requests in a row answers are looked for.
const burst = 16

// sendDue sends what is due, as far as connections are free, and gives up what
// could not be sent within tmax. It returns the time and what is due next.
func (e *epollSender) sendDue(d *dues, due time.Duration, more bool) (time.Duration, time.Duration, bool) {
	now := e.now()
	for n := 0; more && due <= now && n < burst; n++ {
		h := hit{seq: d.n - 1, due: due}
		room := e.room()
		if room {
			h.lag = max(now-max(due, e.freeAt), 0)
		}
		switch {
		case now-due >= e.tmax:
			h.done, h.outcome = now, Unsent
			e.sink.add(h)
		case !room:
			return now, due, more
		default:
			h.sent = now
			e.send(h)
			now = e.now()
		}
		before := due
		due, more = d.next()
		e.early = min((due-before)/20, mostEarly)
	}
	return now, due, more
}

// mostEarly is how long before a request is due the sender stops sleeping and
// watches the clock, since waking up takes about as long. It does so for a
// twentieth of the time between two requests at most.
const mostEarly = 100 * time.Microsecond

// send writes the next request to a free connection, or opens one for it.
func (e *epollSender) send(h hit) {
	request := e.source.Next()
	h.out = int32(len(request))
	if len(e.idle) > 0 {
		i := e.idle[len(e.idle)-1]
		e.idle = e.idle[:len(e.idle)-1]
		c := &e.conns[i]
		e.load(i, h, request)
		e.write(i, c, request)
		return
	}
	i := e.unused[len(e.unused)-1]
	e.unused = e.unused[:len(e.unused)-1]
	if !e.open(i) {
		e.unused = append(e.unused, i)
		h.done, h.outcome = e.now(), Refused
		e.sink.add(h)
		return
	}
	c := &e.conns[i]
	e.load(i, h, request)
	if c.state == connOpening {
		c.rest = append(c.rest[:0], request...)
		return
	}
	e.idle = e.idle[:len(e.idle)-1] // open put it there
	e.write(i, c, request)
}

// load gives a request to a connection.
func (e *epollSender) load(i int32, h hit, request []byte) {
	c := &e.conns[i]
	c.hit, c.n, c.rest = h, 0, c.rest[:0]
	if e.every > 0 {
		c.request = append(c.request[:0], request...)
	}
	e.busy.add(e.conns, i)
}

// write writes a request, or the rest of one, as far as the socket takes it.
// b may be c.rest.
func (e *epollSender) write(i int32, c *epollConn, b []byte) {
	c.state = connBusy
	for len(b) > 0 {
		n, err := unix.Write(int(c.fd), b)
		switch {
		case err == nil:
			b = b[n:]
		case err == unix.EAGAIN:
			c.rest = append(c.rest[:0], b...)
			e.watch(i, unix.EPOLLIN|unix.EPOLLOUT)
			return
		case err != unix.EINTR:
			e.end(i, Closed)
			return
		}
	}
	c.rest = c.rest[:0]
	e.watch(i, unix.EPOLLIN)
}

func (e *epollSender) watch(i int32, events uint32) {
	c := &e.conns[i]
	if c.watches != events {
		unix.EpollCtl(e.fd, unix.EPOLL_CTL_MOD, int(c.fd), &unix.EpollEvent{Events: events, Fd: i})
		c.watches = events
	}
}

// receive waits for answers, but no longer than the given time, and reads them.
func (e *epollSender) receive(wait time.Duration) {
	n, err := unix.EpollWait(e.fd, e.events, 0)
	if n == 0 && wait > 0 {
		e.sink.flush()
		from := time.Now()
		ts := unix.NsecToTimespec(int64(wait)) // finer than EpollWait's milliseconds
		unix.Ppoll([]unix.PollFd{{Fd: int32(e.fd), Events: unix.POLLIN}}, &ts, nil)
		e.use.waited += time.Since(from)
		n, err = unix.EpollWait(e.fd, e.events, 0)
	}
	if err != nil {
		return // interrupted
	}
	for _, ev := range e.events[:n] {
		e.event(ev.Fd, ev.Events)
	}
}

func (e *epollSender) event(i int32, events uint32) {
	c := &e.conns[i]
	switch {
	case c.state == connClosed:
	case c.state == connOpening:
		e.opened(i, c)
	case events&^unix.EPOLLOUT == 0 && len(c.rest) > 0:
		e.write(i, c, c.rest)
	default:
		e.read(i, c)
	}
}

// read reads what has arrived. What arrives without a request, or an end, ends
// the connection.
func (e *epollSender) read(i int32, c *epollConn) {
	if c.n == len(c.buf) {
		c.buf = append(c.buf, make([]byte, max(len(c.buf), 16<<10))...)
	}
	n, err := unix.Read(int(c.fd), c.buf[c.n:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case c.state == connIdle:
		if n > 0 && !bytes.HasPrefix(c.buf[c.n:c.n+n], requestTimeout) {
			e.use.stray++
		}
		e.closeIdle(i)
		return
	case err != nil:
		e.end(i, Closed)
		return
	}
	c.n += n
	c.hit.done = e.now()
	a, ok, err := parseAnswer(c.buf[:c.n], n == 0)
	switch {
	case err != nil && c.n > 0, c.n > maxAnswer+maxHead:
		e.end(i, Malformed)
	case ok:
		c.hit.in = int32(c.n)
		e.finish(&c.hit, &a, c.request, &e.bids)
		e.done(i, a.close || n == 0 || len(c.rest) > 0)
	case n == 0:
		e.end(i, Closed)
	}
}

// requestTimeout is what servers may say before they close a connection on which
// nothing came.
var requestTimeout = []byte("HTTP/1.1 408 ")

// done counts a hit that was answered.
func (e *epollSender) done(i int32, shut bool) {
	c := &e.conns[i]
	e.sink.add(c.hit)
	e.busy.remove(e.conns, i)
	if shut {
		e.shut(i)
		return
	}
	if !e.room() {
		e.freeAt = c.hit.done
	}
	c.state = connIdle
	e.idle = append(e.idle, i)
}

// end counts a hit that was not, and closes its connection.
func (e *epollSender) end(i int32, o Outcome) {
	c := &e.conns[i]
	c.hit.done, c.hit.outcome, c.hit.in = e.now(), o, int32(c.n)
	e.sink.add(c.hit)
	e.busy.remove(e.conns, i)
	e.shut(i)
}

// deadline returns when the oldest request is given up.
func (e *epollSender) deadline() time.Duration {
	return e.conns[e.busy.first].hit.due + e.tmax + e.patience
}

// expire gives up requests that had no answer in time.
func (e *epollSender) expire(now time.Duration) {
	for e.busy.len > 0 && e.deadline() <= now {
		o := NoAnswer
		if e.conns[e.busy.first].state == connOpening {
			o = Refused
		}
		e.end(e.busy.first, o)
	}
}
