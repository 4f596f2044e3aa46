package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"
)

// testBidder is a small bidder behind a real HTTP server. It answers every
// impression and counts the notices that reach it.
type testBidder struct {
	url string
	// change edits the bids before they are sent; nil leaves them alone.
	change func(*openrtb2.BidResponse)
	// answer replaces the answer to bid requests; nil bids.
	answer func(*fasthttp.RequestCtx)
	// delay is how often each notice is put off; silent takes billing notices
	// and hangs up.
	delay  int
	silent bool
	// arrived is called for every bid request, before it is answered.
	arrived func()

	mu     sync.Mutex
	calls  map[string]int  // by kind of notice
	prices map[string]int  // by the price in billing notices
	hosts  map[string]bool // that calls named
	twice  int             // notices that came a second time
	seen   map[string]bool
	tried  map[string]int
	last   map[string]string // the last query, by kind
}

const public = "https://bid.example"

func startBidder(t *testing.T, b *testBidder) *testBidder {
	t.Helper()
	b.calls, b.prices, b.hosts, b.seen = map[string]int{}, map[string]int{}, map[string]bool{}, map[string]bool{}
	b.tried, b.last = map[string]int{}, map[string]string{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://" + l.Addr().String()
	s := &fasthttp.Server{Handler: b.handle, CloseOnShutdown: true}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *testBidder) handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	if path == "/openrtb2/bid/example" && ctx.IsPost() {
		if b.arrived != nil {
			b.arrived()
		}
		if b.answer != nil {
			b.answer(ctx)
			return
		}
		b.bid(ctx)
		return
	}
	kind, ok := strings.CutPrefix(path, "/e/")
	if !ok {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tried[ctx.URI().String()]++; b.tried[ctx.URI().String()] <= b.delay {
		ctx.Response.Header.Set("Retry-After", "0")
		ctx.SetStatusCode(fasthttp.StatusTooManyRequests)
		return
	}
	b.calls[kind]++
	b.last[kind] = string(ctx.URI().QueryString())
	if b.silent && kind == "bill" {
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(func(net.Conn) {})
		return
	}
	b.hosts[string(ctx.Host())] = true
	if id := kind + string(ctx.QueryArgs().Peek("bid")); b.seen[id] {
		b.twice++
	} else {
		b.seen[id] = true
	}
	if kind == "bill" {
		b.prices[string(ctx.QueryArgs().Peek("price"))]++
	}
	if kind == "click" {
		ctx.Response.Header.Set("Location", "https://motors.example/")
		ctx.SetStatusCode(fasthttp.StatusFound)
	}
}

func (b *testBidder) bid(ctx *fasthttp.RequestCtx) {
	var req openrtb2.BidRequest
	if err := json.Unmarshal(ctx.PostBody(), &req); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	resp := openrtb2.BidResponse{ID: req.ID, Cur: req.Cur[0], SeatBid: []openrtb2.SeatBid{{Seat: "seat"}}}
	for i := range req.Imp {
		resp.SeatBid[0].Bid = append(resp.SeatBid[0].Bid, bidFor(&req, &req.Imp[i], "http://"+ctx.LocalAddr().String()))
	}
	if b.change != nil {
		b.change(&resp)
	}
	body, err := json.Marshal(&resp)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

func bidFor(req *openrtb2.BidRequest, imp *openrtb2.Imp, notices string) openrtb2.Bid {
	id := req.ID + "-" + imp.ID
	bid := openrtb2.Bid{
		ID: id, ImpID: imp.ID, Price: 1000, ADomain: []string{"motors.example"}, CID: "roadster", CrID: "film", W: 1, H: 1,
		NURL: notices + "/e/win?price=${AUCTION_PRICE}&bid=" + id,
		BURL: notices + "/e/bill?price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&bid=" + id,
		LURL: notices + "/e/loss?why=${AUCTION_LOSS}&min=${AUCTION_MIN_TO_WIN}&bid=" + id,
	}
	if imp.PMP != nil {
		bid.DealID = imp.PMP.Deals[0].ID
	}
	pixel, click := public+"/e/imp?bid="+id, public+"/e/click?bid="+id
	switch {
	case imp.Banner != nil:
		bid.MType, bid.W, bid.H = openrtb2.MarkupBanner, imp.Banner.Format[0].W, imp.Banner.Format[0].H
		bid.AdM = `<a href="` + click + `"><img src="https://cdn.example/a.jpg"></a><img src="` + pixel + `">`
	case imp.Native != nil:
		bid.MType = openrtb2.MarkupNative
		bid.AdM = `{"native":{"imptrackers":["` + pixel + `"],"link":{"url":"https://motors.example","clicktrackers":["` + click + `"]}}}`
	default:
		bid.MType = openrtb2.MarkupVideo
		if imp.Video == nil {
			bid.MType = openrtb2.MarkupAudio
		}
		bid.AdM = `<VAST version="4.2"><Ad><InLine><Impression><![CDATA[` + pixel + `]]></Impression><ClickTracking><![CDATA[` + click + `]]></ClickTracking></InLine></Ad></VAST>`
	}
	return bid
}

func newExchange(t *testing.T, b *testBidder, change func(*Config)) *Exchange {
	t.Helper()
	cfg := Config{
		Target: b.url, Public: public, Exchange: "example", Traffic: newTraffic(t, 3, func(o *Options) { o.TMaxMS = 60_000 }),
		Rate: 20_000, Requests: 300, Seed: 8, Delays: Delays{Notice: 1, Show: 1, Click: 1, Conversion: 1},
		Truth: NewTruth(8, Medians{View: 0.999999, Click: 0.5, Complete: 0.5, ClickConversion: 0.1, ViewConversion: 0.1}),
	}
	if change != nil {
		change(&cfg)
	}
	x, err := NewExchange(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func run(t *testing.T, x *Exchange) *Report {
	t.Helper()
	if err := x.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return x.Report()
}

func TestExchangeClosesTheLoop(t *testing.T) {
	b := startBidder(t, &testBidder{change: func(r *openrtb2.BidResponse) {
		if r.ID[0] < '8' { // half of the bids are too low to win against anybody
			for i := range r.SeatBid[0].Bid {
				r.SeatBid[0].Bid[i].Price = 0.0001
			}
		}
	}})
	r := run(t, newExchange(t, b, nil))
	if r.Requests != 300 || r.Answers != 300 || r.NoBids+r.Timeouts+r.Errors+r.Unsent != 0 {
		t.Fatalf("got %+v, want 300 answers", r)
	}
	if r.Wins < 100 || r.Bids != r.Wins+r.Losses+r.Invalid || r.Losses+r.Invalid < 100 {
		t.Errorf("%d bids: %d won, %d lost, %d invalid", r.Bids, r.Wins, r.Losses, r.Invalid)
	}
	if len(r.Problems) != 1 || r.Problems["invalid bid: the bid is below the floor"] != r.Invalid {
		t.Errorf("problems %v, want only bids below the floor", r.Problems)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.twice != 0 {
		t.Errorf("%d notices came twice", b.twice)
	}
	want := map[string]uint64{"win": r.Wins, "bill": r.Wins, "loss": r.Losses + r.Invalid, "imp": r.Wins, "click": r.Clicks}
	for kind, n := range want {
		if uint64(b.calls[kind]) != n {
			t.Errorf("%d %s notices arrived, want %d", b.calls[kind], kind, n)
		}
		if got := r.Notices[kind]; got.Sent != n || got.Failed != 0 {
			t.Errorf("%s: reported %+v, want %d sent", kind, *got, n)
		}
	}
	if p := r.Total.Responses; r.Impressions != r.Wins || p.Shown != r.Wins || r.Clicks != p.Clicks || r.Clicks < r.Wins/6 {
		t.Errorf("%d wins, %d impressions, %d clicks, %+v; want all shown and each click told", r.Wins, r.Impressions, r.Clicks, p)
	}
	if !b.hosts["bid.example"] {
		t.Errorf("calls named the hosts %v, want bid.example among them", b.hosts)
	}
	spent := 0.0
	for price, n := range b.prices {
		p, err := strconv.ParseFloat(price, 64)
		if err != nil || p <= 0 || p > 1000 {
			t.Errorf("billing notice with price %q", price)
		}
		spent += p / 1000 * float64(n)
	}
	got := 0.0
	for _, m := range r.Spend {
		got += m.Units()
	}
	if d := got - spent; d > 1e-6 || d < -1e-6 {
		t.Errorf("spent %v, want what the billing notices say: %v", got, spent)
	}
	if f := r.Campaigns["roadster"]; f.Wins != r.Wins || f.Impressions != r.Impressions || f.Bids != r.Bids {
		t.Errorf("campaign roadster: %+v, want all", *f)
	}
}

func TestExchangeIsDeterministic(t *testing.T) {
	b := startBidder(t, &testBidder{change: func(r *openrtb2.BidResponse) {
		for i := range r.SeatBid[0].Bid {
			r.SeatBid[0].Bid[i].Price = 3
		}
	}})
	first, second := run(t, newExchange(t, b, nil)), run(t, newExchange(t, b, nil))
	if first.Wins != second.Wins || first.Losses != second.Losses || fmt.Sprint(first.Spend) != fmt.Sprint(second.Spend) {
		t.Errorf("two runs of one seed:\n%s\n%s", first.Line(), second.Line())
	}
	if first.Wins == 0 || first.Losses == 0 {
		t.Errorf("%d wins and %d losses, want some of both", first.Wins, first.Losses)
	}
}

func TestExchangeCountsWhatGoesWrong(t *testing.T) {
	f := func(name string, b *testBidder, check func(*Report) bool) {
		t.Helper()
		r := run(t, newExchange(t, startBidder(t, b), func(c *Config) { c.Requests = 60 }))
		if r.Requests != 60 || !check(r) {
			t.Errorf("%s: %s; %v", name, r.Line(), r.Problems)
		}
	}
	status := func(code int, body string) func(*fasthttp.RequestCtx) {
		return func(ctx *fasthttp.RequestCtx) {
			ctx.SetStatusCode(code)
			ctx.SetBodyString(body)
		}
	}
	f("no bids", &testBidder{answer: status(204, "")}, func(r *Report) bool { return r.NoBids == 60 && len(r.Problems) == 0 })
	f("a no-bid with reasons", &testBidder{answer: status(200, `{"id":"x","nbr":8}`)}, func(r *Report) bool { return r.NoBids == 60 })
	var mu sync.Mutex
	n := 0
	f("some refused", &testBidder{answer: func(ctx *fasthttp.RequestCtx) {
		mu.Lock()
		defer mu.Unlock()
		n++
		ctx.SetStatusCode(map[bool]int{true: 429, false: 204}[n%2 == 0])
	}}, func(r *Report) bool {
		return r.Errors == 30 && r.NoBids == 30 && r.Problems["answered with status 429"] == 30
	})
	edit := func(change func(*openrtb2.Bid)) *testBidder {
		return &testBidder{change: func(r *openrtb2.BidResponse) {
			for i := range r.SeatBid[0].Bid {
				change(&r.SeatBid[0].Bid[i])
			}
		}}
	}
	invalid := func(problem string) func(*Report) bool {
		return func(r *Report) bool {
			return r.Invalid == r.Bids && r.Problems["invalid bid: "+problem] == r.Bids && r.Notices["loss"].Sent == r.Bids
		}
	}
	f("no markup", edit(func(b *openrtb2.Bid) { b.AdM = "" }), invalid("the bid has no markup"))
	f("wrong imp", edit(func(b *openrtb2.Bid) { b.ImpID = "77" }), invalid("the bid is for an impression that was not offered"))
	f("wrong deal", edit(func(b *openrtb2.Bid) { b.DealID = "mine" }), invalid("the bid is for a deal that was not offered"))
	f("negative price", edit(func(b *openrtb2.Bid) { b.Price = -1 }), invalid("the bid's price is not positive"))
	f("wrong currency", &testBidder{change: func(r *openrtb2.BidResponse) { r.Cur = "JPY" }},
		invalid("the response's currency is not one that the request takes"))
	f("wrong id", &testBidder{change: func(r *openrtb2.BidResponse) { r.ID = "x" }}, invalid("the response's id is not the request's"))
	f("external pixels only", edit(func(b *openrtb2.Bid) { b.AdM = `<img src="https://elsewhere.example/p">` }),
		func(r *Report) bool { return r.Wins > 0 && r.Untracked == r.Wins && r.Impressions == 0 })
	f("nothing to call", edit(func(b *openrtb2.Bid) { b.NURL, b.BURL, b.LURL = "", "", "" }),
		func(r *Report) bool {
			return r.Notices["win"] == nil && r.Total.Acknowledged == 0 && r.Total.Billed > 0 && r.Impressions == r.Wins && r.Spend["EUR"] > 0
		})
	f("refused notices", edit(func(b *openrtb2.Bid) { b.BURL = strings.Replace(b.BURL, "/e/", "/gone/", 1) }), func(r *Report) bool {
		return r.Notices["bill"].Failed == r.Wins && r.Problems["bill notice: answered with status 404"] == r.Wins
	})
}

func TestExchangeReportsThatNothingAnswers(t *testing.T) {
	f := func(name string, b *testBidder, want string) {
		t.Helper()
		x := newExchange(t, b, func(c *Config) { c.Requests = 10 })
		if err := x.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, want)
		}
	}
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return "http://" + l.Addr().String()
	}
	f("nobody there", &testBidder{url: closed()}, "connection refused")
	f("garbage", startBidder(t, &testBidder{answer: func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("<html>") }}), "unreadable answer")
	f("wrong path", startBidder(t, &testBidder{answer: func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(404) }}), "status 404")
}

