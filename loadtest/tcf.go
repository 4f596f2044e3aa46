package loadtest

import (
	"encoding/base64"
	"time"
)

// tcf describes an IAB TCF 2.2 consent string (the core segment only).
type tcf struct {
	created    time.Time
	language   string // two letters
	vendors    int    // highest vendor id; every one up to it is decided
	purposes   []int  // consented, 1..24
	interests  []int  // purposes with a legitimate interest
	consented  func(vendor int) bool
	vendorList uint64 // version of the global vendor list
}

// encode returns the string in base64url without padding. Times are truncated
// to the day, as TCF 2.2 asks.
func (t *tcf) encode() string {
	var b bitString
	deci := uint64(t.created.UTC().Truncate(24*time.Hour).Unix()) * 10
	b.put(2, 6)     // version
	b.put(deci, 36) // created
	b.put(deci, 36) // last updated
	b.put(300, 12)  // CMP id
	b.put(1, 12)    // CMP version
	b.put(1, 6)     // consent screen
	b.letters(t.language)
	b.put(t.vendorList, 12)
	b.put(4, 6) // policy version
	b.put(1, 1) // service specific
	b.put(0, 1) // non-standard texts
	b.put(0, 12)
	b.set(24, t.purposes)
	b.set(24, t.interests)
	b.put(0, 1) // purpose one treatment
	b.letters("de")
	b.put(uint64(t.vendors), 16)
	b.put(0, 1) // a bit for each vendor follows
	for v := 1; v <= t.vendors; v++ {
		b.bool(t.consented(v))
	}
	b.put(0, 16) // no vendor claims a legitimate interest
	b.put(0, 1)
	b.put(0, 12) // no publisher restrictions
	return base64.RawURLEncoding.EncodeToString(b.bytes)
}

// bitString is a big-endian bit string.
type bitString struct {
	bytes []byte
	n     int
}

func (b *bitString) bool(v bool) {
	if b.n&7 == 0 {
		b.bytes = append(b.bytes, 0)
	}
	if v {
		b.bytes[b.n>>3] |= 0x80 >> (b.n & 7)
	}
	b.n++
}

func (b *bitString) put(v uint64, width int) {
	for i := width - 1; i >= 0; i-- {
		b.bool(v>>i&1 == 1)
	}
}

// letters puts a two-letter code, six bits a letter.
func (b *bitString) letters(s string) {
	b.put(uint64(s[0]-'a'), 6)
	b.put(uint64(s[1]-'a'), 6)
}

// set puts a bit for each of 1..width, on for those in the list.
func (b *bitString) set(width int, on []int) {
	at := b.n
	b.put(0, width)
	for _, i := range on {
		p := at + i - 1
		b.bytes[p>>3] |= 0x80 >> (p & 7)
	}
}
