//go:build linux

package main

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestCallsFollowBids checks that of the bids the given share is won, and that
// each of those is followed by its three calls with its own token and price.
func TestCallsFollowBids(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	called := map[string]int{}
	addr := listen(t, func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.IsPost() {
			asked++
			ctx.SetBodyString(`{"seatbid":[{"bid":[{"price":1.25,"nurl":"http://x/e/win?t=W&p=${AUCTION_PRICE}",` +
				`"burl":"http://x/e/bill?t=B&p=${AUCTION_PRICE}","adm":"<VAST><Impression><![CDATA[http://x/e/imp?t=I]]></Impression>"}]}]}`)
			return
		}
		if q, err := url.ParseQuery(string(ctx.QueryArgs().QueryString())); err != nil || q.Get("p") != "1.25" || q.Get("t") == "" {
			t.Errorf("called %s", ctx.URI())
		}
		called[string(ctx.Path())]++
		if string(ctx.Path()) == "/e/imp" {
			ctx.SetStatusCode(fasthttp.StatusGone)
		}
	})
	s := testSender(t, addr)
	if err := s.follow(0.25); err != nil {
		t.Fatal(err)
	}
	// Long enough for the calls that follow the first requests.
	if _, err := s.run(t.Context(), load{rate: 400, d: 2 * callDelays[1]}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	for _, path := range []string{"/e/win", "/e/bill", "/e/imp"} {
		if n := called[path]; n == 0 || n > asked/4 {
			t.Errorf("%d calls of %s after %d bids, want up to %d", n, path, asked, asked/4)
		}
	}
	if called["/e/bill"] != called["/e/imp"] {
		t.Errorf("%d billing notices and %d impressions", called["/e/bill"], called["/e/imp"])
	}
	c := s.calls
	if int(c.Answered) != called["/e/win"]+called["/e/bill"]+called["/e/imp"] || int(c.Failed) != called["/e/imp"] {
		t.Errorf("%d calls answered, %d failed; made %v, of which /e/imp failed", c.Answered, c.Failed, called)
	}
	mu.Unlock()
	s.unfollow()
	if r, err := s.run(t.Context(), load{rate: 100, d: 50 * time.Millisecond}); err != nil || r.Requests != 5 || s.calls != nil {
		t.Errorf("afterwards: %+v, %v", r, err)
	}
}

// TestGivingUp checks that a request which is never sent counts, and that one
// which waits longer than tmax is late.
func TestGivingUp(t *testing.T) {
	addr := listen(t, func(ctx *fasthttp.RequestCtx) {
		<-time.After(3 * tmax / 2 * time.Millisecond) // a server that is too slow
		ctx.SetStatusCode(204)
	})
	s := testSender(t, addr) // of four connections
	r, err := s.run(t.Context(), load{rate: 100, d: 200 * time.Millisecond, giveUp: tmax * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Unsent == 0 || r.Requests+r.Unsent != 20 || r.Late != r.Requests {
		t.Errorf("%d requests, %d of them late, %d unsent; want 20 together, all answers late", r.Requests, r.Late, r.Unsent)
	}
}
