package attack

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestTargets(t *testing.T) {
	f := func(url string, remote bool, want string) {
		t.Helper()
		_, err := ParseTarget(t.Context(), url, remote)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	f("http://127.0.0.1:8080/bid?key=x", false, "")
	f("http://localhost/bid", false, "")
	f("http://[::1]:8080/bid", false, "")
	f("https://127.0.0.1", false, "")
	f("http://192.0.2.1/bid", true, "")
	f("http://192.0.2.1/bid", false, "load goes to loopback addresses only, unless --allow-remote is given")
	f("127.0.0.1:8080", false, "is no URL such as")
	f("ftp://127.0.0.1", false, "is no URL such as")
	f("http://user:secret@127.0.0.1/", false, "is no URL such as")
	f("http://127.0.0.1:99999/", false, "is no port")
}

func TestHead(t *testing.T) {
	to, err := ParseTarget(t.Context(), "http://127.0.0.1:80/bid?key=x", false)
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHead(to, []string{"Authorization: Bearer a:b", "user-agent: me", "Host: bidder.example"}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /bid?key=x HTTP/1.1\r\nHost: bidder.example\r\nuser-agent: me\r\nContent-Type: application/json\r\nX-Openrtb-Version: 2.6\r\nAuthorization: Bearer a:b\r\nContent-Length: 2\r\n\r\n{}"
	if got := string(h.Wrap(nil, []byte("{}"))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []string{"", "no colon", ": x", "a b: c", "X: y\r\nZ: z", "Content-Length: 5", "transfer-encoding: chunked", "Expect: 100-continue"} {
		if _, err := NewHead(to, []string{bad}, false); err == nil {
			t.Errorf("header %q is taken", bad)
		}
	}
}

func TestPackedRequests(t *testing.T) {
	senders(t, func(t *testing.T, run func(Config) *Report) {
		cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) {
			body, err := c.Request.BodyGunzip()
			c.SetStatusCode(204)
			if err != nil || !json.Valid(body) {
				c.SetStatusCode(400)
			}
		}))
		h, err := NewHead(cfg.Target, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Source = Gzipped(bodies(t, nil), h)
		if body, err := bodyOf(cfg.Source.Next()); err != nil || !json.Valid(body) {
			t.Errorf("%v: %q", err, body)
		}
		if r := run(cfg); r.NoBids != 200 {
			t.Errorf("%d no-bids, %v", r.NoBids, r.Reasons)
		}
	})
}

func TestTheConfigurationIsChecked(t *testing.T) {
	whole := config(t, "http://127.0.0.1:1/")
	f := func(want string, change func(*Config)) {
		t.Helper()
		cfg := whole
		change(&cfg)
		if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("needs a target", func(c *Config) { c.Target = Target{} })
	f("needs requests", func(c *Config) { c.Source = nil })
	f("needs a schedule", func(c *Config) { c.Schedule = Schedule{} })
	f("cannot be negative", func(c *Config) { c.Connections = -1 })
	f("more than there are ports", func(c *Config) { c.Connections = 70_000 })
}
