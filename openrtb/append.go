package openrtb

import (
	"strconv"
	"unicode/utf8"
)

// AppendString appends s to dst as a JSON string, quotes included. Bytes that
// are not of valid UTF-8 become U+FFFD.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	dst = AppendEscaped(dst, s)
	return append(dst, '"')
}

// AppendEscaped appends s to dst as it stands in a JSON string, without the
// quotes. Bytes that are not of valid UTF-8 become U+FFFD.
func AppendEscaped[T string | []byte](dst []byte, s T) []byte {
	from := len(dst)
	dst = append(dst, s...)
	if end, ascii := plain(dst, from); end == len(dst) && (ascii || utf8.Valid(dst[from:])) {
		return dst
	}
	return appendEscaped(dst[:from], s)
}

const hexDigits = "0123456789abcdef"

// appendEscaped is AppendEscaped for the strings that cannot stand as they are.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= utf8.RuneSelf {
			// A conversion of at most four bytes stays on the stack.
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
		switch {
		case ch == '"' || ch == '\\':
			dst = append(dst, '\\', ch)
		case ch == '\n':
			dst = append(dst, '\\', 'n')
		case ch == '\r':
			dst = append(dst, '\\', 'r')
		case ch == '\t':
			dst = append(dst, '\\', 't')
		case ch < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		default:
			dst = append(dst, ch)
		}
	}
	return dst
}

// AppendInt appends n to dst in decimal.
func AppendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// appendStrings appends a member whose value is a list of strings, unless the
// list is empty. The name is given with its comma, quotes and colon.
func appendStrings(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, name...)
	for i, s := range list {
		dst = append(dst, "[,"[min(i, 1)])
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// appendInts appends a member whose value is a list of integers, unless the
// list is empty.
func appendInts(dst []byte, name string, list []int) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, name...)
	for i, n := range list {
		dst = append(dst, "[,"[min(i, 1)])
		dst = AppendInt(dst, int64(n))
	}
	return append(dst, ']')
}

// appendNumber appends a member whose value is n, unless n is 0.
func appendNumber(dst []byte, name string, n int64) []byte {
	if n == 0 {
		return dst
	}
	dst = append(dst, name...)
	return AppendInt(dst, n)
}

// appendMember appends a member whose value is a string, unless that is empty.
func appendMember[T string | []byte](dst []byte, name string, s T) []byte {
	if len(s) == 0 {
		return dst
	}
	dst = append(dst, name...)
	return AppendString(dst, s)
}
