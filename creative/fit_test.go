package creative

import (
	"testing"

	"bidwell/ad"
	"bidwell/openrtb"
)

// imp returns an impression that offers one kind of media.
func imp(m ad.Media, with func(*openrtb.Imp)) *openrtb.Imp {
	i := new(openrtb.Imp)
	i.Has[m] = true
	if with != nil {
		with(i)
	}
	return i
}

func list(s ...string) (out [][]byte) {
	for _, x := range s {
		out = append(out, []byte(x))
	}
	return out
}

func TestFitBannerSize(t *testing.T) {
	all := examples(t)
	none := openrtb.Size{}
	size := func(w, h int32) openrtb.Size { return openrtb.Size{W: w, H: h} }
	for _, tc := range []struct {
		name       string
		banner     openrtb.Banner
		fixed, any openrtb.Size // of creatives "html" (320x50 300x250 728x90) and "responsive"
	}{
		{"nothing said", openrtb.Banner{}, size(300, 250), size(300, 250)},
		{"w and h", openrtb.Banner{W: 728, H: 90}, size(728, 90), size(728, 90)},
		{"w and h of ours alone", openrtb.Banner{W: 90, H: 728}, none, size(90, 728)},
		{"width only", openrtb.Banner{W: 320}, size(320, 50), size(320, 50)},
		{"height only", openrtb.Banner{H: 250}, size(300, 250), size(300, 250)},
		{"odd width only", openrtb.Banner{W: 333}, none, size(333, 333)},
		{"format", openrtb.Banner{Sizes: []openrtb.Size{size(160, 600), size(320, 50), size(300, 250)}}, size(300, 250), size(160, 600)},
		{"format decides alone", openrtb.Banner{W: 728, H: 90, Sizes: []openrtb.Size{size(160, 600)}}, none, size(160, 600)},
		{"empty format", openrtb.Banner{W: 728, H: 90, Sizes: []openrtb.Size{{}, size(300, 0)}}, size(728, 90), size(728, 90)},
		{"placeholder and real", openrtb.Banner{Sizes: []openrtb.Size{size(1, 1), size(300, 50), size(320, 50)}}, size(320, 50), size(320, 50)},
		{"flex", openrtb.Banner{Sizes: []openrtb.Size{{WRatio: 6, HRatio: 5, WMin: 250}}}, size(300, 250), size(252, 210)},
		{"flex without minimum", openrtb.Banner{Sizes: []openrtb.Size{{WRatio: 16, HRatio: 9}}}, none, size(304, 171)},
		{"flex too wide", openrtb.Banner{Sizes: []openrtb.Size{{WRatio: 6, HRatio: 5, WMin: 301}}}, none, size(306, 255)},
		{"range", openrtb.Banner{WMin: 300, WMax: 400, HMin: 200, HMax: 300}, size(300, 250), size(300, 250)},
		{"range with wish", openrtb.Banner{W: 350, H: 260, WMin: 300, WMax: 400, HMin: 200, HMax: 300}, size(300, 250), size(350, 260)},
		{"range below", openrtb.Banner{WMax: 200, HMax: 200}, none, size(200, 200)},
		{"least only", openrtb.Banner{WMin: 500}, size(728, 90), size(500, 250)},
		{"beyond any screen", openrtb.Banner{Sizes: []openrtb.Size{size(1<<30, 1<<30)}}, none, none},
		{"ratio beyond any screen", openrtb.Banner{Sizes: []openrtb.Size{{WRatio: 1 << 30, HRatio: 1 << 30}}}, none, none},
	} {
		for creative, want := range map[string]openrtb.Size{"html": tc.fixed, "responsive": tc.any} {
			f := new(Fit)
			r := all[creative].Fit(&openrtb.Request{}, imp(ad.Banner, func(i *openrtb.Imp) { i.Banner = tc.banner }), f)
			if want == none {
				if r != ad.NotThisSize {
					t.Errorf("%s, %s: got %v in %dx%d, want the size to be refused", tc.name, creative, r, f.W, f.H)
				}
				continue
			}
			if r != ad.OK || f.W != want.W || f.H != want.H {
				t.Errorf("%s, %s: got %v in %dx%d, want %dx%d", tc.name, creative, r, f.W, f.H, want.W, want.H)
			}
		}
	}
}

