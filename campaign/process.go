package campaign

import "bidwell/internal/conf"

// ProcessFile is bidwell.yaml: the process, the exchanges and the currency. The
// fields that a reload cannot change say so.
type ProcessFile struct {
	conf.Located
	Listen    string                 `yaml:"listen" conf:"not-empty" doc:"Address of the exchange port; :8080 if left out. Takes effect at a restart."`
	Admin     string                 `yaml:"admin" conf:"not-empty" doc:"Address of the admin port; 127.0.0.1:8081 if left out. Takes effect at a restart."`
	AdminKey  string                 `yaml:"admin_key" conf:"not-empty" doc:"Bearer token that the admin port demands when its address is not loopback. Takes effect at a restart."`
	Data      string                 `yaml:"data" conf:"not-empty" doc:"Directory for profiles and keys; ./data if left out. Takes effect at a restart."`
	Seat      string                 `yaml:"seat" conf:"not-empty" doc:"Our buyer seat on the exchanges; bidwell if left out."`
	Currency  string                 `yaml:"currency" doc:"House currency: accounts are kept in it; USD if left out."`
	Rates     conf.Map[float64]      `yaml:"rates" doc:"What one unit of another currency is worth in the house currency."`
	URLs      URLSpec                `yaml:"urls" doc:"How exchanges and browsers reach this bidder."`
	Exchanges conf.Map[ExchangeSpec] `yaml:"exchanges" conf:"required" doc:"Exchanges by name; the name is the last part of the path they post to: /openrtb2/bid/NAME."`
	Senders   conf.Map[SenderSpec]   `yaml:"advertisers" doc:"Advertisers who send what people do on their sites and in their apps, by the name that campaigns give them."`
	Privacy   PrivacySpec            `yaml:"privacy" doc:"What we may do with personal data."`
	Store     StoreSpec              `yaml:"store" doc:"Memory for profiles. Takes effect at a restart."`
	Limits    LimitSpec              `yaml:"limits" doc:"What the exchange port puts up with. Takes effect at a restart."`
}

// URLSpec is how others reach this bidder.
type URLSpec struct {
	conf.Located
	Public  string `yaml:"public" conf:"not-empty" doc:"Base of the URLs that stand in markup (pixels, clicks), https; browsers call them. https:// and the listen address if left out."`
	Notices string `yaml:"notices" conf:"not-empty" doc:"Base of the URLs that exchanges call (nurl, burl, lurl). http:// and the listen address if left out."`
}

// ExchangeSpec is one exchange.
type ExchangeSpec struct {
	conf.Located
	Credential   string        `yaml:"credential" conf:"not-empty" doc:"What the exchange sends as 'Authorization: Bearer …' or '?key=…'. Without it only loopback clients are answered."`
	Auction      string        `yaml:"auction" oneof:"request first second" doc:"What kind of auction it holds: first or second price, whatever its requests say; request (the default) goes by their at, and takes second where they are silent. In a first-price auction bids are shaded: no more is bid than is likely to win."`
	Shade        *bool         `yaml:"shade" doc:"False to bid the full value in first-price auctions, too."`
	QPS          float64       `yaml:"qps" doc:"The most requests per second that are answered; the rest get 429. Without it there is no limit."`
	Window       conf.Duration `yaml:"window" doc:"The most time to answer; less if the tmax of the request is less. 100ms if left out."`
	Network      conf.Duration `yaml:"network" doc:"Part of the window that the network takes; 10ms if left out."`
	IDs          []string      `yaml:"ids" conf:"not-empty" doc:"Kinds of identifiers in the order in which they are tried: buyeruid, ifa, user, and eid:SOURCE such as eid:uidapi.com. If left out: buyeruid, the common eids, ifa, user."`
	SettleOn     string        `yaml:"settle_on" oneof:"billing win impression" doc:"What the exchange bills on: billing (the default), win or impression."`
	NoticeWindow conf.Duration `yaml:"notice_window" doc:"How long a bid's budget stays reserved for its notice; 1h if left out."`
	PriceKeys    PriceKeySpec  `yaml:"price_keys" doc:"Keys of an exchange that encrypts clearing prices, by Google's scheme. Without them prices are plain."`
	Debug        bool          `yaml:"debug" doc:"True to give the reasons with every no-bid, not only with test:1."`
	Seat         string        `yaml:"seat" conf:"not-empty" doc:"Our seat on this exchange, if it differs."`
	Seen         bool          `yaml:"seen" doc:"True to remember what the pages and apps of this exchange's requests are about, of people who permit writing to their profile, for rules such as did: {seen: automotive}. See that your contract with the exchange permits it."`
	SyncURL      string        `yaml:"sync_url" conf:"not-empty" doc:"Where the exchange takes our id of a browser, with {id} in its place: /sync sends browsers there."`
}

