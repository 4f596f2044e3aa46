package loadtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/valyala/fasthttp"
)

// patience is how long after tmax an answer is still waited for, to tell a late
// answer from none.
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

	sent := time.Now()
	err := x.client.DoTimeout(req, resp, j.TMax+patience)
	now := time.Now()
	a := answer{lag: sent.Sub(j.due), latency: now.Sub(j.due), late: now.Sub(j.due) > j.TMax}
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
		a.err = x.read(j, resp.Body(), &a)
	}
	if a.err != nil {
		a.good, a.problem = false, "unreadable answer: "+a.err.Error()
	}
	x.tally.answered(&a)
	for i := range a.verdicts {
		x.follow(&a.verdicts[i], &a, now)
	}
}

// answer is what became of one request.
type answer struct {
	lag, latency time.Duration
	good, late   bool
	problem      string
	err          error
	verdicts     []verdict
	req          *openrtb2.BidRequest
	resp         *openrtb2.BidResponse
	cur          string
}

// read decodes an answer with a body and clears the auction if it is in time.
func (x *Exchange) read(j *job, body []byte, a *answer) error {
	a.resp = new(openrtb2.BidResponse)
	if err := json.Unmarshal(body, a.resp); err != nil {
		return err
	}
	if len(a.resp.SeatBid) == 0 || a.late {
		return nil
	}
	a.req = new(openrtb2.BidRequest)
	if err := json.Unmarshal(j.body, a.req); err != nil {
		return fmt.Errorf("our own request: %w", err)
	}
	a.cur = currencyOr(a.resp.Cur, "USD")
	a.verdicts = x.auctions.clear(newOffer(a.req), a.resp)
	for i := range a.verdicts {
		x.foresee(&a.verdicts[i], a.req, j.Person)
	}
	return nil
}
