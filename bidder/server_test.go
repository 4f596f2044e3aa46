package bidder_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"bidwell/bidder"
)

// server is a rig that serves on a port of its own.
type server struct {
	*rig
	addr    string
	metrics *prometheus.Registry
	server  *bidder.Server
}

// lenient limits nothing that the tests do not mean to be limited.
var lenient = bidder.Limits{Body: 256 << 10, Connections: 1000, SlowClient: 10 * time.Second, ShedAbove: time.Hour}

// serve serves on a free port of this machine until the test ends.
func serve(tb testing.TB, r *rig, limits bidder.Limits) *server {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return serveOn(tb, r, limits, ln)
}

func serveOn(tb testing.TB, r *rig, limits bidder.Limits, ln net.Listener) *server {
	tb.Helper()
	s := bidder.NewServer(r.Engine, limits)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	reg := prometheus.NewRegistry()
	reg.MustRegister(r.Engine)
	srv := &server{rig: r, addr: ln.Addr().String(), metrics: reg, server: s}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			tb.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return srv
}

// watch runs the load shedder until the test ends.
func (s *server) watch(tb testing.TB) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.server.Watch(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			tb.Errorf("Watch: %v", err)
		}
	})
}

// metric returns the sum of a counter or gauge over all series that have the
// labels, given as name and value in turns.
func (s *server) metric(tb testing.TB, name string, labels ...string) (sum float64) {
	tb.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "bidwell_"+name {
			continue
		}
	series:
		for _, m := range f.GetMetric() {
			for i := 0; i < len(labels); i += 2 {
				found := false
				for _, l := range m.GetLabel() {
					found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
				}
				if !found {
					continue series
				}
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// conn is a client that writes what it is told.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// patience is longer than anything may take that a test waits for.
const patience = 20 * time.Second

// dial connects.
func (s *server) dial(tb testing.TB) *conn {
	tb.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return &conn{c, bufio.NewReader(c)}
}

// send writes in the background, as a server may answer before it has read all.
func (c *conn) send(b []byte) { go c.Write(b) }

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	closes bool
}

func (c *conn) read(method string) (*answer, error) {
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, body, resp.Close}, err
}

// request writes a request out as it goes over the wire.
func request(method, path, body string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bidder.example\r\n", method, path)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	if method != "GET" && method != "HEAD" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

const examplePath = "/openrtb2/bid/example"

// do sends one request on a connection of its own.
func (s *server) do(tb testing.TB, raw []byte) *answer {
	tb.Helper()
	method, _, _ := strings.Cut(string(raw[:min(len(raw), 8)]), " ")
	c := s.dial(tb)
	defer c.Close()
	c.send(raw)
	a, err := c.read(method)
	if err != nil {
		tb.Fatalf("no answer: %v", err)
	}
	return a
}

// post sends a bid request to the exchange of the examples.
func (s *server) post(tb testing.TB, body string, headers ...string) *answer {
	tb.Helper()
	return s.do(tb, request("POST", examplePath, body, headers...))
}

// get sends a notice.
func (s *server) get(tb testing.TB, pathAndQuery string) *answer {
	tb.Helper()
	return s.do(tb, request("GET", pathAndQuery, ""))
}

// wantBid checks that a good request is answered with a bid.
func (s *server) wantBid(tb testing.TB) {
	tb.Helper()
	if a := s.post(tb, bannerRequest("good", "")); a.status != 200 || !bytes.Contains(a.body, []byte(`"seatbid":[{`)) {
		tb.Errorf("a good request is answered %d %s", a.status, a.body)
	}
}

func zip(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func unzip(tb testing.TB, packed []byte) string {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// newServer serves a campaign that buys 300x250 banners for 2 USD.
func newServer(tb testing.TB, limits bidder.Limits) *server {
	tb.Helper()
	return serve(tb, newRig(tb, files("bidwell.yaml", plainProcess, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), limits)
}

// eventually waits until a condition holds.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	t := time.NewTicker(2 * time.Millisecond)
	defer t.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			tb.Fatalf("in %v it never came true that %s", patience, what)
		}
		<-t.C
	}
}

// TestCredentialMayBeEscaped posts a large request with its credential in the
// query, written in another way than in the configuration.
func TestCredentialMayBeEscaped(t *testing.T) {
	s := newServer(t, lenient)
	s.Publish(compile(t, files("bidwell.yaml", "exchanges: {example: {credential: 'a-long-key/with=signs', window: 10s}}\n", "campaigns/plain.yaml", `campaign: plain
advertiser: {name: Plain, domains: [plain.example]}
budget: {total: 100 USD}
line_items:
  - {name: all, bid: {price: 2 USD}, creatives: [mpu]}
creatives:
  - {name: mpu, banner: {size: 300x250, image: "https://cdn.plain.example/a.jpg"}, click: "https://plain.example/"}
`)))
	body := bannerRequest("r", `,"ext":"`+strings.Repeat("x", 32<<10)+`"`)
	for query, want := range map[string]int{"?key=a-long-key%2Fwith%3Dsigns": 200, "?key=a-long-key/with=signs": 200, "?key=wrong": 413, "": 413} {
		if got := s.do(t, request("POST", examplePath+query, body)); got.status != want {
			t.Errorf("%q is answered %d, want %d", query, got.status, want)
		}
	}
}
