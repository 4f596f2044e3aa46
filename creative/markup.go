package creative

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"bidwell/ad"
)

// Macros are the values that differ from bid to bid. The addresses must consist
// of the characters A–Z a–z 0–9 - . _ ~ : / ? = & % and of exchange macros such
// as ${AUCTION_PRICE}, so that they need no escape in JSON; what HTML needs is
// added. All three are required.
type Macros struct {
	BidID         ad.BidID // VAST's AdServingId, and the source of the cache buster
	ClickURL      []byte   // counts a click and leads to the landing page
	ImpressionURL []byte   // counts an impression, answers with an image
	// ViewURL counts what happens afterwards. The event is added to its query
	// as e=start, firstQuartile, midpoint, thirdQuartile, complete (video and
	// audio) or viewable (video and native).
	ViewURL []byte
}

// slot is the place of a value in a template.
type slot uint8

const (
	noSlot slot = iota
	clickSlot
	impressionSlot
	viewSlot // followed by the segment's event
	cacheBusterSlot
	bidIDSlot
	widthSlot
	heightSlot
	mediaSlot // the chosen media files of a video
	skipSlot  // the time from which a video can be skipped
)

// escape says how an address is escaped beyond what JSON needs.
type escape uint8

const (
	plainEscape   escape = iota // scripts, CDATA, JSON
	htmlEscape                  // HTML text and attributes: & becomes &amp;
	percentEscape               // a parameter of another address
)

// segment is literal text followed by a slot. The text is escaped already.
type segment struct {
	text   []byte
	slot   slot
	escape escape
	event  string
}

// template is compiled markup.
type template []segment

// values fill the slots of a template.
type values struct {
	*Macros
	w, h  int32
	video *video // with fit, for the slots that only videos have
	fit   *Fit
}

// append appends the markup to dst.
func (t template) append(dst []byte, m *values) []byte {
	for i := range t {
		s := &t[i]
		dst = append(dst, s.text...)
		switch s.slot {
		case clickSlot:
			dst = appendURL(dst, m.ClickURL, s.escape)
		case impressionSlot:
			dst = appendURL(dst, m.ImpressionURL, s.escape)
		case viewSlot:
			dst = appendView(dst, m.ViewURL, s)
		case cacheBusterSlot:
			dst = strconv.AppendUint(dst, binary.LittleEndian.Uint64(m.BidID[:]), 10)
		case bidIDSlot:
			dst = hex.AppendEncode(dst, m.BidID[:])
		case widthSlot:
			dst = strconv.AppendInt(dst, int64(m.w), 10)
		case heightSlot:
			dst = strconv.AppendInt(dst, int64(m.h), 10)
		case mediaSlot:
			dst = m.video.appendMedia(dst, m.fit)
		case skipSlot:
			dst = appendClock(dst, m.fit.skipS)
		}
	}
	return dst
}

// uses reports whether the markup has a slot.
func (t template) uses(s slot) bool {
	return slices.ContainsFunc(t, func(g segment) bool { return g.slot == s })
}

// appendView appends a view address with its event in the query.
func appendView(dst, url []byte, s *segment) []byte {
	dst = appendURL(dst, url, s.escape)
	if s.event == "" {
		return dst
	}
	switch {
	case bytes.IndexByte(url, '?') < 0:
		dst = append(dst, '?')
	case s.escape == htmlEscape:
		dst = append(dst, "&amp;"...)
	default:
		dst = append(dst, '&')
	}
	dst = append(dst, "e="...)
	return append(dst, s.event...)
}

// appendURL appends an address with the given escape.
func appendURL(dst, url []byte, e escape) []byte {
	switch e {
	case htmlEscape:
		for {
			i := bytes.IndexByte(url, '&')
			if i < 0 {
				return append(dst, url...)
			}
			dst = append(dst, url[:i]...)
			dst = append(dst, "&amp;"...)
			url = url[i+1:]
		}
	case percentEscape:
		for _, b := range url {
			if keep[b] {
				dst = append(dst, b)
				continue
			}
			dst = append(dst, '%', upperHex[b>>4], upperHex[b&15])
		}
		return dst
	}
	return append(dst, url...)
}

const upperHex = "0123456789ABCDEF"

// keep holds the bytes that stay as they are in a percent-encoded address: the
// unreserved ones, and those of ${…}, which the exchange must still find.
var keep = func() (t [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~${}") {
		t[b] = true
	}
	return t
}()

// writer builds a template. Literal text goes in unescaped and is escaped for
// the JSON strings around it: once for bid.adm, twice for a VAST document
// inside native markup.
type writer struct {
	depth int
	lit   []byte
	segs  template
}

func (w *writer) text(s ...string) {
	for _, s := range s {
		w.lit = appendEscaped(w.lit, s, w.depth)
	}
}

func (w *writer) slot(s slot, e escape) { w.add(segment{slot: s, escape: e}) }

func (w *writer) view(event string, e escape) {
	w.add(segment{slot: viewSlot, escape: e, event: event})
}

func (w *writer) add(s segment) {
	s.text = w.lit
	w.lit = nil
	w.segs = append(w.segs, s)
}

// done returns the template.
func (w *writer) done() template {
	if len(w.lit) > 0 {
		w.add(segment{})
	}
	return w.segs
}

// appendEscaped appends s as the content of a JSON string that lies depth deep
// in JSON strings.
func appendEscaped(dst []byte, s string, depth int) []byte {
	for ; depth > 1; depth-- {
		s = string(appendJSON(nil, s))
	}
	return appendJSON(dst, s)
}

// appendJSON appends s as the content of a JSON string. Bytes that are not
// UTF-8 become U+FFFD.
func appendJSON(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029:
			dst = append(dst, `\u`...)
			for shift := 12; shift >= 0; shift -= 4 {
				dst = append(dst, upperHex[r>>shift&15])
			}
		default:
			dst = append(dst, string(r)...)
		}
	}
	return dst
}
