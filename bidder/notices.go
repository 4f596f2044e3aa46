package bidder

import (
	"math"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
	"bidwell/notice"
	"bidwell/pacing"
)

// The smallest GIF there is: one transparent pixel.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// notice takes one notice: /e/win, /e/bill, /e/loss, /e/imp, /e/view, /e/click.
func (s *Server) notice(ctx *fasthttp.RequestCtx, name []byte, now time.Time) {
	e := s.Engine
	kind := ad.NoticeOf(string(name))
	unknown := &e.Metrics.unknown
	switch {
	case kind == ad.NoNotice:
		s.refuse(ctx, nil, statusNotFound, "there is no notice of this kind")
		return
	case !ctx.IsGet() && !ctx.IsPost() && !ctx.IsHead():
		ctx.Response.Header.Set("Allow", "GET, POST")
		s.refuse(ctx, nil, statusMethodNotAllowed, "notices are sent with GET or POST")
		return
	}
	sc := e.get()
	defer e.put(sc)
	args := ctx.QueryArgs()
	var t notice.Token
	if kind == ad.Click {
		s.click(ctx, sc, &t, now)
		return
	}
	r := e.Verifier.Parse(&sc.notice, &t, args.Peek("t"), kind, now)
	if r == ad.OK {
		r = e.take(&t, viewEvent(args.Peek("e")), args.Peek("p"), now)
	}
	e.Metrics.notices[kind][r].Add(1)
	if r != ad.OK && r != ad.NoticeReplayed {
		s.refuse(ctx, nil, statusBadRequest, r.Text())
		return
	}
	unknown.status[statusOK].Add(1)
	ctx.SetStatusCode(fasthttp.StatusOK)
	if kind == ad.Impression || kind == ad.View {
		ctx.Response.Header.SetContentType("image/gif")
		ctx.Response.Header.Set("Cache-Control", "no-store")
		ctx.SetBody(pixel)
	}
}

// viewEvents are what may happen to an ad that is seen or played, as its markup
// reports them.
var viewEvents = [...]string{"", "viewable", "start", "firstQuartile", "midpoint", "thirdQuartile", "complete"}

// viewEvent returns the number of an event, 0 for one that is not known.
func viewEvent(name []byte) uint8 {
	for i, e := range viewEvents {
		if string(name) == e {
			return uint8(i)
		}
	}
	return 0
}

// take accounts for a notice whose token is good. The price is the value of the
// price macro, as text.
func (e *Engine) take(t *notice.Token, event uint8, price []byte, now time.Time) ad.Reason {
	if t.Kind != ad.View {
		event = 0
	}
	if !e.Seen.First(t.Bid, t.Kind, event, now) {
		return ad.NoticeReplayed
	}
	if t.Test {
		return ad.OK
	}
	r := ad.OK
	switch t.Kind {
	case e.settlesOn(t.Exchange):
		r = e.settle(t, price, now)
	case ad.Loss:
		e.Book.Release(t.Bid) // one that is settled or released already stays so
	}
	if r != ad.OK && r != ad.NoticeReplayed {
		e.Seen.Forget(t.Bid, t.Kind, event) // refused, not taken: a corrected one may come
	}
	return r
}

// settlesOn returns the notice that an exchange bills on. One that is configured
// no more settles on billing.
func (e *Engine) settlesOn(id ad.ID) ad.Notice {
	if ex := e.Snapshot().ExchangeByID(id); ex != nil {
		return ex.SettleOn
	}
	return ad.Billing
}

// settle charges the clearing price of a won bid.
func (e *Engine) settle(t *notice.Token, text []byte, now time.Time) ad.Reason {
	price, ok := notice.ParsePrice(text)
	if !ok {
		return ad.PriceInvalid
	}
	if price > t.BidPrice {
		return ad.PriceAboveBid
	}
	cost := houseCost(price, t)
	accounts := [...]*pacing.Account{e.Accounts.Get(t.Line), e.Accounts.Get(t.Campaign), e.Accounts.Get(t.Advertiser)}
	r := e.Book.Settle(t.Bid, accounts[:], cost, time.Unix(t.Time, 0), now)
	if r == ad.OK {
		e.Metrics.spend.Add(int64(cost))
	}
	return r
}

// houseCost returns a clearing price in house currency, at the rate at which the
// bid was made: the token holds the bid in both currencies.
func houseCost(price ad.Money, t *notice.Token) ad.Money {
	if price == t.BidPrice {
		return t.Price
	}
	cost := math.Ceil(float64(t.Price) * (float64(price) / float64(t.BidPrice)))
	return min(ad.Money(cost), t.Price)
}

// click counts a click and sends the browser to the landing page that was
// signed. An old token still leads there; it is only not counted.
func (s *Server) click(ctx *fasthttp.RequestCtx, sc *Scratch, t *notice.Token, now time.Time) {
	e := s.Engine
	args := ctx.QueryArgs()
	target := args.Peek("u")
	r := e.Verifier.ParseClick(&sc.notice, t, args.Peek("t"), target, now)
	if r == ad.OK && !e.Seen.First(t.Bid, ad.Click, 0, now) {
		r = ad.NoticeReplayed
	}
	e.Metrics.notices[ad.Click][r].Add(1)
	if r != ad.OK && r != ad.NoticeReplayed && r != ad.TokenExpired {
		s.refuse(ctx, nil, statusBadRequest, r.Text())
		return
	}
	e.Metrics.unknown.status[statusFound].Add(1)
	ctx.Response.Header.SetBytesV("Location", target)
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetStatusCode(fasthttp.StatusFound)
}
