package openrtb

import "bidwell/ad"

// Request is a bid request as a bidder needs it. Its byte slices are views into
// the body that was decoded, or into the request's own buffer where a string
// had escapes: they stay valid until the body changes or the Request is decoded
// into again. A Request is reused from one decode to the next and then
// allocates nothing. It must not be copied, or used by two goroutines at once.
//
// Fields that the sender left out, or sent in a wrong shape, have their zero
// value unless the comment says otherwise.
type Request struct {
	ID         []byte
	IDIsNumber bool // the id was a JSON number, which some exchanges send
	Imps       []Imp
	Inventory  ad.Inventory
	Site       Place // site, app or dooh, as Inventory says
	Device     Device
	User       User
	Regs       Regs
	Source     Source
	At         int32 // auction type: 1 first price, 2 second price, 0 if absent
	TMaxMS     int32 // 0 if absent
	Test       bool
	AllImps    bool
	CatTax     int32
	Cur        [][]byte
	WSeat      [][]byte
	BSeat      [][]byte
	WLang      [][]byte // wlang, then wlangb
	BCat       [][]byte
	ACat       [][]byte
	BAdv       [][]byte
	BApp       [][]byte
	Truncated  bool // lists were longer than the decoder keeps; what was over is missing

	old legacy // what stood where version 2.5 puts it
	mem memory
}

// Place is the site, app or dooh screen on which the impression is shown.
type Place struct {
	ID, Name, Domain []byte
	Page, Ref        []byte // site only
	Bundle, StoreURL []byte // app only
	Cat              [][]byte
	SectionCat       [][]byte
	PageCat          [][]byte
	CatTax           int32
	Mobile           bool
	Keywords         []byte // comma separated; an array is joined
	PublisherID      []byte
	PublisherName    []byte
	PublisherDomain  []byte
	VenueType        [][]byte // dooh only
	Content          Content

	known bool // the object has a member
}

// Content is what plays or is read on a Place.
type Content struct {
	ID, Title, Series, Season, Genre []byte
	URL, Language                    []byte
	Cat                              [][]byte
	LenS                             int32
	Livestream                       bool
	Rating                           []byte
}

// Device is the person's device.
type Device struct {
	UA, IP, IPv6          []byte
	Type                  int32 // AdCOM device type, 0 if absent
	Make, Model, OS, OSV  []byte
	IFA                   []byte
	Language              []byte // language or langb
	Carrier               []byte
	ConnectionType        int32
	W, H                  int32
	PxRatio               float64
	DNT, LMT              bool
	Geo                   Geo
	SUAMobile             int8 // sua.mobile: -1 if absent
	SUAPlatform, SUAModel []byte
}

// Geo is a place on the map.
type Geo struct {
	Country, Region, City, Zip, Metro []byte
	Lat, Lon                          float64
	HasLatLon                         bool
	UTCOffsetMin                      int32

	hasLat, hasLon bool
}

// User is the person, as far as the exchange says.
type User struct {
	ID, BuyerUID []byte
	YOB          int32
	Gender       []byte
	Keywords     []byte    // comma separated; an array is joined
	Consent      []byte    // TCF string: user.consent, else user.ext.consent
	EIDs         []EID     // user.eids, else user.ext.eids
	Data         []Segment // user.data, flattened
	Geo          Geo
}

// EID is one identifier of the person with its source, such as uidapi.com.
type EID struct {
	Source []byte
	ID     []byte
	AType  int32
}

// Segment is one segment of one data provider.
type Segment struct {
	Provider []byte // data.name, else data.id
	ID       []byte
	Name     []byte
	Value    []byte
}

// Regs are the regulations that apply.
type Regs struct {
	GDPR      int8 // 1 applies, 0 does not, -1 not said or neither 0 nor 1
	COPPA     bool
	USPrivacy []byte  // regs.us_privacy, else regs.ext.us_privacy
	GPP       []byte  // regs.gpp, else regs.ext.gpp
	GPPSID    []int32 // regs.gpp_sid, else regs.ext.gpp_sid
	DSA       DSA
}

// DSA is the transparency that the European Digital Services Act asks for, from
// regs.ext.dsa (or regs.dsa).
type DSA struct {
	Present      bool
	Required     int32 // 0 not, 1 supported, 2 required, 3 required by a very large platform
	PubRender    int32 // 0 cannot, 1 could, 2 will
	DataToPub    int32 // 0 do not send, 1 optional, 2 send
	Transparency int32 // number of transparency entries
}

