package creative

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"

	"github.com/prebid/openrtb/v20/native1/response"
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

func drawAsset(t *rapid.T, id int32) openrtb.Asset {
	a := openrtb.Asset{
		ID: id, HasID: rapid.IntRange(0, 9).Draw(t, "has id") > 0, Required: rapid.IntRange(0, 2).Draw(t, "required") == 0,
		Kind: rapid.SampledFrom([]openrtb.AssetKind{openrtb.Title, openrtb.Image, openrtb.Image, openrtb.Data, openrtb.Data, openrtb.VideoAsset, openrtb.NoAsset}).Draw(t, "kind"),
	}
	switch a.Kind {
	case openrtb.Image:
		a.Type = rapid.SampledFrom([]int32{0, 1, 2, 3, 3, 500}).Draw(t, "image type")
		a.W, a.H, a.WMin, a.HMin = drawSide(t, "w"), drawSide(t, "h"), drawSide(t, "wmin"), drawSide(t, "hmin")
		a.Mimes = drawMIMEs(t)
	case openrtb.VideoAsset:
		a.MinDurationS, a.Mimes = rapid.Int32Range(0, 20).Draw(t, "min"), drawMIMEs(t)
		a.Protocols = drawCodes(t, "protocols", 2, 3, 5, 6, 7)
	default:
		a.Type = rapid.SampledFrom([]int32{0, 1, 2, 12, 12, 500}).Draw(t, "data type")
		a.Len = rapid.SampledFrom([]int32{0, 5, 15, 25, 90}).Draw(t, "len")
	}
	return a
}

func TestNativeAnswersWhatIsAsked(t *testing.T) {
	fits := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := &NativeSpec{
			Title: append(drawTexts(rt, "title"), word{Value: drawText(rt, "first title")}),
			Text:  drawTexts(rt, "text"), CTA: drawTexts(rt, "cta"), Sponsored: drawTexts(rt, "sponsored"),
			Icon: drawImages(rt, "icons"), Logo: drawImages(rt, "logos"), Image: drawImages(rt, "images"),
		}
		if rapid.Bool().Draw(rt, "video") {
			s.Video = drawVideo(rt, ad.Video)
		}
		var n openrtb.Native
		n.Wrapped = rapid.Bool().Draw(rt, "wrapped")
		n.Ver = []byte(rapid.SampledFrom([]string{"", "1", "1.0", "1.1", "1.2", "1.3", "x"}).Draw(rt, "ver"))
		if rapid.Bool().Draw(rt, "trackers") {
			n.EventTrackers = []openrtb.EventTracker{{Event: 1, Methods: drawCodes(rt, "methods", 1, 2)}, {Event: 2, Methods: []int32{1}}}
		}
		for i := range rapid.Int32Range(0, 8).Draw(rt, "assets") {
			n.Assets = append(n.Assets, drawAsset(rt, i*3))
		}
		c, f := compile(rt, &Spec{Native: s}), new(Fit)
		r := c.Fit(&openrtb.Request{}, imp(ad.Native, func(i *openrtb.Imp) { i.Native = n }), f)
		if want := s.answers(&n); (r == ad.OK) != want {
			rt.Fatalf("got %v, but fits is %v", r, want)
		}
		if r != ad.OK {
			return
		}
		fits++
		checkNative(rt, t, unescape(rt, c, f), s, &n)
	})
	if fits == 0 {
		t.Error("no random native ad fitted; the test shows nothing")
	}
}

// answers says, straight from the spec, whether a native request is answered.
func (s *NativeSpec) answers(n *openrtb.Native) bool {
	some, film := false, false
	for i := range n.Assets {
		q := &n.Assets[i]
		ok := q.HasID && s.answersAsset(q, n)
		if q.Kind == openrtb.VideoAsset {
			ok = ok && !film
			film = film || ok
		}
		if q.Required && !ok {
			return false
		}
		some = some || ok
	}
	return some
}

func (s *NativeSpec) answersAsset(q *openrtb.Asset, n *openrtb.Native) bool {
	texts := map[int32][]word{1: s.Sponsored, 2: s.Text, 12: s.CTA}[q.Type]
	images := map[int32][]ImageSpec{0: slices.Concat(s.Image, s.Icon), 1: s.Icon, 2: s.Logo, 3: s.Image}[q.Type]
	if q.Type == 2 && len(images) == 0 {
		images = s.Icon
	}
	switch q.Kind {
	case openrtb.Title:
		texts = s.Title
	case openrtb.Image:
		return slices.ContainsFunc(images, func(m ImageSpec) bool { return m.answers(q) })
	case openrtb.VideoAsset:
		return s.Video != nil && s.Video.fits(&player{
			mimes: q.Mimes, minS: q.MinDurationS, maxS: q.MaxDurationS, protocols: q.Protocols, api: n.API,
		})
	case openrtb.NoAsset:
		return false
	}
	return slices.ContainsFunc(texts, func(w word) bool {
		return q.Len <= 0 || newPhrase("", "", w.Value).length <= q.Len
	})
}

