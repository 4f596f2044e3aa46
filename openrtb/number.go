package openrtb

import (
	"math"
	"strconv"
	"unsafe"
)

// maxNumber is the length of the longest number that is read; longer ones are
// valid but no quantity of this world.
const maxNumber = 512

// int reads a whole number in any of the shapes that float reads. What is
// behind the point is cut off, and a number out of range becomes the nearest
// one in range. It reports whether there was a number; if not, dst stays.
func (c *cursor) int(dst *int32) bool {
	b, i := c.b, c.i
	n := int32(0)
	for i < len(b) && i < c.i+9 && isDigit(b[i]) {
		n = n*10 + int32(b[i]-'0')
		i++
	}
	if i > c.i && i < len(b) && (b[i] == ',' || b[i] == '}' || b[i] == ']') && (b[c.i] != '0' || i == c.i+1) {
		c.i = i
		*dst = n
		return true
	}
	f := 0.0
	if !c.float(&f) {
		return false
	}
	*dst = clamp(f)
	return true
}

func clamp(f float64) int32 {
	switch {
	case f >= math.MaxInt32:
		return math.MaxInt32
	case f <= math.MinInt32:
		return math.MinInt32
	}
	return int32(f)
}

// flag reads a boolean in any of the shapes that float reads: what is not 0 is
// true.
func (c *cursor) flag(dst *bool) bool {
	if b, i := c.b, c.i; i+1 < len(b) && b[i]|1 == '1' && (b[i+1] == ',' || b[i+1] == '}') {
		c.i = i + 1
		*dst = b[i] == '1'
		return true
	}
	f := 0.0
	if !c.float(&f) {
		return false
	}
	*dst = f != 0
	return true
}

// float reads a number, a string that holds a number, or a boolean as 0 or 1.
// It reports whether there was one that is finite; if not, dst stays.
func (c *cursor) float(dst *float64) bool {
	switch ch := c.peek(); {
	case ch == '-' || isDigit(ch):
		end, ok := skipNumber(c.b, c.i)
		if !ok {
			c.fail(end, notJSON)
			return false
		}
		num := c.b[c.i:end]
		c.i = end
		return parseFloat(num, dst)
	case ch == '"':
		s, ok := c.text()
		return ok && quotedFloat(s, dst)
	case ch == 't' || ch == 'f':
		c.skip()
		if c.fault != noFault {
			return false
		}
		*dst = 0
		if ch == 't' {
			*dst = 1
		}
		return true
	}
	c.skip()
	return false
}

// quotedFloat reads the number, or the boolean, that a string holds.
func quotedFloat(s []byte, dst *float64) bool {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	switch string(s) {
	case "true":
		*dst = 1
		return true
	case "false":
		*dst = 0
		return true
	}
	end, ok := skipNumber(s, 0)
	return ok && end == len(s) && parseFloat(s, dst)
}

// pow10 holds the powers of ten that a float64 represents exactly.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseFloat returns the float64 nearest to a number of valid grammar. It
// returns false for one that is too large or too long.
func parseFloat(num []byte, dst *float64) bool {
	i, neg := 0, num[0] == '-'
	if neg {
		i = 1
	}
	var mant uint64
	point := len(num) // where the fraction begins
	for ; i < len(num) && len(num) <= 17; i++ {
		if num[i] == '.' {
			point = i + 1
		} else if isDigit(num[i]) {
			mant = mant*10 + uint64(num[i]-'0')
		} else {
			break
		}
	}
	// Both factors are exact, so that one operation rounds correctly.
	if i == len(num) && mant < 1<<53 {
		f := float64(mant) / pow10[len(num)-point]
		if neg {
			f = -f
		}
		*dst = f
		return true
	}
	if len(num) > maxNumber {
		return false
	}
	// ParseFloat does not keep the string.
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(num), len(num)), 64)
	if err != nil {
		return false
	}
	*dst = f
	return true
}
