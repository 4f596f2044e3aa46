package bidder

import (
	"bytes"
	"crypto/subtle"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
	"bidwell/campaign"
)

// bid answers one bid request.
func (s *Server) bid(ctx *fasthttp.RequestCtx, name []byte, start time.Time) {
	e := s.engine
	l := e.live.Load()
	ex := l.Exchange(name)
	if ex == nil {
		e.Metrics.nobids[ad.UnknownExchange].Add(1)
		s.refuse(ctx, nil, statusNotFound, "no exchange of this name is configured")
		return
	}
	x := l.exchanges[ex.Index]
	switch {
	case !ctx.IsPost():
		ctx.Response.Header.Set("Allow", "POST")
		s.refuse(ctx, x, statusMethodNotAllowed, "bid requests are posted")
	case !authorized(ctx, ex):
		e.Metrics.nobids[ad.BadCredential].Add(1)
		s.refuse(ctx, x, statusUnauthorized, "the credential is missing or wrong")
	case ex.QPS > 0 && !x.limiter.AllowN(start, 1):
		e.Metrics.nobids[ad.OverQPS].Add(1)
		s.refuse(ctx, x, statusTooMany, "more queries per second than agreed")
	case e.unsafe.Load():
		e.Metrics.nobids[ad.NotDurable].Add(1)
		s.silent(ctx, x)
	case e.shed.full():
		e.Metrics.nobids[ad.Overloaded].Add(1)
		s.silent(ctx, x)
	default:
		sc := e.get()
		s.answer(ctx, sc, l.Snapshot, ex, x, start)
		e.put(sc)
		e.Metrics.decide.observe(time.Since(start))
	}
}

// answer reads the request, decides, and writes the response.
func (s *Server) answer(ctx *fasthttp.RequestCtx, sc *Scratch, snap *campaign.Snapshot, ex *campaign.Exchange, x *exchangeState, start time.Time) {
	e := s.engine
	body, st := s.body(ctx, sc, s.most)
	if st != statusOK {
		e.Metrics.nobids[ad.Malformed].Add(1)
		s.refuse(ctx, x, st, bodyProblems[st])
		return
	}
	if err := sc.Req.Decode(body); err != nil {
		e.Metrics.nobids[ad.Malformed].Add(1)
		s.refuse(ctx, x, statusBadRequest, err.Error())
		return
	}
	if e.Inventory != nil && !sc.Req.Test {
		e.Inventory.Offer(ex.Name, body, start)
	}
	deadline := start.Add(timeToAnswer(ex, sc.Req.TMaxMS))
	r := e.Decide(sc, snap, ex, start, deadline, nil)
	if r == ad.OK && time.Now().After(deadline) {
		e.withdraw(sc)
		r = ad.TooLate
	}
	e.Metrics.decided(sc, r)
	e.See(sc)
	switch {
	case r == ad.OK:
		e.count(sc)
		s.write(ctx, x, sc, e.AppendResponse(buffer(ctx, sc), sc))
		x.bids.Add(1)
		x.offers.Add(uint64(len(sc.Bids)))
	case sc.Req.Test || ex.Debug:
		tr := new(Trace) // whoever asks for reasons gets those of every line item
		e.Decide(sc, snap, ex, start, deadline, tr)
		s.write(ctx, x, sc, appendNoBid(buffer(ctx, sc), sc, r, tr))
	default:
		s.silent(ctx, x)
	}
}

// timeToAnswer returns the time that there is to answer: the exchange's, less what
// the network takes, of which there is never more than a quarter.
func timeToAnswer(ex *campaign.Exchange, tmaxMS int32) time.Duration {
	window := ex.Window
	if tmaxMS > 0 {
		window = min(window, time.Duration(tmaxMS)*time.Millisecond)
	}
	return window - min(ex.Network, window/4)
}

// withdraw gives back what bids that are not sent have reserved.
func (e *Engine) withdraw(sc *Scratch) {
	for i := range sc.Bids {
		if sc.Bids[i].Reserved {
			e.release(sc.Bids[i].ID)
			e.unhold(sc, &sc.Bids[i])
		}
	}
	sc.Bids = sc.Bids[:0]
}

// zips reports whether an answer may be packed.
func zips(ctx *fasthttp.RequestCtx) bool { return ctx.Request.Header.HasAcceptEncoding("gzip") }

// buffer is what a body is appended to: the response's own buffer, so that it
// need not be copied, or, if it may be packed, one of the scratch.
func buffer(ctx *fasthttp.RequestCtx, sc *Scratch) []byte {
	if zips(ctx) {
		return sc.plain[:0]
	}
	return ctx.Response.SwapBody(nil)[:0]
}

var (
	versionHeader = []byte("X-Openrtb-Version")
	version       = []byte("2.6")
)

// write answers with a body that was appended to buffer.
func (s *Server) write(ctx *fasthttp.RequestCtx, x *exchangeState, sc *Scratch, body []byte) {
	x.status[statusOK].Add(1)
	ctx.SetStatusCode(fasthttp.StatusOK)
	ctx.Response.Header.SetContentType("application/json")
	ctx.Response.Header.SetCanonical(versionHeader, version)
	if !zips(ctx) {
		ctx.Response.SwapBody(body)
		return
	}
	sc.plain = body
	if len(body) <= zipAbove {
		ctx.SetBody(body)
		return
	}
	ctx.Response.Header.SetContentEncoding("gzip")
	s.zip.writeTo(ctx, body)
}

// authorized tests the exchange's credential; an exchange without one is
// answered on loopback only.
func authorized(ctx *fasthttp.RequestCtx, ex *campaign.Exchange) bool {
	if ex.Credential == nil {
		return ctx.RemoteIP().IsLoopback()
	}
	got := ctx.Request.Header.Peek("Authorization")
	if bearer, ok := bytes.CutPrefix(got, []byte("Bearer ")); ok {
		got = bearer
	} else {
		got = ctx.QueryArgs().Peek("key")
	}
	return subtle.ConstantTimeCompare(got, ex.Credential) == 1
}