func TestFitScreen(t *testing.T) {
	c := examples(t)["responsive"]
	for _, tc := range []struct {
		name string
		req  openrtb.Request
		inst bool
		w, h int32
	}{
		{"interstitial", openrtb.Request{Device: openrtb.Device{W: 1080, H: 1920, PxRatio: 3}}, true, 360, 640},
		{"interstitial on no screen", openrtb.Request{Inventory: ad.App}, true, 320, 50},
		{"app", openrtb.Request{Inventory: ad.App, Device: openrtb.Device{W: 1080, H: 1920}}, false, 320, 50},
		{"odd ratio", openrtb.Request{Device: openrtb.Device{W: 1 << 30, H: 100, PxRatio: 1e9}}, true, maxSide, 100},
	} {
		f := new(Fit)
		r := c.Fit(&tc.req, imp(ad.Banner, func(i *openrtb.Imp) { i.Instl = tc.inst }), f)
		if r != ad.OK || f.W != tc.w || f.H != tc.h {
			t.Errorf("%s: got %v in %dx%d, want %dx%d", tc.name, r, f.W, f.H, tc.w, tc.h)
		}
	}
}

// TestFitReasons shows one impression for every reason of every kind of media.
func TestFitReasons(t *testing.T) {
	all := examples(t)
	type in = openrtb.Imp
	for n, tc := range []struct {
		creative string
		media    ad.Media
		with     func(*in)
		want     ad.Reason
	}{
		{"html", ad.Video, nil, ad.NotThisMedia},
		{"html", ad.Banner, func(i *in) { i.Banner.BType = []int32{1, 2, 99, -1} }, ad.OK},
		{"html", ad.Banner, func(i *in) { i.Banner.BType = []int32{3} }, ad.AdTypeBlocked},
		{"image", ad.Banner, func(i *in) { i.Banner.BType = []int32{2} }, ad.AdTypeBlocked},
		{"responsive", ad.Banner, func(i *in) { i.Banner.BType = []int32{1} }, ad.AdTypeBlocked},
		{"expanding", ad.Banner, func(i *in) { i.Banner.BType = []int32{4} }, ad.AdTypeBlocked},
		{"expanding", ad.Banner, func(i *in) { i.Banner.BAttr = []int32{1, 4} }, ad.AttributeBlocked},
		{"expanding", ad.Banner, nil, ad.APINotOffered},
		{"expanding", ad.Banner, func(i *in) { i.Banner.API = []int32{3} }, ad.APINotOffered},
		{"expanding", ad.Banner, func(i *in) { i.Banner.API = []int32{3, 6} }, ad.AttributeBlocked},
		{"expanding", ad.Banner, func(i *in) { i.Banner.API, i.Banner.ExpDir = []int32{3, 6}, []int32{2} }, ad.OK},
		{"image", ad.Banner, func(i *in) { i.Banner.Mimes = list("image/gif", "text/html") }, ad.MimeNotWanted},
		{"image", ad.Banner, func(i *in) { i.Banner.Mimes = list("text/html") }, ad.OK},
		{"image", ad.Banner, func(i *in) { i.Banner.Mimes = list("Image/PNG ") }, ad.OK},
		{"html", ad.Banner, func(i *in) { i.Banner.Mimes = list("image/gif") }, ad.OK},

		{"film", ad.Video, nil, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Linearity = 1 }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Linearity = 2 }, ad.NotThisMedia},
		{"film", ad.Video, func(i *in) { i.Video.MinDurationS = 16 }, ad.DurationNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.MaxDurationS = 14 }, ad.DurationNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.MinDurationS, i.Video.MaxDurationS = 15, 15 }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.RqdDursS = []int32{6, 30} }, ad.DurationNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.RqdDursS, i.Video.MaxDurationS = []int32{15, 30}, 10 }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.PodDurS = 14 }, ad.DurationNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.PodDurS, i.Video.RqdDursS = 14, []int32{15} }, ad.DurationNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.PodDurS, i.Video.MaxDurationS = 60, 30 }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Protocols = []int32{1, 4, 5, 6, 8, 9, 10} }, ad.ProtocolNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.Mimes = list("foo", "video/3gpp") }, ad.MimeNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.Mimes = list("application/javascript") }, ad.APINotOffered},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.API = list("application/javascript"), []int32{1} }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.MaxBitrate = list("video/mp4"), 500 }, ad.MediaFileNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.MinBitrate = list("video/mp4"), 5000 }, ad.MediaFileNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.MaxBitrate = list("video/mp4"), 600 }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.Delivery = list("video/mp4"), []int32{1} }, ad.MediaFileNotWanted},
		{"film", ad.Video, func(i *in) { i.Video.Mimes, i.Video.Delivery = list("video/mp4"), []int32{2} }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.Delivery = []int32{1} }, ad.OK},
		{"film", ad.Video, func(i *in) { i.Video.BAttr = []int32{16} }, ad.AttributeBlocked},
		{"film", ad.Video, func(i *in) { i.Video.SkipMinS = 15 }, ad.AttributeBlocked},
		{"film", ad.Video, func(i *in) { i.Video.SkipMinS = 14 }, ad.OK},
		{"wrapped-film", ad.Video, func(i *in) { i.Video.Protocols = []int32{2, 3, 7} }, ad.ProtocolNotWanted},
		{"wrapped-film", ad.Video, func(i *in) { i.Video.Mimes = list("video/unknown") }, ad.OK},
		{"spot", ad.Audio, func(i *in) { i.Audio.Protocols = []int32{9, 10} }, ad.ProtocolNotWanted},
		{"spot", ad.Audio, func(i *in) { i.Audio.Mimes = list("audio/ogg") }, ad.MimeNotWanted},
		{"spot", ad.Audio, func(i *in) { i.Audio.Mimes = list("audio/ogg", "AUDIO/MP4") }, ad.OK},

		{"native", ad.Native, nil, ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 1, HasID: true, Required: true, Kind: openrtb.Title, Len: 7}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 1, HasID: true, Kind: openrtb.Title, Len: 7}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 1, HasID: true, Required: true, Kind: openrtb.Title, Len: 8}), ad.OK},
		{"native", ad.Native, assets(title, openrtb.Asset{Required: true, Kind: openrtb.Title}), ad.AssetMissing},
		{"native", ad.Native, assets(title, openrtb.Asset{Kind: openrtb.Title}), ad.OK},
		{"native", ad.Native, assets(title, title), ad.NotThisMedia},
		{"native", ad.Native, assets(title, openrtb.Asset{ID: 2, HasID: true, Required: true}), ad.AssetMissing},
		{"native", ad.Native, assets(title, openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Data, Type: 8}), ad.AssetMissing},
		{"native", ad.Native, assets(title, openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Data, Type: 500}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 1, W: 81, H: 80}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 1, W: 50, H: 50, WMin: 40, HMin: 40}), ad.OK},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 2, WMin: 80, HMin: 80}), ad.OK},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 3, WMin: 1201, Mimes: list("image/jpg")}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 3, WMin: 1200, Mimes: list("image/jpg")}), ad.OK},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image}), ad.OK},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.Image, Type: 77}), ad.AssetMissing},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Required: true, Kind: openrtb.VideoAsset, MinDurationS: 3}), ad.DurationNotWanted},
		{"native", ad.Native, assets(openrtb.Asset{ID: 2, HasID: true, Kind: openrtb.VideoAsset}, openrtb.Asset{ID: 3, HasID: true, Required: true, Kind: openrtb.VideoAsset}), ad.AssetMissing},
	} {
		f := new(Fit)
		if got := all[tc.creative].Fit(&openrtb.Request{}, imp(tc.media, tc.with), f); got != tc.want {
			t.Errorf("case %d, %s: got %v, want %v", n, tc.creative, got, tc.want)
		}
	}
}

