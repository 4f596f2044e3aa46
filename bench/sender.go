//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"bidwell/loadtest"
)

// sender posts prepared requests over keep-alive connections from one thread,
// one request at a time on each. It waits with epoll: a Go timer or a goroutine
// for each connection would cost more than the servers it measures.
type sender struct {
	corpus *loadtest.Corpus
	to     netip.AddrPort
	epoll  int
	conns  []*conn
	idle   []*conn
	base   time.Time
	calls  *calls // what follows bids; nil if nothing does
	load   load
	result result
}

// maxAnswer is the most bytes that an answer may have.
const maxAnswer = 1 << 20

// load is what a sender is to send.
type load struct {
	rate   float64 // requests per second; 0 for as many as the server takes
	d      time.Duration
	giveUp time.Duration // on requests that find no free connection for so long; 0 for never
}

// result is what a sender saw in one phase.
type result struct {
	Requests uint64 // that were answered
	Bids     uint64 // answers with status 200
	NoBids   uint64 // with status 204
	Errors   uint64 // with any other status
	Late     uint64 // answered after tmax
	Unsent   uint64 // given up on
	Bytes    uint64 // of bodies of bids
	Elapsed  time.Duration
	latency  *loadtest.Histogram // from the moment a request was due
	bids     *loadtest.Histogram // the same, of answers with bids
	lag      *loadtest.Histogram // from then until it was sent
}

type conn struct {
	fd   int
	buf  []byte
	n    int           // bytes of the answer so far
	due  time.Duration // since the sender's base
	call bool          // for calls, not for requests
	busy bool          // an answer is awaited
	sent []byte        // what was called, to call again
}

// newSender connects n times to addr.
func newSender(addr string, n int, corpus *loadtest.Corpus) (s *sender, err error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() || !to.Addr().IsLoopback() {
		return nil, fmt.Errorf("%q is no loopback address", addr)
	}
	s = &sender{corpus: corpus, to: to, base: time.Now()}
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := s.dial(n); err != nil {
		s.close()
		return nil, err
	}
	s.idle = append(s.idle, s.conns...)
	return s, nil
}

// dial opens n more connections.
func (s *sender) dial(n int) error {
	for range n {
		c := &conn{buf: make([]byte, 4<<10)}
		s.conns = append(s.conns, c)
		if err := s.connect(c, len(s.conns)-1); err != nil {
			s.conns = s.conns[:len(s.conns)-1]
			return err
		}
	}
	return nil
}

// connect opens the connection with number at.
func (s *sender) connect(c *conn, at int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", s.to, err)
	}
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Addr: s.to.Addr().As4(), Port: int(s.to.Port())}),
		unix.SetNonblock(fd, true),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(at)}),
	)
	if err != nil {
		unix.Close(fd)
		return fmt.Errorf("connecting to %s: %w", s.to, err)
	}
	c.fd = fd
	return nil
}

func (s *sender) close() {
	for _, c := range s.conns {
		unix.Close(c.fd)
	}
	unix.Close(s.epoll)
}

// run sends requests for the time of the load and waits for the answers to all:
// at its rate, evenly spaced, or, if that is 0, on every connection as soon as it
// is free. A request that is due and finds no connection free waits, and its
// waiting counts; all that were due within the time are sent, however late,
// unless the load says to give up.
func (s *sender) run(ctx context.Context, l load) (result, error) {
	s.load = l
	s.result = result{latency: new(loadtest.Histogram), bids: new(loadtest.Histogram), lag: new(loadtest.Histogram)}
	start := time.Since(s.base)
	last := start // when the server last took a request
	events := make([]unix.EpollEvent, len(s.conns))
	for sent := 0; ; {
		now := time.Since(s.base)
		wait := time.Second
		if ctx.Err() == nil {
			n, next, err := s.sendDue(start, now, start+l.d, sent)
			if err != nil {
				return s.result, err
			}
			if n > 0 {
				last = now
			}
			sent += n
			wait = min(wait, next)
		}
		callIn, calling, err := s.makeCalls(now)
		if err != nil {
			return s.result, err
		}
		switch {
		case (ctx.Err() != nil || wait <= 0) && len(s.idle) == s.asking() && !calling:
			s.calls.drop()
			s.result.Elapsed = now - start
			return s.result, ctx.Err()
		case now-max(last, start+l.d) > 5*time.Second:
			return s.result, fmt.Errorf("%d requests are without an answer after 5 seconds", s.asking()-len(s.idle))
		case wait <= 0:
			wait = time.Second
		}
		if err := s.receive(events, min(wait, callIn)); err != nil {
			return s.result, err
		}
	}
}

