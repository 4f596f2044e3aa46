package ad

// Reason says why something was not bid on, or why a notice was not accepted.
// It is the metric's label, the line in an explanation and, where OpenRTB has a
// code for it, the code in a response. The zero Reason means yes.
type Reason uint8

// Reasons for a whole request, in the order in which they are tested.
const (
	OK Reason = iota
	Malformed
	UnknownExchange
	BadCredential
	OverQPS
	Overloaded
	TooLate
	NotDurable
	NoImpressions
	TooLarge
	NoCurrency
	NoCampaigns
	SeatNotWanted

	// Reasons for one line item on one impression, cheapest test first.

	NotThisExchange
	NotThisMedia
	NotThisSize
	NotThisCountry
	NotThisDevice
	NotThisInventory
	NotThisDeal
	DealNotOffered
	OutsideFlight
	OutsideHours
	RegionNotWanted
	DomainNotWanted
	BundleNotWanted
	CategoryNotWanted
	PlacementNotWanted
	ViewabilityTooLow
	SellerNotAuthorized
	AdvertiserBlocked
	CategoryBlocked
	CategoryNotAllowed
	AppBlocked
	AttributeBlocked
	AdTypeBlocked
	LanguageNotWanted
	SeatBlocked
	NoCreativeFits
	DurationNotWanted
	MimeNotWanted
	ProtocolNotWanted
	MediaFileNotWanted
	APINotOffered
	AssetMissing
	DSAMissing
	InsecureCreative
	NoConsent
	NoProfile
	ProfileUnread
	AudienceNotMatched
	AudienceUnknown
	BelowFloor
	FloorCurrencyUnknown
	PacedBelowFloor
	Uncounted
	ConversationOver
	ConversationWaits
	FrequencyReached
	InFlight
	BudgetSpent
	DailyBudgetSpent
	ImpressionsSpent
	DailyImpressionsSpent
	Outbid
	AdvertiserTaken

	// Reasons for refusing a notice.

	TokenForged
	TokenExpired
	TokenTruncated
	NoticeReplayed
	PriceInvalid
	PriceAboveBid

	numReasons
)

// NumReasons is the number of reasons, for arrays of counters.
const NumReasons = int(numReasons)

type reasonText struct {
	name string // metric label and JSON value
	text string // what a campaign manager reads
	nbr  int    // OpenRTB 2.6 / AdCOM no-bid reason code, 0 for unknown
}

