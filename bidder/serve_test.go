package bidder_test

import (
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/bidder"
	"bidwell/loadtest"
)

// replay is a connection whose peer sends requests without end, one for each
// Read, as a kernel that costs nothing would deliver them.
type replay struct {
	requests [][]byte
	left     int
	next     int
	done     func() // called with every answer
	closed   chan struct{}
}

func (c *replay) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	r := c.requests[c.next%len(c.requests)]
	c.next++
	return copy(p, r), nil
}

func (c *replay) Write(p []byte) (int, error) {
	c.done()
	return len(p), nil
}

func (c *replay) Close() error                     { close(c.closed); return nil }
func (c *replay) LocalAddr() net.Addr              { return loopback }
func (c *replay) RemoteAddr() net.Addr             { return loopback }
func (c *replay) SetDeadline(time.Time) error      { return nil }
func (c *replay) SetReadDeadline(time.Time) error  { return nil }
func (c *replay) SetWriteDeadline(time.Time) error { return nil }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// BenchmarkServe is all that a request costs beside the kernel: HTTP and, but
// for bare, which answers 204 unread, the bidder. It is to be compared within one
// run.
func BenchmarkServe(b *testing.B) {
	population := loadtest.People{Seed: 5, N: 2000, Exchange: "example"}
	traffic := newTraffic(b, 17, population)
	corpus := make([][]byte, 2048)
	for i := range corpus {
		body := traffic.Append(nil)
		corpus[i] = append([]byte("POST /openrtb2/bid/example HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\nX-Openrtb-Version: 2.6\r\nContent-Length: "+
			strconv.Itoa(len(body))+"\r\n\r\n"), body...)
	}
	b.Run("bare", func(b *testing.B) {
		s := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusNoContent) }, ReadBufferSize: 16 << 10}
		b.ReportAllocs()
		serveAll(b, s.Serve, &replay{requests: corpus, left: b.N, done: func() {}})
	})
	b.Run("whole", func(b *testing.B) {
		r := newRig(b, generated(50, 20), ndjson(b, population))
		s := bidder.NewServer(r.Engine, bidder.Limits{Body: 1 << 20, Connections: 10, SlowClient: time.Minute, ShedAbove: time.Minute})
		now := time.Now()
		answers := 0
		done := func() {
			if answers++; answers%1024 == 0 { // the book must not grow
				now = now.Add(time.Hour)
				r.Money.Expire(now)
			}
		}
		b.ReportAllocs()
		serveAll(b, s.Serve, &replay{requests: corpus, left: b.N, done: done})
	})
}

// serveAll serves one connection until its requests are answered.
func serveAll(b *testing.B, serve func(net.Listener) error, c *replay) {
	c.closed = make(chan struct{})
	conns := make(chan net.Conn, 1)
	conns <- c
	go func() {
		<-c.closed
		close(conns)
	}()
	b.ResetTimer()
	if err := serve(listener(conns)); err != nil && !errors.Is(err, io.EOF) {
		b.Fatal(err)
	}
}

// listener accepts what comes through the channel.
type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, io.EOF
}

func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{} }
