//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
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
	status, body, err := x.post(request(rnd))
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
			x.follow(&seat.Bid[i], rnd)
		}
	}
}

func (x *exchange) post(body string) (int, []byte, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	resp, err := x.client.Post(x.target+"/openrtb2/bid/"+exchangeName, "application/json", strings.NewReader(body))
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
"site":{"domain":"%s.example","page":"https://%[3]s.example/"},"device":{"ua":"Mozilla/5.0","ip":"192.0.2.7","devicetype":2}}`, rnd.Uint64(), imp, site)
}

// follow decides what becomes of a bid: which notices are sent, when, and how
// often.
func (x *exchange) follow(b *bid, rnd *rand.Rand) {
	offer := int64(b.Price*1e6 + 0.5) // CPM in micro-units: one impression in nano-units
	price := offer - rnd.Int64N(offer/2)
	fill := strings.NewReplacer("${AUCTION_PRICE}", cpm(price), "${AUCTION_LOSS}", "102", "${AUCTION_MIN_TO_WIN}", cpm(offer))
	now := time.Now()
	soon := func() time.Time { return now.Add(time.Duration(rnd.ExpFloat64() * float64(120*time.Millisecond))) }
	tell := func(kind, detail, url string, due time.Time, price int64) {
		k := key{kind, b.ID, detail}
		x.rec.expect(k, price)
		e := errand{due: due, key: k, url: fill.Replace(url), again: rnd.IntN(3) > 0}
		for range 1 + max(0, rnd.IntN(6)-3) { // a third comes twice or three times
			x.due.add(e)
			if rnd.IntN(2) == 0 {
				e.due = e.due.Add(time.Duration(rnd.ExpFloat64() * float64(300*time.Millisecond)))
			}
		}
	}
	bill := soon()
	switch fate := rnd.IntN(100); {
	case fate < 12: // nothing is ever heard of it
		return
	case fate < 32:
		tell("loss", "", b.LURL, soon(), 0)
		return
	case fate < 38: // lost, and billed nevertheless
		tell("loss", "", b.LURL, soon(), 0)
		tell("billing", "", b.BURL, bill.Add(200*time.Millisecond), price)
		return
	case fate < 46: // billed when the window is over
		bill = now.Add(noticeWindow + time.Duration(rnd.IntN(2500))*time.Millisecond)
	case fate < 48: // first with a price that was not bid
		wrong := strings.NewReplacer("${AUCTION_PRICE}", cpm(2*offer))
		x.due.add(errand{due: soon(), key: key{"billing", b.ID, ""}, url: wrong.Replace(b.BURL), forged: true})
	}
	if rnd.IntN(10) > 0 {
		tell("win", "", b.NURL, soon(), 0)
	}
	tell("billing", "", b.BURL, bill, price)
	shown := soon()
	for _, m := range x.urls.FindAllStringSubmatch(b.Adm, -1) {
		at, chance := shown, 8
		if m[1] != "imp" {
			at, chance = shown.Add(soon().Sub(now)), 5
		}
		if rnd.IntN(10) >= chance {
			continue
		}
		address := html.UnescapeString(m[0])
		tell(kinds[m[1]], detailOf(address), x.target+address[len("https://")+len(x.target)-len("http://"):], at, 0)
	}
}

// kinds are the names under which the ledger has what URLs report.
var kinds = map[string]string{"imp": "impression", "view": "view", "click": "click"}

// detailOf returns what a view's URL says that was seen.
func detailOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("e")
}

// cpm writes the price of an impression as a price per thousand.
func cpm(nanos int64) string { return fmt.Sprintf("%d.%06d", nanos/1e6, nanos%1e6) }

// send sends one notice, notes the answer, and sees to it that some of those
// without one are sent again.
func (x *exchange) send(e errand) {
	defer x.due.done()
	x.gate.RLock() // also while the answer is noted
	defer x.gate.RUnlock()
	a, status := x.call(e)
	switch {
	case e.forged && a == acknowledged:
		x.rec.wrong("a billing notice with twice the price that was bid was accepted")
	case e.forged:
		return
	case a == refused:
		x.rec.wrong(fmt.Sprintf("a good %s notice was refused with status %d", e.key.kind, status))
	}
	x.rec.note(e.key, a)
	if (a == unsent || a == unanswered || a == putOff) && e.again {
		e.due = time.Now().Add(300 * time.Millisecond)
		x.due.add(e)
	}
}

// call makes the call of an errand.
func (x *exchange) call(e errand) (answer, int) {
	wasFull := x.full.Load()
	connected := false // the client may try twice: who refuses the second time may have taken the first
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), &trace), http.MethodGet, e.url, nil)
	if err != nil {
		x.rec.wrong(fmt.Sprintf("a %s notice has no usable URL: %v", e.key.kind, err))
		return unsent, 0
	}
	resp, err := x.client.Do(req)
	switch {
	case err != nil && !connected:
		return unsent, 0
	case err != nil:
		return unanswered, 0
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	switch status := resp.StatusCode; {
	case err != nil && e.key.kind != "click":
		return unanswered, status
	case status == http.StatusOK:
		return acknowledged, status
	case status == http.StatusFound && (wasFull || x.full.Load()):
		return unanswered, status
	case status == http.StatusFound:
		return acknowledged, status
	case status == http.StatusTooManyRequests:
		return putOff, status
	default:
		return refused, status
	}
}

// probe posts a bid request of its own and returns the status and whether there
// was a bid, which it loses.
func (x *exchange) probe(rnd *rand.Rand) (status int, err error) {
	status, body, err := x.post(request(rnd))
	if err == nil && bytes.Contains(body, []byte(`"seatbid":[{`)) {
		x.bids.Add(1)
	}
	return status, err
}