func TestExchangeCountsLateAnswers(t *testing.T) {
	b := startBidder(t, &testBidder{})
	x := newExchange(t, b, nil)
	due := time.Now().Add(-10 * time.Minute) // so any answer comes too late
	j := &job{due: due}
	j.body, j.Posting = x.cfg.Traffic.Next(nil)
	x.ask(j)
	r := x.Report()
	if r.Requests != 1 || r.Timeouts != 1 || r.Answers != 0 || r.Wins != 0 || r.Latency.P50 < 9*time.Minute {
		t.Errorf("got %s, want one timeout after ten minutes", r.Line())
	}
}

func TestExchangeStopsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	b := startBidder(t, &testBidder{arrived: func() { once.Do(cancel) }})
	x := newExchange(t, b, func(c *Config) {
		c.Requests = 0
		c.Rate = 2000
		c.Delays = Delays{Notice: time.Hour, Show: time.Hour, Click: time.Hour} // sent at once in the end
	})
	if err := x.Run(ctx); err != nil {
		t.Fatal(err)
	}
	r := x.Report()
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Requests == 0 || uint64(b.calls["bill"]) != r.Wins || uint64(b.calls["win"]) != r.Wins || r.Wins == 0 {
		t.Errorf("%d requests, %d wins, notices %v; want a notice for each win", r.Requests, r.Wins, b.calls)
	}
	if again := x.Report(); again.Elapsed != r.Elapsed {
		t.Errorf("the clock runs on after the end: %v, then %v", r.Elapsed, again.Elapsed)
	}
}