var title = openrtb.Asset{ID: 1, HasID: true, Required: true, Kind: openrtb.Title}

func assets(a ...openrtb.Asset) func(*openrtb.Imp) {
	return func(i *openrtb.Imp) { i.Native.Assets = a }
}

func TestFitLanguage(t *testing.T) {
	all := examples(t)
	for _, tc := range []struct {
		creative string
		wanted   []string
		want     ad.Reason
	}{
		{"html", nil, ad.OK},
		{"html", []string{"en", "DE"}, ad.OK},
		{"html", []string{"de-AT"}, ad.OK},
		{"html", []string{"en", "den", "d"}, ad.LanguageNotWanted},
		{"responsive", []string{"en"}, ad.OK},
	} {
		req := &openrtb.Request{WLang: list(tc.wanted...)}
		if got := all[tc.creative].Fit(req, imp(ad.Banner, nil), new(Fit)); got != tc.want {
			t.Errorf("%s on %q: got %v, want %v", tc.creative, tc.wanted, got, tc.want)
		}
	}
}

// TestNativeManyAssets asks for more than can be answered.
func TestNativeManyAssets(t *testing.T) {
	c := examples(t)["native"]
	var many []openrtb.Asset
	for i := range int32(MaxAssets + 1) {
		many = append(many, openrtb.Asset{ID: i, HasID: true, Kind: openrtb.Title})
	}
	f := new(Fit)
	if r := c.Fit(&openrtb.Request{}, imp(ad.Native, assets(many...)), f); r != ad.OK || f.picked != MaxAssets {
		t.Errorf("optional surplus: got %v with %d assets, want %d", r, f.picked, MaxAssets)
	}
	many[MaxAssets].Required = true
	if r := c.Fit(&openrtb.Request{}, imp(ad.Native, assets(many...)), f); r != ad.AssetMissing {
		t.Errorf("required surplus: got %v, want %v", r, ad.AssetMissing)
	}
}

