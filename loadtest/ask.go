package loadtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"

	"bidwell/ad"
)

// patience is how long after tmax an answer is still waited for, to tell a late
// answer from none. A notice may take as long.
const patience = time.Second

// ask posts one request, counts the answer and, if it came in time and holds
// bids, holds the auction.
func (x *Exchange) ask(j *job) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	req.Header.Set("X-Openrtb-Version", "2.6")
	if x.cfg.Credential != "" {
		req.Header.Set("Authorization", "Bearer "+x.cfg.Credential)
	}
	req.SetRequestURI(x.uri)
	req.SetBodyRaw(j.body)

	tmax := time.Duration(x.cfg.Traffic.opts.TMaxMS) * time.Millisecond
	sent := time.Now()
	err := x.client.DoTimeout(req, resp, tmax+patience)
	now := time.Now()
	a := answer{lag: sent.Sub(j.due), latency: now.Sub(j.due), late: now.Sub(j.due) > tmax}
	switch status := resp.StatusCode(); {
	case errors.Is(err, fasthttp.ErrTimeout):
		a.late = true
	case err != nil:
		a.problem = "no answer: " + err.Error()
	case status == fasthttp.StatusNoContent:
		a.good = true
	case status != fasthttp.StatusOK:
		a.problem = fmt.Sprintf("answered with status %d", status)
	default:
		a.good = true
		a.err = x.read(j, resp.Body(), &a, now)
	}
	if a.err != nil {
		a.good, a.problem = false, "unreadable answer: "+a.err.Error()
	}
	x.tally.answered(&a)
}

// answer is what became of one request.
type answer struct {
	lag, latency time.Duration
	good, late   bool
	problem      string
	err          error
	verdicts     []verdict
	req          *openrtb2.BidRequest
	cur          string
}

// read decodes an answer with a body and clears the auction if it is in time.
func (x *Exchange) read(j *job, body []byte, a *answer, now time.Time) error {
	var resp openrtb2.BidResponse
	if err := json.Unmarshal(body, &resp); err != nil {
		return err
	}
	if len(resp.SeatBid) == 0 || a.late {
		return nil
	}
	a.req = new(openrtb2.BidRequest)
	if err := json.Unmarshal(j.body, a.req); err != nil {
		return fmt.Errorf("our own request: %w", err)
	}
	a.cur = currencyOr(resp.Cur, "USD")
	rnd := rand.New(rand.NewPCG(x.cfg.Seed, j.n))
	a.verdicts = x.auctions.clear(newOffer(a.req), &resp, rnd)
	for i := range a.verdicts {
		x.follow(&a.verdicts[i], a.req, &resp, now, rnd)
	}
	return nil
}

// follow schedules what comes after a verdict.
func (x *Exchange) follow(v *verdict, req *openrtb2.BidRequest, resp *openrtb2.BidResponse, now time.Time, rnd *rand.Rand) {
	fill := v.macros(req, resp)
	after := func(from time.Time, average time.Duration) time.Time {
		return from.Add(time.Duration(rnd.ExpFloat64() * float64(average)))
	}
	notice := after(now, x.cfg.Delays.Notice)
	if !v.won {
		x.later(errand{due: notice, kind: ad.Loss, urls: filled(fill, v.bid.LURL)})
		return
	}
	s := &sale{campaign: v.bid.CID, creative: v.bid.CrID}
	s.cur, _ = ad.CurrencyOf(currencyOr(resp.Cur, "USD"))
	s.price, _ = ad.FromCPM(v.clearing)
	x.later(errand{due: notice, kind: ad.Win, urls: filled(fill, v.bid.NURL), of: s})
	shown := after(now, x.cfg.Delays.Show)
	clicked := after(shown, x.cfg.Delays.Click)
	unshown, click := rnd.Float64() < x.cfg.Unshown, rnd.Float64() < x.cfg.ClickRate
	if unshown {
		return
	}
	found := trackersOf(fill.Replace(v.bid.AdM))
	x.later(errand{due: shown, kind: ad.Billing, urls: filled(fill, v.bid.BURL), of: s})
	x.later(errand{due: shown, kind: ad.Impression, urls: found.shown, of: s})
	if click && len(found.click) > 0 {
		x.later(errand{due: clicked, kind: ad.Click, urls: found.click, of: s})
	}
}

func filled(fill *strings.Replacer, url string) []string {
	if url == "" {
		return nil
	}
	return []string{fill.Replace(url)}
}

func (x *Exchange) later(e errand) {
	if !x.due.add(e) {
		x.tally.dropped(e.kind)
	}
}

// deliver makes the calls of an errand and counts what came of them.
func (x *Exchange) deliver(e errand) {
	made, failed, problem := 0, 0, ""
	for _, raw := range e.urls {
		to, host, ok := x.out.resolve(raw)
		if !ok {
			continue // the creative's own files and trackers, on other machines
		}
		made++
		if err := x.call(to, host); err != nil {
			failed++
			problem = e.kind.String() + " notice: " + err.Error()
		}
	}
	x.tally.delivered(&e, made, failed, problem)
}

// call gets a URL. Any 2xx is a success, and so is a redirect, which is not
// followed.
func (x *Exchange) call(to, host string) error {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(to)
	if host != "" {
		req.UseHostHeader = true
		req.Header.SetHost(host)
		req.Header.Set("X-Forwarded-Proto", "https")
	}
	if err := x.client.DoTimeout(req, resp, patience); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if s := resp.StatusCode(); s < 200 || s > 399 {
		return fmt.Errorf("answered with status %d", s)
	}
	return nil
}
