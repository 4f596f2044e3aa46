package openrtb

import (
	"encoding/hex"

	"bidwell/ad"
)

// StaticFields are the members of a bid that are the same for every bid with a
// creative. Empty ones are left out.
type StaticFields struct {
	CID      string   // campaign
	CRID     string   // creative
	ADomain  []string // advertiser's domains
	Cat      []string
	CatTax   int // taxonomy of Cat
	Attr     []int
	APIs     []int
	Language string // ISO 639-1
	Bundle   string // of the advertised app
	Media    ad.Media
}

// AppendStatic appends the members of a bid that f holds, each with a comma
// before it, for Bid.Static. It is called once for a creative.
func AppendStatic(dst []byte, f *StaticFields) []byte {
	dst = appendMember(dst, `,"cid":`, f.CID)
	dst = appendMember(dst, `,"crid":`, f.CRID)
	dst = appendStrings(dst, `,"adomain":`, f.ADomain)
	dst = appendMember(dst, `,"bundle":`, f.Bundle)
	dst = appendNumber(dst, `,"cattax":`, int64(f.CatTax))
	dst = appendStrings(dst, `,"cat":`, f.Cat)
	dst = appendInts(dst, `,"attr":`, f.Attr)
	dst = appendInts(dst, `,"apis":`, f.APIs)
	dst = appendMember(dst, `,"language":`, f.Language)
	return appendNumber(dst, `,"mtype":`, int64(f.Media))
}

// Transparency is what the European Digital Services Act wants to be told of an
// ad: bid.ext.dsa. Empty members are left out.
type Transparency struct {
	Behalf string // on whose behalf the ad is shown
	Paid   string // who pays for it
	Render bool   // the ad shows this information itself
	Domain string // who applied the parameters
	Params []int  // user parameters applied, from the IAB's list
}

// AppendTransparency appends t as a JSON object, for Bid.DSA. It is called once
// for a creative.
func AppendTransparency(dst []byte, t *Transparency) []byte {
	dst = append(dst, `{"adrender":`...)
	if t.Render {
		dst = append(dst, '1')
	} else {
		dst = append(dst, '0')
	}
	dst = appendMember(dst, `,"behalf":`, t.Behalf)
	dst = appendMember(dst, `,"paid":`, t.Paid)
	if t.Domain != "" && len(t.Params) > 0 {
		dst = append(dst, `,"transparency":[{"domain":`...)
		dst = AppendString(dst, t.Domain)
		dst = appendInts(dst, `,"dsaparams":`, t.Params)
		dst = append(dst, "}]"...)
	}
	return append(dst, '}')
}

// Bid is one bid of a response: what differs from request to request, and the
// rest as AppendStatic rendered it. Numbers that are 0 and slices that are empty
// are left out of the response, except the id, impid and price.
type Bid struct {
	ID        ad.BidID
	ImpID     []byte
	Price     ad.Money // of one impression, so its CPM in micro-units, in the response's currency
	W, H      int32
	DurS      int32
	ExpS      int32
	Protocol  int32
	API       int32 // the API that the markup uses, of those on offer
	SlotInPod int32
	DealID    []byte
	NURL      []byte // win notice
	BURL      []byte // billing notice
	LURL      []byte // loss notice
	Static    []byte // from AppendStatic
	DSA       []byte // from AppendTransparency, if the bid must carry it
	Adm       []byte // markup, escaped already as AppendEscaped does
}

// AppendResponse begins the response to the request with the given id, whose
// prices are in cur. A whole response is appended like this:
//
//	dst = AppendResponse(dst, req.ID, cur)
//	dst = AppendSeat(dst, "seat") // once or more
//	dst = AppendBid(dst, &bid)    // once or more for each seat
//	dst = AppendSeatEnd(dst)
//	dst = AppendResponseEnd(dst)
func AppendResponse(dst, id []byte, cur ad.Currency) []byte {
	dst = append(dst, `{"id":`...)
	dst = AppendString(dst, id)
	dst = append(dst, `,"cur":"`...)
	dst = append(dst, cur[:]...)
	return append(dst, `","seatbid":[`...)
}

// AppendSeat begins the bids of a buyer seat, which may be without a name.
func AppendSeat(dst []byte, seat string) []byte {
	dst = append(comma(dst), '{')
	if seat != "" {
		dst = append(dst, `"seat":`...)
		dst = AppendString(dst, seat)
		dst = append(dst, ',')
	}
	return append(dst, `"bid":[`...)
}

// AppendBid appends a bid of the seat.
func AppendBid(dst []byte, b *Bid) []byte {
	dst = append(comma(dst), `{"id":"`...)
	dst = hex.AppendEncode(dst, b.ID[:])
	dst = append(dst, `","impid":`...)
	dst = AppendString(dst, b.ImpID)
	dst = append(dst, `,"price":`...)
	dst = b.Price.AppendCPM(dst)
	dst = append(dst, b.Static...)
	dst = appendNumber(dst, `,"w":`, int64(b.W))
	dst = appendNumber(dst, `,"h":`, int64(b.H))
	dst = appendNumber(dst, `,"dur":`, int64(b.DurS))
	dst = appendNumber(dst, `,"exp":`, int64(b.ExpS))
	dst = appendNumber(dst, `,"protocol":`, int64(b.Protocol))
	if b.API != 0 {
		dst = append(dst, `,"apis":[`...)
		dst = AppendInt(dst, int64(b.API))
		dst = append(dst, ']')
	}
	dst = appendNumber(dst, `,"slotinpod":`, int64(b.SlotInPod))
	dst = appendMember(dst, `,"dealid":`, b.DealID)
	dst = appendMember(dst, `,"nurl":`, b.NURL)
	dst = appendMember(dst, `,"burl":`, b.BURL)
	dst = appendMember(dst, `,"lurl":`, b.LURL)
	if len(b.DSA) > 0 {
		dst = append(dst, `,"ext":{"dsa":`...)
		dst = append(dst, b.DSA...)
		dst = append(dst, '}')
	}
	if len(b.Adm) > 0 {
		dst = append(dst, `,"adm":"`...)
		dst = append(dst, b.Adm...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// AppendSeatEnd ends the bids of a seat.
func AppendSeatEnd(dst []byte) []byte { return append(dst, "]}"...) }

// AppendResponseEnd ends the response.
func AppendResponseEnd(dst []byte) []byte { return append(dst, "]}"...) }

// AppendNoBid appends a whole response that bids on nothing, with OpenRTB's
// no-bid reason code and, unless it is empty, ext, which must be a JSON object.
func AppendNoBid(dst, id []byte, nbr int, ext []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = AppendString(dst, id)
	dst = append(dst, `,"nbr":`...)
	dst = AppendInt(dst, int64(nbr))
	if len(ext) > 0 {
		dst = append(dst, `,"ext":`...)
		dst = append(dst, ext...)
	}
	return append(dst, '}')
}

// comma appends a comma if an object ends before it.
func comma(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] == '}' {
		return append(dst, ',')
	}
	return dst
}
