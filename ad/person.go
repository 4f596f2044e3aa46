package ad

import (
	"crypto/sha256"
	"encoding/binary"
)

// nilUUID is what a device sends whose owner allows no tracking.
const nilUUID = "00000000-0000-0000-0000-000000000000"

// PersonIDOf returns the key of the person that an identifier leads to: the
// first half of a SHA-256, so that nobody can craft two identifiers of the same
// key. The type is matched without regard to case, and so is a value that has
// the form of a UUID, which exchanges write either way; other values are taken
// as they are. An empty value and the UUID of zeros lead to nobody, the zero
// PersonID. It does not allocate.
func PersonIDOf[T string | []byte](idType string, value T) PersonID {
	uuid := isUUID(value)
	if len(value) == 0 || uuid && string(value) == nilUUID {
		return PersonID{}
	}
	var h chain
	h.begin(len(idType), len(value))
	for i := range len(idType) {
		h.add(lower(idType[i]))
	}
	for i := range len(value) {
		c := value[i]
		if uuid {
			c = lower(c)
		}
		h.add(c)
	}
	return h.sum()
}

// chain hashes any number of bytes on the stack: what exceeds the buffer is
// replaced by its digest. The lengths at the front tell every input apart.
type chain struct {
	buf [160]byte
	n   int
}

func (h *chain) begin(idType, value int) {
	binary.LittleEndian.PutUint32(h.buf[:], uint32(idType))
	binary.LittleEndian.PutUint32(h.buf[4:], uint32(value))
	h.n = 8
}

func (h *chain) add(c byte) {
	if h.n == len(h.buf) {
		d := sha256.Sum256(h.buf[:])
		h.n = copy(h.buf[:], d[:])
	}
	h.buf[h.n] = c
	h.n++
}

func (h *chain) sum() (p PersonID) {
	d := sha256.Sum256(h.buf[:h.n])
	copy(p[:], d[:])
	if p.IsZero() {
		p[0] = 1
	}
	return p
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// isUUID reports whether s has the form of a UUID: 32 hexadecimal digits in
// groups of 8, 4, 4, 4 and 12.
func isUUID[T string | []byte](s T) bool {
	if len(s) != len(nilUUID) {
		return false
	}
	for i := range len(s) {
		c := lower(s[i])
		if nilUUID[i] == '-' {
			if c != '-' {
				return false
			}
			continue
		}
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
