package creative

import (
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"bidwell/ad"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// banner is what only banners have.
type banner struct {
	markup template
	types  uint32 // bit set of OpenRTB's banner types
	image  bool   // the markup shows one image, of type mime
	mime   string // empty if not known
}

// maxHTML bounds the markup of a banner, in bytes.
const maxHTML = 256 << 10

func (k *compiler) banner(c *Creative) {
	b := k.spec.Banner
	c.Sizes, c.AnySize = k.sizes(b)
	keys := []string{"html", "html_file", "image"}
	var h htmlText
	switch k.exactlyOne("the banner", b.Located, keys, []bool{b.HTML != "", b.HTMLFile != "", b.Image != ""}) {
	case 0:
		h = htmlText{text: b.HTML, pos: b.At("html")}
	case 1:
		text, err := k.readHTML(b.HTMLFile)
		if err != nil {
			k.errorf(b.At("html_file"), "the path is relative to the configuration directory", "%v", err)
			return
		}
		h = htmlText{text: text, file: b.HTMLFile}
		k.ps.Source(b.HTMLFile, []byte(text))
	case 2:
		c.banner = k.imageBanner(c, b)
		return
	default:
		return
	}
	c.banner = k.htmlBanner(&h)
}

// readHTML reads a file of the configuration directory. Paths that lead out of
// it are refused.
func (k *compiler) readHTML(name string) (string, error) {
	if k.ctx.Files == nil || !fs.ValidPath(name) {
		return "", fmt.Errorf("html_file %q is not a path below the configuration directory", name)
	}
	f, err := k.ctx.Files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("html_file %q does not exist", name)
	}
	if err != nil {
		return "", fmt.Errorf("open html_file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHTML+1))
	if err != nil {
		return "", fmt.Errorf("read html_file: %w", err)
	}
	return strings.TrimPrefix(string(text), "\uFEFF"), nil
}

// htmlBanner compiles markup given as HTML.
func (k *compiler) htmlBanner(h *htmlText) *banner {
	switch {
	case len(h.text) > maxHTML:
		k.errorf(h.at(0), "load large parts from a server", "the markup is larger than %d KiB", maxHTML>>10)
		return nil
	case !utf8.ValidString(h.text):
		k.errorf(h.at(0), "save the file as UTF-8", "the markup is not UTF-8")
		return nil
	case strings.TrimSpace(h.text) == "":
		k.errorf(h.at(0), "", "the markup is empty")
		return nil
	}
	if at := insecure(h.text); at >= 0 {
		k.errorf(h.at(at), "exchanges refuse markup with http addresses; write https", "the markup contains an http address")
	}
	p := scanHTML(h.text)
	if p.open != "" {
		k.errorf(h.at(p.openAt), "close it", "the markup ends within %s", p.open)
		return nil
	}
	w := &writer{depth: 1}
	head := k.macros(w, h, p, 0, p.body)
	tail := &writer{depth: 1}
	rest := k.macros(tail, h, p, p.body, len(h.text))
	if !head[clickSlot] && !rest[clickSlot] {
		k.errorf(h.at(0), `write href="${CLICK_URL}" in the link, or give ${CLICK_URL_ESC} to the tag that makes the link`,
			"the markup does not use the click address, so that clicks could not be counted")
	}
	if !head[impressionSlot] && !rest[impressionSlot] {
		pixel(w)
	}
	return &banner{markup: append(w.done(), tail.done()...), types: p.types()}
}

// pixel writes the image that counts the impression.
func pixel(w *writer) {
	w.text(`<img src="`)
	w.slot(impressionSlot, htmlEscape)
	w.text(`" width="1" height="1" alt="" style="display:none">`)
}

// imageBanner compiles an image that links to the landing page.
func (k *compiler) imageBanner(c *Creative, b *BannerSpec) *banner {
	pos := b.At("image")
	if !k.address(pos, "image", b.Image, "W", "H") {
		return nil
	}
	if (c.AnySize || len(c.Sizes) > 1) && !anySize(b.Image) {
		k.errorf(pos, "put ${W} and ${H} into the address, or make each size a creative of its own",
			"one image cannot have several sizes")
	}
	w := &writer{depth: 1}
	w.text(`<a href="`)
	w.slot(clickSlot, htmlEscape)
	w.text(`" target="_blank" rel="noopener"><img src="`)
	addressSlots(w, html.EscapeString(b.Image), imageMacros)
	w.text(`" width="`)
	w.slot(widthSlot, plainEscape)
	w.text(`" height="`)
	w.slot(heightSlot, plainEscape)
	w.text(`" alt="" style="display:block;border:0"></a>`)
	pixel(w)
	return &banner{markup: w.done(), types: 1 << 2, image: true, mime: k.imageMIME(pos, b.Image, "")}
}

// mimeByEnding tells an image's media type by how its address ends, empty if it
// cannot.
func mimeByEnding(url string) string {
	bare, _, _ := strings.Cut(url, "?")
	return imageMIMEs[strings.ToLower(path.Ext(bare))]
}

var imageMIMEs = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
	".webp": "image/webp", ".avif": "image/avif", ".svg": "image/svg+xml",
}

// imageMIME returns the media type of an image: as given, else as its address
// ends, else empty with a warning.
func (k *compiler) imageMIME(pos conf.Pos, url, given string) string {
	if given != "" {
		given = strings.ToLower(given)
		if given == "image/jpg" {
			given = "image/jpeg"
		}
		if !mimeForm.MatchString(given) {
			k.errorf(pos, "write for example image/png", "%q is no media type", given)
		}
		return given
	}
	if mime := mimeByEnding(url); mime != "" {
		return mime
	}
	k.ps.Warnf(pos, "let it end in .png, .jpg or the like", "the image's type cannot be told by its address; placements that list types will not take it")
	return ""
}

func (c *Creative) fitBanner(req *openrtb.Request, imp *openrtb.Imp, f *Fit) ad.Reason {
	b := &imp.Banner
	f.W, f.H = c.chooseSize(b, &req.Device, imp.Instl, req.Inventory == ad.App)
	if f.W <= 0 || f.H <= 0 {
		return ad.NotThisSize
	}
	for _, t := range b.BType {
		if t > 0 && t < 32 && c.banner.types&(1<<t) != 0 {
			return ad.AdTypeBlocked
		}
	}
	if r := c.allowed(b.BAttr, b.API, f); r != ad.OK {
		return r
	}
	if c.expands() && len(b.ExpDir) == 0 {
		return ad.AttributeBlocked
	}
	if !c.banner.takesImage(b.Mimes) {
		return ad.MimeNotWanted
	}
	return ad.OK
}

// expands reports whether the banner grows beyond its size (attributes 3 to 5),
// for which a placement must offer a direction.
func (c *Creative) expands() bool {
	return has(c.Attr, 3) || has(c.Attr, 4) || has(c.Attr, 5)
}

// takesImage tests banner.mimes. All banner markup is HTML, so that the list
// matters to images only, and only if it names any image type: exchanges send
// lists of image types for placements that show any HTML, and the reverse.
func (b *banner) takesImage(mimes [][]byte) bool {
	if !b.image || hasMIME(mimes, b.mime) {
		return true
	}
	for _, m := range mimes {
		if len(m) > 6 && equalFold(m[:6], "image/") {
			return false
		}
	}
	return true
}
