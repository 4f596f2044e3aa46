package attack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/loadtest"
)

// serve starts a real server on a free port and returns its URL.
func serve(t testing.TB, handler fasthttp.RequestHandler) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: handler, CloseOnShutdown: true, Logger: silent{}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String() + "/openrtb2/bid/example"
}

// silent is a server's log that nobody reads.
type silent struct{}

func (silent) Printf(string, ...any) {}

// misbehave starts a server that does anything with a connection; n counts
// them from 1.
func misbehave(t testing.TB, do func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				do(n, c)
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/bid"
}

// each reads requests from a connection and answers every one; nothing ends it
// if answer returns false.
func each(c net.Conn, answer func() bool) {
	var req fasthttp.Request
	in := bufio.NewReader(c)
	for req.Read(in) == nil && answer() {
	}
}

// bodies returns generated requests.
func bodies(t testing.TB, wrap func(dst, body []byte) []byte) Source {
	t.Helper()
	tr, err := loadtest.NewTraffic(1, loadtest.Options{People: loadtest.People{Seed: 1, N: 1000, Exchange: "example"}, Start: time.Unix(1_790_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return loadtest.NewCorpus(tr, 64, 1, wrap)
}

// config returns an attack of 200 requests in a fifth of a second.
func config(t testing.TB, url string) Config {
	t.Helper()
	to, err := ParseTarget(t.Context(), url, false)
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHead(to, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Constant(1000, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Target: to, Source: bodies(t, h.Wrap), Schedule: s, TMax: 20 * time.Second, Connections: 8, ValidateEvery: 1}
}

// senders runs a test with each kind of sender.
func senders(t *testing.T, f func(t *testing.T, run func(Config) *Report)) {
	for name, portable := range map[string]bool{"the usual one": false, "the portable one": true} {
		t.Run(name, func(t *testing.T) {
			f(t, func(cfg Config) *Report {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				cfg.portable = portable
				r, err := Run(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				// Whatever the bidder does, every request is accounted for.
				if r.Due != 200 || r.Bids+r.NoBids+r.Errors != r.Due {
					t.Errorf("%d due, %d bids, %d no-bids, %d errors", r.Due, r.Bids, r.NoBids, r.Errors)
				}
				return r
			})
		})
	}
}

func TestNoBidsAreSuccesses(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		var ids atomic.Int64
		seen := make(chan string, 1000)
		r := run(config(t, serve(t, func(c *fasthttp.RequestCtx) {
			ids.Add(1)
			seen <- string(c.PostBody()[:50])
			if string(c.Method()) != "POST" || string(c.Path()) != "/openrtb2/bid/example" || string(c.Request.Header.ContentType()) != "application/json" {
				c.SetStatusCode(400)
				return
			}
			c.SetStatusCode(204)
		})))
		if r.NoBids != 200 || r.Errors != 0 || ids.Load() != 200 || r.Sent != 200 {
			t.Errorf("%d no-bids, %d errors, %d requests arrived", r.NoBids, r.Errors, ids.Load())
		}
		distinct := map[string]bool{}
		for range 200 {
			distinct[<-seen] = true
		}
		if len(distinct) != 200 {
			t.Errorf("200 requests have %d ids", len(distinct))
		}
		if r.Latency.P50 <= 0 || r.Latency.Max < r.Latency.P99 || r.latency.TotalCount() != 200 {
			t.Errorf("latency %+v of %d", r.Latency, r.latency.TotalCount())
		}
	})
}

func TestMisbehaviourIsReportedAsWhatItIs(t *testing.T) {
	say := func(text string) func(int, net.Conn) {
		return func(_ int, c net.Conn) {
			each(c, func() bool { _, err := io.WriteString(c, text); return err == nil })
		}
	}
	f := func(name string, want Outcome, do func(int, net.Conn)) {
		t.Run(name, func(t *testing.T) {
			senders(t, func(t *testing.T, run func(Config) *Report) {
				r := run(config(t, misbehave(t, do)))
				if r.Reasons[want.String()] != 200 {
					t.Errorf("%d of 200 requests are %v: %v", r.Reasons[want.String()], want, r.Reasons)
				}
				if err := r.Unanswered(); err == nil || !strings.Contains(err.Error(), says[want]) {
					t.Errorf("error %v, want one that says %q", err, says[want])
				}
			})
		})
	}
	f("closes after the request", Closed, func(_ int, c net.Conn) { each(c, func() bool { return false }) })
	f("closes within the answer", Closed, func(_ int, c net.Conn) {
		each(c, func() bool { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"); return false })
	})
	f("speaks another protocol", Malformed, say("220 mail.example ESMTP\r\n"))
	f("answers twice", Malformed, say("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"))
	f("is broken", Status, say("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}"))
	f("is a web site", Garbage, say("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n<html/>"))
	f("bids nonsense", Invalid, say("HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n"+`{"seatbid":[{"bid":[{"id":"1"}]}]}`))
}

func TestLateAnswersAreErrors(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		release := make(chan struct{})
		timer := time.AfterFunc(600*time.Millisecond, func() { close(release) })
		defer timer.Stop()
		cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) { <-release; c.SetStatusCode(204) }))
		cfg.TMax, cfg.Connections = 10*time.Millisecond, 4
		r := run(cfg)
		if r.Reasons["late"] == 0 || r.Reasons["late"] > 20 || r.Timeouts < 100 || r.Reasons["unsent"] == 0 {
			t.Errorf("of 200 requests on 4 connections to a bidder that answers nothing for longer than all take: %v", r.Reasons)
		}
		if r.Latency.P50 < cfg.TMax || len(r.Notes) == 0 {
			t.Errorf("median latency %v, although nearly all waited for tmax; notes %q", r.Latency.P50, r.Notes)
		}
	})
}

