package creative

import "bidwell/internal/conf"

// word is a text of a list, with its place in the file.
type word = conf.Value[string]

// Spec is one entry of `creatives:` in a campaign file. It holds exactly one of
// Banner, Video, Audio and Native.
type Spec struct {
	conf.Located

	Name       string              `yaml:"name" conf:"required" doc:"Name of the creative, unique in its campaign."`
	CRID       string              `yaml:"crid" doc:"Creative id told to exchanges (bid.crid). Default: campaign/name."`
	Click      string              `yaml:"click" conf:"required" doc:"Landing page, an https address. Clicks are counted on the way there. ${BID_ID} in it becomes the id of the bid, with which the advertiser may report a conversion."`
	Banner     *BannerSpec         `yaml:"banner" doc:"An HTML or image banner."`
	Video      *VideoSpec          `yaml:"video" doc:"A linear video ad, delivered as VAST."`
	Audio      *VideoSpec          `yaml:"audio" doc:"An audio ad, delivered as VAST."`
	Native     *NativeSpec         `yaml:"native" doc:"The parts of a native ad, from which each placement takes what it asks for."`
	Attr       []conf.Value[int32] `yaml:"attr" doc:"Creative attributes (AdCOM list 'Creative Attributes'), e.g. 1 for auto-play audio."`
	API        []conf.Value[int32] `yaml:"api" doc:"APIs of which the creative needs one (AdCOM list 'API Frameworks'), e.g. 5 for MRAID 2."`
	Language   string              `yaml:"language" doc:"Language of the creative, two letters (ISO 639-1), e.g. de."`
	Categories []word              `yaml:"categories" doc:"Ad categories in place of the advertiser's, e.g. IAB2-2."`
	Domains    []word              `yaml:"domains" doc:"Advertiser domains in place of the advertiser's, e.g. motors.example."`
	Bundle     string              `yaml:"bundle" doc:"The advertised app: its bundle or store id."`
}

// BannerSpec is a banner: markup from HTML, from an HTML file, or around an
// image.
type BannerSpec struct {
	conf.Located

	Size     []word `yaml:"size" conf:"scalar-ok" doc:"Width x height such as 300x250, or 'any' for markup that fills what it is given."`
	Sizes    []word `yaml:"sizes" conf:"scalar-ok" doc:"Several sizes, for responsive markup."`
	HTML     string `yaml:"html" doc:"The markup. ${CLICK_URL} stands for the click address."`
	HTMLFile string `yaml:"html_file" doc:"File with the markup, relative to the configuration directory."`
	Image    string `yaml:"image" doc:"Address of an image. ${W} and ${H} stand for its size."`
}

// VideoSpec is a video or audio ad: media files, or the address of another
// server's VAST.
type VideoSpec struct {
	conf.Located

	Title     string         `yaml:"title" doc:"Title told to the player. Default: the creative's name."`
	Duration  conf.Duration  `yaml:"duration" conf:"required" doc:"Duration in whole seconds, e.g. 15s."`
	Media     []MediaSpec    `yaml:"media" doc:"Media files; the player is offered those that it can play."`
	VASTURL   string         `yaml:"vast_url" doc:"Address of a VAST document, in place of media. ${CACHEBUSTER} and ${CLICK_URL_ESC} are filled in."`
	SkipAfter conf.Duration  `yaml:"skip_after" doc:"The ad may be skipped after this time. Sets creative attribute 16."`
	Companion *CompanionSpec `yaml:"companion" doc:"An image shown beside the player, where there is room."`
}

// MediaSpec is one file of a video or audio ad.
type MediaSpec struct {
	conf.Located

	URL      string `yaml:"url" conf:"required" doc:"Address of the file."`
	MIME     string `yaml:"mime" conf:"required" doc:"Media type, e.g. video/mp4."`
	Width    int32  `yaml:"width" doc:"Width in pixels; for video only."`
	Height   int32  `yaml:"height" doc:"Height in pixels; for video only."`
	Bitrate  int32  `yaml:"bitrate" doc:"Bit rate in kbit/s. A file without one is taken to fit every limit."`
	Delivery string `yaml:"delivery" oneof:"progressive streaming" doc:"progressive (the default) or streaming."`
	VPAID    bool   `yaml:"vpaid" doc:"The file is a VPAID unit, for players that offer VPAID."`
}

// CompanionSpec is an image beside a player.
type CompanionSpec struct {
	conf.Located

	Size  string `yaml:"size" conf:"required" doc:"Width x height, e.g. 300x250."`
	Image string `yaml:"image" conf:"required" doc:"Address of the image."`
}

// NativeSpec holds the parts of a native ad. Where several texts are given, the
// longest that a placement has room for is taken; none is ever cut.
type NativeSpec struct {
	conf.Located

	Title     []word      `yaml:"title" conf:"scalar-ok" doc:"Title; several of different lengths may be given."`
	Text      []word      `yaml:"text" conf:"scalar-ok" doc:"Description; several of different lengths may be given."`
	Sponsored []word      `yaml:"sponsored" conf:"scalar-ok" doc:"Brand shown as sponsor. Default: the advertiser's name."`
	CTA       []word      `yaml:"cta" conf:"scalar-ok" doc:"Call to action, e.g. 'Book a drive'."`
	Data      DataSpec    `yaml:"data" doc:"Further texts by kind."`
	Icon      []ImageSpec `yaml:"icon" conf:"scalar-ok" doc:"Icon, in one or several sizes."`
	Logo      []ImageSpec `yaml:"logo" conf:"scalar-ok" doc:"Logo, in one or several sizes. Default: the icon."`
	Image     []ImageSpec `yaml:"image" conf:"scalar-ok" doc:"Main image, in one or several sizes."`
	Video     *VideoSpec  `yaml:"video" doc:"Video, for placements that take one."`
	Privacy   string      `yaml:"privacy" doc:"Address of a privacy page, given where a placement asks for it."`
}

// DataSpec holds the data assets that NativeSpec has no own key for.
type DataSpec struct {
	conf.Located

	Rating     []word `yaml:"rating" conf:"scalar-ok" doc:"Rating, 0 to 5."`
	Likes      []word `yaml:"likes" conf:"scalar-ok" doc:"Number of likes."`
	Downloads  []word `yaml:"downloads" conf:"scalar-ok" doc:"Number of downloads."`
	Price      []word `yaml:"price" conf:"scalar-ok" doc:"Price with its currency."`
	SalePrice  []word `yaml:"saleprice" conf:"scalar-ok" doc:"Reduced price with its currency."`
	Phone      []word `yaml:"phone" conf:"scalar-ok" doc:"Telephone number."`
	Address    []word `yaml:"address" conf:"scalar-ok" doc:"Postal address."`
	Text2      []word `yaml:"text2" conf:"scalar-ok" doc:"Second description."`
	DisplayURL []word `yaml:"displayurl" conf:"scalar-ok" doc:"Address as shown to people."`
}

// ImageSpec is an image in one size, or in any size if its address holds ${W}
// and ${H}.
type ImageSpec struct {
	conf.Located

	URL  string `yaml:"url" conf:"required" doc:"Address of the image. With ${W} and ${H} it serves every size."`
	W    int32  `yaml:"w" doc:"Width in pixels."`
	H    int32  `yaml:"h" doc:"Height in pixels."`
	MIME string `yaml:"mime" doc:"Media type. Default: told by the ending of the address."`
}
