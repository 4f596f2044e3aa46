package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"
)

// fairPrice makes a test bidder bid so that some auctions are won and some lost.
func fairPrice(r *openrtb2.BidResponse) {
	for i := range r.SeatBid[0].Bid {
		r.SeatBid[0].Bid[i].Price = 3
	}
}

// figuresOf returns a report as JSON without what depends on the clock, or on
// which of several won auctions was seen first.
func figuresOf(t *testing.T, r *Report) string {
	t.Helper()
	c := *r
	c.Started, c.Elapsed, c.Rate, c.Generators, c.Samples = time.Time{}, 0, 0, nil, nil
	c.Latency, c.Lag = Quantiles{}, Quantiles{}
	c.Histograms.Latency, c.Histograms.Lag, c.Histograms.Notices = Histogram{}, Histogram{}, Histogram{}
	b, err := json.MarshalIndent(&c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// chained gives the requests of one source after those of another.
type chained struct {
	n           int
	first, then Source
}

func (c *chained) Next(dst []byte) ([]byte, Posting) {
	if c.n--; c.n >= 0 {
		return c.first.Next(dst)
	}
	return c.then.Next(dst)
}

// TestOutcomesFollowFromTheSeed runs the same traffic with other rates, delays and
// numbers of connections.
func TestOutcomesFollowFromTheSeed(t *testing.T) {
	b := startBidder(t, &testBidder{change: fairPrice})
	run := func(connections int, seed uint64) *Report {
		return run(t, newExchange(t, b, func(c *Config) {
			c.Connections, c.Seed, c.Rate, c.Values = connections, seed, 1000*float64(1+connections), Values{"*": {1e6, "thousand"}}
		}))
	}
	first := run(1, 3)
	if again := figuresOf(t, run(17, 3)); again != figuresOf(t, first) {
		t.Errorf("two runs of one seed:\n%s\n%s", figuresOf(t, first), again)
	}
	if figuresOf(t, run(17, 4)) == figuresOf(t, first) {
		t.Error("another seed gives the same figures")
	}
	if first.Wins == 0 || first.Losses == 0 || first.Total.Responses.Clicks == 0 {
		t.Errorf("%s: want wins, losses and clicks", first.Line())
	}
}

// TestMergedFilesAreOneRun lets two exchanges post what a third one posts alone.
func TestMergedFilesAreOneRun(t *testing.T) {
	b := startBidder(t, &testBidder{change: fairPrice})
	traffic := func(seed uint64) *Traffic {
		return newTraffic(t, seed, func(o *Options) { o.TMaxMS = 60_000 })
	}
	dir := t.TempDir()
	report := func(name string, requests int, s Source) string {
		x := newExchange(t, b, func(c *Config) {
			c.Traffic, c.Requests, c.Values = s, requests, Values{"roadster": {1e9, "click"}}
		})
		r := run(t, x)
		r.Generators = []Generator{{Name: name, Started: r.Started}}
		path := filepath.Join(dir, name)
		if err := r.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(path string) *Report {
		r, err := ReadReport(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one, two := read(report("one", 150, traffic(1))), read(report("two", 200, traffic(2)))
	whole := read(report("whole", 350, &chained{150, traffic(1), traffic(2)}))
	m, err := MergeReports([]*Report{one, two})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := figuresOf(t, m), figuresOf(t, whole); got != want {
		t.Errorf("merged:\n%s\nof one run:\n%s", got, want)
	}
	if m.Histograms.Latency.Count() != 350 || m.Rate != one.Rate+two.Rate || m.Started != one.Started || m.Elapsed < two.Elapsed || len(m.Generators) != 2 {
		t.Errorf("merged: %d latencies, rate %v, from %v for %v by %v", m.Histograms.Latency.Count(), m.Rate, m.Started, m.Elapsed, m.Generators)
	}
	if s := m.Total.Surplus; s.Oracle < s.Gained || s.Oracle == 0 || m.Total.Responses.TrueClicks == 0 {
		t.Errorf("surplus %+v, people %+v", s, m.Total.Responses)
	}
	if _, err := MergeReports([]*Report{one, two, one}); err == nil || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("a report given twice: %v", err)
	}
	two.Currency = "JPY"
	if _, err := MergeReports([]*Report{one, two}); err == nil || !strings.Contains(err.Error(), "cannot be added") {
		t.Errorf("reports in two currencies: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("%d files are left, %v; want 3", len(entries), err)
	}
}

func TestReadReportRefuses(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadReport(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	f(``, "is none")
	f(`[]`, "is none")
	f(`{}`, "has the format")
	f(`{"format":"vegeta"}`, "has the format")
	f(`{"format":"bidwell-market/1"}`, "missing")
	f(`{"format":"bidwell-market/1","currency":"EUR","started":"2026-01-01T00:00:00Z","campaigns":{"a":null}}`, "figures are missing")
	f(`{"format":"bidwell-market/1","histograms":{"lag_ns":{"buckets":[[9999,1]]}}}`, "no bucket 9999")
	if _, err := ReadReport(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestNoticesAreDoubledAndLost(t *testing.T) {
	b := startBidder(t, &testBidder{change: fairPrice})
	r := run(t, newExchange(t, b, func(c *Config) { c.NoticeDuplicates = 1 }))
	b.mu.Lock()
	for kind, n := range map[message]uint64{winNotice: r.Wins, lossNotice: r.Losses + r.Invalid, billNotice: r.Wins} {
		if uint64(b.calls[string(kind)]) != 2*n || r.Notices[string(kind)].Doubled != n {
			t.Errorf("%s: %d arrived, reported %+v; want each of %d twice", kind, b.calls[string(kind)], r.Notices[string(kind)], n)
		}
	}
	b.mu.Unlock()
	if f := r.Total; f.Acknowledged != f.Billed || f.Billed == 0 || r.Impressions != r.Wins {
		t.Errorf("billed %v, acknowledged %v, %d impressions of %d wins; want each once", f.Billed, f.Acknowledged, r.Impressions, r.Wins)
	}
	lost := startBidder(t, &testBidder{change: fairPrice})
	none := run(t, newExchange(t, lost, func(c *Config) { c.NoticeLoss = 1 }))
	lost.mu.Lock()
	defer lost.mu.Unlock()
	if lost.calls["win"]+lost.calls["bill"]+lost.calls["loss"]+lost.calls["imp"] != 0 || none.Notices["bill"].Lost != none.Wins {
		t.Errorf("arrived %v, reported %+v; want nothing", lost.calls, none.Notices["bill"])
	}
	if f := none.Total; f.Billed != r.Total.Billed || f.Acknowledged != 0 || f.Unclear != 0 {
		t.Errorf("billed %v as %v, acknowledged %v", f.Billed, r.Total.Billed, f.Acknowledged)
	}
	some := run(t, newExchange(t, b, func(c *Config) { c.NoticeLoss = 0.3 }))
	if f := some.Total; f.Acknowledged >= f.Billed || f.Acknowledged == 0 {
		t.Errorf("with a third lost, %v of %v is acknowledged", f.Acknowledged, f.Billed)
	}
}

// TestPutOffNoticesAreRepeated has a bidder refuse each notice the first time.
func TestPutOffNoticesAreRepeated(t *testing.T) {
	b := startBidder(t, &testBidder{change: fairPrice, delay: 1})
	r := run(t, newExchange(t, b, func(c *Config) { c.Requests = 60 }))
	n := r.Notices["bill"]
	if n.PutOff != r.Wins || n.Sent != 2*r.Wins || n.Failed != 0 || r.Total.Acknowledged != r.Total.Billed {
		t.Errorf("%d wins: %+v, %v of %v acknowledged; want each repeated once", r.Wins, n, r.Total.Acknowledged, r.Total.Billed)
	}
	stubborn := startBidder(t, &testBidder{change: fairPrice, delay: 1 << 20})
	r = run(t, newExchange(t, stubborn, func(c *Config) { c.Requests = 30 }))
	n = r.Notices["bill"]
	if n.Failed != r.Wins || n.Sent != maxTries*r.Wins || r.Total.Acknowledged != 0 || r.Total.Unclear != 0 {
		t.Errorf("%d wins: %+v; want each given up after %d calls", r.Wins, n, maxTries)
	}
}

func TestPutOff(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": time.Second, "7": 7 * time.Second, "0": minPutOff, "soon": time.Second, "-4": time.Second, "86400": maxPutOff,
		"Mon, 02 Mar 2026 08:30:05 GMT": 5 * time.Second, "Mon, 02 Mar 2026 08:00:00 GMT": minPutOff,
	} {
		if got := putOff(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	var h fasthttp.ResponseHeader
	h.DisableNormalizing()
	h.Set("retry-after", "9")
	if got := headerOf(&h, "Retry-After"); got != "9" {
		t.Errorf("a header in small letters: %q", got)
	}
}

// TestUnansweredNoticesAreUnclear has a bidder that takes billing notices and does
// not answer them.
func TestUnansweredNoticesAreUnclear(t *testing.T) {
	b := startBidder(t, &testBidder{change: fairPrice, silent: true})
	r := run(t, newExchange(t, b, func(c *Config) { c.Requests = 60 }))
	if f := r.Total; f.Acknowledged != 0 || f.Unclear != f.Billed || f.Billed == 0 {
		t.Errorf("billed %v, acknowledged %v, unclear %v; want all of it unclear", f.Billed, f.Acknowledged, f.Unclear)
	}
}

func TestConversionsAreTold(t *testing.T) {
	b := startBidder(t, &testBidder{})
	x := newExchange(t, b, func(c *Config) {
		c.ConversionURL = b.url + "/e/conv?type={id_type}&id={id}&bid={order}&of={campaign}/{creative}&after={after}&t={time_ms}"
		c.Truth = NewTruth(8, Medians{View: 0.9, Click: 0.5, Complete: 0.5, ClickConversion: 0.5, ViewConversion: 0.5})
	})
	r := run(t, x)
	p := r.Total.Responses
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := uint64(b.calls["conv"]); n != p.ClickConversions+p.ViewConversions || p.ClickConversions == 0 || p.ViewConversions == 0 {
		t.Errorf("%d conversions arrived of %+v", n, p)
	}
	if b.twice != 0 || len(b.last["conv"]) == 0 {
		t.Errorf("%d notices came twice", b.twice)
	}
	q, err := url.ParseQuery(b.last["conv"])
	if err != nil || q.Get("of") != "roadster/film" || q.Get("id") == "" || q.Get("type") == "" || strings.Contains(b.last["conv"], "{") {
		t.Errorf("a conversion says %s: %v", b.last["conv"], err)
	}
}

func TestAuctionCanBeForced(t *testing.T) {
	for at, want := range map[int]bool{1: true, 2: false} {
		b := startBidder(t, &testBidder{change: func(r *openrtb2.BidResponse) {
			fairPrice(r)
			for i := range r.SeatBid[0].Bid {
				r.SeatBid[0].Bid[i].DealID = "" // deals have terms of their own
			}
		}})
		r := run(t, newExchange(t, b, func(c *Config) { c.Auction = at; c.Samples = 1000 }))
		for _, s := range r.Samples {
			if (s.Clearing == s.Bid) != want {
				t.Errorf("auction %d: bid %v, paid %v", at, s.Bid, s.Clearing)
				break
			}
		}
		if len(r.Samples) < 20 {
			t.Errorf("only %d samples", len(r.Samples))
		}
	}
}

// TestInterruptedRunIsWhole checks that an exchange that is stopped accounts for
// all that it began.
func TestInterruptedRunIsWhole(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	b := startBidder(t, &testBidder{change: fairPrice})
	b.arrived = func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if n++; n == 40 {
			cancel()
		}
	}
	x := newExchange(t, b, func(c *Config) { c.Requests, c.Rate = 0, 500 })
	if err := x.Run(ctx); err != nil {
		t.Fatal(err)
	}
	r := x.Report()
	if f := r.Total; r.Requests < 40 || f.Billed != f.Acknowledged || f.Billed == 0 || r.Notices["bill"].Sent != r.Wins {
		t.Errorf("%s: billed %v, acknowledged %v, %+v", r.Line(), f.Billed, f.Acknowledged, r.Notices["bill"])
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "acknowledged") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
