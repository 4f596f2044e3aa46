package profile

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Name is the 32-bit hash by which a record knows an attribute, a segment or a
// topic. The readable names are kept once, in a [Names] dictionary, which also
// refuses two names of the same hash. A Name is never zero.
type Name uint32

// MaxName is the length of the longest name, in bytes.
const MaxName = 100

// ErrName is wrapped by the errors of names that cannot be used.
var ErrName = errors.New("not a usable name")

// NameOf returns the Name of s. Names are case-sensitive. It does not allocate.
func NameOf[T string | []byte](s T) Name {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	// FNV's low bits mix badly for short names; finish as murmur3 does.
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	if n := Name(h); n != 0 {
		return n
	}
	return 1
}

// CheckName returns an error if s cannot name an attribute, a segment or a
// topic: it is empty, too long, no UTF-8, or holds spaces or control characters.
func CheckName(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("an empty string is %w", ErrName)
	case len(s) > MaxName:
		return fmt.Errorf("%.20q… is %w: it has %d bytes, the longest may have %d", s, ErrName, len(s), MaxName)
	case !utf8.ValidString(s):
		return fmt.Errorf("%q is %w: it is not UTF-8", s, ErrName)
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f {
			return fmt.Errorf("%q is %w: it holds a space or a control character", s, ErrName)
		}
	}
	return nil
}
