package creative

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"

	"pgregory.net/rapid"
)

// compile compiles a spec that must be good.
func compile(t rapid.TB, s *Spec) *Creative {
	t.Helper()
	s.Name, s.Click = "x", "https://motors.example/"
	var ps conf.Problems
	c := Compile(s, CompileContext{ID: 1, CRID: "c/x"}, &ps)
	if c == nil {
		t.Fatalf("not compiled: %v", ps.Sorted())
	}
	return c
}

// unescape returns the markup as the exchange reads it.
func unescape(t rapid.TB, c *Creative, f *Fit) string {
	t.Helper()
	var s string
	if err := json.Unmarshal([]byte(`"`+string(c.AppendMarkup(nil, f, testMacros()))+`"`), &s); err != nil {
		t.Fatalf("the markup is no JSON string: %v", err)
	}
	return s
}

// drawText draws text that is hard to escape.
func drawText(t *rapid.T, label string) string {
	r := rapid.SampledFrom([]rune(`ab "'\<>&/]]>{}$%äß€🚗`))
	return rapid.StringOfN(r, 1, 30, -1).Filter(func(s string) bool { return strings.TrimSpace(s) == s }).Draw(t, label)
}

func drawTexts(t *rapid.T, label string) (out []word) {
	for range rapid.IntRange(0, 3).Draw(t, label+" variants") {
		out = append(out, word{Value: drawText(t, label)})
	}
	return out
}

var someMIMEs = []string{"image/png", "image/jpeg", "video/mp4", "video/webm", "application/javascript"}

func drawMIMEs(t *rapid.T) [][]byte {
	return list(rapid.SliceOfN(rapid.SampledFrom(someMIMEs), 0, 3).Draw(t, "mimes")...)
}

func drawCodes(t *rapid.T, label string, codes ...int32) []int32 {
	return rapid.SliceOfN(rapid.SampledFrom(codes), 0, 4).Draw(t, label)
}

func drawSide(t *rapid.T, label string) int32 {
	return rapid.SampledFrom([]int32{0, 0, 1, 50, 100, 300, 627, 1200}).Draw(t, label)
}

func drawImages(t *rapid.T, label string) (out []ImageSpec) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		s := ImageSpec{URL: "https://c.example/x?a=1&b=2", MIME: rapid.SampledFrom(someMIMEs[:2]).Draw(t, "mime")}
		if rapid.Bool().Draw(t, "any size") {
			s.URL = "https://c.example/${W}x${H}"
		} else {
			s.W, s.H = max(1, drawSide(t, "w")), max(1, drawSide(t, "h"))
		}
		out = append(out, s)
	}
	return out
}

func drawVideo(t *rapid.T, media ad.Media) *VideoSpec {
	v := &VideoSpec{Duration: conf.Duration(1e9 * rapid.Int64Range(1, 40).Draw(t, "seconds")), Title: drawText(t, "title")}
	if rapid.IntRange(0, 4).Draw(t, "wrapper") == 0 {
		v.VASTURL = "https://ads.example/${CACHEBUSTER}"
		return v
	}
	for range rapid.IntRange(1, 5).Draw(t, "files") {
		m := MediaSpec{
			URL: "https://c.example/film?a=1&b=]]", MIME: rapid.SampledFrom(someMIMEs).Draw(t, "mime"),
			Bitrate:  rapid.SampledFrom([]int32{0, 100, 1000}).Draw(t, "bitrate"),
			Delivery: rapid.SampledFrom([]string{"", "progressive", "streaming"}).Draw(t, "delivery"),
		}
		if media == ad.Video {
			m.Width, m.Height = max(1, drawSide(t, "width")), max(1, drawSide(t, "height"))
			m.VPAID = rapid.Bool().Draw(t, "vpaid")
		}
		v.Media = append(v.Media, m)
	}
	return v
}