// asking is how many connections are for requests.
func (s *sender) asking() int { return len(s.conns) - s.calls.connections() }

// sendDue sends what is due at now, as far as connections are free. It returns
// how many it has done with and how long to wait for the next; nothing if there
// is none before end.
func (s *sender) sendDue(start, now, end time.Duration, sent int) (n int, wait time.Duration, err error) {
	for ; ; n++ {
		due := now
		if s.load.rate > 0 {
			due = start + time.Duration(float64(sent+n)/s.load.rate*float64(time.Second))
		}
		switch {
		case due >= end:
			return n, 0, nil
		case due > now:
			return n, due - now, nil
		case s.load.giveUp > 0 && now-due > s.load.giveUp:
			s.result.Unsent++
			continue
		case len(s.idle) == 0:
			return n, time.Second, nil
		}
		if err := s.send(due); err != nil {
			return n, 0, err
		}
	}
}

// send takes a free connection and writes the next request to it.
func (s *sender) send(due time.Duration) error {
	c := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	c.due = due
	s.result.lag.Add(time.Since(s.base) - due)
	return c.write(s.corpus.Next())
}

// write sends all of b.
func (c *conn) write(b []byte) error {
	c.busy = true
	for c.n = 0; len(b) > 0; {
		n, err := unix.Write(c.fd, b)
		switch {
		case err == nil:
			b = b[n:]
		case err == unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, 1000); err != nil && err != unix.EINTR {
				return fmt.Errorf("waiting to send: %w", err)
			}
		case err != unix.EINTR:
			return fmt.Errorf("sending: %w", err)
		}
	}
	return nil
}

// receive waits for answers, but no longer than the given time, and reads them.
func (s *sender) receive(events []unix.EpollEvent, wait time.Duration) error {
	n, err := unix.EpollWait(s.epoll, events, 0)
	if n == 0 && wait > 0 {
		ts := unix.NsecToTimespec(int64(wait)) // finer than EpollWait's milliseconds
		if _, err := unix.Ppoll([]unix.PollFd{{Fd: int32(s.epoll), Events: unix.POLLIN}}, &ts, nil); err != nil && err != unix.EINTR {
			return fmt.Errorf("waiting for answers: %w", err)
		}
		n, err = unix.EpollWait(s.epoll, events, 0)
	}
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("waiting for answers: %w", err)
	}
	for _, e := range events[:max(n, 0)] {
		c := s.conns[e.Fd]
		done, err := s.read(c, int(e.Fd))
		if err != nil {
			return err
		}
		switch {
		case done && c.call:
			s.calls.idle = append(s.calls.idle, c)
		case done:
			s.idle = append(s.idle, c)
		}
	}
	return nil
}

// read reads what has arrived and reports whether the answer is complete. A
// connection that was not in use may be closed by the server: it is opened again.
func (s *sender) read(c *conn, at int) (bool, error) {
	if c.n == len(c.buf) && c.n < maxAnswer {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := unix.Read(c.fd, c.buf[c.n:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return false, nil
	case !c.busy || (n == 0 || err == unix.ECONNRESET) && c.call && c.n == 0:
		return false, s.reopen(c, at) // a 408 may come before the end
	case err != nil:
		return false, fmt.Errorf("reading an answer: %w", err)
	case n == 0:
		return false, errors.New("the server closed a connection, or its answer is too long")
	}
	c.n += n
	status, ok, err := parseAnswer(c.buf[:c.n])
	if err != nil || !ok {
		return false, err
	}
	if c.call && status == 408 {
		return false, s.reopen(c, at)
	}
	c.busy = false
	took := time.Since(s.base) - c.due
	if c.call {
		s.calls.answered(status, took)
		return true, nil
	}
	s.result.answered(status, took)
	if status == 200 {
		body := c.buf[bytes.Index(c.buf[:c.n], headEnd)+len(headEnd) : c.n]
		s.result.Bytes += uint64(len(body))
		s.calls.follow(body, time.Since(s.base))
	}
	return true, nil
}

// reopen connects again after the server has closed a connection that it thought
// was not in use, and repeats the call that crossed that on its way.
func (s *sender) reopen(c *conn, at int) error {
	unix.Close(c.fd)
	if err := s.connect(c, at); err != nil || !c.busy {
		return err
	}
	return c.write(c.sent)
}

// answered counts an answer.
func (r *result) answered(status int, took time.Duration) {
	r.Requests++
	r.latency.Add(took)
	if took > tmax*time.Millisecond {
		r.Late++
	}
	switch status {
	case 200:
		r.Bids++
		r.bids.Add(took)
	case 204:
		r.NoBids++
	default:
		r.Errors++
	}
}
