package attack

import (
	"bytes"
	"errors"
	"testing"
)

func TestAnswersAreReadAsTheyCome(t *testing.T) {
	f := func(text string, status int, body string, shut bool) {
		t.Helper()
		for cut := range len(text) {
			if _, ok, err := parseAnswer([]byte(text[:cut]), false); ok || err != nil {
				t.Errorf("%q: complete %v after %d bytes, %v", text, ok, cut, err)
				return
			}
		}
		a, ok, err := parseAnswer([]byte(text), false)
		if !ok || err != nil || a.status != status || string(a.body) != body || a.close != shut {
			t.Errorf("%q: %v, %v, %+v with body %q", text, ok, err, a, a.body)
		}
	}
	f("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false)
	f("HTTP/1.1 204\r\nServer: x\r\n\r\n", 204, "", false)
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", false)
	f("HTTP/1.1 200 OK\r\ncontent-length:2\r\nConnection: Close\r\n\r\n{}", 200, "{}", true)
	f("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true)
	f("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", false)
	f("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, "", false)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\nB;x=y\r\n\":\"bcdefgh\"\r\n1\r\n}\r\n0\r\n\r\n", 200, `{"a":"bcdefgh"}`, false)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nDigest: x\r\n\r\n", 200, "{}", false)
}

func TestAnswersWithoutALengthEndWithTheConnection(t *testing.T) {
	b := []byte("HTTP/1.1 200 OK\r\n\r\n{}")
	if _, ok, err := parseAnswer(b, false); ok || err != nil {
		t.Errorf("complete %v, %v although more may come", ok, err)
	}
	if a, ok, err := parseAnswer(b, true); !ok || err != nil || string(a.body) != "{}" || !a.close {
		t.Errorf("%+v, %v, %v at the end", a, ok, err)
	}
}

func TestMalformedAnswers(t *testing.T) {
	f := func(text string, want error) {
		t.Helper()
		if _, ok, err := parseAnswer([]byte(text), false); ok || !errors.Is(err, want) {
			t.Errorf("%.60q: %v, %v, want %v", text, ok, err, want)
		}
	}
	f("SSH-2.0-OpenSSH_9.6\r\n", errNotHTTP)
	f("<html>", errNotHTTP)
	f("HTTP/2", errNotHTTP)
	f("HTTP/1.1 2x0 OK\r\n\r\n", errNotHTTP)
	f("HTTP/1.1 999 OK\r\n\r\n", errNotHTTP)
	f("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errLength)
	f("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", errLength)
	f("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", errMore)
	f("HTTP/1.1 204 No Content\r\n\r\n{}", errMore)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", errChunk)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n", errChunk)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", errMore)
	f("HTTP/1.1 200 OK\r\nX: "+string(bytes.Repeat([]byte("x"), maxHead)), errHead)
}

func TestJudge(t *testing.T) {
	f := func(status int, body string, want Outcome) {
		t.Helper()
		if got := judge(&answer{status: status, body: []byte(body)}); got != want {
			t.Errorf("%d %s: %v, want %v", status, body, got, want)
		}
	}
	f(204, "", NoBid)
	f(200, "", NoBid)
	f(200, `{"id":"1"}`, NoBid)
	f(200, `{"id":"1","nbr":2,"seatbid":[]}`, NoBid)
	f(200, `{"id":"1","seatbid":[{"bid":[]}]}`, NoBid)
	f(200, ` {"id":"1","seatbid":[{"seat":"bid","bid" : [ {"id":"1"}]}]} `, Bid)
	f(200, `{"seatbid":[{"bid":[]},{"bid":[{}]}]}`, Bid)
	f(200, `<html>Welcome</html>`, Garbage)
	f(200, `{"id":"1","seatbid":[{"bid":[`, Garbage)
	f(500, ``, Status)
	f(302, ``, Status)
}

// FuzzParseAnswer shows that no bytes make the parser fail or read beyond them,
// and that what is complete in one piece is no error in two.
func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), 20)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), 50)
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204\r\n\r\n"), 9)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole, ok, _ := parseAnswer(bytes.Clone(b), false)
		if ok && len(whole.body) > len(b) {
			t.Fatalf("a body of %d bytes in %d", len(whole.body), len(b))
		}
		if cut < 0 || cut >= len(b) || !ok {
			return
		}
		if _, early, err := parseAnswer(bytes.Clone(b[:cut]), false); early || err != nil {
			t.Fatalf("%q is complete, its first %d bytes are %v, %v", b, cut, early, err)
		}
	})
}
