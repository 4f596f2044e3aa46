package creative

import (
	"math/bits"
	"regexp"
	"strings"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// video is a compiled video or audio ad.
type video struct {
	media      ad.Media
	durationS  int32
	skipAfterS int32
	wraps      bool // the media files are behind another server's VAST
	files      []file
	docs       [len(vastVersions)]template
}

// file is one media file.
type file struct {
	mime      string
	w, h      int32
	bitrate   int32 // kbit/s, 0 if not known
	streaming bool
	vpaid     bool
	element   []byte
}

// maxFiles bounds the media files of an ad; a Fit keeps the chosen ones in as
// many bits.
const maxFiles = 64

// skippable is the creative attribute of an ad that can be skipped.
const skippable = 16

// AdCOM delivery methods.
const (
	deliveryStreaming   = 1
	deliveryProgressive = 2
)

var mimeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*$`)

// video compiles a video or audio creative.
func (k *compiler) video(c *Creative, s *VideoSpec) {
	c.video = k.player(s, c.Media, c.CRID, 1)
	if c.video == nil {
		return
	}
	c.DurationS = c.video.durationS
	if c.video.skipAfterS > 0 && !has(c.Attr, skippable) {
		c.Attr = append(c.Attr, skippable)
	}
}

// player compiles a video or audio ad whose markup lies depth deep in JSON
// strings.
func (k *compiler) player(s *VideoSpec, media ad.Media, crid string, depth int) *video {
	v := &video{media: media, durationS: k.seconds(s, "duration", s.Duration), skipAfterS: k.seconds(s, "skip_after", s.SkipAfter)}
	if v.skipAfterS >= v.durationS && v.skipAfterS > 0 && v.durationS > 0 {
		k.errorf(s.At("skip_after"), "", "skip_after is not before the end of the ad")
	}
	d := &vastDoc{video: v, crid: crid, title: s.Title, advertiser: k.ctx.Advertiser}
	if d.title == "" {
		d.title = k.spec.Name
	}
	k.text(s.At("title"), "title", d.title)
	switch k.exactlyOne("the "+media.String()+" ad", s.Located, []string{"media", "vast_url"}, []bool{len(s.Media) > 0, s.VASTURL != ""}) {
	case 0:
		k.files(v, s, depth)
	case 1:
		v.wraps = true
		d.tagURL = s.VASTURL
		k.address(s.At("vast_url"), "vast_url", s.VASTURL, append([]string{"CACHEBUSTER", "CLICK_URL_ESC"}, exchangeMacros...)...)
		k.notWithTag(s)
	}
	k.companion(d, s)
	if k.failed {
		return nil
	}
	for i := range vastVersions {
		v.docs[i] = d.compile(&vastVersions[i], depth)
	}
	return v
}

// notWithTag refuses what a wrapper cannot say.
func (k *compiler) notWithTag(s *VideoSpec) {
	for _, key := range []string{"skip_after", "companion"} {
		if s.Has(key) {
			k.errorf(s.KeyAt(key), "the document at vast_url decides it", "%s cannot be used with vast_url", key)
		}
	}
}

// seconds returns a duration in seconds.
func (k *compiler) seconds(s *VideoSpec, key string, d conf.Duration) int32 {
	const day = 24 * 60 * 60
	if d%1e9 != 0 || d.Seconds() >= day {
		k.errorf(s.At(key), "", "%s must be in whole seconds and less than a day", key)
		return 0
	}
	return int32(d.Seconds())
}

func (k *compiler) files(v *video, s *VideoSpec, depth int) {
	if len(s.Media) > maxFiles {
		k.errorf(s.At("media"), "", "there are more than %d media files", maxFiles)
		return
	}
	for i := range s.Media {
		m := &s.Media[i]
		mime := strings.ToLower(m.MIME)
		k.address(m.At("url"), "url", m.URL)
		if !mimeForm.MatchString(mime) {
			k.errorf(m.At("mime"), "write for example video/mp4", "%q is no media type", m.MIME)
		}
		k.dimensions(m, v.media)
		if m.Bitrate < 0 {
			k.errorf(m.At("bitrate"), "", "the bit rate is negative")
		}
		v.files = append(v.files, file{
			mime: mime, w: m.Width, h: m.Height, bitrate: m.Bitrate, vpaid: m.VPAID,
			streaming: m.delivery() == "streaming",
			element:   mediaFile(m, depth),
		})
	}
}

func (k *compiler) dimensions(m *MediaSpec, media ad.Media) {
	sized := m.Width > 0 && m.Width <= maxSide && m.Height > 0 && m.Height <= maxSide
	switch {
	case media == ad.Video && !sized:
		k.errorf(m.Pos(), "add for example width: 1280, height: 720", "the video file has no proper width and height")
	case media == ad.Audio && (m.Has("width") || m.Has("height")):
		k.errorf(m.Pos(), "remove them", "an audio file has no width and height")
	case media == ad.Audio && m.VPAID:
		k.errorf(m.At("vpaid"), "remove it", "an audio file cannot be a VPAID unit")
	}
}

func (k *compiler) companion(d *vastDoc, s *VideoSpec) {
	c := s.Companion
	if c == nil {
		return
	}
	size, ok := parseSize(c.Size)
	if !ok {
		k.errorf(c.At("size"), "write width x height, such as 300x250", "%q is no size", c.Size)
	}
	d.companion, d.compW, d.compH = c, size.W, size.H
	if !k.address(c.At("image"), "image", c.Image) {
		return
	}
	d.compMIME = mimeByEnding(c.Image)
	if d.compMIME == "" {
		k.errorf(c.At("image"), "let it end in .png, .jpg or the like", "the companion's type cannot be told by its address")
	}
}

// player is what a video or audio placement, or a native video asset, takes.
type player struct {
	mimes                  [][]byte
	minS, maxS             int32
	rqdS                   []int32
	protocols              []int32
	api                    []int32
	delivery               []int32
	minBitrate, maxBitrate int32
	w, h                   int32
}

func (c *Creative) fitVideo(v *openrtb.Video, f *Fit) ad.Reason {
	if v.Linearity > 1 {
		return ad.NotThisMedia // overlays only
	}
	p := player{
		mimes: v.Mimes, minS: v.MinDurationS, maxS: v.MaxDurationS, rqdS: v.RqdDursS, protocols: v.Protocols,
		api: v.API, delivery: v.Delivery, minBitrate: v.MinBitrate, maxBitrate: v.MaxBitrate, w: v.W, h: v.H,
	}
	if v.PodDurS > 0 && (p.maxS <= 0 || p.maxS > v.PodDurS) {
		p.maxS = v.PodDurS
	}
	if v.PodDurS > 0 && c.video.durationS > v.PodDurS {
		return ad.DurationNotWanted // required durations are no excuse
	}
	if r := c.video.fit(&p, f); r != ad.OK {
		return r
	}
	if v.W > 0 && v.H > 0 {
		f.W, f.H = v.W, v.H
	}
	f.DurationS = c.video.durationS
	return c.allowed(v.BAttr, v.API, f)
}

// fit chooses the version and the media files for a player.
func (v *video) fit(p *player, f *Fit) ad.Reason {
	if !v.lasts(p) {
		return ad.DurationNotWanted
	}
	version, ok := v.version(p.protocols)
	if !ok {
		return ad.ProtocolNotWanted
	}
	f.version = uint8(version)
	f.Protocol = vastVersions[version].inline
	if v.wraps {
		f.Protocol = vastVersions[version].wrapper
		return ad.OK
	}
	return v.choose(p, f)
}

// lasts reports whether the player takes the duration. Required durations
// stand alone: OpenRTB has them exclude a minimum and maximum.
func (v *video) lasts(p *player) bool {
	if len(p.rqdS) > 0 {
		return has(p.rqdS, v.durationS)
	}
	return v.durationS >= p.minS && (p.maxS <= 0 || v.durationS <= p.maxS)
}

// version returns the best version that the player reads, as an index.
func (v *video) version(protocols []int32) (int, bool) {
	if len(protocols) == 0 {
		return defaultVersion, true
	}
	for i := range vastVersions {
		code := vastVersions[i].inline
		if v.wraps {
			code = vastVersions[i].wrapper
		}
		if has(protocols, code) {
			return i, true
		}
	}
	return 0, false
}

// choose finds the media files that the player takes and, among them, the one
// nearest to its size. If there is none the reason is that of the file that
// came furthest.
func (v *video) choose(p *player, f *Fit) ad.Reason {
	f.media = 0
	reason, nearest := ad.MimeNotWanted, int64(-1)
	for i := range v.files {
		m := &v.files[i]
		if r := m.fit(p); r != ad.OK {
			reason = further(reason, r)
			continue
		}
		f.media |= 1 << i
		off := apart(m.w, p.w) + apart(m.h, p.h)
		if nearest < 0 || off < nearest {
			nearest, f.best = off, uint8(i)
		}
	}
	if f.media == 0 {
		return reason
	}
	if v.onlyVPAID(f.media) {
		f.API = vpaidAPI(p.api)
	}
	return ad.OK
}

// further returns the later of two reasons in the order in which a file is
// tested: type, API, bit rate and delivery.
func further(a, b ad.Reason) ad.Reason {
	if b == ad.MediaFileNotWanted || a == ad.MimeNotWanted {
		return b
	}
	return a
}

func (m *file) fit(p *player) ad.Reason {
	switch {
	case len(p.mimes) > 0 && !hasMIME(p.mimes, m.mime):
		return ad.MimeNotWanted
	case m.vpaid && vpaidAPI(p.api) == 0:
		return ad.APINotOffered
	case m.bitrate > 0 && (m.bitrate < p.minBitrate || p.maxBitrate > 0 && m.bitrate > p.maxBitrate):
		return ad.MediaFileNotWanted
	case len(p.delivery) > 0 && !m.delivered(p.delivery):
		return ad.MediaFileNotWanted
	}
	return ad.OK
}

// delivered reports whether the player takes the file's delivery. A file that
// downloads progressively can be downloaded (3) as well.
func (m *file) delivered(delivery []int32) bool {
	if m.streaming {
		return has(delivery, deliveryStreaming)
	}
	return has(delivery, deliveryProgressive) || has(delivery, deliveryProgressive+1)
}

// vpaidAPI returns the newest VPAID on offer, 0 if none.
func vpaidAPI(api []int32) int32 {
	if has(api, 2) {
		return 2
	}
	if has(api, 1) {
		return 1
	}
	return 0
}

func (v *video) onlyVPAID(chosen uint64) bool {
	for i := range v.files {
		if chosen&(1<<i) != 0 && !v.files[i].vpaid {
			return false
		}
	}
	return true
}

// apart returns how far a side is from the wish, 0 without a wish.
func apart(side, wish int32) int64 {
	if wish <= 0 {
		return 0
	}
	d := int64(side) - int64(wish)
	return max(d, -d)
}

func (v *video) append(dst []byte, f *Fit, m *Macros) []byte {
	return v.docs[f.version].append(dst, &values{Macros: m, video: v, fit: f})
}

// appendMedia appends the chosen media files, the best first.
func (v *video) appendMedia(dst []byte, f *Fit) []byte {
	dst = append(dst, v.files[f.best].element...)
	for rest := f.media &^ (1 << f.best); rest != 0; rest &= rest - 1 {
		dst = append(dst, v.files[bits.TrailingZeros64(rest)].element...)
	}
	return dst
}
