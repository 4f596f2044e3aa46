//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"bidwell/ad"
)

// How many connections ask for bids, and how many carry notices.
const (
	askers  = 8
	senders = 24
)

// exchange asks the bidder for bids and sends what follows, and keeps a record
// of it.
type exchange struct {
	target string // as in http://127.0.0.1:8080
	client *http.Client
	rec    *record
	due    *schedule
	rate   *rate.Limiter
	urls   *regexp.Regexp // of pixels and clicks in markup

	// gate is held by everything that is under way to the bidder, and locked to
	// keep all back. asking is locked to keep back bid requests only.
	gate, asking sync.RWMutex

	prompt bool    // everything is sold, and told within the window
	forger *forger // of notices that have to be refused; set before anything is asked

	full     atomic.Bool // the disk is: clicks lead on without being recorded
	bids     atomic.Int64
	declined atomic.Int64 // answers without a bid
	failed   atomic.Int64 // requests without an answer
}

func newExchange(addr string, perSecond float64) *exchange {
	return &exchange{
		target: "http://" + addr,
		client: &http.Client{
			Timeout:       5 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: askers + senders},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		rec:  newRecord(),
		due:  newSchedule(),
		rate: rate.NewLimiter(rate.Limit(perSecond), 1),
		urls: regexp.MustCompile(`https://` + regexp.QuoteMeta(addr) + `/e/(imp|view|click)\?[^"'<>\]\s]+`),
	}
}

// run asks and sends until ctx is done.
func (x *exchange) run(ctx context.Context, seed uint64) {
	var all sync.WaitGroup
	all.Go(func() { x.due.run(ctx) })
	for i := range askers {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			for x.rate.Wait(ctx) == nil {
				x.ask(rnd)
			}
		})
	}
	for i := range reporters {
		rnd := rand.New(rand.NewPCG(seed, uint64(askers+i)))
		all.Go(func() { x.report(ctx, rnd) })
	}
	for range senders {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case e := <-x.due.ready:
					x.send(e)
				}
			}
		})
	}
	all.Wait()
	x.client.CloseIdleConnections()
}

// response is what an exchange reads of a bid response.
type response struct {
	SeatBid []struct {
		Bid []bid `json:"bid"`
	} `json:"seatbid"`
}

type bid struct {
	ID    string  `json:"id"`
	Price float64 `json:"price"`
	Adm   string  `json:"adm"`
	NURL  string  `json:"nurl"`
	BURL  string  `json:"burl"`
	LURL  string  `json:"lurl"`
}

// ask posts one bid request and decides the fate of the bids.
func (x *exchange) ask(rnd *rand.Rand) {
	x.asking.RLock()
	defer x.asking.RUnlock()
	v := &venues[rnd.IntN(len(venues))]
	status, body, err := x.post(v, request(rnd))
	var resp response
	switch {
	case err != nil:
		x.failed.Add(1)
		return
	case status == http.StatusNoContent:
		x.declined.Add(1)
		return
	case status != http.StatusOK:
		x.rec.wrong(fmt.Sprintf("a bid request was answered with status %d: %.100s", status, body))
		return
	}
	if err := json.Unmarshal(body, &resp); err != nil {
		x.rec.wrong("an answer cannot be read: " + err.Error())
		return
	}
	for _, seat := range resp.SeatBid {
		for i := range seat.Bid {
			x.bids.Add(1)
			x.follow(v, &seat.Bid[i], rnd)
		}
	}
}

func (x *exchange) post(v *venue, body string) (int, []byte, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	resp, err := x.client.Post(x.target+"/openrtb2/bid/"+v.name, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, text, err
}

// request is a bid request for a banner or a film on one of the sites.
func request(rnd *rand.Rand) string {
	imp := `"banner":{"w":300,"h":250}`
	if rnd.IntN(3) == 0 {
		imp = `"video":{"mimes":["video/mp4"],"protocols":[2,3,5,6,7,8],"minduration":5,"maxduration":30,"w":640,"h":360,"linearity":1}`
	}
	site := sites[rnd.IntN(len(sites))]
	return fmt.Sprintf(`{"id":"%016x","imp":[{"id":"1","secure":1,%s}],"at":2,"tmax":2000,"cur":["EUR"],
"site":{"domain":"%s.example","page":"https://%[3]s.example/"},"device":{"ua":"Mozilla/5.0","ip":"192.0.2.7","devicetype":2,"ifa":"%s"}}`, rnd.Uint64(), imp, site, personOf(rnd.IntN(people)))
}

// send sends one notice, notes the answer, and sees to it that some of those
// without one are sent again. What has to be refused changes no record.
func (x *exchange) send(e errand) {
	defer x.due.done()
	x.gate.RLock() // also while the answer is noted
	defer x.gate.RUnlock()
	if e.want == ad.OK {
		x.sendGood(e)
		return
	}
	switch a, status, body := x.call(e); {
	case a == unsent || a == unanswered || a == putOff && e.want == ad.NoticeReplayed:
	case a == refused && strings.Contains(body, e.want.Text()):
		x.rec.refused(e.want)
	case a == acknowledged && e.want == ad.NoticeReplayed:
	default:
		x.rec.wrong(fmt.Sprintf("a %s notice that should have been refused as %s was answered with status %d %.80q: %s", e.key.kind, e.want, status, body, e.url))
	}
}

// sendGood sends a notice that has to be accepted.
func (x *exchange) sendGood(e errand) {
	a, status, body := x.call(e)
	if a == refused {
		x.rec.wrong(fmt.Sprintf("a good %s notice was refused with status %d: %.80s", e.key.kind, status, body))
	}
	x.rec.note(e.key, a)
	switch {
	case a == acknowledged && e.then != "":
		x.due.add(errand{due: time.Now().Add(20 * time.Millisecond), key: e.key, url: e.then, want: ad.NoticeReplayed})
	case (a == unsent || a == unanswered || a == putOff) && e.again:
		e.due = time.Now().Add(300 * time.Millisecond)
		x.due.add(e)
	}
}

// call makes the call of an errand, and returns the status and the text of the
// answer besides.
func (x *exchange) call(e errand) (answer, int, string) {
	wasFull := x.full.Load()
	connected := false // the client may try twice: who refuses the second time may have taken the first
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), &trace), http.MethodGet, e.url, nil)
	if err != nil {
		x.rec.wrong(fmt.Sprintf("a %s notice has no usable URL: %v", e.key.kind, err))
		return unsent, 0, ""
	}
	resp, err := x.client.Do(req)
	switch {
	case err != nil && !connected:
		return unsent, 0, ""
	case err != nil:
		return unanswered, 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	status := resp.StatusCode
	switch {
	case err != nil && e.key.kind != "click":
		return unanswered, status, ""
	case status == http.StatusOK:
		return acknowledged, status, ""
	case status == http.StatusFound && (wasFull || x.full.Load()):
		return unanswered, status, ""
	case status == http.StatusFound:
		return acknowledged, status, ""
	case status == http.StatusTooManyRequests:
		return putOff, status, ""
	}
	return refused, status, string(body)
}

// probe posts a bid request of its own and returns the status and whether there
// was a bid, which it loses.
func (x *exchange) probe(rnd *rand.Rand) (status int, err error) {
	status, body, err := x.post(&venues[0], request(rnd))
	if err == nil && bytes.Contains(body, []byte(`"seatbid":[{`)) {
		x.bids.Add(1)
	}
	return status, err
}
