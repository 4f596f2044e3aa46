package bidder_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// allowed is every status with which the exchange port may answer whatever is
// sent to it.
var allowed = []int{200, 204, 302, 400, 401, 404, 405, 408, 413, 415, 429}

// TestWhateverIsSentIsAnswered sends what no exchange should, and a good request
// after each.
func TestWhateverIsSentIsAnswered(t *testing.T) {
	limits := lenient
	limits.Body = 1 << 20
	s := newServer(t, limits)
	good := bannerRequest("r", "")
	chunks := func(body string) []byte {
		var b bytes.Buffer
		b.WriteString("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := min(len(body), 64<<10)
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\n\r\n")
		return b.Bytes()
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want int
	}{
		{"empty", request("POST", examplePath, ""), 400},
		{"no JSON", request("POST", examplePath, "hello"), 400},
		{"null", request("POST", examplePath, "null"), 400},
		{"truncated", request("POST", examplePath, good[:len(good)-1]), 400},
		{"followed by more", request("POST", examplePath, good+"}"), 400},
		{"no imp", request("POST", examplePath, `{"id":"r"}`), 400},
		{"no id", request("POST", examplePath, `{"imp":[{"id":"1","banner":{}}]}`), 400},
		{"deep arrays", request("POST", examplePath, strings.Repeat("[", 1<<20)), 400},
		{"deep objects", request("POST", examplePath, `{"id":"r","ext":`+strings.Repeat(`{"a":`, 150_000)), 400},
		{"deep and closed", request("POST", examplePath, `{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"ext":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`), 400},
		{"NaN", request("POST", examplePath, bannerRequest("r", `,"tmax":NaN`)), 400},
		{"Infinity", request("POST", examplePath, bannerRequest("r", `,"tmax":-Infinity`)), 400},
		{"a huge exponent", request("POST", examplePath, bannerRequest("r", `,"tmax":1e999,"at":-1e-999`)), 200},
		{"a long number", request("POST", examplePath, bannerRequest("r", `,"tmax":`+strings.Repeat("9", 100_000))), 200},
		{"invalid UTF-8", request("POST", examplePath, bannerRequest("r", ",\"ext\":\"\xff\xfe\"")), 200},
		{"lone surrogates", request("POST", examplePath, bannerRequest("r", `,"ext":"\ud800"`)), 200},
		{"a NUL", request("POST", examplePath, bannerRequest("r", ",\"ext\":\"\x00\"")), 400},
		{"duplicate keys", request("POST", examplePath, bannerRequest("r", `,"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{}`)), 200},
		{"ten thousand imps", request("POST", examplePath, `{"id":"r","imp":[`+strings.Repeat(`{"id":"1","banner":{"w":300,"h":250}},`, 9999)+`{"id":"2","banner":{"w":300,"h":250}}]}`), 204},
		{"a hundred thousand blocked", request("POST", examplePath, bannerRequest("r", `,"badv":["x"`+strings.Repeat(`,"x"`, 100_000)+`]`)), 204},
		{"everything is null", request("POST", examplePath, bannerRequest("r", `,"user":null,"device":null,"regs":null,"source":null,"cur":null,"bcat":[null]`)), 200},
		{"a body over the limit", request("POST", examplePath, strings.Repeat(" ", limits.Body+1)), 413},
		{"20 MB", request("POST", examplePath, strings.Repeat(" ", 20<<20)), 413},
		{"20 MB in chunks", chunks(strings.Repeat(" ", 20<<20)), 413},
		{"chunks", chunks(good), 200},
		{"an impossible length", []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400},
		{"a negative length", []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n"), 400},
		{"a broken chunk", []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"), 400},
		{"gzip", request("POST", examplePath, zip(t, good), "Content-Encoding: gzip"), 200},
		{"GZIP", request("POST", examplePath, zip(t, good), "Content-Encoding: GZIP"), 200},
		{"identity", request("POST", examplePath, good, "Content-Encoding: identity"), 200},
		{"a gzip bomb", request("POST", examplePath, zip(t, strings.Repeat(" ", 20<<20)), "Content-Encoding: gzip"), 413},
		{"gzip of too much", request("POST", examplePath, zip(t, strings.Repeat(" ", limits.Body+1)), "Content-Encoding: gzip"), 413},
		{"not gzip", request("POST", examplePath, good, "Content-Encoding: gzip"), 400},
		{"half a gzip", request("POST", examplePath, zip(t, good)[:60], "Content-Encoding: gzip"), 400},
		{"gzip without a body", request("POST", examplePath, "", "Content-Encoding: gzip"), 400},
		{"gzip that is not declared", request("POST", examplePath, zip(t, good)), 400},
		{"deflate", request("POST", examplePath, good, "Content-Encoding: deflate"), 415},
		{"two encodings", request("POST", examplePath, good, "Content-Encoding: gzip, br"), 415},
		{"another content type", request("POST", examplePath, good, "Content-Type: multipart/form-data; boundary=x"), 200},
		{"a form", request("POST", examplePath, good, "Content-Type: application/x-www-form-urlencoded"), 200},
		{"GET", request("GET", examplePath, ""), 405},
		{"HEAD", request("HEAD", examplePath, ""), 405},
		{"PUT", request("PUT", examplePath, good), 405},
		{"a method of its own", request("BID", examplePath, good), 405},
		{"no such path", request("POST", "/", good), 404},
		{"no such path either", request("GET", "/favicon.ico", ""), 404},
		{"no such exchange", request("POST", "/openrtb2/bid/nobody", good), 404},
		{"no exchange", request("POST", "/openrtb2/bid/", good), 404},
		{"a path that climbs", request("POST", "/openrtb2/bid/../../etc/passwd", good), 404},
		{"a path with nothing in it", request("POST", "/openrtb2/bid/%00%ff", good), 404},
		{"a long path", request("POST", "/openrtb2/bid/"+strings.Repeat("x", 4000), good), 404},
		{"garbage", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not HTTP\r\n\r\n"), 400},
		{"lines of garbage", []byte(strings.Repeat("?\r\n", 100) + "\r\n"), 400},
		{"a header without a colon", []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n"), 400},
		{"headers beyond the buffer", request("POST", examplePath, good, "Cookie: "+strings.Repeat("x", 64<<10)), 400},
		{"ten thousand headers", request("POST", examplePath, good, slices.Repeat([]string{"A: b"}, 10_000)...), 400},
		{"HTTP/1.0", []byte(fmt.Sprintf("POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s", examplePath, len(good), good)), 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.do(t, c.raw)
			if a.status != c.want || !slices.Contains(allowed, a.status) {
				t.Errorf("answered %d %.200q, want %d", a.status, a.body, c.want)
			}
			if a.status >= 400 && (len(a.body) == 0) != (c.name == "HEAD") {
				t.Errorf("%d without a reason", a.status)
			}
			if a.status == 204 && len(a.body) > 0 {
				t.Errorf("204 with a body: %q", a.body)
			}
			s.wantBid(t)
		})
	}
}

// TestAnswerNamesItsVersion checks the headers of an answer.
func TestAnswerNamesItsVersion(t *testing.T) {
	s := newServer(t, lenient)
	a := s.post(t, bannerRequest("r", ""))
	if got := a.header.Get("X-Openrtb-Version"); a.status != 200 || got != "2.6" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("answered %d, version %q, %q", a.status, got, a.header.Get("Content-Type"))
	}
	if a := s.do(t, request("GET", examplePath, "")); a.header.Get("Allow") != "POST" {
		t.Errorf("405 allows %q", a.header.Get("Allow"))
	}
}

// TestAnswersAreZipped checks that clients who want gzip get it where it is
// worth it, and others do not.
func TestAnswersAreZipped(t *testing.T) {
	s := newServer(t, lenient)
	body := bannerRequest(strings.Repeat("long", 300), "")
	packed := s.post(t, body, "Accept-Encoding: gzip, deflate")
	if packed.header.Get("Content-Encoding") != "gzip" || !strings.Contains(unzip(t, packed.body), `"seatbid":[{`) {
		t.Errorf("gzip is answered with %q", packed.header.Get("Content-Encoding"))
	}
	if plain := s.post(t, body); plain.header.Get("Content-Encoding") != "" || !bytes.Contains(plain.body, []byte(`"seatbid":[{`)) {
		t.Errorf("plain is answered with %q", plain.header.Get("Content-Encoding"))
	}
	noBid := s.post(t, `{"id":"r","test":1,"imp":[{"id":"1"}]}`, "Accept-Encoding: gzip")
	if noBid.header.Get("Content-Encoding") != "" || !bytes.Contains(noBid.body, []byte(`"nbr"`)) {
		t.Errorf("a short answer is answered with %q: %s", noBid.header.Get("Content-Encoding"), noBid.body)
	}
}

// TestBombsCostNoMemory checks that what is refused for its size is not read
// first.
func TestBombsCostNoMemory(t *testing.T) {
	limits := lenient
	limits.Body = 64 << 10
	s := newServer(t, limits)
	bomb := request("POST", examplePath, zip(t, strings.Repeat(" ", 10<<20)), "Content-Encoding: gzip")
	s.wantBid(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		if a := s.do(t, bomb); a.status != 413 {
			t.Fatalf("answered %d", a.status)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("ten bombs of 10 MB allocate %d MB", grown>>20)
	}
}

// TestSlowClientsAreCutOff checks that who sends half a request is not waited
// for.
func TestSlowClientsAreCutOff(t *testing.T) {
	limits := lenient
	limits.SlowClient = 50 * time.Millisecond
	s := newServer(t, limits)
	good := request("POST", examplePath, bannerRequest("r", ""))
	for name, part := range map[string][]byte{
		"half a line":    good[:10],
		"half a header":  good[:30],
		"half a body":    good[:len(good)-20],
		"half a chunk":   []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
		"a body to come": []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"),
		"told to go on":  []byte("POST " + examplePath + " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c := s.dial(t)
			c.send(part)
			s.wantSlow(t, c, part)
		})
		t.Run(name+" after a whole request", func(t *testing.T) {
			c := s.dial(t)
			c.send(append(bytes.Clone(good), part...))
			if a, err := c.read("POST"); err != nil || a.status != http.StatusOK {
				t.Fatalf("the whole request is answered %+v, %v", a, err)
			}
			if bytes.Contains(part, []byte("\r\n\r\n")) { // else see TestHalfAHeaderBehind
				s.wantSlow(t, c, part)
			}
		})
	}
}

// TestHalfAHeaderBehind checks that half a header behind a whole request is not
// waited for once more of it has come.
func TestHalfAHeaderBehind(t *testing.T) {
	limits := lenient
	limits.SlowClient = 50 * time.Millisecond
	s := newServer(t, limits)
	good := request("POST", examplePath, bannerRequest("r", ""))
	c := s.dial(t)
	c.send(append(bytes.Clone(good), good[:10]...))
	if a, err := c.read("POST"); err != nil || a.status != http.StatusOK {
		t.Fatalf("the whole request is answered %+v, %v", a, err)
	}
	c.send(good[10:11])
	s.wantSlow(t, c, good[:11])
}

// wantSlow checks that the connection is answered with 408 and closed, and that
// others go on.
func (s *server) wantSlow(t *testing.T, c *conn, sent []byte) {
	t.Helper()
	rest, err := io.ReadAll(c.r)
	if isTimeout(err) {
		t.Fatalf("still open after %v", patience)
	}
	if bytes.Contains(sent, []byte("100-continue")) {
		rest = bytes.TrimPrefix(rest, []byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	if !bytes.HasPrefix(rest, []byte("HTTP/1.1 408 ")) {
		t.Errorf("answered %q", rest)
	}
	s.wantBid(t)
}

// TestIdleConnectionsAreKept checks that a connection on which nothing is asked
// yet outlives one that is too slow, before its first request and between two.
func TestIdleConnectionsAreKept(t *testing.T) {
	limits := lenient
	limits.SlowClient = 50 * time.Millisecond
	s := newServer(t, limits)
	good := request("POST", examplePath, bannerRequest("r", ""))
	idle := s.dial(t)
	for range 2 {
		slow := s.dial(t)
		if _, err := slow.Write(good[:30]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(slow.r); isTimeout(err) {
			t.Fatalf("still open after %v", patience)
		}
		idle.send(good)
		if a, err := idle.read("POST"); err != nil || a.status != 200 {
			t.Errorf("answered %+v, %v", a, err)
		}
	}
}

// TestWhoTakesNoAnswersIsCutOff checks that a client which sends requests and
// reads none of the answers is not waited for.
func TestWhoTakesNoAnswersIsCutOff(t *testing.T) {
	limits := lenient
	limits.SlowClient = 50 * time.Millisecond
	s := newServer(t, limits)
	c := s.dial(t)
	good := bytes.Repeat(request("POST", examplePath, bannerRequest("r", "")), 100)
	var err error
	for err == nil { // buffers of some megabytes fill first
		_, err = c.Write(good)
	}
	if isTimeout(err) {
		t.Fatalf("still open after %v", patience)
	}
	s.wantBid(t)
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// TestManySlowClients checks that connections that say nothing keep nobody out.
func TestManySlowClients(t *testing.T) {
	s := newServer(t, lenient)
	for range 200 {
		if _, err := s.dial(t).Write([]byte("POST / HTTP/1.1\r\nHo")); err != nil {
			t.Fatal(err)
		}
	}
	s.wantBid(t)
}

// TestPipelining sends several requests in one write; they are answered in
// order.
func TestPipelining(t *testing.T) {
	s := newServer(t, lenient)
	c := s.dial(t)
	var all []byte
	for i := range 20 {
		all = append(all, request("POST", examplePath, bannerRequest(fmt.Sprint("r", i), ""))...)
		all = append(all, request("POST", examplePath, "nonsense")...)
		all = append(all, request("POST", examplePath, `{"id":"n","imp":[{"id":"1"}]}`)...)
	}
	c.send(all)
	for i := range 20 {
		for k, want := range []int{200, 400, 204} {
			a, err := c.read("POST")
			if err != nil || a.status != want {
				t.Fatalf("answer %d of kind %d: %+v, %v", i, k, a, err)
			}
			if k == 0 && !bytes.Contains(a.body, fmt.Appendf(nil, `{"id":"r%d",`, i)) {
				t.Fatalf("answer %d is %s", i, a.body)
			}
		}
	}
}

// TestHalfClosed checks that a client that has closed its side gets its answer.
func TestHalfClosed(t *testing.T) {
	s := newServer(t, lenient)
	c := s.dial(t)
	if _, err := c.Write(request("POST", examplePath, bannerRequest("r", ""))); err != nil {
		t.Fatal(err)
	}
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if a, err := c.read("POST"); err != nil || a.status != 200 {
		t.Errorf("answered %+v, %v", a, err)
	}
	half := s.dial(t)
	if _, err := half.Write(request("POST", examplePath, bannerRequest("r", ""))[:150]); err != nil {
		t.Fatal(err)
	}
	if err := half.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(half.r); isTimeout(err) || len(rest) > 0 && !bytes.HasPrefix(rest, []byte("HTTP/1.1 400 ")) {
		t.Errorf("half a request is answered %q, %v", rest, err)
	}
	s.wantBid(t)
}

// TestExpectContinue checks that a client that asks first is told to go on.
func TestExpectContinue(t *testing.T) {
	s := newServer(t, lenient)
	raw := request("POST", examplePath, bannerRequest("r", ""), "Expect: 100-continue")
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	c := s.dial(t)
	if _, err := c.Write(append(head, "\r\n\r\n"...)); err != nil {
		t.Fatal(err)
	}
	if a, err := c.read("POST"); err != nil || a.status != http.StatusContinue {
		t.Fatalf("answered %+v, %v", a, err)
	}
	if _, err := c.Write(body); err != nil {
		t.Fatal(err)
	}
	if a, err := c.read("POST"); err != nil || a.status != 200 {
		t.Errorf("answered %+v, %v", a, err)
	}
}

// TestCredentials checks who is answered: with a credential who sends it, in
// either place; without one clients of this machine only.
func TestCredentials(t *testing.T) {
	process := "currency: USD\nexchanges:\n  open: {window: 10s}\n  shut: {window: 10s, credential: a-long-word}\n"
	fsys := files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2))
	const open, shut = "/openrtb2/bid/open", "/openrtb2/bid/shut"
	near := serve(t, newRig(t, fsys, ""), lenient)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	far := serveOn(t, newRig(t, fsys, ""), lenient, abroad{ln})
	for _, c := range []struct {
		name   string
		s      *server
		path   string
		header string
		want   int
	}{
		{"open, from this machine", near, open, "A: b", 200},
		{"open, from elsewhere", far, open, "A: b", 401},
		{"open, from elsewhere with a word", far, open, "Authorization: Bearer a-long-word", 401},
		{"no credential", near, shut, "A: b", 401},
		{"a wrong one", near, shut, "Authorization: Bearer a-long-worD", 401},
		{"an empty one", near, shut, "Authorization: Bearer ", 401},
		{"one without its scheme", near, shut, "Authorization: a-long-word", 401},
		{"a prefix", near, shut, "Authorization: Bearer a-long", 401},
		{"the right one", near, shut, "Authorization: Bearer a-long-word", 200},
		{"the right one from elsewhere", far, shut, "Authorization: Bearer a-long-word", 200},
		{"in the query", far, shut + "?key=a-long-word", "A: b", 200},
		{"a wrong one in the query", far, shut + "?key=x", "A: b", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := c.s.do(t, request("POST", c.path, bannerRequest("r", ""), c.header)); a.status != c.want {
				t.Errorf("answered %d %s, want %d", a.status, a.body, c.want)
			}
		})
	}
	if got := far.metric(t, "no_bids_total", "reason", "bad_credential"); got != 3 {
		t.Errorf("%v refusals are counted, want 3", got)
	}
}

// abroad makes every client come from another machine.
type abroad struct{ net.Listener }

func (l abroad) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return foreign{c}, err
}

type foreign struct{ net.Conn }

func (foreign) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 40000} }

// TestQueriesPerSecond checks that more than agreed is refused, and counted.
func TestQueriesPerSecond(t *testing.T) {
	process := "currency: USD\nexchanges: {example: {window: 10s, qps: 0.001}, other: {window: 10s}}\n"
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), lenient)
	s.wantBid(t) // the one that may come at once
	for range 5 {
		if a := s.post(t, bannerRequest("r", "")); a.status != 429 {
			t.Errorf("answered %d", a.status)
		}
	}
	if a := s.do(t, request("POST", "/openrtb2/bid/other", bannerRequest("r", ""))); a.status != 200 {
		t.Errorf("the other exchange is answered %d", a.status)
	}
	if got := s.metric(t, "no_bids_total", "reason", "over_qps"); got != 5 {
		t.Errorf("%v are counted, want 5", got)
	}
	if got := s.metric(t, "requests_total", "exchange", "example", "status", "429"); got != 5 {
		t.Errorf("%v answers are counted, want 5", got)
	}
}

