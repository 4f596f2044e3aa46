package ledger

import (
	"fmt"

	"bidwell/ad"
)

// Units of time, and the latest time that is believed: the year 2200.
const (
	hourMS  = 60 * 60 * 1000
	dayMS   = 24 * hourMS
	maxDays = 84_006
	maxMS   = maxDays * dayMS
)

// maxAmount is the most that one event may cost: a million units. Beyond is a
// mistake, and a few of them would exceed what an account can count.
const maxAmount = 1_000_000 * ad.Unit

// maxContext is the longest context of an impression, in bytes.
const maxContext = 255

// normal holds the times of an event between 1970 and 2200. Only tallies count
// requests, and neither they nor samples cost anything; only visits and
// conversions have a topic and a value, and only conversions a cause; only bids and what
// decides them have a segment and an auction; only impressions have a context, and that has
// at most maxContext bytes. It reports whether it changed a time.
func normal(e *ad.Event) bool {
	was := *e
	e.Time = min(max(e.Time, 0), maxMS)
	e.BidTime = min(max(e.BidTime, 0), maxMS/1000)
	e.Day = min(max(e.Day, -maxDays), maxDays)
	if e.Kind != ad.EventTally {
		e.Requests, e.Bids = 0, 0
	}
	if e.Kind == ad.EventTally || e.Kind == ad.EventBid {
		e.Price = 0
	}
	if e.Kind != ad.EventConversion {
		e.Cause = ad.BidID{}
	}
	if e.Kind != ad.EventConversion && e.Kind != ad.EventVisit {
		e.Topic, e.Value = 0, 0
	}
	decides := e.Kind == ad.EventWin || e.Kind == ad.EventBilling || e.Kind == ad.EventLoss
	if !decides || e.Least < 0 || e.Least > maxAmount { // what an exchange says of its auction harms nobody
		e.Least = 0
	}
	if !decides && e.Kind != ad.EventBid || e.Auction > ad.FixedPrice {
		e.Segment, e.Auction = 0, 0
	}
	if e.Kind != ad.EventImpression || len(e.Context) > maxContext {
		e.Context = ""
	}
	return e.Time != was.Time || e.BidTime != was.BidTime || e.Day != was.Day
}

// invalid says what is wrong with a normal event, if anything is.
func invalid(e *ad.Event) error {
	switch {
	case !e.Kind.Valid():
		return fmt.Errorf("%w: there is no kind %d", ErrInvalid, e.Kind)
	case e.Media&hasCounts != 0:
		return fmt.Errorf("%w: there is no media type %d", ErrInvalid, e.Media)
	case !priced(e):
		return fmt.Errorf("%w: its price is %v, its offer %v and its value %v, each may be 0 to %v", ErrInvalid, e.Price, e.Offer, e.Value, maxAmount)
	}
	normalised := *e
	if normal(&normalised); normalised != *e {
		return fmt.Errorf("%w: its times, counts or price are not those of its kind", ErrInvalid)
	}
	return nil
}

// priced reports whether the amounts of an event can be prices.
func priced(e *ad.Event) bool {
	return 0 <= e.Price && e.Price <= maxAmount && 0 <= e.Offer && e.Offer <= maxAmount && 0 <= e.Value && e.Value <= maxAmount
}
