// Package prose writes numbers, and what they are of, for people.
package prose

import (
	"strconv"
	"strings"
)

// Number returns a number with a comma before every third digit: 20,000.
func Number[N int | int64 | uint64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Count returns a number and what it is of: 1 request, 20,000 requests.
func Count[N int | int64 | uint64](n N, noun string) string { return Number(n) + " " + Noun(n, noun) }

// Noun returns a noun, given in the singular, as it stands after a number.
func Noun[N int | int64 | uint64](n N, noun string) string {
	switch {
	case n == 1:
		return noun
	case noun == "person":
		return "people"
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay"):
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}
