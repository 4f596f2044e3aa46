package ledger

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"

	"bidwell/ad"
)

// An event is stored as
//
//	version, kind, detail, media, flags       one byte each
//	bid, ids, deal, person                    as far as the flags say they are not zero
//	time                                      uvarint
//	bid time, day                             varint, as difference from the time
//	price, offer                              uvarint
//	requests, bids                            uvarint, if the flags say so
//	more, topic, value, cause, segment,
//	auction, least, context                   in version 2 only: flags, one byte, and what they say is not zero
//	CRC-32C of the key and all of the above   4 bytes
//
// Every event has exactly one encoding: that of version 1 unless it has something
// of what version 2 adds.
const (
	eventVersion = 1
	eventExtends = 2
)

const (
	hasBid = 1 << iota
	hasExchange
	hasAdvertiser
	hasCampaign
	hasLine
	hasCreative
	hasDeal
	hasPerson
)

// The flags of version 2.
const (
	hasTopic = 1 << iota
	hasValue
	hasCause
	hasSegment
	hasAuction
	hasLeast
	hasContext // after its length, one byte
)

// hasCounts is a bit of the media byte: the flags are used up.
const hasCounts = 0x80

const (
	eventHeader = 5
	crcSize     = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errChecksum = errors.New("the checksum does not match")
	errEncoding = errors.New("the checksum matches, but it is no encoded event")
)

// appendEvent appends the encoding of e, which is stored under key.
func appendEvent(dst, key []byte, e *ad.Event) []byte {
	start := len(dst)
	dst = append(dst, eventVersion, byte(e.Kind), e.Detail, byte(e.Media)&^hasCounts, 0)
	flags := byte(0)
	if e.Bid != (ad.BidID{}) {
		flags |= hasBid
		dst = append(dst, e.Bid[:]...)
	}
	for i, id := range eventIDs(e) {
		if *id != 0 {
			flags |= hasExchange << i
			dst = binary.BigEndian.AppendUint64(dst, uint64(*id))
		}
	}
	if !e.Person.IsZero() {
		flags |= hasPerson
		dst = append(dst, e.Person[:]...)
	}
	dst[start+4] = flags
	dst = binary.AppendUvarint(dst, uint64(e.Time))
	dst = binary.AppendVarint(dst, e.BidTime-e.Time/1000)
	dst = binary.AppendVarint(dst, int64(e.Day)-e.Time/dayMS)
	dst = binary.AppendUvarint(dst, uint64(e.Price))
	dst = binary.AppendUvarint(dst, uint64(e.Offer))
	if e.Requests != 0 || e.Bids != 0 {
		dst[start+3] |= hasCounts
		dst = binary.AppendUvarint(dst, uint64(e.Requests))
		dst = binary.AppendUvarint(dst, uint64(e.Bids))
	}
	if extends(e) {
		dst[start] = eventExtends
		dst = appendExtension(dst, e)
	}
	return binary.LittleEndian.AppendUint32(dst, checksum(key, dst[start:]))
}

// extends reports whether an event has something that version 1 did not know.
func extends(e *ad.Event) bool {
	return e.Topic != 0 || e.Value != 0 || e.Cause != ad.BidID{} || e.Segment != 0 || e.Auction != 0 || e.Least != 0 || e.Context != ""
}

func appendExtension(dst []byte, e *ad.Event) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if e.Topic != 0 {
		dst[at] |= hasTopic
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.Topic))
	}
	if e.Value != 0 {
		dst[at] |= hasValue
		dst = binary.AppendUvarint(dst, uint64(e.Value))
	}
	if e.Cause != (ad.BidID{}) {
		dst[at] |= hasCause
		dst = append(dst, e.Cause[:]...)
	}
	if e.Segment != 0 {
		dst[at] |= hasSegment
		dst = binary.BigEndian.AppendUint32(dst, e.Segment)
	}
	if e.Auction != 0 {
		dst[at] |= hasAuction
		dst = append(dst, byte(e.Auction))
	}
	if e.Least != 0 {
		dst[at] |= hasLeast
		dst = binary.AppendUvarint(dst, uint64(e.Least))
	}
	if e.Context != "" {
		dst[at] |= hasContext
		dst = append(append(dst, byte(len(e.Context))), e.Context...)
	}
	return dst
}

