//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"

	"bidwell/campaign"
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
	return listenWith(t, &fasthttp.Server{Handler: handler, CloseOnShutdown: true})
}

func listenWith(t *testing.T, s *fasthttp.Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
	corpus, err := usualCell.corpus(addr, 1000, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSender(addr, 4, corpus)
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
		r, err := s.run(t.Context(), load{rate: rate, d: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if r.Requests == 0 || r.Requests != uint64(n) || len(ids) != n || r.latency.Count() != r.Requests || r.lag.Count() != r.Requests || r.bids.Count() != r.Bids {
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
	if _, err := s.run(ctx, load{d: time.Hour}); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSenderReportsAClosedConnection(t *testing.T) {
	s := testSender(t, listen(t, func(ctx *fasthttp.RequestCtx) { ctx.SetConnectionClose() }))
	if _, err := s.run(t.Context(), load{d: time.Hour}); err == nil {
		t.Error("no error, though the server closes connections")
	}
	if _, err := newSender("192.0.2.1:80", 1, nil); err == nil {
		t.Error("no error for an address beyond this machine")
	}
}

// TestSenderReconnects checks that connections which the server closes because
// nothing came over them do no harm.
func TestSenderReconnects(t *testing.T) {
	var mu sync.Mutex
	opened := map[string]bool{}
	s := testSender(t, listenWith(t, &fasthttp.Server{
		Handler:         func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(204) },
		ReadTimeout:     20 * time.Millisecond, // of the first request
		IdleTimeout:     time.Minute,
		CloseOnShutdown: true,
		ConnState: func(c net.Conn, state fasthttp.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			if state == fasthttp.StateNew {
				opened[c.RemoteAddr().String()] = true
			}
		},
	}))
	r, err := s.run(t.Context(), load{rate: 100, d: 300 * time.Millisecond}) // one connection is enough for it
	if err != nil || r.Requests != 30 || r.NoBids != 30 {
		t.Fatalf("%+v, %v; want 30 requests", r, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(opened) <= len(s.conns) {
		t.Errorf("%d connections were opened, want more than the %d at a time", len(opened), len(s.conns))
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
	round := make([]phase, 0, 2)
	for _, kind := range []string{bare, decode} {
		c, err := startSelf(t.Context(), kind)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.stop)
		if _, err := get(t.Context(), "http://"+c.admin+"/?bids=1"); err != nil {
			t.Fatal(err)
		}
		target := target{c, testSender(t, c.addr)}
		p, err := target.measure(t.Context(), load{d: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if p.Errors != 0 || p.Requests == 0 || p.CPU <= 0 || p.Allocs < 0 || p.GC < 0 || (p.Bids == 1) != (kind == decode) {
			t.Errorf("%s: %+v", kind, p)
		}
		if now, most, err := c.resident(); err != nil || now < 1<<20 || most < now {
			t.Errorf("%s: %d bytes resident, at most %d, %v", kind, now, most, err)
		}
		round = append(round, p)
	}
	s := summarise([][]phase{round})
	o := outcome{Cells: []measured{{cell: usualCell, Name: usualCell.name(), Saturated: s, Half: s, Most: s}}}
	o.finish([]named{{usualCell.name(), round[0]}})
	dir := t.TempDir()
	text, machine := filepath.Join(dir, "latest.txt"), filepath.Join(dir, "latest.json")
	if err := o.save(text, machine); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(text)
	if err != nil || !strings.Contains(string(got), usualCell.title()) || !strings.Contains(string(got), "of bare") {
		t.Errorf("text: %v\n%s", err, got)
	}
	back, err := readOutcome(machine)
	if err != nil || len(back.Cells) != 1 || back.Cells[0].cell != usualCell || back.Noise.Rounds != 1 {
		t.Errorf("json: %v\n%+v", err, back)
	}
	var b bytes.Buffer
	if err := compareFiles(&b, machine, machine); err != nil || !strings.Contains(b.String(), "1.000") {
		t.Errorf("compared with itself: %v\n%s", err, &b)
	}
}

// TestDecodeAnswersAShare checks that the server that only decodes bids on as
// many requests as it is told.
func TestDecodeAnswersAShare(t *testing.T) {
	c, err := startSelf(t.Context(), decode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	if _, err := get(t.Context(), "http://"+c.admin+"/?bids=0.3"); err != nil {
		t.Fatal(err)
	}
	r, err := testSender(t, c.addr).run(t.Context(), load{rate: 20_000, d: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(r.Bids) / float64(r.Requests); share < 0.25 || share > 0.35 || r.Bids+r.NoBids != r.Requests {
		t.Errorf("%.0f%% of %d requests are bid on, want 30%%", 100*share, r.Requests)
	}
}

// TestRatiosAreMadeWithinRounds checks that a round in which the machine is slow
// does not show in the ratios.
func TestRatiosAreMadeWithinRounds(t *testing.T) {
	round := func(scale time.Duration, errors uint64) []phase {
		return []phase{
			{Server: bare, CPU: 10 * scale, PerSecond: 1 / float64(scale)},
			{Server: decode, CPU: 12 * scale},
			{Server: whole, CPU: 15 * scale, Errors: errors},
		}
	}
	got := summarise([][]phase{round(1000, 1), round(3000, 0), round(2000, 2)})
	if len(got) != 3 {
		t.Fatalf("%d summaries, want 3", len(got))
	}
	w := got[2]
	if w.ToBare != (spread{1.5, 1.5, 1.5}) || w.ToDecode.Mid != 1.25 {
		t.Errorf("ratios %v and %v, want 1.5 and 1.25", w.ToBare, w.ToDecode)
	}
	if w.CPU != 30_000 || w.LeastCPU != 15_000 || w.MostCPU != 45_000 || w.Errors != 3 || w.Rounds != 3 {
		t.Errorf("%+v", w)
	}
}

func TestSpreadOf(t *testing.T) {
	if got := spreadOf([]float64{4, 1, 3}); got != (spread{3, 1, 4}) {
		t.Errorf("got %v", got)
	}
	if got := spreadOf([]float64{4, 1, 2, 3}); got != (spread{2.5, 1, 4}) {
		t.Errorf("got %v", got)
	}
}

func TestWriteConfig(t *testing.T) {
	for _, c := range []cell{{1007, 1000, mixed, usual}, {100, 10, stored, usual}} {
		dir := t.TempDir()
		if err := writeConfig(dir, process{listen: "127.0.0.1:1", admin: "127.0.0.1:2", cacheMB: c.cacheMB(1000)}, c.size()); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			snap, problems, err := campaign.Load(processPath(dir), time.Now())
			if err != nil || snap == nil || len(problems.List) > 0 {
				var text bytes.Buffer
				problems.Write(&text, false)
				t.Fatalf("%v\n%.3000s", err, text.String())
			}
			if len(snap.Lines) != c.Lines || len(snap.Campaigns) != c.Lines/20 {
				t.Errorf("%d line items in %d campaigns, want %d in %d", len(snap.Lines), len(snap.Campaigns), c.Lines, c.Lines/20)
			}
			if err := editCampaign(dir, i); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestOnly(t *testing.T) {
	if all := only(everyCell(), regexp.MustCompile("^100000x1000/")); len(all) != 4 {
		t.Errorf("got %v; want mixed people and three kinds more", all)
	}
	if none := only(usualCells(), regexp.MustCompile("nothing")); len(none) != 0 {
		t.Errorf("got %v, want nothing", none)
	}
	names := map[string]bool{}
	for _, c := range everyCell() {
		if names[c.name()] {
			t.Errorf("%s twice", c.name())
		}
		names[c.name()] = true
	}
}