// Source is where the request came from.
type Source struct {
	TID      []byte
	FD       int32
	HasChain bool
	Complete bool // schain.complete
	Chain    []ChainNode
}

// ChainNode is one seller of the supply chain, from publisher to exchange.
type ChainNode struct {
	ASI, SID []byte
	HP       bool
}

// Imp is one impression on offer.
type Imp struct {
	ID             []byte
	Has            [ad.Native + 1]bool // which media are offered, by ad.Media
	Banner         Banner
	Video          Video // video
	Audio          Video // audio has the same fields, less the picture
	Native         Native
	TagID          []byte
	Instl          bool
	Rewarded       bool
	Secure         bool
	BidFloor       float64 // CPM
	BidFloorCur    []byte  // USD if absent
	ExpS           int32
	PrivateAuction bool
	Deals          []Deal
	Qty            float64 // imp.qty.multiplier, 0 if absent
	Viewability    float64 // imp.metric "viewability", 0..1, -1 if absent
}

// Size is a width and height in device-independent pixels. For a ratio (a
// "flex" format) W and H are 0 and WRatio, HRatio are set.
type Size struct {
	W, H           int32
	WRatio, HRatio int32
	WMin           int32
}

// Banner is a banner placement.
type Banner struct {
	Sizes                  []Size // banner.format
	W, H                   int32  // banner.w and h; 0 if absent or not positive
	WMin, WMax, HMin, HMax int32
	Pos                    int32
	BType                  []int32
	BAttr                  []int32
	API                    []int32
	Mimes                  [][]byte
	ExpDir                 []int32
	TopFrame               bool
}

// Video is a video or audio placement.
type Video struct {
	Mimes                  [][]byte
	MinDurationS           int32
	MaxDurationS           int32 // 0 if absent
	RqdDursS               []int32
	Protocols              []int32 // protocols and the old protocol
	W, H                   int32
	Placement              int32 // video.placement
	Plcmt                  int32 // video.plcmt
	Linearity              int32
	StartDelay             int32
	HasStartDelay          bool
	Skip                   bool
	SkipMinS, SkipAfterS   int32
	MinBitrate, MaxBitrate int32
	PlaybackMethod         []int32
	Delivery               []int32
	Pos                    int32
	BAttr                  []int32
	API                    []int32
	PodID                  []byte
	PodSeq                 int32
	SlotInPod              int32
	PodDurS                int32
	MaxSeq                 int32
	MinCPMPerSec           float64
	Feed                   int32 // audio
	MaxExtendedS           int32
	Sequence               int32
}

// Native is a native placement. The decoder reads the request of OpenRTB Native
// 1.0 to 1.2, wrapped in {"native":…} or bare, as a string or an object. A
// request that cannot be read, or that asks for no asset, makes the placement
// not offered.
type Native struct {
	Ver           []byte // native.ver, else the request's own
	Wrapped       bool   // answer in the same form
	Context       int32
	PlcmtType     int32
	PlcmtCnt      int32
	Privacy       bool
	Assets        []Asset
	EventTrackers []EventTracker
	API           []int32
	BAttr         []int32
}

// AssetKind is what a native asset holds.
type AssetKind uint8

// The kinds of native assets.
const (
	NoAsset AssetKind = iota
	Title
	Image
	VideoAsset
	Data
)

// Asset is one asset that a native placement asks for.
type Asset struct {
	ID         int32
	HasID      bool
	Required   bool
	Kind       AssetKind
	Type       int32 // image or data asset type
	Len        int32 // title and data: the most characters, 0 if not limited
	W, H       int32
	WMin, HMin int32
	Mimes      [][]byte
	// For VideoAsset.
	MinDurationS, MaxDurationS int32
	Protocols                  []int32
}

// EventTracker is an event that a native placement can track, by method (1
// image, 2 JavaScript).
type EventTracker struct {
	Event   int32
	Methods []int32
}

// Deal is a private marketplace deal on offer.
type Deal struct {
	ID          []byte
	BidFloor    float64 // CPM
	BidFloorCur []byte  // USD if absent
	At          int32   // 1, 2, or 3 (the floor is the agreed price); 0 if absent
	WSeat       [][]byte
	WADomain    [][]byte
}
