package loadtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// noticePatience is how long the answer to a notice is waited for.
const noticePatience = 10 * time.Second

// maxTries is how often a call is made at most to a bidder that puts it off.
const maxTries = 6

// The least and the most time between two tries, whatever the bidder asks for.
const minPutOff, maxPutOff = 100 * time.Millisecond, time.Minute

// reply is what came of one call.
type reply struct {
	status  int           // 0 without an answer
	putOff  time.Duration // with 429 and 503: when to come again
	problem string        // "" is success
}

// deliver makes the calls of an errand and counts what came of them. A call that
// the bidder puts off is made again later.
func (x *Exchange) deliver(e errand) {
	defer x.due.done()
	var d delivery
	for _, raw := range e.urls {
		to, host, ok := x.out.resolve(raw)
		if !ok {
			continue // the creative's own files and trackers, on other machines
		}
		begun := time.Now()
		r := x.call(to, host)
		x.tally.called(e.kind, time.Since(begun))
		d.made++
		switch {
		case r.problem == "":
			d.good++
			continue
		case r.putOff > 0 && e.tries+1 < maxTries:
			d.putOff++
			x.later(errand{due: time.Now().Add(r.putOff), kind: e.kind, urls: []string{raw}, of: e.of, tries: e.tries + 1})
			continue
		case r.status == 0:
			d.silent++
		}
		d.failed++
		d.problem = string(e.kind) + " notice: " + r.problem
	}
	x.tally.delivered(&e, &d)
}

// delivery is what came of the calls of an errand.
type delivery struct {
	made, good, failed int
	silent             int // of those that failed, without an answer
	putOff             int
	problem            string
}

// call gets a URL. Any 2xx is a success, and so is a redirect, which is not
// followed.
func (x *Exchange) call(to, host string) reply {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(to)
	if host != "" {
		req.UseHostHeader = true
		req.Header.SetHost(host)
		req.Header.Set("X-Forwarded-Proto", "https")
	}
	if err := x.client.DoTimeout(req, resp, noticePatience); err != nil {
		return reply{problem: fmt.Sprintf("no answer: %v", err)}
	}
	s := resp.StatusCode()
	if s >= 200 && s <= 399 {
		return reply{status: s}
	}
	r := reply{status: s, problem: fmt.Sprintf("answered with status %d", s)}
	if s == fasthttp.StatusTooManyRequests || s == fasthttp.StatusServiceUnavailable {
		r.putOff = putOff(headerOf(&resp.Header, "Retry-After"), time.Now())
	}
	return r
}

// headerOf returns a header in whatever case it was written.
func headerOf(h *fasthttp.ResponseHeader, name string) string {
	for key, value := range h.All() {
		if strings.EqualFold(string(key), name) {
			return string(value)
		}
	}
	return ""
}

// putOff reads a Retry-After header: seconds, or a date. Without one it is a
// second.
func putOff(header string, now time.Time) time.Duration {
	d := time.Second
	if s, err := strconv.ParseUint(header, 10, 31); err == nil {
		d = time.Duration(s) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, minPutOff), maxPutOff)
}