func TestNoAllocations(t *testing.T) {
	all := examples(t)
	m := testMacros()
	req := &openrtb.Request{WLang: list("en", "de")}
	f := new(Fit)
	dst := make([]byte, 0, 64<<10)
	for _, p := range placements() {
		c := all[p.creative]
		n := testing.AllocsPerRun(50, func() {
			if c.Fit(req, &p.imp, f) == ad.OK {
				dst = c.AppendMarkup(dst[:0], f, m)
			}
		})
		if n != 0 || len(dst) == 0 {
			t.Errorf("%s: got %v allocations for %d bytes of markup, want 0", p.name, n, len(dst))
		}
	}
}

func BenchmarkFit(b *testing.B) {
	all := examples(b)
	req := new(openrtb.Request)
	for _, p := range placements() {
		b.Run(p.name, func(b *testing.B) {
			c, f := all[p.creative], new(Fit)
			b.ReportAllocs()
			for b.Loop() {
				if c.Fit(req, &p.imp, f) != ad.OK {
					b.Fatal("the creative does not fit")
				}
			}
		})
	}
}

func BenchmarkAppendMarkup(b *testing.B) {
	all := examples(b)
	m := testMacros()
	dst := make([]byte, 0, 64<<10)
	for _, p := range placements() {
		b.Run(p.name, func(b *testing.B) {
			c, f := all[p.creative], new(Fit)
			if c.Fit(new(openrtb.Request), &p.imp, f) != ad.OK {
				b.Fatal("the creative does not fit")
			}
			b.ReportAllocs()
			for b.Loop() {
				dst = c.AppendMarkup(dst[:0], f, m)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