func TestSilenceIsNoAnswer(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		cfg := config(t, misbehave(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) }))
		cfg.TMax, cfg.Connections = time.Millisecond, 200
		r := run(cfg)
		if r.Reasons["no_answer"]+r.Reasons["unsent"] != 200 || r.Reasons["no_answer"] < 20 {
			t.Errorf("of a bidder that never answers: %v", r.Reasons)
		}
	})
}

// A bidder that closes its connections after each answer, or whenever it likes
// between two, costs connections and nothing else.
func TestConnectionsAreOpenedAgain(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		r := run(config(t, serve(t, func(c *fasthttp.RequestCtx) { c.SetStatusCode(204); c.SetConnectionClose() })))
		if r.NoBids != 200 || len(r.Notes) < 2 {
			t.Errorf("%d no-bids, %v, notes %q", r.NoBids, r.Reasons, r.Notes)
		}
	})
}

func TestABidderThatGoesDown(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var served atomic.Int64
		down := make(chan struct{})
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					each(c, func() bool {
						io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
						if served.Add(1) == 50 {
							l.Close()
							close(down)
						}
						select {
						case <-down:
							return false
						default:
							return true
						}
					})
				}()
			}
		}()
		r := run(config(t, "http://"+l.Addr().String()+"/"))
		if r.NoBids < 50 || r.NoBids > 60 || r.Reasons["refused"] < 130 {
			t.Errorf("a bidder that went down after 50 answers: %d no-bids, %v", r.NoBids, r.Reasons)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, portable := range []bool{false, true} {
		cfg := config(t, "http://"+l.Addr().String()+"/")
		cfg.portable = portable
		if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("error %v, want one that says who refuses", err)
		}
	}
}

func TestInterruptedAttacksReport(t *testing.T) {
	for _, portable := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) {
			c.SetStatusCode(204)
			if n.Add(1) == 20 {
				cancel()
			}
		}))
		cfg.portable = portable
		cfg.Schedule, _ = Constant(1000, time.Hour)
		r, err := Run(ctx, cfg)
		if err != nil || !r.Interrupted || r.Due < 20 || r.Due != r.NoBids || r.Elapsed > time.Minute {
			t.Errorf("portable %v: %v, %+v", portable, err, r)
		}
	}
}

func TestAnswersAreChecked(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		var n atomic.Int64
		cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) {
			id := string(c.PostBody()[7:43])
			price := 1.0
			if n.Add(1)%2 == 0 {
				price = -1
			}
			c.SetContentType("application/json")
			fmt.Fprintf(c, `{"id":%q,"cur":"EUR","seatbid":[{"bid":[{"id":"1","impid":"1","price":%v,"adm":"x","crid":"c","adomain":["shop.example"]}]}]}`, id, price)
		}))
		cfg.ValidateEvery = 1
		cfg.Source = fixed{cfg.Source, `"cur":["EUR"]`}
		r := run(cfg)
		if r.Bids != 100 || r.Reasons["invalid"] != 100 || r.Checked != 200 || r.Faults["the bid's price is not positive"] != 100 {
			t.Errorf("%d bids, %v, %d checked: %v", r.Bids, r.Reasons, r.Checked, r.Faults)
		}
	})
}
