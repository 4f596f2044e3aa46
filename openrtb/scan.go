package openrtb

import (
	"encoding/binary"
	"math/bits"
)

// This file holds the grammar of JSON (RFC 8259): functions that find where a
// piece of text ends and whether it is valid, eight bytes at a time where that
// pays. None reads beyond the slice, allocates, or looks at a byte twice.

// maxDepth is how many objects and lists may stand in each other. It must not
// exceed 64, the number of bits in which skipValue keeps their kinds.
const maxDepth = 64

// A fault is what is wrong with a text.
type fault uint8

const (
	noFault fault = iota
	notJSON
	tooDeep
)

// Bytes repeated through a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// word returns the eight bytes at b[i:]; there must be as many.
func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// stops marks, by its high bit, the first byte of w that ends a run of plain
// text in a JSON string: a quote, a backslash or a control character. Bits
// above the lowest one set mean nothing.
func stops(w uint64) uint64 {
	// Flipping bit 1 turns the quote (0x22) into 0x20, next to the controls.
	return (((w ^ (ones * 0x02)) - ones*0x21) | ((w ^ (ones * 0x5c)) - ones)) & ^w & highs
}

// quotes marks the first quote in w as stops does.
func quotes(w uint64) uint64 {
	x := w ^ (ones * '"')
	return (x - ones) & ^x & highs
}

// plain returns the index of the first byte from i on that ends a run of plain
// text, or len(b), and whether all bytes before it are ASCII.
func plain(b []byte, i int) (end int, ascii bool) {
	var seen uint64
	for i <= len(b)-8 {
		w := word(b, i)
		if m := stops(w); m != 0 {
			seen |= w & (m&-m - 1)
			return i + bits.TrailingZeros64(m)>>3, seen&highs == 0
		}
		seen |= w
		i += 8
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
		seen |= uint64(b[i])
		i++
	}
	return i, seen&highs == 0
}

// space returns the index of the first byte from i on that is no white space.
func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipString returns the index behind the string whose opening quote is b[i].
// When it is not ok, the index is that of the offending byte.
func skipString(b []byte, i int) (end int, ok bool) {
	i++
	for {
		for i <= len(b)-8 {
			m := stops(word(b, i))
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			i++
		}
		if i >= len(b) || b[i] < ' ' {
			return i, false
		}
		if b[i] == '"' {
			return i + 1, true
		}
		if i, ok = skipEscape(b, i); !ok {
			return i, false
		}
	}
}

// skipEscape returns the index behind the escape whose backslash is b[i].
func skipEscape(b []byte, i int) (end int, ok bool) {
	if i+1 >= len(b) {
		return i, false
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, true
	case 'u':
		if _, ok := hex4(b, i+2); ok {
			return i + 6, true
		}
	}
	return i, false
}

// hex4 reads the four hexadecimal digits at b[i:].
func hex4(b []byte, i int) (r rune, ok bool) {
	if i+4 > len(b) {
		return 0, false
	}
	for _, ch := range b[i : i+4] {
		switch {
		case ch >= '0' && ch <= '9':
			ch -= '0'
		case ch|0x20 >= 'a' && ch|0x20 <= 'f':
			ch = ch | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(ch)
	}
	return r, true
}

func isDigit(ch byte) bool { return ch-'0' <= 9 }

// skipDigits returns the index of the first byte from i on that is no digit.
func skipDigits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

// skipNumber returns the index behind the number that starts at b[i].
func skipNumber(b []byte, i int) (end int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(b, i)
	if i == first || b[first] == '0' && i > first+1 {
		return first, false
	}
	if i < len(b) && b[i] == '.' {
		first = i + 1
		if i = skipDigits(b, first); i == first {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first = i
		if i = skipDigits(b, first); i == first {
			return i, false
		}
	}
	return i, true
}

// skipWord returns the index behind the literal true, false or null at b[i].
func skipWord(b []byte, i int) (end int, ok bool) {
	want := "null"
	switch b[i] {
	case 't':
		want = "true"
	case 'f':
		want = "false"
	}
	if len(b)-i < len(want) || string(b[i:i+len(want)]) != want {
		return i, false
	}
	return i + len(want), true
}

// skipScalar returns the index behind the string, number or literal at b[i].
func skipScalar(b []byte, i int) (end int, ok bool) {
	if i >= len(b) {
		return i, false
	}
	switch ch := b[i]; {
	case ch == '"':
		return skipString(b, i)
	case ch == '-' || isDigit(ch):
		return skipNumber(b, i)
	}
	return skipWord(b, i)
}

// skipKey returns the index behind the key and the colon that stand, after
// white space, at b[i].
func skipKey(b []byte, i int) (end int, ok bool) {
	if i = space(b, i); i >= len(b) || b[i] != '"' {
		return i, false
	}
	if i, ok = skipString(b, i); !ok {
		return i, false
	}
	if i = space(b, i); i >= len(b) || b[i] != ':' {
		return i, false
	}
	return i + 1, true
}

// skipValue returns the index behind the value that stands, after white space,
// at b[i]. The value may hold room objects and lists in each other. When there
// is a fault, the index is that of the offending byte.
func skipValue(b []byte, i, room int) (end int, f fault) {
	var objects uint64 // a bit for each open object or list, the innermost lowest: 1 for an object
	depth := 0
	ok := true
	for {
		i = space(b, i)
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			if depth == room {
				return i, tooDeep
			}
			depth++
			objects <<= 1
			closing := byte(']')
			if b[i] == '{' {
				objects |= 1
				closing = '}'
			}
			i = space(b, i+1)
			if i >= len(b) || b[i] != closing {
				if objects&1 == 1 {
					if i, ok = skipKey(b, i); !ok {
						return i, notJSON
					}
				}
				continue
			}
		} else if i, ok = skipScalar(b, i); !ok {
			return i, notJSON
		}
		// A value has ended, or an empty object or list is about to.
		for {
			if depth == 0 {
				return i, noFault
			}
			if i = space(b, i); i >= len(b) {
				return i, notJSON
			}
			if b[i] == ',' {
				i++
				break
			}
			if b[i] != ']'+byte(objects&1)*('}'-']') {
				return i, notJSON
			}
			i++
			depth--
			objects >>= 1
		}
		if objects&1 == 1 {
			if i, ok = skipKey(b, i); !ok {
				return i, notJSON
			}
		}
	}
}
