package creative

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"bidwell/ad"
)

// vastVersion is a version of VAST with its two OpenRTB protocol codes.
type vastVersion struct {
	name            string
	inline, wrapper int32
	four            bool // the 4.x order of elements
	servingID       bool // 4.1 and later
}

// vastVersions are the versions that can be served, the best first. VAST 1.0
// and DAAST cannot.
var vastVersions = [...]vastVersion{
	{"4.2", 13, 14, true, true},
	{"4.1", 11, 12, true, true},
	{"4.0", 7, 8, true, false},
	{"3.0", 3, 6, false, false},
	{"2.0", 2, 5, false, false},
}

// defaultVersion is served to players that name no protocol: every player in
// use reads VAST 3.0, not all read 4.x, and 2.0 knows no skipping.
const defaultVersion = 3

// vastDoc is what a VAST document is made of.
type vastDoc struct {
	*video
	crid       string
	title      string
	advertiser string
	tagURL     string // of the wrapped document
	companion  *CompanionSpec
	compMIME   string
	compW      int32
	compH      int32
}

// vastWriter writes one version of a document. The order of elements is that of
// the version's schema. No namespace is declared: players do not need it, and
// its http address would fail the scanners of secure impressions.
type vastWriter struct {
	*writer
	*vastDoc
	v *vastVersion
}

// compile writes the document in version v for markup that lies depth deep in
// JSON strings.
func (d *vastDoc) compile(v *vastVersion, depth int) template {
	w := &vastWriter{&writer{depth: depth}, d, v}
	w.text(`<?xml version="1.0" encoding="UTF-8"?><VAST version="`, v.name, `"><Ad id="`, xmlText(d.crid), `"`)
	if d.media == ad.Audio && v.servingID {
		w.text(` adType="audio"`)
	}
	w.text(`>`)
	if d.tagURL != "" {
		w.wrapper()
	} else {
		w.inLine()
	}
	w.text(`</Ad></VAST>`)
	return w.done()
}

func (w *vastWriter) inLine() {
	w.text(`<InLine>`)
	w.elem("AdSystem", "Bidwell")
	if w.v.four {
		w.impression()
		w.viewable()
		if w.v.servingID {
			w.text(`<AdServingId>`)
			w.slot(bidIDSlot, plainEscape)
			w.text(`</AdServingId>`)
		}
	}
	w.elem("AdTitle", w.title)
	if w.advertiser != "" && w.v.name != "2.0" {
		w.elem("Advertiser", w.advertiser)
	}
	if !w.v.four {
		w.impression()
	}
	w.text(`<Creatives><Creative id="`, xmlText(w.crid), `">`)
	if w.v.four {
		w.companionAds()
	}
	w.linear()
	if w.v.four {
		w.text(`<UniversalAdId idRegistry="unknown"`)
		if !w.v.servingID {
			w.text(` idValue="`, xmlText(w.crid), `"`) // 4.0 only
		}
		w.text(`>`, xmlText(w.crid), `</UniversalAdId></Creative>`)
	} else {
		w.text(`</Creative>`)
		if w.companion != nil {
			w.text(`<Creative>`)
			w.companionAds()
			w.text(`</Creative>`)
		}
	}
	w.text(`</Creatives></InLine>`)
}

func (w *vastWriter) wrapper() {
	w.text(`<Wrapper>`)
	w.elem("AdSystem", "Bidwell")
	if w.v.four {
		w.impression()
		w.viewable()
		w.wrapperCreative()
		w.tagURI()
	} else {
		w.tagURI()
		w.impression()
		w.wrapperCreative()
	}
	w.text(`</Wrapper>`)
}

func (w *vastWriter) tagURI() {
	w.text(`<VASTAdTagURI><![CDATA[`)
	addressSlots(w.writer, w.tagURL, tagMacros)
	w.text(`]]></VASTAdTagURI>`)
}

// wrapperCreative adds our counting to the wrapped ad. The click goes to where
// the wrapped ad leads; ours only counts it, unless the wrapped ad was given our
// address to lead through.
func (w *vastWriter) wrapperCreative() {
	w.text(`<Creatives><Creative><Linear>`)
	w.tracking()
	if !strings.Contains(w.tagURL, "${CLICK_URL_ESC}") {
		w.text(`<VideoClicks>`)
		w.url("ClickTracking", clickSlot)
		w.text(`</VideoClicks>`)
	}
	w.text(`</Linear></Creative></Creatives>`)
}

