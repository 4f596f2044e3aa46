package bidder

import (
	"slices"

	"bidwell/ad"
	"bidwell/creative"
	"bidwell/openrtb"
)

// urlBuffers are the URLs and the markup of the bid that is being written.
type urlBuffers struct {
	win, billing, loss      []byte
	impression, view, click []byte
	landing, adm            []byte
}

// AppendResponse appends the response to a request that Decide found bids for.
func (e *Engine) AppendResponse(dst []byte, sc *Scratch) []byte {
	dst = openrtb.AppendResponse(dst, sc.Req.ID, sc.money.cur)
	dst = openrtb.AppendSeat(dst, sc.exchange.Seat)
	for i := range sc.Bids {
		dst = e.appendBid(dst, sc, &sc.Bids[i])
	}
	dst = openrtb.AppendSeatEnd(dst)
	return openrtb.AppendResponseEnd(dst)
}

func (e *Engine) appendBid(dst []byte, sc *Scratch, b *Bid) []byte {
	u := &sc.urls
	e.sign(sc, b)
	sc.fillURLs(b)
	macros := creative.Macros{BidID: b.ID, ClickURL: u.click, ImpressionURL: u.impression, ViewURL: u.view}
	u.adm = b.Creative.AppendMarkup(u.adm[:0], &b.Fit, &macros)
	out := openrtb.Bid{
		ID: b.ID, ImpID: b.Imp.ID, Price: b.Price,
		W: b.Fit.W, H: b.Fit.H, DurS: b.Fit.DurationS, Protocol: b.Fit.Protocol, API: b.Fit.API,
		ExpS: sc.expiry(b.Imp),
		NURL: u.win, BURL: u.billing, LURL: u.loss,
		Static: b.Creative.Static, Adm: u.adm,
	}
	if b.Deal != nil {
		out.DealID = b.Deal.ID
	}
	if sc.Req.Regs.DSA.Present && b.Creative.Campaign.DSA != nil {
		out.DSA = b.Creative.Campaign.DSA.JSON
	}
	return openrtb.AppendBid(dst, &out)
}

// expiry returns how many seconds we hold to the bid: as long as its budget is
// reserved, or less if the exchange says that it needs less.
func (sc *Scratch) expiry(imp *openrtb.Imp) int32 {
	held := int32(min(sc.exchange.NoticeWindow.Seconds(), 1<<30))
	if imp.ExpS > 0 {
		return min(imp.ExpS, held)
	}
	return held
}

// sign makes the tokens of a bid.
func (e *Engine) sign(sc *Scratch, b *Bid) {
	t := sc.Token(b)
	e.Signer.Sign(&sc.notice, &t)
}

// dealID is the id under which a deal is kept, 0 for none.
func dealID(d *openrtb.Deal) ad.ID {
	if d == nil {
		return 0
	}
	return ad.HashID(d.ID)
}

// fillURLs writes the URLs of a bid with the tokens signed for it. Exchanges
// fill in the macros; in a URL that a browser calls, the price only stands where
// the exchange settles on it.
func (sc *Scratch) fillURLs(b *Bid) {
	u, base := &sc.urls, &sc.snap.Process.URLs
	u.win = append(sc.url(u.win, base.Notices, ad.Win), "&p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"...)
	u.billing = append(sc.url(u.billing, base.Notices, ad.Billing), "&p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"...)
	u.loss = append(sc.url(u.loss, base.Notices, ad.Loss), "&l=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}"...)
	u.impression = append(append(u.impression[:0], base.Public...), "/e/imp?"...)
	u.impression = sc.notice.AppendImpression(u.impression, b.context)
	if sc.exchange.SettleOn == ad.Impression {
		u.impression = append(u.impression, "&p=${AUCTION_PRICE}"...)
	}
	u.view = sc.url(u.view, base.Public, ad.View)
	u.landing = append(u.landing[:0], b.Creative.Landing...)
	u.click = append(append(u.click[:0], base.Public...), "/e/click?"...)
	u.click = sc.notice.AppendClick(u.click, u.landing)
}

// url writes the URL of one kind of notice over dst.
func (sc *Scratch) url(dst []byte, base string, kind ad.Notice) []byte {
	dst = append(dst[:0], base...)
	dst = append(dst, "/e/"...)
	dst = append(dst, kind.String()...)
	dst = append(dst, "?t="...)
	return sc.notice.Append(dst, kind)
}

// appendNoBid appends the answer to a request without a bid that asks for the
// reasons: OpenRTB's reason code, ours, and how many line items failed on what.
func appendNoBid(dst []byte, sc *Scratch, r ad.Reason, tr *Trace) []byte {
	var counts [ad.NumReasons]int
	for i := range tr.imps {
		for k := range tr.imps[i].lines {
			counts[tr.imps[i].lines[k].reason]++
		}
	}
	reasons := make([]ad.Reason, 0, len(counts))
	for i := range counts {
		if counts[i] > 0 {
			reasons = append(reasons, ad.Reason(i))
		}
	}
	slices.SortStableFunc(reasons, func(a, b ad.Reason) int { return counts[b] - counts[a] })
	ext := openrtb.AppendString([]byte(`{"bidwell":{"reason":`), r.String())
	ext = append(ext, `,"text":`...)
	ext = openrtb.AppendString(ext, r.Text())
	ext = append(ext, `,"line_items":{`...)
	for k, i := range reasons {
		if k > 0 {
			ext = append(ext, ',')
		}
		ext = openrtb.AppendString(ext, i.String())
		ext = append(ext, ':')
		ext = openrtb.AppendInt(ext, int64(counts[i]))
	}
	ext = append(ext, "}}}"...)
	return openrtb.AppendNoBid(dst, sc.Req.ID, r.NBR(), ext)
}
