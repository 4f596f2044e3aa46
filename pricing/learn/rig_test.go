package learn_test

import (
	"encoding/binary"
	"math/rand/v2"

	"bidwell/ad"
	"bidwell/pricing"
)

// monday is the time at which tests begin, in unix milliseconds.
const monday = int64(1_790_000_000_000)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// tester is what tests and benchmarks have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// bidOf makes ids as a bidder does: a half that is the process's, and one that differs.
func bidOf(n uint64) (b ad.BidID) {
	binary.BigEndian.PutUint64(b[:], 0x1234567890abcdef)
	binary.BigEndian.PutUint64(b[8:], n*0x9E3779B97F4A7C15+1)
	return b
}

func personOf(n uint64) (p ad.PersonID) {
	if n == 0 {
		return p
	}
	return ad.PersonID(bidOf(n))
}

// ids of a campaign in tests.
const (
	shop     = ad.ID(11)
	campaign = ad.ID(22)
	line     = ad.ID(33)
	topic    = ad.ID(0x5555_0000_0077)
)

// impression is one of the campaign in tests, with a context.
func impression(n uint64, at int64, goal pricing.Goal, person uint64) *ad.Event {
	var x pricing.Context
	x.Add(pricing.Place, n%3)
	x.Add(pricing.Device, n%2)
	s := pricing.Subject{Goal: goal}
	if goal == pricing.PerAcquisition {
		s.Conversion = pricing.ConversionOf(topic)
	}
	return &ad.Event{
		Kind: ad.EventImpression, Media: ad.Banner, Bid: bidOf(n), Time: at, BidTime: at / 1000, Day: int32(at / day),
		Exchange: 1, Advertiser: shop, Campaign: campaign, Line: line, Creative: 44, Person: personOf(person),
		Context: string(x.Append(nil, &s)),
	}
}

// response is what comes of an impression.
func response(of *ad.Event, kind ad.EventKind, detail uint8, at int64) *ad.Event {
	e := *of
	e.Kind, e.Detail, e.Time, e.Context = kind, detail, at, ""
	return &e
}

func conversion(n uint64, at int64, person uint64, cause ad.BidID) *ad.Event {
	return &ad.Event{Kind: ad.EventConversion, Bid: bidOf(1<<40 + n), Time: at, BidTime: at / 1000, Day: int32(at / day), Advertiser: shop, Person: personOf(person), Topic: topic, Cause: cause}
}

// history is events as they might come: out of order, twice, late, contradicting each
// other, of many campaigns, with contexts that cannot be read.
func history(seed uint64, n int) []*ad.Event {
	rng := rand.New(rand.NewPCG(seed, 5))
	var out []*ad.Event
	now := monday
	for i := range uint64(n) {
		now += int64(rng.ExpFloat64() * float64(20*second))
		if rng.IntN(2000) == 0 {
			now += []int64{-2 * day, 3 * day, -hour, 400 * day}[rng.IntN(4)]
		}
		e := impression(i, now, pricing.Goal(rng.IntN(5)), uint64(rng.IntN(60)))
		e.Campaign += ad.ID(rng.IntN(4))
		e.Creative += ad.ID(rng.IntN(3))
		e.Media = ad.Media(1 + rng.IntN(4))
		e.Offer, e.Price = 2000, ad.Money(rng.IntN(2000))
		if rng.IntN(50) == 0 {
			e.Context = e.Context[1:]
		}
		e.Segment, e.Auction = uint32(rng.IntN(4)), ad.Auction(rng.IntN(4))
		if rng.IntN(3) == 0 {
			out = append(out, response(e, ad.EventBid, 0, now))
		}
		kind := []ad.EventKind{ad.EventWin, ad.EventBilling, ad.EventLoss}[rng.IntN(3)]
		if rng.IntN(20) == 0 { // nobody tells
			out = append(out, e)
			continue
		}
		told := response(e, kind, uint8(98+rng.IntN(8)), now)
		told.Least = ad.Money(rng.IntN(3000))
		out = append(out, told, e)
		for range rng.IntN(3) {
			r := response(e, []ad.EventKind{ad.EventView, ad.EventClick}[rng.IntN(2)], uint8(rng.IntN(8)), now+int64(rng.IntN(1000)))
			if at := len(out) - 1; rng.IntN(10) == 0 {
				out[at], r = r, out[at]
			}
			out = append(out, r)
		}
		if rng.IntN(4) == 0 && i > 200 {
			cause := ad.BidID{}
			if rng.IntN(2) == 0 {
				cause = bidOf(i - uint64(rng.IntN(200)))
			}
			out = append(out, conversion(i, now, uint64(rng.IntN(60)), cause))
		}
		if rng.IntN(20) == 0 && len(out) > 3000 { // comes late
			late := *out[len(out)-1-rng.IntN(3000)]
			if late.Kind == ad.EventImpression {
				late.Kind, late.Context = ad.EventClick, ""
			}
			late.Time = now
			out = append(out, &late)
		}
	}
	return out
}
