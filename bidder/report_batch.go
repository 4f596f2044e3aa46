package bidder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/ledger"
	"bidwell/profile"
)

const (
	// mostReports is how many lines a batch may have, and mostReported how many bytes,
	// unpacked: more than a bid request, and enough for as many lines.
	mostReports  = 10_000
	mostReported = 8 << 20

	// mostBatches is how many batches are worked on at a time. Notices, on which
	// money hangs, stand in the same queue behind them.
	mostBatches = 4
)

// batchAnswer is what a sender hears of a batch. Lines are those that were not
// taken, and need not be sent again as they are.
type batchAnswer struct {
	Accepted int          `json:"accepted"`
	Repeated int          `json:"repeated"`
	Ignored  int          `json:"ignored"`
	Refused  int          `json:"refused"`
	Lines    []lineAnswer `json:"lines,omitempty"`
}

type lineAnswer struct {
	Line    int    `json:"line"` // the first is 1
	Event   string `json:"event,omitempty"`
	Outcome string `json:"outcome"`
	Text    string `json:"text"`
}

// batch is reports on their way to the ledger.
type batch struct {
	answer batchAnswer
	counts [numReportOutcomes]uint64
	events []ad.Event
	links  []profile.Link
}

// reportMany takes a batch: one report a line, as JSON. It is answered with 200
// when every line is on disk, or refused for good; else nothing is promised, and
// all of it may be sent again.
func (s *Server) reportMany(ctx *fasthttp.RequestCtx, kind ad.EventKind, now time.Time) {
	e := s.engine
	l := e.live.Load()
	of, public := l.Sender(senderKey(ctx.Request.Header.Peek("Authorization"), ctx.QueryArgs().Peek("key")))
	if of == nil || public {
		s.refuse(ctx, nil, statusUnauthorized, "the key is missing or wrong; a pixel_key is for pages, not for servers")
		return
	}
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	default:
		s.refuseForNow(ctx)
		return
	}
	sc := e.get()
	defer e.put(sc)
	body, st := s.body(ctx, sc, max(s.most, mostReported))
	if st != statusOK {
		s.refuse(ctx, nil, st, bodyProblems[st])
		return
	}
	if bytes.Count(bytes.TrimRight(body, "\r\n"), []byte("\n")) >= mostReports {
		s.refuse(ctx, nil, statusTooLarge, "there are more lines than this bidder takes at once")
		return
	}
	var b batch
	rd := e.reading(l, of, kind, now)
	b.read(rd, body, e.creditor(rd, time.Now()), func(id ad.ID, name string) { e.Ledger.Name(ledger.TopicName, id, name) })
	if err := e.record(rd, &b); err != nil {
		e.Metrics.reports[reportIndex(kind)][reportNotDurable].Add(uint64(len(b.events)))
		s.refuseForNow(ctx)
		return
	}
	for o, n := range b.counts {
		e.Metrics.reports[reportIndex(kind)][o].Add(n)
	}
	text, err := json.Marshal(&b.answer)
	if err != nil {
		s.refuse(ctx, nil, statusBadRequest, "the answer cannot be written") // no text of ours or of the sender's does that
		return
	}
	e.Metrics.unknown.status[statusOK].Add(1)
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetBody(text)
}

// report takes what an advertiser's page or server reports.
func (s *Server) report(ctx *fasthttp.RequestCtx, kind ad.EventKind, now time.Time) {
	switch {
	case ctx.IsGet():
		s.reportOne(ctx, kind, now)
	case ctx.IsPost():
		s.reportMany(ctx, kind, now)
	default:
		ctx.Response.Header.Set("Allow", "GET, POST")
		s.refuse(ctx, nil, statusMethodNotAllowed, "pages report with GET, servers with POST")
	}
}

// senderKey returns the key in a header, or else in the URL.
func senderKey(header, arg []byte) []byte {
	if key, ok := bytes.CutPrefix(header, []byte("Bearer ")); ok {
		return key
	}
	return arg
}

