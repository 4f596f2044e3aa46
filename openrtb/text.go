package openrtb

import "unicode/utf8"

// text reads the string at the cursor, whose opening quote is there. It is a
// view of the body, or of memory if it had escapes or invalid UTF-8, which is
// replaced by U+FFFD. It is never nil when ok.
func (c *cursor) text() (s []byte, ok bool) {
	start := c.i + 1
	end, ascii := plain(c.b, start)
	if end < len(c.b) && c.b[end] == '"' && (ascii || utf8.Valid(c.b[start:end])) {
		c.i = end + 1
		return c.b[start:end], true
	}
	return c.unescape(start)
}

// unescape is text for the strings that are not stored as they stand.
func (c *cursor) unescape(start int) (s []byte, ok bool) {
	dst := c.mem.text
	from := len(dst)
	for i := start; ; {
		end, ascii := plain(c.b, i)
		dst = appendValid(dst, c.b[i:end], ascii)
		if end >= len(c.b) || c.b[end] < ' ' {
			c.fail(end, notJSON)
			return nil, false
		}
		if c.b[end] == '"' {
			c.i = end + 1
			c.mem.text = dst
			return since(dst, from), true
		}
		if dst, i = appendEscape(dst, c.b, end); i < 0 {
			c.fail(end, notJSON)
			return nil, false
		}
	}
}

// appendValid appends s with every byte that is not of valid UTF-8 replaced by
// U+FFFD.
func appendValid(dst, s []byte, ascii bool) []byte {
	if ascii || utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		dst = utf8.AppendRune(dst, r)
		s = s[n:]
	}
	return dst
}

// appendEscape appends what the escape at b[i] stands for and returns the index
// behind it, negative if it is no escape. A surrogate without its other half
// stands for U+FFFD.
func appendEscape(dst, b []byte, i int) ([]byte, int) {
	if i+1 >= len(b) {
		return dst, -1
	}
	switch ch := b[i+1]; ch {
	case '"', '\\', '/':
		return append(dst, ch), i + 2
	case 'b':
		return append(dst, '\b'), i + 2
	case 'f':
		return append(dst, '\f'), i + 2
	case 'n':
		return append(dst, '\n'), i + 2
	case 'r':
		return append(dst, '\r'), i + 2
	case 't':
		return append(dst, '\t'), i + 2
	case 'u':
		r, ok := hex4(b, i+2)
		if !ok {
			return dst, -1
		}
		i += 6
		if r >= 0xd800 && r < 0xdc00 && i+1 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
			if low, ok := hex4(b, i+2); ok && low >= 0xdc00 && low < 0xe000 {
				return utf8.AppendRune(dst, (r-0xd800)<<10+(low-0xdc00)+0x10000), i + 6
			}
		}
		return utf8.AppendRune(dst, r), i // a lone surrogate becomes U+FFFD
	}
	return dst, -1
}
