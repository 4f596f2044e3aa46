package creative

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bidwell/ad"
	"bidwell/openrtb"

	"github.com/prebid/openrtb/v20/native1/response"
	"pgregory.net/rapid"
)

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
