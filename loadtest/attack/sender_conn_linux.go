package attack

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// open begins to connect place i. It is idle afterwards if that worked at once,
// as on loopback, and opening else; false means that it did not work.
func (e *epollSender) open(i int32) bool {
	c := &e.conns[i]
	fd, err := unix.Socket(e.family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		e.err = err
		return false
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	err = unix.Connect(fd, e.to)
	c.state, c.watches = connIdle, unix.EPOLLIN
	if err == unix.EINPROGRESS {
		err, c.state, c.watches = nil, connOpening, unix.EPOLLOUT
	}
	err = errors.Join(err, unix.EpollCtl(e.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: c.watches, Fd: i}))
	if err != nil {
		unix.Close(fd)
		c.state, e.err = connClosed, err
		return false
	}
	c.fd, c.n = int32(fd), 0
	e.use.opened++
	if c.state == connIdle {
		e.idle = append(e.idle, i)
	}
	return true
}

// opened takes the end of a connect, and sends the request that waits for it.
func (e *epollSender) opened(i int32, c *epollConn) {
	errno, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	waiting := len(c.rest) > 0
	switch {
	case err != nil && waiting:
		e.err = err
		e.end(i, Refused)
	case err != nil:
		e.err = err
		e.shut(i)
	case waiting:
		e.write(i, c, c.rest)
	default:
		c.state = connIdle
		e.watch(i, unix.EPOLLIN)
		e.idle = append(e.idle, i)
	}
}

// shut closes a connection that is not among the idle ones.
func (e *epollSender) shut(i int32) {
	c := &e.conns[i]
	unix.Close(int(c.fd))
	if !e.room() {
		e.freeAt = e.now()
	}
	c.state, c.n, c.rest = connClosed, 0, c.rest[:0]
	e.unused = append(e.unused, i)
}

// closeIdle closes a connection that the other side ended between requests.
func (e *epollSender) closeIdle(i int32) {
	at := slices.Index(e.idle, i)
	e.idle = slices.Delete(e.idle, at, at+1)
	e.shut(i)
}

func (e *epollSender) closeAll() {
	for i := range e.conns {
		if e.conns[i].state != connClosed {
			unix.Close(int(e.conns[i].fd))
			e.conns[i].state = connClosed
		}
	}
	unix.Close(e.fd)
}

// list links connections in the order in which they were added.
type list struct {
	first, last int32
	len         int
}

func (l *list) init() { l.first, l.last, l.len = -1, -1, 0 }

func (l *list) add(conns []epollConn, i int32) {
	conns[i].prev, conns[i].next = l.last, -1
	if l.last >= 0 {
		conns[l.last].next = i
	} else {
		l.first = i
	}
	l.last = i
	l.len++
}

func (l *list) remove(conns []epollConn, i int32) {
	c := &conns[i]
	if c.prev >= 0 {
		conns[c.prev].next = c.next
	} else {
		l.first = c.next
	}
	if c.next >= 0 {
		conns[c.next].prev = c.prev
	} else {
		l.last = c.prev
	}
	l.len--
}