// fits says, straight from the spec, whether a player takes a video.
func (s *VideoSpec) fits(p *player) bool {
	d := int32(s.Duration.Seconds())
	if len(p.rqdS) > 0 && !slices.Contains(p.rqdS, d) {
		return false
	}
	if len(p.rqdS) == 0 && (d < p.minS || p.maxS > 0 && d > p.maxS) {
		return false
	}
	codes := []int32{2, 3, 7, 11, 13}
	if s.VASTURL != "" {
		codes = []int32{5, 6, 8, 12, 14}
	}
	if len(p.protocols) > 0 && !slices.ContainsFunc(codes, func(c int32) bool { return slices.Contains(p.protocols, c) }) {
		return false
	}
	return s.VASTURL != "" || slices.ContainsFunc(s.Media, func(m MediaSpec) bool { return m.fits(p) })
}

func (m MediaSpec) fits(p *player) bool {
	byMIME := len(p.mimes) == 0
	for _, x := range p.mimes {
		byMIME = byMIME || strings.EqualFold(string(x), m.MIME)
	}
	byAPI := !m.VPAID || slices.Contains(p.api, 1) || slices.Contains(p.api, 2)
	byRate := m.Bitrate == 0 || m.Bitrate >= p.minBitrate && (p.maxBitrate == 0 || m.Bitrate <= p.maxBitrate)
	byWay := len(p.delivery) == 0
	for _, d := range p.delivery {
		byWay = byWay || (d == 1) == (m.Delivery == "streaming")
	}
	return byMIME && byAPI && byRate && byWay
}

var codeOf = map[string][2]int32{"2.0": {2, 5}, "3.0": {3, 6}, "4.0": {7, 8}, "4.1": {11, 12}, "4.2": {13, 14}}

// checkPlayable checks a VAST document against what the player takes.
func checkPlayable(t rapid.TB, tb testing.TB, doc string, s *VideoSpec, p *player) int32 {
	t.Helper()
	root := checkVAST(tb, doc)
	codes := codeOf[root.attr["version"]]
	code := codes[0]
	if s.VASTURL != "" {
		code = codes[1]
	}
	if len(p.protocols) > 0 && !slices.Contains(p.protocols, code) {
		t.Fatalf("VAST %s, code %d, is not among %v", root.attr["version"], code, p.protocols)
	}
	files := root.find("MediaFile")
	if (len(files) == 0) != (s.VASTURL != "") {
		t.Fatalf("%d media files in the document", len(files))
	}
	want := 0
	for _, m := range s.Media {
		if m.fits(p) {
			want++
		}
	}
	if len(files) != want {
		t.Fatalf("%d media files in the document, %d of them playable", len(files), want)
	}
	for _, n := range files {
		m := MediaSpec{MIME: n.attr["type"], VPAID: n.attr["apiFramework"] == "VPAID", Delivery: n.attr["delivery"]}
		if !m.fits(p) {
			t.Fatalf("media file %v does not suit the player", n.attr)
		}
	}
	return code
}

