package ad

import "time"

// EventKind says what happened.
type EventKind uint8

// The kinds of events. A tally is not one event but counts requests and bids
// since the last tally.
const (
	NoEvent         EventKind = iota
	EventBid                  // a bid that was sampled
	EventWin                  // the exchange says that our bid won
	EventBilling              // the exchange charges for the impression
	EventLoss                 // the exchange says that our bid lost
	EventImpression           // the creative was shown
	EventView                 // the creative was seen or played, as far as Detail says
	EventClick
	EventConversion
	EventVisit // of the advertiser's site
	EventTally

	numEvents
)

// NumEvents is the number of kinds, for arrays of counters.
const NumEvents = int(numEvents)

var eventNames = [numEvents]string{
	NoEvent: "none", EventBid: "bid", EventWin: "win", EventBilling: "billing", EventLoss: "loss", EventImpression: "impression",
	EventView: "view", EventClick: "click", EventConversion: "conversion", EventVisit: "visit", EventTally: "tally",
}

// String returns the name that reports and exports use.
func (k EventKind) String() string {
	if k >= numEvents {
		return "unknown"
	}
	return eventNames[k]
}

// Valid reports whether k is one of the kinds.
func (k EventKind) Valid() bool { return NoEvent < k && k < numEvents }

// EventKindOf returns the kind whose String is s, or NoEvent.
func EventKindOf(s string) EventKind {
	for k := EventBid; k < numEvents; k++ {
		if eventNames[k] == s {
			return k
		}
	}
	return NoEvent
}

// EventOf returns the kind of event that a notice reports, NoEvent for none.
func EventOf(n Notice) EventKind {
	switch n {
	case Win:
		return EventWin
	case Billing:
		return EventBilling
	case Loss:
		return EventLoss
	case Impression:
		return EventImpression
	case View:
		return EventView
	case Click:
		return EventClick
	}
	return NoEvent
}

// Auction is how a bid that wins is priced. Its values are OpenRTB's at.
type Auction uint8

// The kinds of auction.
const (
	NoAuction   Auction = iota // not known
	FirstPrice                 // the bid is paid
	SecondPrice                // the next bid, or the floor, is paid
	FixedPrice                 // a price that was agreed is paid
)

// String returns the name that reports and exports use.
func (a Auction) String() string {
	switch a {
	case FirstPrice:
		return "first"
	case SecondPrice:
		return "second"
	case FixedPrice:
		return "fixed"
	}
	return ""
}

// ClocksDiffer is by how much the clock of who reports what people do may be ahead of ours
// or behind it. What happens later than that by theirs is not believed; what happens in
// between happens now.
const ClocksDiffer = 5 * time.Minute

// Event is something that happened to a bid, or a count of bids, as it is kept
// for good. It holds all that the figures are made of, so that they can be made
// again from the events alone, without any configuration.
type Event struct {
	Kind   EventKind
	Detail uint8 // of a view, what was seen: 1 viewable, 2 start, 3 to 5 quartiles, 6 complete; of a loss, its reason; of a visit, the profile.Kind of what was done
	Media  Media
	Day    int32 // days since 1970-01-01 of the bid in the campaign's time zone; what the event costs counts on it

	Bid     BidID // zero for what belongs to no bid; of visits and conversions, a hash of whose and which it is
	Time    int64 // unix milliseconds, when it was accepted
	BidTime int64 // unix seconds, when the bid was made; the same in all events of a bid. Of visits and conversions, when they happened

	Exchange   ID
	Advertiser ID
	Campaign   ID
	Line       ID
	Creative   ID
	Deal       ID // hash of the deal's id, zero for none
	Person     PersonID

	Price Money // what is charged for it, in the house currency; mostly zero
	Offer Money // what was bid, in the house currency

	Topic ID    // visits and conversions only: of what, by IDOf("topic", name)
	Value Money // visits and conversions only: what it is worth to the advertiser, in the house currency
	Cause BidID // conversions only: the bid whose click led to it, zero if that is not known

	Segment uint32  // bids, wins, billings and losses only: what it was a bid for, as pricing.SegmentOf has it; 0 if that is not known
	Auction Auction // of the same
	Least   Money   // wins, billings and losses only: the least that would have won, in the house currency; 0 if nobody said
	Context string  // impressions only: what response models saw of it, as pricing.Context has it; empty if none was asked

	Requests uint32 // tallies only: requests of which the line item was a candidate
	Bids     uint32 // tallies only: bids made
}
