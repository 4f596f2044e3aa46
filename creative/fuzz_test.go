package creative

import (
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// FuzzCompileHTML compiles any markup. What compiles must come out as it went
// in, with the macros filled in and the pixel added.
func FuzzCompileHTML(f *testing.F) {
	for _, s := range []string{
		`<a href="${CLICK_URL}">x</a>`,
		`<script>x="${CLICK_URL}"</script><style>a{b:"</a>"}</style></body></html>`,
		`<!-- <script> --><a href='${CLICK_URL}' title=">">"${CREATIVE_W}"</a></BODY >`,
		`<a href=${CLICK_URL}>${AUCTION_PRICE:B64} ${CACHEBUSTER} ${unknown} ${UNKNOWN} ${</a><`,
		"<?xml?><!doctype html><svg xmlns=\"http://www.w3.org/2000/svg\"/>${CLICK_URL}\u2028\"\\\x00",
		`<ſcript>${CLICK_URL}</script><body a"b='>'>`,
	} {
		f.Add(s)
	}
	m := &Macros{ClickURL: []byte("https://c.example/CLICK"), ImpressionURL: []byte("https://c.example/IMPRESSION"), ViewURL: []byte("https://c.example/VIEW")}
	back := strings.NewReplacer(
		"https://c.example/CLICK", "${CLICK_URL}", "https://c.example/VIEW", "${VIEW_URL}", "https://c.example/IMPRESSION", "${IMPRESSION_URL}",
		"https%3A%2F%2Fc.example%2FCLICK", "${CLICK_URL_ESC}", "11111", "${CREATIVE_W}", "12222", "${CREATIVE_H}",
	)
	f.Fuzz(func(t *testing.T, text string) {
		var ps conf.Problems
		spec := &Spec{Name: "x", Click: "https://motors.example/", Banner: &BannerSpec{Size: []word{{Value: "any"}}, HTML: text}}
		c := Compile(spec, CompileContext{CRID: "x"}, &ps)
		if (c == nil) != ps.Failed() {
			t.Fatalf("compiled is %v, but the problems are %v", c != nil, ps.List)
		}
		if c == nil {
			return
		}
		fit := new(Fit)
		i := imp(ad.Banner, func(i *openrtb.Imp) { i.Banner.W, i.Banner.H = 11111, 12222 })
		if r := c.Fit(&openrtb.Request{}, i, fit); r != ad.OK {
			t.Fatalf("does not fit: %v", r)
		}
		got := adm(t, c, fit, m)
		if !strings.Contains(got, "https://c.example/IMPRESSION") {
			t.Fatalf("the impression is not counted: %q", got)
		}
		if strings.Contains(text, "c.example") || strings.Contains(text, "c%2Eexample") ||
			strings.ContainsAny(text, "12") || strings.Contains(text, "${CACHEBUSTER}") {
			return // cannot be told from what was filled in
		}
		if !strings.Contains(text, "${IMPRESSION_URL}") {
			got = strings.Replace(got, `<img src="https://c.example/IMPRESSION" width="1" height="1" alt="" style="display:none">`, "", 1)
		}
		if got = back.Replace(got); got != text {
			t.Errorf("got  %q\nwant %q", got, text)
		}
	})
}