func TestNewExchangeRefuses(t *testing.T) {
	good := func() Config {
		return Config{Target: "http://127.0.0.1:1", Exchange: "example", Traffic: newTraffic(t, 1, nil), Rate: 1}
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		c := good()
		change(&c)
		if _, err := NewExchange(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	f(func(c *Config) { c.Target = "http://192.0.2.1:80" }, "not on this machine")
	f(func(c *Config) { c.Target = "http://localhost.example" }, "not on this machine")
	f(func(c *Config) { c.Target = "127.0.0.1:80" }, "no URL")
	f(func(c *Config) { c.Public = "bid.example" }, "no URL")
	f(func(c *Config) { c.Traffic = nil }, "needs traffic")
	f(func(c *Config) { c.Rate = 0 }, "rate")
	f(func(c *Config) { c.Exchange = "a/b" }, "cannot name")
	f(func(c *Config) { c.NoticeLoss = 2 }, "between 0 and 1")
	f(func(c *Config) { c.Auction = 3 }, "neither 1")
	f(func(c *Config) { c.Rivals.Sigma = 9 }, "sigma")
	f(func(c *Config) { c.ConversionURL = "http://192.0.2.1/conv?id={id}" }, "not be called")
	c := good()
	c.Target, c.AllowRemote = "http://192.0.2.1:80", true
	if _, err := NewExchange(c); err != nil {
		t.Errorf("a remote target that is allowed: %v", err)
	}
}

func TestReportText(t *testing.T) {
	b := startBidder(t, &testBidder{})
	r := run(t, newExchange(t, b, func(c *Config) { c.Requests = 2000 }))
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2,000 in", "100%", "roadster", "win ", "p99.9", "some wins", "film"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, text.String())
		}
	}
	if line := r.Line(); strings.Contains(line, "\n") || !strings.Contains(line, "2,000 requests") {
		t.Errorf("line: %q", line)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	t.Log(r.Line() + "\n" + text.String())
}

func TestLineNamesWhatWentWrong(t *testing.T) {
	r := newReport()
	r.Timeouts, r.Errors, r.Invalid, r.Unsent = 1200, 1, 2, 1
	if got, want := r.Line(), ", 1,200 answers too late, 1 error, 2 invalid bids, 1 request not sent"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end with %q", got, want)
	}
}
