package loadtest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// Source gives the bid requests that an Exchange posts.
type Source interface {
	// Next appends the next request, a JSON object, to dst, and returns what an
	// exchange knows of it. Its top-level "at" is the last key of that name.
	Next(dst []byte) ([]byte, Posting)
}

// Posting is what is known of a request beside its body.
type Posting struct {
	TMax   time.Duration // time to answer
	Person Nature        // whom it speaks of; never sent
}

// Next is Append for an Exchange.
func (t *Traffic) Next(dst []byte) ([]byte, Posting) {
	dst, m := t.append(dst)
	return dst, Posting{time.Duration(t.opts.TMaxMS) * time.Millisecond, t.opts.People.Nature(m.who)}
}

// Recording gives recorded bid requests over and over, each time with a fresh id.
// Everything else stays as it was recorded. Who the people are follows from their
// ids. It is not safe for concurrent use.
type Recording struct {
	rnd   *rand.Rand
	items []recorded
	next  int
}

type recorded struct {
	body    []byte // begins with {"id":" and 36 bytes for the id, ends with ,"at":N}
	posting Posting
}

// idAt is where the id stands in a recorded body.
const idAt = len(`{"id":"`)

// ReadRecording reads bid requests, one JSON object a line, plain or gzip. Ids
// follow from seed. A request without tmax gets 120 ms.
func ReadRecording(r io.Reader, seed uint64) (*Recording, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("recorded requests: %w", err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
	}
	rec := &Recording{rnd: rand.New(rand.NewPCG(seed, 0xA54FF53A5F1D36F1))}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		item, err := record(line)
		if err != nil {
			return nil, fmt.Errorf("recorded requests, line %d: %w", n, err)
		}
		rec.items = append(rec.items, item)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("recorded requests: %w", err)
	}
	if len(rec.items) == 0 {
		return nil, errors.New("recorded requests: there are none, one is wanted on each line")
	}
	return rec, nil
}

func record(line []byte) (item recorded, err error) {
	var req openrtb2.BidRequest
	if err := json.Unmarshal(line, &req); err != nil {
		return item, fmt.Errorf("no bid request: %w", err)
	}
	if req.ID == "" || len(req.Imp) == 0 {
		return item, errors.New("a bid request has an id and at least one impression")
	}
	var rest map[string]json.RawMessage
	if err := json.Unmarshal(line, &rest); err != nil {
		return item, err
	}
	delete(rest, "id")
	delete(rest, "at")
	tail, err := json.Marshal(rest) // not empty: there are impressions
	if err != nil {
		return item, err
	}
	b := append(item.body, `{"id":"00000000-0000-4000-8000-000000000000",`...)
	b = append(b, tail[1:len(tail)-1]...)
	item.body = fmt.Appendf(b, `,"at":%d}`, 2-b2i(req.AT == 1))
	item.posting.TMax = 120 * time.Millisecond
	if req.TMax > 0 {
		item.posting.TMax = time.Duration(req.TMax) * time.Millisecond
	}
	kind, id := identityOf(&req, "")
	if kind == "" {
		id = req.ID // nobody else
	}
	item.posting.Person = Stranger(kind + ":" + id)
	return item, nil
}

// Next returns the next recorded request.
func (r *Recording) Next(dst []byte) ([]byte, Posting) {
	item := &r.items[r.next]
	r.next = (r.next + 1) % len(r.items)
	at := len(dst) + idAt
	dst = append(dst, item.body...)
	putUUID(dst[at:], r.rnd.Uint64(), r.rnd.Uint64())
	return dst, item.posting
}

// identityOf returns the type and the value of the id by which a bidder knows the
// person of a request best, both empty if there is none.
func identityOf(req *openrtb2.BidRequest, exchange string) (kind, id string) {
	switch {
	case req.User != nil && req.User.BuyerUID != "":
		return "buyeruid:" + exchange, req.User.BuyerUID
	case req.Device != nil && req.Device.IFA != "" && req.Device.IFA != noIFA:
		return "ifa", req.Device.IFA
	case req.User != nil && req.User.ID != "":
		return "user:" + exchange, req.User.ID
	}
	return "", ""
}

// setAuction writes the kind of auction, 1 or 2, into a request of a Source.
func setAuction(body []byte, at int) {
	key := []byte(`"at":`)
	if i := bytes.LastIndex(body, key); i >= 0 && i+len(key) < len(body) {
		body[i+len(key)] = byte('0' + at)
	}
}
