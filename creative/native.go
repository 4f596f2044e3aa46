package creative

import (
	"cmp"
	"slices"
	"strings"

	"bidwell/ad"
)

// Types of native data and image assets (OpenRTB Native 1.2, 7.4 and 7.3).
const (
	dataSponsored  = 1
	dataText       = 2
	dataRating     = 3
	dataLikes      = 4
	dataDownloads  = 5
	dataPrice      = 6
	dataSalePrice  = 7
	dataPhone      = 8
	dataAddress    = 9
	dataText2      = 10
	dataDisplayURL = 11
	dataCTA        = 12
	dataTypes      = 13

	iconImage  = 1
	logoImage  = 2
	mainImage  = 3
	imageTypes = 4
)

// native is a compiled native ad: its parts, from which Fit picks.
type native struct {
	titles  []phrase
	data    [dataTypes][]phrase // by type
	images  [imageTypes][]image // by type, the smallest first
	video   *video
	privacy []byte // the member "privacy" with its comma, or empty
}

// phrase is a text that is ready to be written.
type phrase struct {
	length int32  // as a placement counts
	asset  []byte // the asset's member, such as "title":{…}
}

// image is an image in one size, or in any if w and h are 0.
type image struct {
	w, h   int32
	mime   string
	markup template
}

// maxVariants bounds the variants of each text and image.
const maxVariants = 64

func (k *compiler) native(c *Creative) {
	s := k.spec.Native
	n := &native{titles: k.phrases("title", "text", s.Title)}
	for _, d := range []struct {
		kind int
		key  string
		list []word
	}{
		{dataSponsored, "sponsored", s.Sponsored}, {dataText, "text", s.Text}, {dataCTA, "cta", s.CTA},
		{dataRating, "rating", s.Data.Rating}, {dataLikes, "likes", s.Data.Likes},
		{dataDownloads, "downloads", s.Data.Downloads}, {dataPrice, "price", s.Data.Price},
		{dataSalePrice, "saleprice", s.Data.SalePrice}, {dataPhone, "phone", s.Data.Phone},
		{dataAddress, "address", s.Data.Address}, {dataText2, "text2", s.Data.Text2},
		{dataDisplayURL, "displayurl", s.Data.DisplayURL},
	} {
		n.data[d.kind] = k.phrases(d.key, "value", d.list)
	}
	if len(s.Sponsored) == 0 && k.ctx.Advertiser != "" {
		n.data[dataSponsored] = []phrase{newPhrase("data", "value", k.ctx.Advertiser)}
	}
	n.images[iconImage] = k.images("icon", s.Icon)
	n.images[logoImage] = k.images("logo", s.Logo)
	n.images[mainImage] = k.images("image", s.Image)
	if len(s.Logo) == 0 {
		n.images[logoImage] = n.images[iconImage]
	}
	if s.Video != nil {
		n.video = k.player(s.Video, ad.Video, c.CRID, 2)
		if s.Video.SkipAfter > 0 && !has(c.Attr, skippable) {
			c.Attr = append(c.Attr, skippable)
		}
	}
	if s.Privacy != "" && k.address(s.At("privacy"), "privacy", s.Privacy) {
		n.privacy = appendEscaped(nil, `"privacy":"`+s.Privacy+`",`, 1)
	}
	if len(s.Title) == 0 && len(s.Image) == 0 && s.Video == nil {
		k.errorf(s.Pos(), "add title and image", "the native ad has neither a title nor an image nor a video")
	}
	c.native = n
}

// phrases compiles the variants of a text, the longest first.
func (k *compiler) phrases(key, member string, list []word) []phrase {
	if len(list) > maxVariants {
		k.errorf(list[maxVariants].Pos, "", "%s has more than %d variants", key, maxVariants)
		return nil
	}
	kind := "data"
	if key == "title" {
		kind = "title"
	}
	var out []phrase
	for _, w := range list {
		if k.text(w.Pos, key, w.Value) {
			out = append(out, newPhrase(kind, member, strings.TrimSpace(w.Value)))
		}
	}
	slices.SortStableFunc(out, func(a, b phrase) int { return cmp.Compare(b.length, a.length) })
	return out
}

func newPhrase(kind, member, text string) phrase {
	p := phrase{asset: appendEscaped(nil, `"`+kind+`":{"`+member+`":"`, 1)}
	p.asset = appendEscaped(p.asset, text, 2)
	p.asset = appendEscaped(p.asset, `"}`, 1)
	// Placements count in UTF-16 units or in code points; the former is never
	// the smaller.
	for _, r := range text {
		p.length++
		if r > 0xFFFF {
			p.length++
		}
	}
	return p
}

// images compiles the sizes of an image, the smallest first and the one for any
// size last.
func (k *compiler) images(key string, list []ImageSpec) []image {
	if len(list) > maxVariants {
		k.errorf(list[maxVariants].Pos(), "", "%s has more than %d sizes", key, maxVariants)
		return nil
	}
	var out []image
	for i := range list {
		s := &list[i]
		if !k.address(s.At("url"), "url", s.URL, "W", "H") {
			continue
		}
		k.imageSize(s)
		pos := s.At("url")
		if s.MIME != "" {
			pos = s.At("mime")
		}
		w := &writer{depth: 1}
		w.text(`"img":{"url":"`)
		addressSlots(w, s.URL, imageMacros)
		w.text(`","w":`)
		w.slot(widthSlot, plainEscape)
		w.text(`,"h":`)
		w.slot(heightSlot, plainEscape)
		w.text(`}`)
		out = append(out, image{w: s.W, h: s.H, mime: k.imageMIME(pos, s.URL, s.MIME), markup: w.done()})
	}
	slices.SortStableFunc(out, func(a, b image) int { return cmp.Compare(a.rank(), b.rank()) })
	return out
}

func (k *compiler) imageSize(s *ImageSpec) {
	sized := s.Has("w") || s.Has("h")
	switch {
	case anySize(s.URL) && sized:
		k.errorf(s.Pos(), "remove w and h", "the image serves any size by its address and has a size as well")
	case anySize(s.URL):
	case strings.Contains(s.URL, "${"):
		k.errorf(s.At("url"), "use both ${W} and ${H}", "the address holds one of ${W} and ${H}")
	case s.W < 1 || s.W > maxSide || s.H < 1 || s.H > maxSide:
		k.errorf(s.Pos(), "add for example w: 1200, h: 627", "the image has no proper size")
	}
}

func (i *image) rank() int64 {
	if i.w == 0 {
		return 1 << 62
	}
	return area(i.w, i.h)
}
