package creative

import (
	"slices"
	"testing"
)

func TestScanHTML(t *testing.T) {
	for _, tc := range []struct {
		html  string
		types uint32
		open  string
		body  int // 0: the end
	}{
		{"", 1 << 1, "", 0},
		{"<p>text</p>", 1 << 1, "", 0},
		{"<IMG src=x>", 1 << 2, "", 0},
		{"<p title='<script>'>", 1 << 1, "", 0},
		{`<p title="<img>">`, 1 << 1, "", 0},
		{`<p title=a"b><img>`, 1 << 2, "", 0},
		{"<!-- <img><script> -->", 1 << 1, "", 0},
		{"<script>'<iframe>'</script >", 1 << 3, "", 0},
		{"<script></scripty></SCRIPT><iframe></iframe>", 1<<3 | 1<<4, "", 0},
		{"<noscript><img></noscript>", 1 << 1, "", 0},
		{"a < b <3 <", 1 << 1, "", 0},
		{"<body><p></p></body></html>", 1 << 1, "", 13},
		{"<script>'</body>'</script></BODY>", 1 << 3, "", 26},
		{"<!-- </body>", 1 << 1, "a comment", 0},
		{"<!doctype", 1 << 1, "a declaration", 0},
		{"<p title='>", 1 << 1, "a tag", 0},
		{"<p></p", 1 << 1, "a tag", 0},
		{"<style>p{}</styl>", 1 << 1, "<style>", 0},
		{"<iframe src=x/>", 1 << 4, "<iframe>", 0},
		{"<!-", 1 << 1, "a declaration", 0},
		{"<!--", 1 << 1, "a comment", 0},
	} {
		p := scanHTML(tc.html)
		if tc.body == 0 {
			tc.body = len(tc.html)
		}
		if p.types() != tc.types || p.open != tc.open || p.body != tc.body {
			t.Errorf("%q: got types %b, open %q, body at %d; want %b, %q, %d", tc.html, p.types(), p.open, p.body, tc.types, tc.open, tc.body)
		}
	}
}

func TestScripts(t *testing.T) {
	const s = `<a>1</a><script x="2">3</script>4<style>5</style><textarea>6</textarea>`
	p := scanHTML(s)
	var got []byte
	for i := range len(s) {
		if s[i] >= '1' && s[i] <= '6' && p.inScript(i) {
			got = append(got, s[i])
		}
	}
	if !slices.Equal(got, []byte("35")) {
		t.Errorf("got %q within scripts, want 35", got)
	}
}

func TestInsecure(t *testing.T) {
	for s, want := range map[string]int{
		`<img src="https://x">`:                       -1,
		`<img src="HTTP://x">`:                        10,
		`<p>see http: no address</p>`:                 -1,
		`x="http:\/\/a"`:                              3,
		`<svg xmlns="http://www.w3.org/2000/svg">`:    -1,
		`<svg xmlns:xlink = 'http://www.w3.org/x'>`:   -1,
		`<svg data-xmlns="http://www.w3.org/x">`:      17,
		`<svg xmlns="http://w3/svg" a="http://b.c">`:  30,
		`<a href="${CLICK_URL}">http://x.example</a>`: 23,
	} {
		if got := insecure(s); got != want {
			t.Errorf("%s: got %d, want %d", s, got, want)
		}
	}
}