// knownSender reports whether a server that has a key sends this, by what can be
// told without decoding its URL.
func knownSender(snap *campaign.Snapshot, header, query []byte) bool {
	var arg []byte
	for part := range bytes.SplitSeq(query, []byte("&")) {
		if key, ok := bytes.CutPrefix(part, []byte("key=")); ok {
			arg = key
		}
	}
	of, public := snap.Sender(senderKey(header, arg))
	return of != nil && !public
}

// read takes the lines of a batch apart. Empty ones count as lines only.
func (b *batch) read(rd *reading, body []byte, c *creditor, name func(ad.ID, string)) {
	n, named := 0, ad.ID(0)
	for line := range bytes.Lines(body) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var r report
		if err := decodeReport(line, &r); err != nil {
			b.refuse(n, &r, refuse(reportUnreadable, "not a report: %v", err))
			continue
		}
		if r.Event == "" {
			b.refuse(n, &r, refuse(reportNoEvent, "event is missing: an id of yours, by which a repetition is told"))
			continue
		}
		ev, about, no := rd.event(&r)
		if no != nil {
			b.refuse(n, &r, no)
			continue
		}
		if len(r.IDs) == 0 && !c.byCause(&ev) {
			b.refuse(n, &r, refuse(reportNobody, "there are no ids, and no click of this bid is known that was before"))
			continue
		}
		if about.ID != named {
			name(about.ID, about.Name)
			named = about.ID
		}
		b.events = append(b.events, ev)
		b.links = r.links(b.links)
	}
}

// decodeReport decodes one line and accepts no key that it does not know.
func decodeReport(line []byte, r *report) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	var typed *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch err := d.Decode(r); {
	case errors.As(err, &typed) && typed.Field != "":
		return fmt.Errorf("%s cannot be a JSON %s", typed.Field, typed.Value)
	case errors.As(err, &typed):
		return fmt.Errorf("it is a JSON %s and no object", typed.Value)
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is no JSON")
	case err != nil:
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// refuse notes why a line is not taken.
func (b *batch) refuse(line int, r *report, no *objection) {
	b.counts[no.outcome]++
	if no.outcome == reportNoTopic {
		b.answer.Ignored++
	} else {
		b.answer.Refused++
	}
	event := r.Event
	if len(event) > longestEvent {
		event = event[:longestEvent]
	}
	b.answer.Lines = append(b.answer.Lines, lineAnswer{line, event, no.outcome.String(), no.text})
}

// link makes links. Those of people whose record is damaged are left out: to ask
// for them again would not help.
func (e *Engine) link(now time.Time, links []profile.Link) error {
	if len(links) == 0 {
		return nil
	}
	err := e.Profiles.Link(now, links...)
	switch {
	case !errors.Is(err, profile.ErrDamaged) && !errors.Is(err, profile.ErrCorrupt):
		return err
	case len(links) == 1:
		return nil
	}
	half := len(links) / 2
	return errors.Join(e.link(now, links[:half]), e.link(now, links[half:]))
}

// record makes a batch durable: first the links, then the events, so that whoever
// reads an event finds the person.
func (e *Engine) record(rd *reading, b *batch) error {
	if err := e.link(rd.now, b.links); err != nil {
		return err
	}
	if rd.kind == ad.EventConversion {
		c := e.creditor(rd, time.Now())
		for i := range b.events {
			c.credit(&b.events[i])
		}
	}
	outcomes := make([]ad.Reason, len(b.events))
	if err := e.Ledger.AppendAll(b.events, outcomes); err != nil {
		e.unsafe.Store(true) // until CheckLedger finds it well
		return err
	}
	for _, o := range outcomes {
		if o == ad.NoticeReplayed {
			b.answer.Repeated++
			b.counts[reportRepeated]++
			continue
		}
		b.answer.Accepted++
		b.counts[reportAccepted]++
	}
	return nil
}
