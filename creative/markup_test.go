package creative

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/openrtb"
)

// placements are impressions by the name of their golden file, with the
// creative shown on them.
func placements() []struct {
	name, creative string
	imp            openrtb.Imp
} {
	bytesOf := func(s ...string) (out [][]byte) {
		for _, x := range s {
			out = append(out, []byte(x))
		}
		return out
	}
	video := func(v openrtb.Video) openrtb.Imp {
		return openrtb.Imp{Has: [5]bool{ad.Video: true}, Video: v}
	}
	audio := func(v openrtb.Video) openrtb.Imp {
		return openrtb.Imp{Has: [5]bool{ad.Audio: true}, Audio: v}
	}
	banner := func(b openrtb.Banner) openrtb.Imp {
		return openrtb.Imp{Has: [5]bool{ad.Banner: true}, Banner: b}
	}
	native := func(n openrtb.Native) openrtb.Imp {
		return openrtb.Imp{Has: [5]bool{ad.Native: true}, Native: n}
	}
	return []struct {
		name, creative string
		imp            openrtb.Imp
	}{
		{"html.html", "html", banner(openrtb.Banner{W: 728, H: 90})},
		{"responsive.html", "responsive", banner(openrtb.Banner{Sizes: []openrtb.Size{{W: 970, H: 250}}})},
		{"image.html", "image", banner(openrtb.Banner{W: 320, H: 50})},
		{"iframe.html", "expanding", banner(openrtb.Banner{API: []int32{6}, ExpDir: []int32{5}})},
		{"video-2.0.xml", "film", video(openrtb.Video{Protocols: []int32{2, 5}})},
		{"video-3.0.xml", "film", video(openrtb.Video{Mimes: bytesOf("video/mp4"), W: 1280, H: 1080})},
		{"video-4.0.xml", "film", video(openrtb.Video{Protocols: []int32{1, 7}, API: []int32{1, 2}, Mimes: bytesOf("application/javascript")})},
		{"video-4.1.xml", "film", video(openrtb.Video{Protocols: []int32{11}, Mimes: bytesOf("VIDEO/WEBM")})},
		{"video-4.2.xml", "film", video(openrtb.Video{Protocols: []int32{2, 3, 5, 6, 7, 8, 11, 12, 13, 14}, W: 640, H: 360})},
		{"wrapper-2.0.xml", "wrapped-film", video(openrtb.Video{Protocols: []int32{4, 5}})},
		{"wrapper-3.0.xml", "counted-film", video(openrtb.Video{})},
		{"wrapper-4.2.xml", "wrapped-film", video(openrtb.Video{Protocols: []int32{13, 14}})},
		{"audio-3.0.xml", "spot", audio(openrtb.Video{})},
		{"audio-4.2.xml", "spot", audio(openrtb.Video{Protocols: []int32{13}, Mimes: bytesOf("audio/mp4")})},
		{"native-1.0.json", "native", native(openrtb.Native{Ver: []byte("1.0"), Wrapped: true, Privacy: true, Assets: []openrtb.Asset{
			{ID: 0, HasID: true, Required: true, Kind: openrtb.Title, Len: 25},
			{ID: 7, HasID: true, Kind: openrtb.Image, Type: 3, WMin: 700, HMin: 1},
		}})},
		{"native-1.2.json", "native", native(openrtb.Native{Ver: []byte("1.2"), Assets: []openrtb.Asset{
			{ID: 1, HasID: true, Required: true, Kind: openrtb.Title, Len: 140},
			{ID: 2, HasID: true, Required: true, Kind: openrtb.Data, Type: 2, Len: 20},
			{ID: 3, HasID: true, Required: true, Kind: openrtb.Data, Type: 1},
			{ID: 4, HasID: true, Required: true, Kind: openrtb.Image, Type: 1, W: 80, H: 80},
			{ID: 5, HasID: true, Required: true, Kind: openrtb.Image, Type: 3, W: 333, H: 222},
			{ID: 6, HasID: true, Required: true, Kind: openrtb.VideoAsset, MinDurationS: 2, MaxDurationS: 2, Protocols: []int32{2, 5, 7}},
			{ID: 8, HasID: true, Kind: openrtb.Data, Type: 500},
			{ID: 9, HasID: true, Kind: openrtb.Data, Type: 6, Len: 7},
		}, EventTrackers: []openrtb.EventTracker{{Event: 1, Methods: []int32{1, 2}}, {Event: 2, Methods: []int32{1}}}})},
	}
}