func TestVideoFitsWhatIsAsked(t *testing.T) {
	fits := 0
	rapid.Check(t, func(rt *rapid.T) {
		media := rapid.SampledFrom([]ad.Media{ad.Video, ad.Audio}).Draw(rt, "media")
		s := drawVideo(rt, media)
		spec := &Spec{Video: s}
		if media == ad.Audio {
			spec = &Spec{Audio: s}
		}
		v := openrtb.Video{
			Mimes:        drawMIMEs(rt),
			Protocols:    drawCodes(rt, "protocols", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 99),
			API:          drawCodes(rt, "api", 1, 2, 5, 7),
			Delivery:     drawCodes(rt, "delivery", 1, 2, 3),
			RqdDursS:     drawCodes(rt, "rqddurs", 5, 10, 15, 30),
			MinDurationS: rapid.Int32Range(0, 20).Draw(rt, "min"), MaxDurationS: rapid.SampledFrom([]int32{0, 15, 30, 60}).Draw(rt, "max"),
			MinBitrate: rapid.SampledFrom([]int32{0, 0, 300}).Draw(rt, "least rate"), MaxBitrate: rapid.SampledFrom([]int32{0, 0, 900}).Draw(rt, "most rate"),
			W: drawSide(rt, "w"), H: drawSide(rt, "h"),
		}
		p := &player{
			mimes: v.Mimes, minS: v.MinDurationS, maxS: v.MaxDurationS, rqdS: v.RqdDursS, protocols: v.Protocols,
			api: v.API, delivery: v.Delivery, minBitrate: v.MinBitrate, maxBitrate: v.MaxBitrate,
		}
		c, f := compile(rt, spec), new(Fit)
		r := c.Fit(&openrtb.Request{}, imp(media, func(i *openrtb.Imp) { i.Video, i.Audio = v, v }), f)
		if (r == ad.OK) != s.fits(p) {
			rt.Fatalf("got %v, but fits is %v", r, s.fits(p))
		}
		if r != ad.OK {
			return
		}
		fits++
		if code := checkPlayable(rt, t, unescape(rt, c, f), s, p); code != f.Protocol {
			rt.Fatalf("bid.protocol is %d, the document is %d", f.Protocol, code)
		}
		if int64(f.DurationS) != s.Duration.Seconds() {
			rt.Fatalf("bid.dur is %d, want %v", f.DurationS, s.Duration)
		}
	})
	if fits == 0 {
		t.Error("no random video fitted; the test shows nothing")
	}
}

func TestBannerFitsWhatIsOffered(t *testing.T) {
	all := examples(t)
	fits := 0
	rapid.Check(t, func(rt *rapid.T) {
		side := rapid.SampledFrom([]int32{0, 1, 50, 90, 250, 300, 320, 728})
		var b openrtb.Banner
		for range rapid.IntRange(0, 3).Draw(rt, "formats") {
			s := openrtb.Size{W: side.Draw(rt, "w"), H: side.Draw(rt, "h")}
			if rapid.IntRange(0, 3).Draw(rt, "flex") == 0 {
				s = openrtb.Size{WRatio: rapid.Int32Range(0, 20).Draw(rt, "wratio"), HRatio: rapid.Int32Range(0, 20).Draw(rt, "hratio"), WMin: side.Draw(rt, "wmin")}
			}
			b.Sizes = append(b.Sizes, s)
		}
		b.W, b.H = side.Draw(rt, "banner w"), side.Draw(rt, "banner h")
		b.BType = drawCodes(rt, "btype", 1, 2, 3, 4)
		name := rapid.SampledFrom([]string{"html", "responsive", "image"}).Draw(rt, "creative")
		c, f := all[name], new(Fit)
		if c.Fit(&openrtb.Request{}, imp(ad.Banner, func(i *openrtb.Imp) { i.Banner = b }), f) != ad.OK {
			return
		}
		fits++
		if !c.AnySize && !slices.ContainsFunc(c.Sizes, func(s openrtb.Size) bool { return s.W == f.W && s.H == f.H }) {
			rt.Fatalf("%dx%d is not ours", f.W, f.H)
		}
		if !offered(&b, f.W, f.H) {
			rt.Fatalf("%dx%d is not offered by %+v", f.W, f.H, b)
		}
	})
	if fits == 0 {
		t.Error("no random banner fitted; the test shows nothing")
	}
}

// offered says whether a placement takes a size.
func offered(b *openrtb.Banner, w, h int32) bool {
	said := false
	for _, s := range b.Sizes {
		fixed, flex := s.W > 0 && s.H > 0, s.WRatio > 0 && s.HRatio > 0
		said = said || fixed || flex
		if fixed && s.W == w && s.H == h {
			return true
		}
		// A pixel more or less in either side makes up for rounding.
		if flex && w >= s.WMin && (w-1)*s.HRatio < (h+1)*s.WRatio && (w+1)*s.HRatio > (h-1)*s.WRatio {
			return true
		}
	}
	return !said && (b.W <= 0 || b.W == w) && (b.H <= 0 || b.H == h)
}
