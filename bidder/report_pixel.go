package bidder

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/openrtb"
	"bidwell/profile"
)

// Pixels come from anybody's browser, and each is a write to the disk: more than
// this are turned away.
const (
	mostPixels     = 10_000 // per second
	mostPixelsOnce = 2_000
)

// reportOne answers a pixel:
//
//	GET /e/visit?key=KEY[&topic=…|&url=…][&kind=…][&event=…][&uid=…&uid_type=…][consent as for /sync]
//	GET /e/conv?key=KEY&topic=…&event=ORDER[&value=…&currency=…][&bid=…][…]
//
// The person is who has our cookie, or who the id is of; with both, they are one
// person. A browser with neither gets a cookie and comes again.
func (s *Server) reportOne(ctx *fasthttp.RequestCtx, kind ad.EventKind, now time.Time) {
	e := s.engine
	l := e.live.Load()
	of, public := l.Sender(ctx.QueryArgs().Peek("key"))
	if of == nil || !public {
		s.refuse(ctx, nil, statusUnauthorized, "the key is missing, or not a pixel_key")
		return
	}
	rd := e.reading(l, of, kind, now)
	no, begun := s.pixelReport(ctx, rd)
	outcome := reportAccepted
	if no != nil {
		outcome = no.outcome
	}
	if !begun {
		e.Metrics.reports[reportIndex(kind)][outcome].Add(1)
	}
	switch outcome {
	case reportAccepted, reportRepeated, reportNoTopic, reportNoConsent, reportNoCookie:
		ctx.Response.Header.Set("Cache-Control", "no-store")
		if begun {
			e.Metrics.unknown.status[statusFound].Add(1)
			ctx.SetStatusCode(fasthttp.StatusFound)
			return
		}
		e.Metrics.unknown.status[statusOK].Add(1)
		ctx.Response.Header.SetContentType("image/gif")
		ctx.SetBody(pixel)
	case reportTooMany, reportNotDurable:
		s.refuseForNow(ctx)
	default:
		s.refuse(ctx, nil, statusBadRequest, no.text)
	}
}

// refuseForNow asks for the same again, later.
func (s *Server) refuseForNow(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set("Retry-After", "5")
	s.refuse(ctx, nil, statusTooMany, "this cannot be recorded now; send it again")
}

// pixelReport takes a pixel, or says why not. It reports true if the browser was
// given a cookie and sent to come again.
func (s *Server) pixelReport(ctx *fasthttp.RequestCtx, rd *reading) (no *objection, begun bool) {
	e, args := s.engine, ctx.QueryArgs()
	var req openrtb.Request
	readConsent(&req, ctx)
	may, _ := rd.snap.Vouched.Permission(&req)
	if !may.Write {
		return &objection{outcome: reportNoConsent}, false
	}
	r := report{
		Event: string(args.Peek("event")), Kind: string(args.Peek("kind")), Topic: string(args.Peek("topic")),
		URL: string(args.Peek("url")), Currency: string(args.Peek("currency")), Bid: string(args.Peek("bid")),
	}
	if r.URL == "" {
		r.URL = string(ctx.Request.Header.Referer())
	}
	if r.Event == "" && rd.kind == ad.EventConversion {
		return refuse(reportNoEvent, "event is missing: the order's id, by which a repetition is told"), false
	}
	if v := args.Peek("value"); len(v) > 0 {
		var err error
		if r.Value, err = strconv.ParseFloat(string(v), 64); err != nil {
			return refuse(reportBadValue, "value is no number"), false
		}
	}
	if cookie := string(ctx.Request.Header.Cookie(cookieName)); validCookie(cookie) {
		r.IDs = append(r.IDs, profile.ID{Type: "cookie", Value: cookie})
	}
	if uid := args.Peek("uid"); len(uid) > 0 {
		r.IDs = append(r.IDs, profile.ID{Type: string(args.Peek("uid_type")), Value: string(uid)})
	}
	if len(r.IDs) == 0 {
		if giveCookie(ctx, rd.snap.Process.URLs.Public) == syncBegun {
			return nil, true
		}
		return &objection{outcome: reportNoCookie}, false
	}
	ev, about, no := rd.event(&r)
	if no != nil {
		return no, false
	}
	if !s.pixels.AllowN(rd.now, 1) {
		return &objection{outcome: reportTooMany}, false
	}
	if e.link(rd.now, r.links(nil)) != nil {
		return &objection{outcome: reportNotDurable}, false
	}
	if rd.kind == ad.EventConversion {
		c := e.creditor(rd, time.Now())
		if !may.Read {
			c.people = nil
		}
		c.credit(&ev)
	}
	e.Ledger.Name(ledger.TopicName, about.ID, about.Name)
	reason, err := e.Ledger.Append(&ev)
	switch {
	case err != nil:
		e.unsafe.Store(true) // until CheckLedger finds it well
		return &objection{outcome: reportNotDurable}, false
	case reason == ad.NoticeReplayed:
		return &objection{outcome: reportRepeated}, false
	case reason != ad.OK:
		return refuse(reportBadValue, "%s", reason.Text()), false
	}
	return nil, false
}
