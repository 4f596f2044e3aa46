package creative

import (
	"regexp"
	"strings"

	"bidwell/internal/conf"
)

// htmlMacros are the macros that banner markup may use.
var htmlMacros = map[string]segment{
	"CLICK_URL":      {slot: clickSlot},
	"CLICK_URL_ESC":  {slot: clickSlot, escape: percentEscape},
	"IMPRESSION_URL": {slot: impressionSlot},
	"VIEW_URL":       {slot: viewSlot},
	"CACHEBUSTER":    {slot: cacheBusterSlot},
	"CREATIVE_W":     {slot: widthSlot},
	"CREATIVE_H":     {slot: heightSlot},
}

// exchangeMacros are OpenRTB's; the exchange puts in their values.
var exchangeMacros = []string{
	"AUCTION_ID", "AUCTION_BID_ID", "AUCTION_IMP_ID", "AUCTION_SEAT_ID", "AUCTION_AD_ID", "AUCTION_PRICE",
	"AUCTION_CURRENCY", "AUCTION_MBR", "AUCTION_LOSS", "AUCTION_MIN_TO_WIN", "AUCTION_MULTIPLIER", "AUCTION_IMP_TS",
}

var knownMacros = append([]string{
	"CLICK_URL", "CLICK_URL_ESC", "IMPRESSION_URL", "VIEW_URL", "CACHEBUSTER", "CREATIVE_W", "CREATIVE_H",
}, exchangeMacros...)

// macro matches what looks like a macro. Scripts use ${…} as well, but rarely
// with a name all in capitals. A suffix such as :B64 encodes an exchange macro.
var macro = regexp.MustCompile(`\$\{([A-Z][A-Z0-9_]*)(:[A-Za-z0-9]+)?\}`)

// htmlText is banner markup with its place: a file of its own, or a value of
// the campaign file, within which lines cannot be told.
type htmlText struct {
	text string
	file string   // set if it is a file
	pos  conf.Pos // set if not
}

// at returns the place of a byte offset.
func (h *htmlText) at(offset int) conf.Pos {
	if h.file == "" {
		return h.pos
	}
	before := h.text[:offset]
	line := strings.LastIndexByte(before, '\n') + 1
	return conf.Pos{File: h.file, Line: 1 + strings.Count(before, "\n"), Col: 1 + len([]rune(before[line:]))}
}

// used tells which macros a text has.
type used map[slot]bool

// macros writes HTML to w with its macros made into slots. It returns the slots
// that it has used.
func (k *compiler) macros(w *writer, h *htmlText, p *page, from, to int) used {
	seen := make(used)
	last := from
	for _, m := range macro.FindAllStringSubmatchIndex(h.text[:to], -1) {
		if m[0] < from {
			continue
		}
		name := h.text[m[2]:m[3]]
		s, ok := htmlMacros[name]
		if !ok || m[4] >= 0 {
			k.foreignMacro(h.at(m[0]), name)
			continue
		}
		if s.escape == plainEscape && !p.inScript(m[0]) {
			s.escape = htmlEscape
		}
		w.text(h.text[last:m[0]])
		w.add(s)
		seen[s.slot] = true
		last = m[1]
	}
	w.text(h.text[last:to])
	return seen
}

// foreignMacro judges a macro that is not ours. Exchange macros stay; others
// may belong to a tag vendor, unless they look like a slip of the pen.
func (k *compiler) foreignMacro(pos conf.Pos, name string) {
	for _, m := range exchangeMacros {
		if m == name {
			return
		}
	}
	if _, ours := htmlMacros[name]; ours {
		k.errorf(pos, "write ${"+name+"}", "the macro %s takes no suffix", name)
		return
	}
	if meant := conf.Suggest(name, knownMacros); meant != "" {
		k.errorf(pos, "did you mean ${"+meant+"}?", "unknown macro ${%s}", name)
		return
	}
	k.ps.Warnf(pos, "the macros are ${"+strings.Join(knownMacros[:7], "}, ${")+"}", "unknown macro ${%s} is left as it is", name)
}

// addressSlots writes an address, of which the macros were checked, to w.
func addressSlots(w *writer, s string, macros map[string]segment) {
	last := 0
	for _, m := range macro.FindAllStringSubmatchIndex(s, -1) {
		seg, ok := macros[s[m[2]:m[3]]]
		if !ok {
			continue
		}
		w.text(s[last:m[0]])
		w.add(seg)
		last = m[1]
	}
	w.text(s[last:])
}

// imageMacros are those of an image's address.
var imageMacros = map[string]segment{"W": {slot: widthSlot}, "H": {slot: heightSlot}}

// anySize reports whether an image's address serves every size.
func anySize(url string) bool {
	return strings.Contains(url, "${W}") && strings.Contains(url, "${H}")
}
