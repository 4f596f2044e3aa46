package ledger

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// events draws valid events.
func events() *rapid.Generator[ad.Event] {
	return rapid.Custom(func(t *rapid.T) ad.Event {
		id := rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64())
		money := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, int64(maxAmount)))
		e := ad.Event{
			Kind:       ad.EventKind(rapid.IntRange(1, ad.NumEvents-1).Draw(t, "kind")),
			Detail:     rapid.Uint8().Draw(t, "detail"),
			Media:      ad.Media(rapid.IntRange(0, 4).Draw(t, "media")),
			Day:        rapid.Int32Range(-maxDays, maxDays).Draw(t, "day"),
			Time:       rapid.Int64Range(0, maxMS).Draw(t, "time"),
			BidTime:    rapid.Int64Range(0, maxMS/1000).Draw(t, "bid time"),
			Exchange:   ad.ID(id.Draw(t, "exchange")),
			Advertiser: ad.ID(id.Draw(t, "advertiser")),
			Campaign:   ad.ID(id.Draw(t, "campaign")),
			Line:       ad.ID(id.Draw(t, "line")),
			Creative:   ad.ID(id.Draw(t, "creative")),
			Deal:       ad.ID(id.Draw(t, "deal")),
			Price:      ad.Money(money.Draw(t, "price")),
			Offer:      ad.Money(money.Draw(t, "offer")),
		}
		copy(e.Bid[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "bid"))
		copy(e.Person[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "person"))
		if e.Kind == ad.EventTally {
			e.Requests, e.Bids = rapid.Uint32().Draw(t, "requests"), rapid.Uint32().Draw(t, "bids")
		}
		e.Topic, e.Value = ad.ID(id.Draw(t, "topic")), ad.Money(money.Draw(t, "value"))
		copy(e.Cause[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "cause"))
		e.Segment, e.Auction = rapid.Uint32().Draw(t, "segment"), ad.Auction(rapid.IntRange(0, 3).Draw(t, "auction"))
		e.Least, e.Context = ad.Money(money.Draw(t, "least")), rapid.StringN(0, -1, maxContext).Draw(t, "context")
		normal(&e)
		return e
	})
}

func TestEncodedEventsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events().Draw(t, "event")
		k := eventKey(rapid.Uint64().Draw(t, "sequence"))
		value := appendEvent(nil, k[:], &want)
		var got ad.Event
		if err := decodeEvent(&got, k[:], value); err != nil || got != want {
			t.Fatalf("%x: %v\n got %+v\nwant %+v", value, err, got, want)
		}
		bit := rapid.IntRange(0, len(value)*8-1).Draw(t, "bit")
		value[bit/8] ^= 1 << (bit % 8)
		if err := decodeEvent(&got, k[:], value); err == nil {
			t.Fatalf("with bit %d flipped it is read all the same", bit)
		}
	})
}

func TestEventsOfAnotherNumberAreRefused(t *testing.T) {
	k := eventKey(1)
	value := appendEvent(nil, k[:], event(ad.EventWin, 1, 0))
	k = eventKey(2)
	if err := decodeEvent(new(ad.Event), k[:], value); err == nil {
		t.Error("event 1 is taken for event 2")
	}
}

// FuzzDecodeEvent: what can be read has one encoding, whatever the checksum.
func FuzzDecodeEvent(f *testing.F) {
	k := eventKey(7)
	for kind := ad.EventBid; kind.Valid(); kind++ {
		e := event(kind, uint64(kind), 3)
		normal(e)
		f.Add(body(appendEvent(nil, k[:], e)))
	}
	f.Add([]byte{})
	f.Add([]byte{eventVersion, 1, 0, 0, 0xff})
	f.Add(body(appendEvent(nil, k[:], &ad.Event{Kind: ad.EventConversion, Topic: 5, Value: 300, Cause: bidOf(9)})))
	f.Add(body(appendEvent(nil, k[:], &ad.Event{Kind: ad.EventLoss, Segment: 5, Auction: ad.FirstPrice, Least: 300})))
	f.Add(body(appendEvent(nil, k[:], &ad.Event{Kind: ad.EventImpression, Context: "seen"})))
	f.Fuzz(func(t *testing.T, in []byte) {
		value := sealed(k[:], in)
		var e ad.Event
		if err := decodeEvent(&e, k[:], value); err != nil {
			return
		}
		if again := appendEvent(nil, k[:], &e); string(again) != string(value) {
			t.Errorf("%x reads as %+v, which is written as %x", value, e, again)
		}
	})
}

func body(value []byte) []byte { return value[:len(value)-crcSize] }

// sealed adds the checksum.
func sealed(key, in []byte) []byte {
	sum := checksum(key, in)
	return append(append([]byte(nil), in...), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}

// FuzzFigures: the same for figures.
func FuzzFigures(f *testing.F) {
	f.Add((&Figure{Spend: 5, Charges: 1, Wins: 300}).append(nil))
	f.Add((&Counts{Spend: 5, Requests: 300, Views: [numViews]uint64{1, 2}}).append(nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		var figure Figure
		if figure.parse(in) && string(figure.append(nil)) != string(in) {
			t.Errorf("%x reads as %+v, which is written differently", in, figure)
		}
		var counts Counts
		if counts.parse(in) && string(counts.append(nil)) != string(in) {
			t.Errorf("%x reads as %+v, which is written differently", in, counts)
		}
	})
}

func TestSpendStaysAtTheLargestAmount(t *testing.T) {
	for _, order := range [][]ad.Money{{ad.MaxMoney, 1, 5}, {1, 5, ad.MaxMoney}, {5, ad.MaxMoney - 2, 1}} {
		sum := ad.Money(0)
		for _, m := range order {
			sum = plus(sum, m)
		}
		if sum != math.MaxInt64 {
			t.Errorf("%v add up to %v, want the largest amount", order, sum)
		}
	}
}

func TestAbsurdTimesAreClamped(t *testing.T) {
	for _, in := range []ad.Event{
		{Time: math.MinInt64, BidTime: math.MinInt64, Day: math.MinInt32},
		{Time: math.MaxInt64, BidTime: math.MaxInt64, Day: math.MaxInt32},
		{Time: -1}, {Time: maxMS + 1},
	} {
		e := in
		e.Kind = ad.EventBilling
		if !normal(&e) {
			t.Errorf("%+v passes for normal", in)
		}
		if err := invalid(&e); err != nil {
			t.Errorf("%+v clamped is %+v, but %v", in, e, err)
		}
	}
}
