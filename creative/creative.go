// Package creative turns a campaign's creatives into markup that an exchange
// accepts: HTML banners, VAST for video and audio, and native assets.
//
// Compile reads one creative of a campaign file and prepares everything that
// does not depend on the request. Fit tells whether the creative may be shown
// on one impression, in which size, protocol and selection of assets, or the
// reason why not. AppendMarkup writes the markup for that fit, escaped as the
// content of a JSON string. Fit and AppendMarkup do not allocate and may be
// called from many goroutines at once; a Creative never changes.
//
// Every address is https, so that a creative is fit for secure impressions.
package creative

import (
	"io/fs"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// Creative is a compiled creative. It is immutable.
type Creative struct {
	ID       ad.ID
	Name     string
	CRID     string   // bid.crid
	Pos      conf.Pos // where it is configured
	Media    ad.Media // bid.mtype
	Click    string   // landing page, to which the click address must lead, as FillLanding reads it
	Attr     []int32  // bid.attr; includes 16 if the ad can be skipped
	API      []int32  // APIs of which one is needed; bid.apis says which (Fit.API)
	Language string   // bid.language, lower case, empty if not known
	// Categories and Domains replace the advertiser's unless they are nil.
	Categories []string
	Domains    []string
	Bundle     string // bid.bundle

	// Sizes are the sizes of a banner, the largest first; none if it takes any.
	Sizes     []openrtb.Size
	AnySize   bool
	DurationS int32 // of video and audio, in seconds

	banner *banner
	video  *video
	native *native
}

// Viewable reports whether its markup can tell that it was seen: that of videos does,
// of natives where the placement measures it, of banners if it uses ${VIEW_URL}.
func (c *Creative) Viewable() bool {
	switch c.Media {
	case ad.Banner:
		return c.banner.markup.uses(viewSlot)
	case ad.Audio:
		return false
	}
	return true
}

// CompileContext is what a creative needs to know of its surroundings.
type CompileContext struct {
	ID         ad.ID
	CRID       string // used unless the creative has its own
	Advertiser string // name of the brand: VAST's Advertiser, native's sponsor
	// Files is where html_file is looked up. It should be the FS of an os.Root
	// of the configuration directory, so that no link leads out of it.
	Files fs.FS
}

// Compile checks spec and compiles it. Everything wrong is reported to ps; if
// any of it is an error the result is nil.
func Compile(spec *Spec, ctx CompileContext, ps *conf.Problems) *Creative {
	k := &compiler{spec: spec, ctx: ctx, ps: ps}
	c := &Creative{
		ID:       ctx.ID,
		Name:     spec.Name,
		CRID:     ctx.CRID,
		Pos:      spec.Pos(),
		Click:    spec.Click,
		Bundle:   spec.Bundle,
		Language: k.language(),
		Attr:     k.codes("attr", spec.Attr, 18),
		API:      k.codes("api", spec.API, 9),
	}
	if spec.CRID != "" {
		c.CRID = spec.CRID
	}
	k.text(spec.At("crid"), "crid", c.CRID)
	if ctx.Advertiser != "" {
		k.text(spec.Pos(), "the advertiser's name", ctx.Advertiser)
	}
	k.address(spec.At("click"), "click", spec.Click, bidIDMacro)
	c.Categories = k.words("categories", spec.Categories)
	c.Domains = k.domains(spec.Domains)
	k.media(c)
	if k.failed {
		return nil
	}
	return c
}

// media compiles the one kind of media that the creative holds.
func (k *compiler) media(c *Creative) {
	s := k.spec
	kinds := []struct {
		media ad.Media
		given bool
	}{{ad.Banner, s.Banner != nil}, {ad.Video, s.Video != nil}, {ad.Audio, s.Audio != nil}, {ad.Native, s.Native != nil}}
	for _, kind := range kinds {
		if !kind.given && !s.Has(kind.media.String()) {
			continue
		}
		if c.Media != ad.NoMedia {
			k.errorf(s.At(kind.media.String()), "make it a creative of its own and name both in the line item",
				"creative %q holds both %s and %s", s.Name, c.Media, kind.media)
			return
		}
		c.Media = kind.media
		if !kind.given {
			k.failed = true // what is wrong in it was reported when it was read
			return
		}
	}
	switch c.Media {
	case ad.NoMedia:
		k.errorf(s.Pos(), "add one of banner, video, audio and native", "creative %q holds no ad", s.Name)
	case ad.Banner:
		k.banner(c)
	case ad.Video:
		k.video(c, s.Video)
	case ad.Audio:
		k.video(c, s.Audio)
	case ad.Native:
		k.native(c)
	}
}

// AppendMarkup appends the markup for an impression that Fit accepted to dst,
// as the content of a JSON string, without its quotes. f must come from a Fit
// of the same creative.
func (c *Creative) AppendMarkup(dst []byte, f *Fit, m *Macros) []byte {
	switch {
	case c.banner != nil:
		return c.banner.markup.append(dst, &values{Macros: m, w: f.W, h: f.H})
	case c.video != nil:
		return c.video.append(dst, f, m)
	}
	return c.native.append(dst, f, m)
}
