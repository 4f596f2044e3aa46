package notice

import (
	"encoding/binary"
	"math"

	"bidwell/ad"
)

// Token is what a notice knows of its bid.
type Token struct {
	Bid        ad.BidID
	Kind       ad.Notice // set by Parse; a Signer appends every kind
	Exchange   ad.ID
	Advertiser ad.ID
	Campaign   ad.ID
	Line       ad.ID
	Creative   ad.ID
	Deal       ad.ID       // zero for the open auction
	Person     ad.PersonID // zero if nobody, or not permitted to leave
	Price      ad.Money    // our bid for the impression, in the house currency
	BidPrice   ad.Money    // our bid for the impression, in Cur
	Cur        ad.Currency // of the response
	Time       int64       // of the bid, in unix seconds
	Media      ad.Media
	Test       bool      // spends nothing
	Settles    ad.Notice // what the exchange bills on for this bid, 0 if that is not said

	Segment uint32     // what the bid is for, as pricing.SegmentOf has it; 0 if that is not said
	Auction ad.Auction // how it is priced, NoAuction if that is not said
}

// The payload: version, its own length, key id, flags, bid, five ids, deal and
// person (if there are such), currency, and then time and both prices as uvarints.
// Version 2 adds the auction and the segment, a byte and a uvarint; a token that says
// neither is of version 1, so that each has one payload.
const (
	version1     = 1
	version2     = 2
	headerSize   = 4
	fixedSize    = headerSize + 16 + 5*8 + 3
	leastPayload = fixedSize + 3
	maxPayload   = fixedSize + 8 + 16 + 3*binary.MaxVarintLen64 + 1 + binary.MaxVarintLen32
)

const (
	flagMedia  = 0x07 // ad.Media
	flagPerson = 0x08
	flagTest   = 0x10
	flagDeal   = 0x20
	flagSettle = 0xc0 // what the exchange bills on: 1 billing, 2 win, 3 impression; 0 of tokens that do not say
)

// settling are the notices that an exchange may bill on, as flagSettle counts them.
var settling = [4]ad.Notice{1: ad.Billing, 2: ad.Win, 3: ad.Impression}

// appendPayload appends t in its binary form. Equal tokens have equal payloads.
func (t *Token) appendPayload(dst []byte, keyID byte) []byte {
	start := len(dst)
	flags := byte(t.Media) & flagMedia
	if !t.Person.IsZero() {
		flags |= flagPerson
	}
	if t.Test {
		flags |= flagTest
	}
	if t.Deal != 0 {
		flags |= flagDeal
	}
	for i, kind := range settling {
		if t.Settles == kind {
			flags |= byte(i) << 6
		}
	}
	dst = append(dst, t.version(), 0, keyID, flags)
	dst = append(dst, t.Bid[:]...)
	for _, id := range [...]ad.ID{t.Exchange, t.Advertiser, t.Campaign, t.Line, t.Creative} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(id))
	}
	if flags&flagDeal != 0 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(t.Deal))
	}
	if flags&flagPerson != 0 {
		dst = append(dst, t.Person[:]...)
	}
	dst = append(dst, t.Cur[:]...)
	dst = binary.AppendUvarint(dst, uint64(t.Time))
	dst = binary.AppendUvarint(dst, uint64(t.Price))
	dst = binary.AppendUvarint(dst, uint64(t.BidPrice))
	if dst[start] == version2 {
		dst = append(dst, byte(t.Auction))
		dst = binary.AppendUvarint(dst, uint64(t.Segment))
	}
	dst[start+1] = byte(len(dst) - start)
	return dst
}

func (t *Token) version() byte {
	if t.Segment != 0 || t.Auction != ad.NoAuction {
		return version2
	}
	return version1
}

// parsePayload reads what appendPayload wrote. It is called on payloads whose
// signature is right, but trusts them no further than that.
func (t *Token) parsePayload(p []byte) bool {
	if len(p) < leastPayload {
		return false
	}
	written, flags := p[0], p[3]
	*t = Token{Media: ad.Media(flags & flagMedia), Test: flags&flagTest != 0, Settles: settling[flags&flagSettle>>6]}
	p = p[headerSize:]
	p = p[copy(t.Bid[:], p):]
	for _, id := range [...]*ad.ID{&t.Exchange, &t.Advertiser, &t.Campaign, &t.Line, &t.Creative} {
		*id = ad.ID(binary.BigEndian.Uint64(p))
		p = p[8:]
	}
	if flags&flagDeal != 0 {
		if len(p) < 8 {
			return false
		}
		t.Deal = ad.ID(binary.BigEndian.Uint64(p))
		p = p[8:]
	}
	if flags&flagPerson != 0 {
		if len(p) < len(t.Person) {
			return false
		}
		p = p[copy(t.Person[:], p):]
	}
	if len(p) < len(t.Cur) {
		return false
	}
	p = p[copy(t.Cur[:], p):]
	var time, price, bidPrice uint64
	for _, v := range [...]*uint64{&time, &price, &bidPrice} {
		n := 0
		*v, n = binary.Uvarint(p)
		if n <= 0 {
			return false
		}
		p = p[n:]
	}
	t.Time, t.Price, t.BidPrice = int64(time), ad.Money(price), ad.Money(bidPrice)
	if written == version2 {
		p = t.parseSegment(p)
	}
	return len(p) == 0 && t.version() == written
}

// parseSegment reads what version 2 adds, and returns what follows. Where it is not
// whole it reads nothing.
func (t *Token) parseSegment(p []byte) []byte {
	if len(p) == 0 {
		return p
	}
	segment, n := binary.Uvarint(p[1:])
	if n <= 0 || segment > math.MaxUint32 {
		return p
	}
	t.Auction, t.Segment = ad.Auction(p[0]), uint32(segment)
	return p[1+n:]
}
