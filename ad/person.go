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
	var b hashed
	b.begin(len(idType), len(value))
	from := b.n
	addTo(&b, idType)
	lower(b.buf[from:b.n])
	from = b.n
	addTo(&b, value)
	if uuid {
		lower(b.buf[from:b.n])
	}
	return b.sum()
}

// hashed collects what is hashed, on the stack, however long it is: a full
// buffer is replaced by its digest. The lengths at the front tell all inputs
// apart.
type hashed struct {
	buf [160]byte
	n   int
}

func (b *hashed) begin(idType, value int) {
	binary.LittleEndian.PutUint32(b.buf[:], uint32(idType))
	binary.LittleEndian.PutUint32(b.buf[4:], uint32(value))
	b.n = 8
}

func addTo[T string | []byte](b *hashed, s T) {
	for len(s) > 0 {
		if b.n == len(b.buf) {
			d := sha256.Sum256(b.buf[:])
			b.n = copy(b.buf[:], d[:])
		}
		n := copy(b.buf[b.n:], s)
		b.n += n
		s = s[n:]
	}
}

func (b *hashed) sum() (p PersonID) {
	d := sha256.Sum256(b.buf[:b.n])
	copy(p[:], d[:])
	if p.IsZero() {
		p[0] = 1
	}
	return p
}

// lower turns ASCII letters into small ones.
func lower(s []byte) {
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			s[i] = c | 0x20
		}
	}
}

// isUUID reports whether s has the form of a UUID: 32 hexadecimal digits in
// groups of 8, 4, 4, 4 and 12.
func isUUID[T string | []byte](s T) bool {
	if len(s) != len(nilUUID) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}
