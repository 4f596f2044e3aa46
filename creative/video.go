package creative

import (
	"math/bits"
	"regexp"
	"strings"

	"bidwell/ad"
	"bidwell/internal/conf"
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