// eventIDs returns the ids in the order of their flags, from hasExchange on.
func eventIDs(e *ad.Event) [6]*ad.ID {
	return [...]*ad.ID{&e.Exchange, &e.Advertiser, &e.Campaign, &e.Line, &e.Creative, &e.Deal}
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

// decodeEvent reads what appendEvent wrote.
func decodeEvent(e *ad.Event, key, value []byte) error {
	n := len(value) - crcSize
	if n < eventHeader || binary.LittleEndian.Uint32(value[n:]) != checksum(key, value[:n]) {
		return errChecksum
	}
	r := reader{rest: value[:n]}
	header := r.bytes(eventHeader)
	if header[0] != eventVersion && header[0] != eventExtends {
		return errEncoding
	}
	*e = ad.Event{Kind: ad.EventKind(header[1]), Detail: header[2], Media: ad.Media(header[3] &^ hasCounts)}
	flags := header[4]
	if flags&hasBid != 0 {
		copy(e.Bid[:], r.bytes(len(e.Bid)))
		r.need(e.Bid != ad.BidID{})
	}
	for i, id := range eventIDs(e) {
		if flags&(hasExchange<<i) != 0 {
			*id = ad.ID(r.uint64())
			r.need(*id != 0)
		}
	}
	if flags&hasPerson != 0 {
		copy(e.Person[:], r.bytes(len(e.Person)))
		r.need(!e.Person.IsZero())
	}
	e.Time = r.amount()
	e.BidTime = r.varint() + e.Time/1000
	day := r.varint()
	r.need(-2*maxDays <= day && day <= 2*maxDays)
	day += e.Time / dayMS
	r.need(math.MinInt32 <= day && day <= math.MaxInt32)
	e.Day = int32(day)
	e.Price = ad.Money(r.amount())
	e.Offer = ad.Money(r.amount())
	if header[3]&hasCounts != 0 {
		e.Requests = r.uint32()
		e.Bids = r.uint32()
		r.need(e.Requests != 0 || e.Bids != 0)
	}
	if header[0] == eventExtends {
		r.extension(e)
	}
	if r.bad || len(r.rest) != 0 || invalid(e) != nil {
		return errEncoding
	}
	return nil
}

// extension reads what appendExtension wrote.
func (r *reader) extension(e *ad.Event) {
	flags := r.bytes(1)[0]
	r.need(flags != 0 && flags < hasContext<<1)
	if flags&hasTopic != 0 {
		e.Topic = ad.ID(r.uint64())
		r.need(e.Topic != 0)
	}
	if flags&hasValue != 0 {
		e.Value = ad.Money(r.amount())
		r.need(e.Value != 0)
	}
	if flags&hasCause != 0 {
		copy(e.Cause[:], r.bytes(len(e.Cause)))
		r.need(e.Cause != ad.BidID{})
	}
	if flags&hasSegment != 0 {
		e.Segment = r.fixed32()
		r.need(e.Segment != 0)
	}
	if flags&hasAuction != 0 {
		e.Auction = ad.Auction(r.bytes(1)[0])
		r.need(e.Auction != 0)
	}
	if flags&hasLeast != 0 {
		e.Least = ad.Money(r.amount())
		r.need(e.Least != 0)
	}
	if flags&hasContext != 0 {
		e.Context = r.text()
		r.need(e.Context != "")
	}
}

// text reads a string after its length, at most 255.
func (r *reader) text() string {
	n := int(r.bytes(1)[0])
	if len(r.rest) < n {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

// reader takes a value apart. After the first thing that is not there it is
// bad, and gives zeros.
type reader struct {
	rest []byte
	bad  bool
}

var zeros [16]byte

// bytes returns the next n bytes, at most 16.
func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.bad, r.rest = true, nil
		return zeros[:n]
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) need(ok bool) { r.bad = r.bad || !ok }

func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.bytes(8)) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n, n > 1 && r.rest[n-1] == 0)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n, n > 1 && r.rest[n-1] == 0)
	return v
}

// skip passes over a number of n bytes. One that could be shorter is bad.
func (r *reader) skip(n int, padded bool) {
	if n <= 0 || padded {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}

// amount reads a uvarint that is an int64.
func (r *reader) amount() int64 {
	v := r.uvarint()
	r.need(v <= math.MaxInt64)
	return int64(v & math.MaxInt64)
}

func (r *reader) uint32() uint32 {
	v := r.uvarint()
	r.need(v <= math.MaxUint32)
	return uint32(v)
}

func (r *reader) fixed32() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }
