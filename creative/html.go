package creative

import (
	"regexp"
	"strings"
)

// page is what a scan of HTML finds. It does not judge whether the HTML is
// good: browsers show anything. It tells apart text, tags, comments and scripts
// as browsers do, because macros are escaped accordingly.
type page struct {
	raw    [][2]int // byte ranges within <script> and <style>
	tags   map[string]bool
	body   int    // offset of the last </body>, or the length of the text
	open   string // what the text ends inside of, if anything
	openAt int
}

// scanHTML scans HTML text.
func scanHTML(s string) *page {
	p := &page{tags: make(map[string]bool), body: len(s)}
	for i := 0; i < len(s); {
		lt := strings.IndexByte(s[i:], '<')
		if lt < 0 {
			break
		}
		i = p.markup(s, i+lt)
	}
	return p
}

// markup scans what begins with the '<' at i and returns the offset after it.
func (p *page) markup(s string, i int) int {
	rest := s[i:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		return p.until(s, i, i+4, "-->", "a comment")
	case strings.HasPrefix(rest, "<!") || strings.HasPrefix(rest, "<?"):
		return p.until(s, i, i+2, ">", "a declaration")
	case len(rest) > 1 && rest[1] == '/':
		if hasTagName(rest[2:], "body") {
			p.body = i
		}
		return p.until(s, i, i+2, ">", "a tag")
	case len(rest) < 2 || !isLetter(rest[1]):
		return i + 1
	}
	name := strings.ToLower(rest[1 : 1+tagNameLen(rest[1:])])
	p.tags[name] = true
	end, closed := tagEnd(s, i+1+len(name))
	if !closed {
		p.open, p.openAt = "a tag", i
		return len(s)
	}
	if !textOnly[name] {
		return end
	}
	return p.rawText(s, i, end, name)
}

// textOnly are the elements within which browsers see no tags, only the end.
var textOnly = map[string]bool{
	"script": true, "style": true, "iframe": true, "noembed": true, "noframes": true, "noscript": true,
	"textarea": true, "title": true, "xmp": true,
}

// rawText scans the content of a script or the like, which begins at start and
// ends at its end tag only.
func (p *page) rawText(s string, tag, start int, name string) int {
	for i := start; ; i++ {
		lt := strings.Index(s[i:], "</")
		if lt < 0 {
			p.open, p.openAt = "<"+name+">", tag
			return len(s)
		}
		i += lt
		if hasTagName(s[i+2:], name) {
			if name == "script" || name == "style" {
				p.raw = append(p.raw, [2]int{start, i})
			}
			return i
		}
	}
}

func (p *page) until(s string, begin, from int, end, what string) int {
	n := strings.Index(s[min(from, len(s)):], end)
	if n < 0 {
		p.open, p.openAt = what, begin
		return len(s)
	}
	return from + n + len(end)
}

// inScript reports whether an offset lies in a script or style.
func (p *page) inScript(at int) bool {
	for _, r := range p.raw {
		if r[0] <= at && at < r[1] {
			return true
		}
	}
	return false
}

// tagEnd returns the offset after the '>' that closes a tag whose name ends at
// i. Quoted values may contain '>'.
func tagEnd(s string, i int) (end int, closed bool) {
	var quote byte
	for ; i < len(s); i++ {
		switch b := s[i]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '>':
			return i + 1, true
		case (b == '"' || b == '\'') && afterEquals(s, i):
			quote = b
		}
	}
	return len(s), false
}

// afterEquals reports whether the quote at i opens an attribute's value; any
// other quote is part of a name to browsers.
func afterEquals(s string, i int) bool {
	return strings.HasSuffix(strings.TrimRight(s[:i], " \t\r\n\f"), "=")
}

func tagNameLen(s string) int {
	if n := strings.IndexAny(s, " \t\r\n\f/>"); n >= 0 {
		return n
	}
	return len(s)
}

func hasTagName(s, name string) bool {
	return len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) && tagNameLen(s) == len(name)
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// types returns the banner types (OpenRTB list "Banner Ad Types") that the
// markup is of, as a bit set: 1 text, 2 banner, 3 JavaScript, 4 iframe.
func (p *page) types() uint32 {
	var set uint32
	if p.tags["script"] {
		set |= 1 << 3
	}
	if p.tags["iframe"] {
		set |= 1 << 4
	}
	if set != 0 {
		return set
	}
	for _, t := range []string{"img", "picture", "svg", "video", "canvas", "amp-img", "object", "embed"} {
		if p.tags[t] {
			return 1 << 2
		}
	}
	return 1 << 1
}

var (
	insecureURL = regexp.MustCompile(`(?i)http:(//|\\/\\/)`)
	xmlns       = regexp.MustCompile(`(?i)\sxmlns(:\w+)?\s*=\s*["']?$`)
)

// insecure returns the offset of the first http address other than the name of
// an XML namespace, or -1. Scanners of exchanges look at visible text too.
func insecure(s string) int {
	for _, at := range insecureURL.FindAllStringIndex(s, -1) {
		if !xmlns.MatchString(s[max(0, at[0]-64):at[0]]) {
			return at[0]
		}
	}
	return -1
}
