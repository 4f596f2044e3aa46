// Package campaign turns a directory of YAML into what the bidder decides by:
// it reads strictly, reports every problem with its position, compiles line
// items, creatives and audiences into one immutable Snapshot with its index, and
// publishes that with one pointer. If anything is wrong, the last good Snapshot
// goes on serving. Start, reload and validate use the same code.
//
// Line items are numbered densely within a Snapshot, in descending order of the
// most each could bid. Such a number means nothing in another Snapshot; what
// outlives a reload (accounts, notices, reports) is keyed by ad.ID.
package campaign

import (
	"time"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/creative"
	"bidwell/identity"
	"bidwell/internal/conf"
	"bidwell/openrtb"
	"bidwell/pacing"
)

// Snapshot is one whole configuration, compiled. It is immutable once published.
type Snapshot struct {
	Seq         uint64 // counts publications
	Loaded      time.Time
	Rates       *ad.Rates
	Process     *ProcessFile
	Exchanges   []*Exchange
	Campaigns   []*Campaign
	Advertisers []Advertiser
	Lines       []Line // descending by MaxBid
	Creatives   []*Creative
	Audiences   *audience.Set
	Index       *Index
	Brands      *Brands
	Zones       []*time.Location // of the campaigns, each once
	Warnings    []conf.Problem

	exchanges map[string]*Exchange
	creatives map[ad.ID]*Creative
}

// Exchange is one exchange, compiled.
type Exchange struct {
	ID           ad.ID
	Index        int // dense, within the snapshot
	Name         string
	Seat         string
	Credential   []byte // nil: loopback clients only
	Auction      int32  // 1 first price, 2 second price, 0 as the request says
	QPS          float64
	Window       time.Duration
	Network      time.Duration
	SettleOn     ad.Notice
	NoticeWindow time.Duration
	Debug        bool
	Identity     *identity.Resolver
}

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

// Creative returns the creative with that id, or nil.
func (s *Snapshot) Creative(id ad.ID) *Creative { return s.creatives[id] }

// Advertiser is one advertiser with the budget that its campaigns share.
type Advertiser struct {
	ID           ad.ID
	Name         string
	Zone         int      // index into Snapshot.Zones, of its budget's days
	Total, Daily ad.Money // 0 for no limit
}

// Campaign is one campaign, compiled.
type Campaign struct {
	ID           ad.ID
	AdvertiserID ad.ID
	Name         string
	Advertiser   string
	File         *CampaignFile
	Zone         int   // index into Snapshot.Zones
	Start, End   int64 // unix seconds, [Start, End); 0 for none
	Total, Daily ad.Money
	DSA          *DSA
}

// Line is one line item, compiled.
type Line struct {
	ID          ad.ID
	Name        string
	Campaign    *Campaign
	Spec        *LineSpec
	Price       ad.Money // before modifiers, house currency
	AtMost      ad.Money // after modifiers; ad.MaxMoney for none
	MaxBid      ad.Money // the most that it could bid
	Start, End  int64    // of the campaign's flight, in unix seconds; 0 for none
	HasAudience bool
	Audience    audience.Ref
	Adjust      []Adjust
	Target      Target
	Spans       []Span // hours, nil for always
	Deals       DealMode
	DealIDs     []string
	Creatives   []*Creative
	Total       ad.Money
	Daily       ad.Money
	Accounts    []*pacing.Account // bound when published; every one must have room
}

// DealMode says how a line item buys deals.
type DealMode uint8

// The deal modes.
const (
	OpenAuction DealMode = iota // the open auction only
	ListedDeals                 // its own deals only
	AnyDeal                     // the open auction and every deal
)

// Adjust is a compiled bid modifier.
type Adjust struct {
	If     audience.Ref
	Factor float64
	Spec   *AdjustSpec
}

// Creative is a compiled creative with what a bid says of it.
type Creative struct {
	*creative.Creative
	Campaign *Campaign
	Brand    uint32 // index into Brands
	Static   []byte // constant part of the bid object, see openrtb.AppendStatic
	Landing  string // signed click target
}

// DSA is the transparency part of a bid, as JSON ready to append.
type DSA struct {
	Rendered bool
	JSON     []byte
}

