package bidder

import (
	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/creative"
	"bidwell/exposure"
	"bidwell/identity"
	"bidwell/notice"
	"bidwell/openrtb"
	"bidwell/pacing"
	"bidwell/profile"
	"bidwell/topic"
)

// Scratch is all the memory that one request needs, reused from one to the
// next. Nothing in it outlives the request.
type Scratch struct {
	Req    openrtb.Request
	Person identity.Person
	Bids   []Bid // the bids on the request, at most one an impression

	snap       *campaign.Snapshot
	paced      *campaign.Paced
	exchange   *campaign.Exchange
	tally      *tally // nil where nothing is counted: in explanations
	seed       uint64
	clock      clock
	money      money
	facts      campaign.Facts
	query      campaign.Query
	blocks     campaign.Blocks
	eval       audience.Eval
	profile    profile.Scratch
	outcome    profile.Outcome
	record     profile.Record
	exposures  *exposure.Memory
	history    exposure.History // of the person, if remembered is set
	remembered bool
	touches    []profile.Touch // of the person, of which known is made
	known      []contact       // of the person, if contacted is set
	contacted  bool
	opens      int                  // undecided bids in the history that are not of this request
	taken      []*campaign.Campaign // campaigns whose advertiser has an impression
	refused    []refusal            // line items without room in their budget, of the impression
	seen       []*pacing.Gauge      // of budgets that could have paid for the impression
	unfunded   []*pacing.Gauge      // of these, those that had no room for the bid
	fitting    [2]creative.Fit      // of the best candidate, and of the one that is tested
	imp        *openrtb.Imp         // that is looked at
	sight      sight                // what response models see of the impression
	packed     []byte               // what they saw of the bids' impressions
	counts     [ad.NumReasons]uint32
	fixed      fixedPrices // of the deals on the impression
	farthest   ad.Reason   // what the line item that came farthest failed on
	ids        idBlock     // of the bids that it makes
	notice     notice.Scratch
	body       []byte // unpacked request
	plain      []byte // response before it is packed
	urls       urlBuffers
	topics     []*topic.Topic // of the request, if that is asked for
}

// Bid is one bid that is made.
type Bid struct {
	ID       ad.BidID
	Imp      *openrtb.Imp
	Line     *campaign.Line
	Creative *campaign.Creative
	Nth      int // of the line item's creatives
	Fit      creative.Fit
	Deal     *openrtb.Deal // nil in the open auction
	Amount   ad.Money      // what is reserved: house currency, one impression
	Price    ad.Money      // what is offered: response currency, one impression
	Reserved bool

	Willing ad.Money // what the impression is worth to the line item, paced: house currency, one impression. Amount is no more
	Chance  float64  // of what its goal pays for; 1 without a goal

	line    int      // index of Line
	own     ad.Money // willing, or what that would be if the deal had no fixed price
	shade   shade    // how the bid was lowered
	context []byte   // what response models saw, packed; nil where none was asked
}

// Context returns what response models saw of a bid's impression, packed, as long as
// the request is not replaced by another; nil where none was asked.
func (sc *Scratch) Context(b *Bid) []byte { return b.context }

// The most memory that a pooled Scratch may keep, so that one large request
// does not hold it forever.
const maxKept = 1 << 20

func (e *Engine) get() *Scratch {
	if sc, ok := e.scratch.Get().(*Scratch); ok {
		return sc
	}
	return new(Scratch)
}

func (e *Engine) put(sc *Scratch) {
	if cap(sc.body)+cap(sc.plain)+cap(sc.urls.adm) > maxKept {
		sc.body, sc.plain, sc.urls.adm = nil, nil, nil
	}
	sc.snap, sc.paced, sc.exchange, sc.tally = nil, nil, nil, nil
	e.scratch.Put(sc)
}

// count notes why a line item does not bid.
func (sc *Scratch) count(r ad.Reason) {
	sc.counts[r]++
	if rank(r) > rank(sc.farthest) {
		sc.farthest = r
	}
}

// rank orders reasons by how far a line item came that they stopped.
func rank(r ad.Reason) ad.Reason {
	if r == ad.NotDurable { // it would have bid
		return ad.DailyImpressionsSpent
	}
	return r
}
