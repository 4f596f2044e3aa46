//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"

	"golang.org/x/time/rate"

	"bidwell/ad"
)

// shop is an advertiser without campaigns whose server reports what people do.
const (
	shop    = "Shop"
	shopKey = "the-key-of-the-shop-in-this-run"
)

// Reports are sent in batches, some from one connection and some from another.
const (
	reporters  = 2
	batchRate  = 15 // per second and connection
	mostInOne  = 20
	sentTwice  = 4 // one in so many is sent again, although it was taken
	visitTopic = "automotive"
	orderTopic = "order"
)

// visits are one batch of reports. It is sent until it is answered.
type visits struct {
	kind  string // as the ledger has it
	lines []string
	keys  []key
	taken bool // it was acknowledged
}

// newVisits makes a batch of events of random people.
func newVisits(rnd *rand.Rand) *visits {
	v := &visits{kind: "visit"}
	topic := visitTopic
	if rnd.IntN(4) == 0 {
		v.kind, topic = "conversion", orderTopic
	}
	for range 1 + rnd.IntN(mostInOne) {
		name := fmt.Sprintf("%016x", rnd.Uint64())
		v.lines = append(v.lines, fmt.Sprintf(`{"event":%q,"ids":[{"type":"ifa","value":%q}],"topic":%q}`, name, personOf(rnd.IntN(people)), topic))
		v.keys = append(v.keys, key{v.kind, referenceOf(name), ""})
	}
	return v
}

// referenceOf returns what the ledger has in place of the id of a bid.
func referenceOf(name string) string {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(ad.IDOf("advertiser", shop))), name...))
	return hex.EncodeToString(sum[:len(ad.BidID{})])
}

// report sends batches until ctx is done. One that was not acknowledged is sent
// again, to whichever bidder is there then.
func (x *exchange) report(ctx context.Context, rnd *rand.Rand) {
	limit := rate.NewLimiter(batchRate, 1)
	var v *visits
	for limit.Wait(ctx) == nil {
		if v == nil {
			v = newVisits(rnd)
		}
		if a := x.sendVisits(v); a != acknowledged {
			continue
		}
		if v.taken || rnd.IntN(sentTwice) > 0 {
			v = nil
			continue
		}
		v.taken = true
	}
}

// sendVisits sends a batch and notes the answer for each of its events.
func (x *exchange) sendVisits(v *visits) answer {
	x.asking.RLock()
	defer x.asking.RUnlock()
	x.gate.RLock() // also while the answer is noted
	defer x.gate.RUnlock()
	a := x.postVisits(v)
	for _, k := range v.keys {
		x.rec.note(k, a)
	}
	return a
}

func (x *exchange) postVisits(v *visits) answer {
	path := "/e/visit"
	if v.kind == "conversion" {
		path = "/e/conv"
	}
	req, err := http.NewRequest(http.MethodPost, x.target+path, strings.NewReader(strings.Join(v.lines, "\n")))
	if err != nil {
		x.rec.wrong("visits have no usable URL: " + err.Error())
		return unsent
	}
	req.Header.Set("Authorization", "Bearer "+shopKey)
	resp, err := x.client.Do(req)
	if err != nil {
		return unanswered
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return unanswered
	case resp.StatusCode == http.StatusTooManyRequests:
		return putOff
	case resp.StatusCode != http.StatusOK:
		x.rec.wrong(fmt.Sprintf("a batch of visits was answered with status %d: %.100s", resp.StatusCode, body))
		return refused
	}
	var got struct{ Accepted, Repeated, Ignored, Refused int }
	if err := json.Unmarshal(body, &got); err != nil || got.Accepted+got.Repeated != len(v.lines) || v.taken && got.Accepted > 0 {
		x.rec.wrong(fmt.Sprintf("a batch of %d visits, taken before: %t, was answered %.100s", len(v.lines), v.taken, body))
	}
	return acknowledged
}

// deeds counts the visits and conversions of every person among the events.
func deeds(events []event) map[string]map[string]int {
	all := map[string]map[string]int{}
	for i := range events {
		e := &events[i]
		if e.Kind != "visit" && e.Kind != "conversion" {
			continue
		}
		if all[e.Person] == nil {
			all[e.Person] = map[string]int{}
		}
		all[e.Person][e.Kind]++
	}
	return all
}

// compareDeeds compares what a profile has with what the ledger says.
func compareDeeds(who string, has, want map[string]int) error {
	if maps.Equal(has, want) {
		return nil
	}
	return fmt.Errorf("%s should have done %v, and has %v", who, want, has)
}