// SenderSpec is an advertiser who sends behaviour.
type SenderSpec struct {
	conf.Located
	Key         string   `yaml:"key" conf:"required,not-empty" doc:"What the advertiser's servers send as 'Authorization: Bearer …' or '?key=…'. Whoever has it vouches for the consent of the people."`
	PixelKey    string   `yaml:"pixel_key" conf:"not-empty" doc:"What pixels on the advertiser's pages send as '?key=…'. Everybody can read it, so it only takes single events that happen now. Without it there are no pixels."`
	Conversions []string `yaml:"conversions" conf:"not-empty" doc:"Names of the conversions that it reports, such as test-drive."`
}

// PriceKeySpec is the keys with which an exchange encrypts clearing prices.
type PriceKeySpec struct {
	conf.Located
	Encryption string `yaml:"encryption" doc:"Encryption key in base64, as the exchange gives it."`
	Integrity  string `yaml:"integrity" doc:"Integrity key in base64, as the exchange gives it."`
}

// PrivacySpec is the legal basis on which profiles are used.
type PrivacySpec struct {
	conf.Located
	VendorID      uint16  `yaml:"tcf_vendor_id" doc:"Our id on the IAB Global Vendor List. Without it, no profile is used where GDPR applies."`
	ReadPurposes  []uint8 `yaml:"read_purposes" conf:"not-empty" doc:"TCF purposes that must be permitted to use a profile; 1 and 4 if left out."`
	WritePurposes []uint8 `yaml:"write_purposes" conf:"not-empty" doc:"TCF purposes that must be permitted to write to a profile; 1 and 3 if left out."`
	EmitPurposes  []uint8 `yaml:"emit_purposes" conf:"not-empty" doc:"TCF purposes that must be permitted to let a person's key leave in our URLs; 1, 3 and 7 if left out."`
	Interest      []uint8 `yaml:"legitimate_interest" conf:"not-empty" doc:"TCF purposes for which our entry on the list claims legitimate interest."`
	AssumeGDPR    string  `yaml:"assume_gdpr" oneof:"by-context always never" doc:"Whether GDPR applies where the request does not say: by-context (the default: if there is a consent string or the person is in Europe), always or never."`

	Retention RetentionSpec `yaml:"retention" doc:"How long each kind of data about a person is kept, from 1d to 3650d. Takes effect at a restart."`
}

// RetentionSpec is how long each kind of data about a person is kept.
type RetentionSpec struct {
	conf.Located
	Attributes conf.Duration `yaml:"attributes" doc:"Since an attribute was last written; 730d if left out."`
	Segments   conf.Duration `yaml:"segments" doc:"The longest that a segment may last, whatever its own expiry says; 730d if left out."`
	Behaviours conf.Duration `yaml:"behaviours" doc:"Visits, searches, purchases and the like; 100d if left out. No rule can look back further."`
	Touches    conf.Duration `yaml:"touches" doc:"Impressions, views and clicks; 100d if left out. No frequency cap or conversation can look back further."`
	IDs        conf.Duration `yaml:"ids" doc:"Identifiers, since they were last imported or linked; 730d if left out."`
	Links      conf.Duration `yaml:"links" doc:"Links between identifiers, since they were last confirmed; 180d if left out."`
}

// StoreSpec is the memory for profiles.
type StoreSpec struct {
	conf.Located
	CacheMB int `yaml:"cache_mb" doc:"Memory for people in the cache; 256 if left out."`
	BlockMB int `yaml:"block_mb" doc:"Memory for the store's own blocks; 64 if left out."`

	KeepEvents conf.Duration `yaml:"keep_events" doc:"How long single events are kept in the ledger, such as 400d; forever if left out. What they add up to is kept in any case."`
}

// LimitSpec is what the exchange port puts up with.
type LimitSpec struct {
	conf.Located
	BodyKB      int           `yaml:"body_kb" doc:"The largest request body, unpacked; 512 if left out."`
	Connections int           `yaml:"connections" doc:"The most connections at a time; 16384 if left out."`
	ShedAbove   conf.Duration `yaml:"shed_above" doc:"Time that requests may wait for a processor before some are answered 204 unread; 5ms if left out."`
	SlowClient  conf.Duration `yaml:"slow_client" doc:"How long a client may take to send a request that it has begun, or to take its answer; 1s if left out."`
	Drain       conf.Duration `yaml:"drain" doc:"How long to answer on after SIGTERM while /readyz says no; 5s if left out."`
}
