package bidder

import (
	"math/bits"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/ad"
	"bidwell/creative"
	"bidwell/notice"
	"bidwell/pacing"
)

// The smallest GIF there is: one transparent pixel.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// notice takes one notice: /e/win, /e/bill, /e/loss, /e/imp, /e/view, /e/click.
func (s *Server) notice(ctx *fasthttp.RequestCtx, name []byte, now time.Time) {
	e := s.engine
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
	said := Said{Detail: detailOf(kind, args), Price: args.Peek("p"), Least: args.Peek("m")}
	var r ad.Reason
	if kind == ad.Impression {
		said.Context, r = e.Verifier.ParseImpression(&sc.notice, &t, args.Peek("t"), args.Peek("c"), now)
	} else {
		r = e.Verifier.Parse(&sc.notice, &t, args.Peek("t"), kind, now)
	}
	var err error
	if r == ad.OK {
		r, err = e.take(&t, said, now)
	}
	e.Metrics.notices[kind][r].Add(1)
	switch {
	case err != nil:
		ctx.Response.Header.Set("Retry-After", "5")
		s.refuse(ctx, nil, statusTooMany, "this cannot be recorded now; send it again")
		return
	case r != ad.OK && r != ad.NoticeReplayed:
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

// detailOf returns what a notice says besides its kind: of a view, what was seen;
// of a loss, the exchange's reason.
func detailOf(kind ad.Notice, args *fasthttp.Args) uint8 {
	switch kind {
	case ad.View:
		return viewEvent(args.Peek("e"))
	case ad.Loss:
		if n, err := args.GetUint("l"); err == nil && n < 256 {
			return uint8(n)
		}
	}
	return 0
}

// viewEvent returns the number of an event, 0 for one that is not known.
func viewEvent(name []byte) uint8 {
	for i, e := range viewEvents {
		if string(name) == e {
			return uint8(i)
		}
	}
	return 0
}

// Said is what a notice says beside its token.
type Said struct {
	Detail  uint8  // of a view, what was seen; of a loss, the exchange's reason
	Price   []byte // what stands for the price macro
	Least   []byte // what stands for the macro of the least bid that would have won
	Context []byte // of an impression, what response models saw of it
}

// take accounts for a notice whose token is good. It returns when the event is on
// disk, or an error if it cannot be put there.
func (e *Engine) take(t *notice.Token, said Said, now time.Time) (ad.Reason, error) {
	if t.Test {
		return ad.OK, nil
	}
	ev := e.event(t, &said, now)
	settles := t.Kind == e.settlesOn(t)
	if settles {
		cost, r := e.clearing(t, said.Price)
		if r != ad.OK {
			return r, nil
		}
		ev.Price = cost
	}
	r, err := e.Ledger.Append(&ev)
	if err != nil {
		e.unsafe.Store(true) // until CheckLedger finds it well
		return ad.NotDurable, err
	}
	if r == ad.OK {
		e.book(t, &ev, settles, now) // the person's profile follows the ledger: see profile/touches
	}
	return r, nil
}

// event makes the event that a notice reports.
func (e *Engine) event(t *notice.Token, said *Said, now time.Time) ad.Event {
	ev := ad.Event{
		Kind: ad.EventOf(t.Kind), Detail: said.Detail, Media: t.Media,
		Day: e.Books.Money.Get(t.Campaign).Day(t.Time),
		Bid: t.Bid, Time: now.UnixMilli(), BidTime: t.Time,
		Exchange: t.Exchange, Advertiser: t.Advertiser, Campaign: t.Campaign, Line: t.Line, Creative: t.Creative,
		Deal: t.Deal, Person: t.Person, Offer: t.Price,
	}
	switch t.Kind {
	case ad.Impression:
		ev.Context = string(said.Context)
	case ad.Win, ad.Billing, ad.Loss:
		ev.Segment, ev.Auction, ev.Least = t.Segment, t.Auction, e.least(t, said)
	}
	return ev
}

// least returns the least that would have won, in house currency: as the exchange
// says; else, where the second price is paid, that price. It is 0 if nobody says.
func (e *Engine) least(t *notice.Token, said *Said) ad.Money {
	if m, ok := e.amount(t, said.Least); ok && m > 0 {
		return roughly(m, t)
	}
	if t.Kind == ad.Loss || t.Auction != ad.SecondPrice {
		return 0
	}
	if m, ok := e.amount(t, said.Price); ok && m <= t.BidPrice {
		return roughly(m, t)
	}
	return 0
}

// roughly returns what an amount in the currency of a bid is in house currency, for
// what is learned from and not paid.
func roughly(m ad.Money, t *notice.Token) ad.Money {
	if t.BidPrice <= 0 {
		return 0
	}
	return m.Mul(float64(t.Price) / float64(t.BidPrice))
}

// book brings the accounts in memory up to an event that is on disk.
func (e *Engine) book(t *notice.Token, ev *ad.Event, settles bool, now time.Time) {
	ids := [...]ad.ID{t.Line, t.Campaign, t.Advertiser}
	if settles && ev.Price > 0 {
		e.settle(e.Money, e.Books.Money, ids[:], t, ev.Price, now)
		e.Metrics.spend.Add(int64(ev.Price))
	} else if settles {
		e.Money.Release(t.Bid) // it was won for nothing
	}
	e.expose(t, ev)
	switch t.Kind {
	case ad.Impression:
		e.settle(e.Counts, e.Books.Counts, ids[:], t, 1, now)
	case ad.Loss:
		e.release(t.Bid) // one that is settled or released already stays so
	}
}

// Late brings the accounts in memory up to an event that became durable after its
// notice had been refused, as when the disk was full. It is for ledger.Config.Late.
func (e *Engine) Late(ev *ad.Event) {
	t := notice.Token{
		Bid: ev.Bid, Time: ev.BidTime, Exchange: ev.Exchange,
		Advertiser: ev.Advertiser, Campaign: ev.Campaign, Line: ev.Line, Creative: ev.Creative, Person: ev.Person,
	}
	for kind := ad.Win; kind <= ad.Click; kind++ {
		if ad.EventOf(kind) == ev.Kind {
			t.Kind = kind
		}
	}
	e.book(&t, ev, ev.Price > 0 || t.Kind == e.settlesOn(&t), time.UnixMilli(ev.Time))
}

// settle charges accounts for a bid. That the ledger holds the event decides; if
// the book in memory does not remember the bid, it is charged all the same.
func (e *Engine) settle(b *pacing.Book, accounts *pacing.Accounts, ids []ad.ID, t *notice.Token, price ad.Money, now time.Time) {
	var list [3]*pacing.Account
	for i, id := range ids {
		list[i] = accounts.Get(id)
	}
	if r := b.Settle(t.Bid, list[:], price, time.Unix(t.Time, 0), now); r != ad.OK {
		b.Charge(list[:], price, time.Unix(t.Time, 0))
	}
}

// release frees what is reserved for a bid.
func (e *Engine) release(id ad.BidID) {
	e.Money.Release(id)
	e.Counts.Release(id)
}

// settlesOn returns the notice that the exchange bills on for a bid: what was agreed
// when it was made. Of a token that does not say it is what holds now; an exchange that
// is configured no more then bills on billing.
func (e *Engine) settlesOn(t *notice.Token) ad.Notice {
	if t.Settles != 0 {
		return t.Settles
	}
	if ex := e.Snapshot().ExchangeByID(t.Exchange); ex != nil {
		return ex.SettleOn
	}
	return ad.Billing
}

// clearing reads the clearing price of a won bid, plain or encrypted as the
// exchange sends it, and returns it in house currency.
func (e *Engine) clearing(t *notice.Token, text []byte) (ad.Money, ad.Reason) {
	price, ok := e.amount(t, text)
	switch {
	case !ok:
		return 0, ad.PriceInvalid
	case price > t.BidPrice:
		return 0, ad.PriceAboveBid
	}
	return houseCost(price, t), ad.OK
}

// amount reads an amount in the currency of a bid, plain or encrypted as the exchange
// sends it.
func (e *Engine) amount(t *notice.Token, text []byte) (ad.Money, bool) {
	if ex := e.Snapshot().ExchangeByID(t.Exchange); ex != nil && ex.PriceKeys != nil {
		return ex.PriceKeys.Price(text)
	}
	return notice.ParsePrice(text)
}

// houseCost returns a clearing price in house currency, at the rate at which the
// bid was made: the token holds the bid in both currencies.
func houseCost(price ad.Money, t *notice.Token) ad.Money {
	if price == t.BidPrice {
		return t.Price
	}
	// In integers: a float would make some prices dearer by a nano-unit.
	hi, lo := bits.Mul64(uint64(t.Price), uint64(price))
	lo, carry := bits.Add64(lo, uint64(t.BidPrice)-1, 0) // to round up
	cost, _ := bits.Div64(hi+carry, lo, uint64(t.BidPrice))
	return ad.Money(cost)
}

// click counts a click and sends the browser to the landing page that was
// signed. An old token still leads there; it is only not counted.
func (s *Server) click(ctx *fasthttp.RequestCtx, sc *Scratch, t *notice.Token, now time.Time) {
	e := s.engine
	args := ctx.QueryArgs()
	target := args.Peek("u")
	r := e.Verifier.ParseClick(&sc.notice, t, args.Peek("t"), target, now)
	if r == ad.OK {
		// The person is sent on even if the click cannot be recorded.
		r, _ = e.take(t, Said{}, now)
	}
	e.Metrics.notices[ad.Click][r].Add(1)
	if r == ad.TokenForged || r == ad.TokenTruncated {
		s.refuse(ctx, nil, statusBadRequest, r.Text())
		return
	}
	e.Metrics.unknown.status[statusFound].Add(1)
	ctx.Response.Header.SetBytesV("Location", creative.FillLanding(target, t.Bid))
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetStatusCode(fasthttp.StatusFound)
}
