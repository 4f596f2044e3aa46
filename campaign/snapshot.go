// Package campaign turns a directory of YAML into what the bidder decides by:
// it reads strictly, reports every problem with its position, compiles line
// items, creatives and audiences into one immutable Snapshot with its index, and
// leaves it to the caller to publish that with one pointer. If anything is
// wrong there is no Snapshot, and the last good one goes on serving. Start,
// reload and validate use the same code.
//
// Line items are numbered densely within a Snapshot, in descending order of the
// most each could bid. Such a number means nothing in another Snapshot; what
// outlives a reload (accounts, notices, reports) is keyed by ad.ID.
//
// The bidder and commands import it.
package campaign

import (
	"crypto/sha256"
	"sync/atomic"
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/creative"
	"bidwell/exposure"
	"bidwell/identity"
	"bidwell/internal/conf"
	"bidwell/notice"
	"bidwell/pacing"
	"bidwell/topic"
)

// Snapshot is one whole configuration, compiled. It is immutable once published,
// but for what Pace takes over from pacing.
type Snapshot struct {
	Loaded      time.Time
	Rates       *ad.Rates
	Process     *ProcessFile
	Exchanges   []*Exchange
	Campaigns   []*Campaign
	Advertisers []Advertiser
	Lines       []Line  // descending by MaxBid
	Reach       []Reach // of Lines
	Creatives   []*Creative
	Audiences   *audience.Set
	Told        []Told // of Audiences
	Index       *Index
	Brands      *Brands
	Zones       []*time.Location // of the campaigns, each once
	Topics      *topic.Taxonomy
	Senders     []*Sender
	Vouched     *identity.Resolver // says what is permitted with what advertisers send
	Warnings    []conf.Problem

	exchanges map[string]*Exchange
	senders   map[[sha256.Size]byte]sender // by the hash of their keys
	campaigns map[ad.ID]*Campaign

	goals   int                   // line items with one
	samples [][]uint32            // set by Bind
	paced   atomic.Pointer[Paced] // set by Bind, and by Pace ever after
}

// Exchange is one exchange, compiled.
type Exchange struct {
	ID           ad.ID
	Index        int // dense, within the snapshot
	Name         string
	Seat         string
	Credential   []byte     // nil: loopback clients only
	Auction      ad.Auction // NoAuction: as the request says
	Shade        bool       // bids no more than is likely to win, where the bid is paid
	QPS          float64
	Window       time.Duration
	Network      time.Duration
	SettleOn     ad.Notice
	NoticeWindow time.Duration
	Debug        bool
	PriceKeys    *notice.PriceKeys // nil if clearing prices are plain
	Identity     *identity.Resolver
	SyncURL      string // with SyncMacro; "" if the exchange takes no id of ours
	Seen         bool   // what its requests are about is remembered of people
}

// SyncMacro stands in an exchange's sync_url for our id of the browser.
const SyncMacro = "{id}"

// Exchange returns the exchange of that name, or nil. It does not allocate.
func (s *Snapshot) Exchange(name []byte) *Exchange { return s.exchanges[string(name)] }

// ExchangeByID returns the exchange with that id, or nil.
func (s *Snapshot) ExchangeByID(id ad.ID) *Exchange {
	for _, e := range s.Exchanges {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// CampaignByID returns the campaign with that id, or nil.
func (s *Snapshot) CampaignByID(id ad.ID) *Campaign { return s.campaigns[id] }

// Advertiser is one advertiser with the budget that its campaigns share.
type Advertiser struct {
	ID   ad.ID
	Name string
	Zone int // index into Snapshot.Zones, of its budget's days
	Budget
}

// Budget is the most that may be spent and shown; 0 is no limit. Days are those
// of the campaign's time zone.
type Budget struct {
	Total, Daily                  ad.Money // house currency
	Impressions, DailyImpressions int64
}

// Counts reports whether impressions are limited.
func (b *Budget) Counts() bool { return b.Impressions > 0 || b.DailyImpressions > 0 }

// Limited reports whether anything is.
func (b *Budget) Limited() bool { return b.Total > 0 || b.Daily > 0 || b.Counts() }

// Campaign is one campaign, compiled.
type Campaign struct {
	ID           ad.ID
	AdvertiserID ad.ID
	Name         string
	Advertiser   string
	File         *CampaignFile
	Zone         int   // index into Snapshot.Zones
	Start, End   int64 // unix seconds, [Start, End); 0 for none
	Budget
	Goal    *Goal // nil: impressions at the price of the line item
	Plan    pacing.Plan
	DSA     *DSA
	Counted bool // its impressions count for some cap

	caps []exposure.Cap
}

// Open reports whether the campaign's flight covers a moment, in unix seconds.
func (c *Campaign) Open(now int64) bool {
	return now >= c.Start && (c.End == 0 || now < c.End)
}

// Creative is a compiled creative with what a bid says of it.
type Creative struct {
	*creative.Creative
	Campaign *Campaign
	Brand    uint32 // index into Brands
	Static   []byte // constant part of the bid object, see openrtb.AppendStatic
	Landing  string // signed click target
	Spec     *CreativeSpec
	Caps     []exposure.Cap
}

// DSA is the transparency part of a bid, as JSON ready to append.
type DSA struct {
	Rendered bool
	JSON     []byte
}