// TestOverload checks that a bidder whose requests wait too long answers some
// with an empty 204, and counts them. Here every wait is too long.
func TestOverload(t *testing.T) {
	limits := lenient
	limits.ShedAbove = -1
	s := newServer(t, limits)
	s.wantBid(t)
	s.watch(t)
	eventually(t, "requests are shed", func() bool { return s.post(t, bannerRequest("r", "")).status == 204 })
	eventually(t, "some are answered all the same", func() bool { return s.post(t, bannerRequest("r", "")).status == 200 })
	if s.metric(t, "no_bids_total", "reason", "overloaded") == 0 || s.metric(t, "shedding_ratio") <= 0 {
		t.Error("shedding is not counted")
	}
}

// TestNoBids checks what a no-bid looks like: nothing, or, under test or debug,
// the reasons.
func TestNoBids(t *testing.T) {
	process := "currency: USD\nexchanges: {example: {window: 10s}, debugged: {window: 10s, debug: true}}\n"
	s := serve(t, newRig(t, files("bidwell.yaml", process, "campaigns/a.yaml", bannerCampaign("a", 2)), ""), lenient)
	below := func(more string) string {
		return `{"id":"r","imp":[{"id":"1","bidfloor":3,"banner":{"w":300,"h":250}}],"site":{}` + more + `}`
	}
	if a := s.post(t, below("")); a.status != 204 || len(a.body) > 0 {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	const want = `{"id":"r","nbr":0,"ext":{"bidwell":{"reason":"floor","text":"what the impression is worth is below the bid floor","line_items":{"floor":1}}}}`
	if a := s.post(t, below(`,"test":1`)); a.status != 200 || string(a.body) != want {
		t.Errorf("a test is answered %d %s, want %s", a.status, a.body, want)
	}
	if a := s.do(t, request("POST", "/openrtb2/bid/debugged", below(""))); a.status != 200 || string(a.body) != want {
		t.Errorf("debug is answered %d %s, want %s", a.status, a.body, want)
	}
	person := `{"id":"r","test":1,"imp":[{"id":"1"}],"app":{}}`
	if a := s.post(t, person); !bytes.Contains(a.body, []byte(`"nbr":2,`)) || !bytes.Contains(a.body, []byte(`"no_impressions"`)) {
		t.Errorf("nothing on offer is answered %s", a.body)
	}
	if got := s.metric(t, "no_bids_total", "reason", "floor"); got != 3 {
		t.Errorf("%v no-bids are counted, want 3", got)
	}
}

// TestTooLate checks that an answer that would come too late is not given, and
// keeps no budget: three quarters of a millisecond is not enough to read 16 MB.
func TestTooLate(t *testing.T) {
	limits := lenient
	limits.Body = 32 << 20
	s := newServer(t, limits)
	long := bannerRequest("r", `,"tmax":1,"ext":[0`+strings.Repeat(",0", 8<<20)+`]`)
	if a := s.post(t, long); a.status != 204 {
		t.Errorf("answered %d", a.status)
	}
	if got := s.metric(t, "no_bids_total", "reason", "too_late"); got != 1 {
		t.Errorf("%v requests are counted as too late, want 1", got)
	}
	if stats := s.Money.Stats(); stats.Open != 0 {
		t.Errorf("%d bids that were not sent are still reserved", stats.Open)
	}
	s.wantBid(t)
	if stats := s.Money.Stats(); stats.Open != 1 {
		t.Errorf("%d bids are reserved, want the one that was sent", stats.Open)
	}
}