func (m *ImageSpec) answers(q *openrtb.Asset) bool {
	if len(q.Mimes) > 0 && !slices.ContainsFunc(q.Mimes, func(x []byte) bool { return string(x) == m.MIME }) {
		return false
	}
	if anySize(m.URL) {
		return true
	}
	fits := func(got, exact, least int32) bool {
		if exact > 0 && least == 0 {
			return got == exact
		}
		return got >= least
	}
	return fits(m.W, q.W, q.WMin) && fits(m.H, q.H, q.HMin)
}

// checkNative checks a native response against its request.
func checkNative(t rapid.TB, tb testing.TB, markup string, s *NativeSpec, n *openrtb.Native) {
	t.Helper()
	if n.Wrapped {
		var w struct{ Native json.RawMessage }
		if err := json.Unmarshal([]byte(markup), &w); err != nil || w.Native == nil {
			t.Fatalf("not wrapped: %v: %s", err, markup)
		}
		markup = string(w.Native)
	}
	var r response.Response
	if err := json.Unmarshal([]byte(markup), &r); err != nil {
		t.Fatalf("no native response: %v: %s", err, markup)
	}
	if r.Link.URL != string(testMacros().ClickURL) || len(r.Assets) == 0 {
		t.Fatalf("link %q, %d assets", r.Link.URL, len(r.Assets))
	}
	counted := len(r.ImpTrackers)
	for _, e := range r.EventTrackers {
		if e.Event == 1 {
			counted++
		}
		if e.Method != 1 || !tracks(n.EventTrackers, int32(e.Event)) {
			t.Fatalf("tracker %+v was not asked for", e)
		}
	}
	if counted != 1 {
		t.Fatalf("the impression is counted %d times: %s", counted, markup)
	}
	answered := make(map[int64]bool)
	for _, a := range r.Assets {
		if a.ID == nil || answered[*a.ID] {
			t.Fatalf("asset id missing or repeated: %s", markup)
		}
		answered[*a.ID] = true
		i := slices.IndexFunc(n.Assets, func(q openrtb.Asset) bool { return q.HasID && int64(q.ID) == *a.ID })
		if i < 0 {
			t.Fatalf("asset %d was not asked for", *a.ID)
		}
		checkAsset(t, tb, &a, &n.Assets[i], s, n)
	}
	for _, q := range n.Assets {
		if q.Required && !answered[int64(q.ID)] {
			t.Fatalf("required asset %d is missing: %s", q.ID, markup)
		}
	}
}

func checkAsset(t rapid.TB, tb testing.TB, a *response.Asset, q *openrtb.Asset, s *NativeSpec, n *openrtb.Native) {
	t.Helper()
	room := func(text string, from []word) {
		if q.Len > 0 && utf8.RuneCountInString(text) > int(q.Len) {
			t.Fatalf("%q is longer than %d", text, q.Len)
		}
		longest := 0
		for _, w := range from {
			if l := int(newPhrase("", "", w.Value).length); q.Len <= 0 || l <= int(q.Len) {
				longest = max(longest, l)
			}
		}
		ours := slices.ContainsFunc(from, func(w word) bool { return w.Value == text })
		if !ours || int(newPhrase("", "", text).length) != longest {
			t.Fatalf("%q is not the longest of %v that has room in %d", text, from, q.Len)
		}
	}
	switch {
	case a.Title != nil && q.Kind == openrtb.Title:
		room(a.Title.Text, s.Title)
	case a.Data != nil && q.Kind == openrtb.Data:
		room(a.Data.Value, map[int32][]word{1: s.Sponsored, 2: s.Text, 12: s.CTA}[q.Type])
	case a.Img != nil && q.Kind == openrtb.Image:
		checkImage(t, a.Img, q)
	case a.Video != nil && q.Kind == openrtb.VideoAsset:
		p := &player{mimes: q.Mimes, minS: q.MinDurationS, maxS: q.MaxDurationS, protocols: q.Protocols, api: n.API}
		if !s.Video.fits(p) {
			t.Fatalf("the video does not suit the asset")
		}
		checkPlayable(t, tb, a.Video.VASTTag, s.Video, p)
	default:
		t.Fatalf("asset %d is not of the kind asked for", q.ID)
	}
}

func checkImage(t rapid.TB, img *response.Image, q *openrtb.Asset) {
	t.Helper()
	for _, d := range []struct{ got, exact, least int64 }{
		{img.W, int64(q.W), int64(q.WMin)}, {img.H, int64(q.H), int64(q.HMin)},
	} {
		if d.got < max(1, d.least) || d.exact > 0 && d.least == 0 && d.got != d.exact {
			t.Fatalf("image %+v does not answer %+v", img, q)
		}
	}
	if !strings.HasPrefix(img.URL, "https://c.example/") || strings.Contains(img.URL, "${") {
		t.Fatalf("image address %q", img.URL)
	}
	if !strings.Contains(img.URL, "?") && img.URL != fmt.Sprintf("https://c.example/%dx%d", img.W, img.H) {
		t.Fatalf("image address %q is not of %dx%d", img.URL, img.W, img.H)
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