func TestMarkup(t *testing.T) {
	all := examples(t)
	m := testMacros()
	for _, p := range placements() {
		t.Run(p.name, func(t *testing.T) {
			c, f := all[p.creative], new(Fit)
			if r := c.Fit(&openrtb.Request{}, &p.imp, f); r != ad.OK {
				t.Fatalf("got %v, want the creative to fit", r)
			}
			s := adm(t, c, f, m)
			if strings.Contains(s, "http://") {
				t.Errorf("markup has an http address")
			}
			head := fmt.Sprintf("%dx%d %ds protocol %d api %d\n", f.W, f.H, f.DurationS, f.Protocol, f.API)
			if strings.HasSuffix(p.name, ".xml") {
				checkVAST(t, s)
				s = strings.ReplaceAll(s, "><", ">\n<")
			}
			if strings.HasSuffix(p.name, ".json") {
				var b bytes.Buffer
				if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
					t.Fatalf("native markup is no JSON: %v", err)
				}
				s = b.String()
			}
			golden(t, p.name, []byte(head+s+"\n"))
		})
	}
}

// TestBannerAddresses reads the addresses out of the markup as a browser would.
func TestBannerAddresses(t *testing.T) {
	all := examples(t)
	m := testMacros()
	attr := regexp.MustCompile(`(href|src)="([^"]*)"`)
	for _, name := range []string{"html", "responsive", "image"} {
		f := new(Fit)
		if r := all[name].Fit(&openrtb.Request{}, &openrtb.Imp{Has: [5]bool{ad.Banner: true}}, f); r != ad.OK {
			t.Fatalf("%s: got %v", name, r)
		}
		seen := make(map[string]bool)
		for _, a := range attr.FindAllStringSubmatch(adm(t, all[name], f, m), -1) {
			seen[a[1]+" "+html.UnescapeString(a[2])] = true
		}
		for _, want := range []string{"href " + string(m.ClickURL), "src " + string(m.ImpressionURL)} {
			if !seen[want] {
				t.Errorf("%s: no attribute %q among %v", name, want, seen)
			}
		}
	}
}

func TestAppendURL(t *testing.T) {
	const url = "https://x.example/a?b=1&c=%20&p=${AUCTION_PRICE}"
	for _, tc := range []struct {
		e    escape
		want string
	}{
		{plainEscape, url},
		{htmlEscape, "https://x.example/a?b=1&amp;c=%20&amp;p=${AUCTION_PRICE}"},
		{percentEscape, "https%3A%2F%2Fx.example%2Fa%3Fb%3D1%26c%3D%2520%26p%3D${AUCTION_PRICE}"},
	} {
		if got := string(appendURL(nil, []byte(url), tc.e)); got != tc.want {
			t.Errorf("escape %d: got %s, want %s", tc.e, got, tc.want)
		}
	}
}

func TestAppendView(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"https://x.example/v", "https://x.example/v?e=start"},
		{"https://x.example/v?t=1", "https://x.example/v?t=1&amp;e=start"},
	} {
		got := string(appendView(nil, []byte(tc.url), &segment{escape: htmlEscape, event: "start"}))
		if got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

// TestAppendJSON compares the escape with what encoding/json reads, to any
// depth.
func TestAppendJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\b\x00\x7f", "Größe 🚗 \u2028\u2029", "</script>]]>&lt;"} {
		for depth := 1; depth <= 3; depth++ {
			got := string(appendEscaped(nil, s, depth))
			for range depth {
				var inner string
				if err := json.Unmarshal([]byte(`"`+got+`"`), &inner); err != nil {
					t.Fatalf("%q at depth %d: %v", s, depth, err)
				}
				got = inner
			}
			if got != s {
				t.Errorf("depth %d: got %q, want %q", depth, got, s)
			}
		}
	}
	if got := string(appendJSON(nil, "a\xffb")); got != "a\uFFFDb" {
		t.Errorf("invalid UTF-8: got %q", got)
	}
}