func (w *vastWriter) linear() {
	w.text(`<Linear`)
	if w.skipAfterS > 0 && w.v.name != "2.0" {
		w.text(` skipoffset="`)
		w.slot(skipSlot, plainEscape)
		w.text(`"`)
	}
	w.text(`>`)
	if w.v.four {
		w.tracking()
		w.elem("Duration", string(appendClock(nil, w.durationS)))
		w.mediaFiles()
		w.clicks()
	} else {
		w.elem("Duration", string(appendClock(nil, w.durationS)))
		w.tracking()
		w.clicks()
		w.mediaFiles()
	}
	w.text(`</Linear>`)
}

// clicks writes where a click leads. The address counts the click itself; a
// ClickTracking beside it would count it twice.
func (w *vastWriter) clicks() {
	w.text(`<VideoClicks>`)
	w.url("ClickThrough", clickSlot)
	w.text(`</VideoClicks>`)
}

func (w *vastWriter) mediaFiles() {
	w.text(`<MediaFiles>`)
	w.slot(mediaSlot, plainEscape)
	w.text(`</MediaFiles>`)
}

func (w *vastWriter) tracking() {
	w.text(`<TrackingEvents>`)
	for _, e := range []string{"start", "firstQuartile", "midpoint", "thirdQuartile", "complete"} {
		w.text(`<Tracking event="`, e, `"><![CDATA[`)
		w.view(e, plainEscape)
		w.text(`]]></Tracking>`)
	}
	w.text(`</TrackingEvents>`)
}

func (w *vastWriter) impression() { w.url("Impression", impressionSlot) }

func (w *vastWriter) viewable() {
	if w.media == ad.Audio {
		return
	}
	w.text(`<ViewableImpression><Viewable><![CDATA[`)
	w.view("viewable", plainEscape)
	w.text(`]]></Viewable></ViewableImpression>`)
}

func (w *vastWriter) companionAds() {
	if w.companion == nil {
		return
	}
	w.text(fmt.Sprintf(`<CompanionAds><Companion width="%d" height="%d"><StaticResource creativeType="%s"><![CDATA[`,
		w.compW, w.compH, xmlText(w.compMIME)), w.companion.Image, `]]></StaticResource>`)
	w.url("CompanionClickThrough", clickSlot)
	w.text(`</Companion></CompanionAds>`)
}

func (w *vastWriter) elem(name, text string) {
	w.text(`<`, name, `>`, xmlText(text), `</`, name, `>`)
}

func (w *vastWriter) url(name string, s slot) {
	w.text(`<`, name, `><![CDATA[`)
	w.slot(s, plainEscape)
	w.text(`]]></`, name, `>`)
}

// mediaFile returns the MediaFile element of a file.
func mediaFile(m *MediaSpec, depth int) []byte {
	s := `<MediaFile delivery="` + m.delivery() + `" type="` + xmlText(m.MIME) +
		`" width="` + strconv.Itoa(int(m.Width)) + `" height="` + strconv.Itoa(int(m.Height)) + `"`
	if m.Bitrate > 0 {
		s += ` bitrate="` + strconv.Itoa(int(m.Bitrate)) + `"`
	}
	if m.VPAID {
		s += ` apiFramework="VPAID"`
	}
	return appendEscaped(nil, s+`><![CDATA[`+m.URL+`]]></MediaFile>`, depth)
}

// tagMacros are those of the address of a wrapped document.
var tagMacros = map[string]segment{
	"CACHEBUSTER":   {slot: cacheBusterSlot},
	"CLICK_URL_ESC": {slot: clickSlot, escape: percentEscape},
}

// xmlText escapes text for elements and quoted attributes. Control characters
// were refused before.
func xmlText(s string) string { return html.EscapeString(s) }

// appendClock appends seconds, of less than a day, as hh:mm:ss.
func appendClock(dst []byte, s int32) []byte {
	h, m := s/3600, s/60%60
	s %= 60
	return append(dst, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':', byte('0'+s/10), byte('0'+s%10))
}

func (m *MediaSpec) delivery() string {
	if m.Delivery == "" {
		return "progressive"
	}
	return strings.ToLower(m.Delivery)
}