// Origin returns the place in the YAML that decides about a reason, as near as
// it can be told: the key that says no, else the line item.
func (l *Line) Origin(r ad.Reason) conf.Pos {
	if key, ok := whereKeys[r]; ok {
		if p := firstOf(l.Spec.Where.Located, key...); p.Line > 0 {
			return p
		}
		return l.Spec.Pos()
	}
	switch r {
	case ad.OutsideHours:
		return l.Spec.At("when")
	case ad.OutsideFlight:
		return l.Campaign.File.At("flight")
	case ad.AudienceNotMatched, ad.AudienceUnknown, ad.NoConsent, ad.NoProfile, ad.ProfileUnread:
		return l.Spec.At("audience")
	case ad.NotThisDeal, ad.DealNotOffered, ad.SeatBlocked:
		return l.Spec.At("deals")
	case ad.BelowFloor, ad.Outbid, ad.FloorCurrencyUnknown:
		return l.Spec.At("bid")
	case ad.BudgetSpent, ad.DailyBudgetSpent:
		return l.budgetOrigin(r)
	case ad.AdvertiserBlocked, ad.CategoryBlocked, ad.CategoryNotAllowed, ad.DSAMissing, ad.AdvertiserTaken:
		return l.Campaign.File.At("advertiser")
	case ad.NotThisMedia, ad.NotThisSize, ad.NoCreativeFits, ad.DurationNotWanted, ad.MimeNotWanted,
		ad.ProtocolNotWanted, ad.APINotOffered, ad.AssetMissing, ad.AttributeBlocked, ad.AdTypeBlocked,
		ad.LanguageNotWanted, ad.InsecureCreative, ad.AppBlocked:
		return l.Spec.At("creatives")
	}
	return l.Spec.Pos()
}

var whereKeys = map[ad.Reason][]string{
	ad.NotThisExchange:     {"exchange"},
	ad.NotThisCountry:      {"country"},
	ad.NotThisDevice:       {"device", "os"},
	ad.NotThisInventory:    {"inventory"},
	ad.RegionNotWanted:     {"region", "city", "zip"},
	ad.DomainNotWanted:     {"domains", "not_domains", "apps"},
	ad.BundleNotWanted:     {"apps", "not_apps", "domains"},
	ad.CategoryNotWanted:   {"categories", "not_categories"},
	ad.PlacementNotWanted:  {"position", "interstitial", "rewarded"},
	ad.ViewabilityTooLow:   {"viewability_at_least"},
	ad.SellerNotAuthorized: {"complete_supply_chain", "not_sellers", "intermediaries_at_most"},
}

// firstOf returns the position of the first of the keys that is there.
func firstOf(l conf.Located, keys ...string) conf.Pos {
	for _, k := range keys {
		if p := l.At(k); p != l.Pos() {
			return p
		}
	}
	return l.Pos()
}

func (l *Line) budgetOrigin(r ad.Reason) conf.Pos {
	key := "total"
	if r == ad.DailyBudgetSpent {
		key = "daily"
	}
	if p := l.Spec.Budget.At(key); p.Line > 0 && (l.Total > 0 || l.Daily > 0) {
		return p
	}
	return l.Campaign.File.Budget.At(key)
}

// Open reports whether the campaign's flight covers a moment.
func (c *Campaign) Open(now int64) bool {
	return now >= c.Start && (c.End == 0 || now < c.End)
}

// Runs reports whether the line item runs in a minute of the week.
func (l *Line) Runs(minute uint16) bool {
	if l.Spans == nil {
		return true
	}
	for _, s := range l.Spans {
		if minute >= s.From && minute < s.To {
			return true
		}
	}
	return false
}

// MinuteOfWeek returns the minute of the week, from Monday 00:00, of t in its
// own location.
func MinuteOfWeek(t time.Time) uint16 {
	day := (int(t.Weekday()) + 6) % 7
	return uint16(day*minutesPerDay + t.Hour()*60 + t.Minute())
}

// sizeOf is the key under which the index files a banner size.
func sizeOf(s openrtb.Size) [2]int32 { return [2]int32{s.W, s.H} }
