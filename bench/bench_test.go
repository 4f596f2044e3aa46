//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"

	"bidwell/campaign"
	"bidwell/loadtest"
)

// TestMain lets the test binary be the servers, as the program is.
func TestMain(m *testing.M) {
	if kind := os.Getenv(childEnv); kind != "" {
		exit(serve(kind))
	}
	os.Exit(m.Run())
}

func listen(t *testing.T, handler fasthttp.RequestHandler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: handler, CloseOnShutdown: true}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func testSender(t *testing.T, addr string) *sender {
	t.Helper()
	b := bench{scale: scale{People: 100}, conns: 4, bodies: 20}
	s, err := b.sender(addr, loadtest.People{Seed: 1, N: 100, Exchange: exchange}, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func TestSenderSendsWhatItCounts(t *testing.T) {
	var mu sync.Mutex
	ids := map[string]bool{}
	n := 0
	s := testSender(t, listen(t, func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		defer mu.Unlock()
		var req openrtb2.BidRequest
		if err := json.Unmarshal(ctx.PostBody(), &req); err != nil || string(ctx.Path()) != "/openrtb2/bid/example" {
			t.Errorf("%s: %v", ctx.Path(), err)
		}
		ids[req.ID] = true
		n++
		switch n % 4 {
		case 0:
			ctx.SetStatusCode(204)
		case 1:
			ctx.SetStatusCode(429)
		default:
			ctx.SetBody(bytes.Repeat([]byte("x"), 20_000))
		}
	}))
	for _, rate := range []float64{0, 2000} {
		mu.Lock()
		n = 0
		clear(ids)
		mu.Unlock()
		r, err := s.run(t.Context(), rate, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if r.Requests == 0 || r.Requests != uint64(n) || len(ids) != n || r.latency.Count() != r.Requests {
			t.Errorf("rate %v: counted %d requests, %d arrived, %d with an id of their own", rate, r.Requests, n, len(ids))
		}
		if r.Bids+r.NoBids+r.Errors != r.Requests || r.NoBids != uint64(n/4) || r.Errors != uint64((n+3)/4) {
			t.Errorf("rate %v: of %d, %d bids, %d no-bids, %d errors", rate, n, r.Bids, r.NoBids, r.Errors)
		}
		if rate > 0 && r.Requests != 200 {
			t.Errorf("%d requests, want those of 100 ms: 200", r.Requests)
		}
		mu.Unlock()
	}
}

func TestSenderStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := testSender(t, listen(t, func(ctx *fasthttp.RequestCtx) {
		cancel()
		ctx.SetStatusCode(204)
	}))
	if _, err := s.run(ctx, 0, time.Hour); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSenderReportsAClosedConnection(t *testing.T) {
	s := testSender(t, listen(t, func(ctx *fasthttp.RequestCtx) { ctx.SetConnectionClose() }))
	if _, err := s.run(t.Context(), 0, time.Hour); err == nil {
		t.Error("no error, though the server closes connections")
	}
	if _, err := newSender("192.0.2.1:80", 1, nil); err == nil {
		t.Error("no error for an address beyond this machine")
	}
}

func TestParseAnswer(t *testing.T) {
	f := func(in string, status int, ok, bad bool) {
		t.Helper()
		gotStatus, gotOK, err := parseAnswer([]byte(in))
		if (err != nil) != bad || err == nil && (gotOK != ok || ok && gotStatus != status) {
			t.Errorf("%.30q: got %d, %v, %v; want %d, %v, error %v", in, gotStatus, gotOK, err, status, ok, bad)
		}
	}
	f("", 0, false, false)
	f("HTTP/1.1 204 No Content\r\nServer: x\r\n", 0, false, false)
	f("HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", 204, true, false)
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 200, false, false)
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, true, false)
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: x\r\n\r\nabc", 200, true, false)
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", 0, false, true)
	f("HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\n", 0, false, true)
	f("HTTP/1.1 200 OK\r\n\r\n", 0, false, true)
	f("garbage\r\n\r\n", 0, false, true)
}

func TestChildrenAreMeasured(t *testing.T) {
	var phases []phase
	for _, kind := range []string{bare, decode} {
		c, err := startSelf(t.Context(), kind)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.stop)
		target := target{c, kind, testSender(t, c.addr)}
		p, err := target.measure(t.Context(), 0, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if p.Errors != 0 || p.Requests == 0 || p.Allocs < 0 || p.GC < 0 || (p.Bids == 1) != (kind == decode) {
			t.Errorf("%s: %+v", kind, p)
		}
		if now, most, err := c.resident(); err != nil || now < 1<<20 || most < now {
			t.Errorf("%s: %d bytes resident, at most %d, %v", kind, now, most, err)
		}
		phases = append(phases, p)
	}
	o := outcome{Saturated: summarise([]string{bare, decode}, phases)}
	dir := t.TempDir()
	text, machine := filepath.Join(dir, "latest.txt"), filepath.Join(dir, "latest.json")
	if err := o.save(text, machine); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(text)
	if err != nil || !strings.Contains(string(got), bare) || !strings.Contains(string(got), decode) {
		t.Errorf("text: %v\n%s", err, got)
	}
	var back outcome
	if got, err = os.ReadFile(machine); err != nil || json.Unmarshal(got, &back) != nil || len(back.Saturated) != 2 {
		t.Errorf("json: %v\n%s", err, got)
	}
}

func TestSummariseTakesMedians(t *testing.T) {
	phases := []phase{
		{Server: bare, CPU: 10, PerSecond: 5}, {Server: whole, CPU: 30}, {Server: bare, CPU: 20, PerSecond: 1, Errors: 2},
		{Server: whole, CPU: 31}, {Server: bare, CPU: 90, PerSecond: 3, Errors: 1}, {Server: whole, CPU: 29},
	}
	got := summarise([]string{bare, decode, whole}, phases)
	if len(got) != 2 {
		t.Fatalf("%d summaries, want 2", len(got))
	}
	b, w := got[0], got[1]
	if b.CPU != 20 || b.LeastCPU != 10 || b.MostCPU != 90 || b.PerSecond != 3 || b.Errors != 3 || b.Rounds != 3 || b.Ratio != 1 {
		t.Errorf("bare: %+v", b)
	}
	if w.CPU != 30 || w.Ratio != 1.5 {
		t.Errorf("whole: CPU %v, ratio %v; want 30, 1.5", w.CPU, w.Ratio)
	}
}

func TestWriteConfig(t *testing.T) {
	dir := t.TempDir()
	s := scale{Lines: 1007, Campaigns: 10, Audiences: 12, People: 1000, Cached: 0.1}
	if err := s.complete(); err != nil {
		t.Fatal(err)
	}
	if err := writeConfig(dir, "127.0.0.1:1", "127.0.0.1:2", s); err != nil {
		t.Fatal(err)
	}
	snap, problems, err := campaign.Load(processPath(dir), time.Now())
	if err != nil || snap == nil || len(problems.List) > 0 {
		var text bytes.Buffer
		problems.Write(&text, false)
		t.Fatalf("%v\n%.3000s", err, text.String())
	}
	if len(snap.Lines) != 1007 || len(snap.Campaigns) != 10 {
		t.Errorf("%d line items in %d campaigns, want 1007 in 10", len(snap.Lines), len(snap.Campaigns))
	}
	for _, bad := range []scale{{}, {Lines: 1, Campaigns: 2, Audiences: 1, People: 10}} {
		if bad.complete() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