var reasons = [numReasons]reasonText{
	OK:                    {"ok", "eligible", 0},
	Malformed:             {"malformed", "the request is not a usable OpenRTB request", 2},
	UnknownExchange:       {"unknown_exchange", "no exchange of that name is configured", 10},
	BadCredential:         {"bad_credential", "the exchange's credential is missing or wrong", 10},
	OverQPS:               {"over_qps", "the exchange sends more than its agreed queries per second", 0},
	Overloaded:            {"overloaded", "the bidder is shedding load", 1},
	TooLate:               {"too_late", "the deadline had passed or left no time to answer", 1},
	NotDurable:            {"not_durable", "spend cannot be recorded (see /status), so nothing is bid", 1},
	NoImpressions:         {"no_impressions", "the request offers no impression that can be answered", 2},
	TooLarge:              {"too_large", "the request lists more (impressions, blocks, deals, ids) than this bidder reads", 2},
	NoCurrency:            {"no_currency", "the exchange accepts no currency for which there is a rate", 0},
	NoCampaigns:           {"no_campaigns", "no campaign is running", 0},
	SeatNotWanted:         {"seat_not_wanted", "the buyer seat is not on the exchange's list, or is blocked", 0},
	NotThisExchange:       {"exchange", "the line item does not buy on this exchange", 0},
	NotThisMedia:          {"media", "no creative is of a kind that the impression takes", 0},
	NotThisSize:           {"size", "no banner has a size that the impression takes", 0},
	NotThisCountry:        {"country", "the person is not in a targeted country", 0},
	NotThisDevice:         {"device", "the device is not of a targeted kind", 0},
	NotThisInventory:      {"inventory", "the line item does not buy this kind of inventory (site, app, dooh)", 0},
	NotThisDeal:           {"deal", "none of the line item's deals is offered on this impression", 0},
	DealNotOffered:        {"private_auction", "the impression is for deals only and the line item has none of them", 0},
	OutsideFlight:         {"flight", "the campaign's flight has not begun or has ended", 0},
	OutsideHours:          {"hours", "outside the hours in which the line item runs", 0},
	RegionNotWanted:       {"region", "the person is outside the targeted regions, cities or postcodes", 0},
	DomainNotWanted:       {"domain", "the site's domain is not targeted, or is excluded", 11},
	BundleNotWanted:       {"bundle", "the app is not targeted, or is excluded", 11},
	CategoryNotWanted:     {"category", "the content's category is not targeted, or is excluded", 0},
	PlacementNotWanted:    {"placement", "the placement (position, interstitial, rewarded) is not targeted", 0},
	ViewabilityTooLow:     {"viewability", "the expected viewability is below what the line item demands", 0},
	SellerNotAuthorized:   {"schain", "the supply chain is incomplete or names a seller that is not accepted", 14},
	AdvertiserBlocked:     {"badv", "the publisher blocks the advertiser's domain", 0},
	CategoryBlocked:       {"bcat", "the publisher blocks the ad's category", 0},
	CategoryNotAllowed:    {"acat", "the ad's category is not among those that the publisher allows", 0},
	AppBlocked:            {"bapp", "the publisher blocks the advertised app", 0},
	AttributeBlocked:      {"battr", "the publisher blocks an attribute of the creative", 0},
	AdTypeBlocked:         {"btype", "the publisher blocks this type of banner", 0},
	LanguageNotWanted:     {"wlang", "the creative's language is not among those that the publisher takes", 0},
	SeatBlocked:           {"wseat", "the deal is not for our seat or our advertiser", 0},
	NoCreativeFits:        {"creative", "no creative of the line item fits the impression", 0},
	DurationNotWanted:     {"duration", "no creative has a duration that the impression takes", 0},
	MimeNotWanted:         {"mime", "no creative has a media type that the player takes", 0},
	ProtocolNotWanted:     {"protocol", "no creative can be delivered in a protocol that the player takes", 0},
	MediaFileNotWanted:    {"media_file", "no media file of the creative has a bit rate and a delivery method that the player takes", 0},
	APINotOffered:         {"api", "the creative needs an API that the placement does not offer", 0},
	AssetMissing:          {"asset", "a required native asset is missing or too long or too small", 0},
	DSAMissing:            {"dsa", "the publisher requires transparency information (DSA) that the campaign lacks", 0},
	InsecureCreative:      {"insecure", "the impression needs https and the creative uses http", 0},
	NoConsent:             {"consent", "no permission to use this person's profile", 8},
	NoProfile:             {"unknown_person", "nothing is known of this person", 8},
	ProfileUnread:         {"profile_unread", "the person's profile could not be read in time", 0},
	AudienceNotMatched:    {"audience", "the person is not in the audience", 8},
	AudienceUnknown:       {"audience_unknown", "too little is known of the person to tell whether they are in the audience", 8},
	BelowFloor:            {"floor", "what the impression is worth is below the bid floor", 0},
	FloorCurrencyUnknown:  {"floor_currency", "there is no rate for the currency of the bid floor", 0},
	PacedBelowFloor:       {"pacing", "pacing lowers the bid below the floor, so that the budget lasts", 0},
	Uncounted:             {"uncounted", "the person cannot be recognised again, so what is shown to them cannot be counted", 8},
	FrequencyReached:      {"frequency", "the person has seen as much as a frequency cap allows, or may have once the bids in flight are decided", 0},
	InFlight:              {"in_flight", "more bids are undecided than can be counted towards frequency caps", 0},
	ConversationOver:      {"conversation_over", "the person has left the conversation, and is shown nothing more of it", 0},
	ConversationWaits:     {"conversation_waits", "the person's step of the conversation shows nothing yet", 0},
	ImpressionsSpent:      {"impressions", "the budget of impressions is used up or reserved", 0},
	DailyImpressionsSpent: {"daily_impressions", "the day's budget of impressions is used up or reserved", 0},
	BudgetSpent:           {"budget", "the budget is spent or reserved", 0},
	DailyBudgetSpent:      {"daily_budget", "the day's budget is spent or reserved", 0},
	Outbid:                {"outbid", "another line item is worth more to us", 0},
	AdvertiserTaken:       {"advertiser_taken", "the advertiser or creative already has an impression of this request", 0},
	TokenForged:           {"token_forged", "the notice's token was not signed by us", 0},
	TokenExpired:          {"token_expired", "the notice's token has expired", 0},
	TokenTruncated:        {"token_truncated", "the notice's token is missing or incomplete", 0},
	NoticeReplayed:        {"notice_replayed", "this notice has been counted already", 0},
	PriceInvalid:          {"price_invalid", "the notice's clearing price is missing or no price", 0},
	PriceAboveBid:         {"price_above_bid", "the notice's clearing price is above our bid", 0},
}

// String returns the reason's short name: its metric label and JSON value.
func (r Reason) String() string {
	if r >= numReasons {
		return "unknown"
	}
	return reasons[r].name
}

// Text returns the reason as a sentence for a campaign manager.
func (r Reason) Text() string {
	if r >= numReasons {
		return "unknown reason"
	}
	return reasons[r].text
}

// NBR returns the OpenRTB no-bid reason code, 0 ("unknown error") where the
// specification has none.
func (r Reason) NBR() int {
	if r >= numReasons {
		return 0
	}
	return reasons[r].nbr
}
