package identity

// bits reads numbers, most significant bit first, from base64url text without
// decoding it first. Reading past the end yields zeros and is remembered.
type bits struct {
	text []byte
	pos  int // in bits
	end  int // in bits
	past bool
}

const notBase64 = 0xff

// sextets is the value of each base64url character.
var sextets = func() (t [256]uint8) {
	for i := range t {
		t[i] = notBase64
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i)
	}
	return t
}()

// bitsOf returns a reader of text; false if text is no base64url.
func bitsOf(text []byte) (bits, bool) {
	var bad uint8
	for _, c := range text {
		bad |= sextets[c] // only notBase64 has the high bits
	}
	return bits{text: text, end: 6 * len(text)}, bad < 64
}

// uint reads a number of at most 32 bits.
func (b *bits) uint(n int) uint32 {
	if n > b.end-b.pos {
		b.pos, b.past = b.end, true
		return 0
	}
	i, skipped := b.pos/6, b.pos%6
	b.pos += n
	if skipped+n <= 24 && i+4 <= len(b.text) { // most numbers lie within four characters
		t := b.text[i : i+4 : i+4]
		v := uint32(sextets[t[0]])<<18 | uint32(sextets[t[1]])<<12 | uint32(sextets[t[2]])<<6 | uint32(sextets[t[3]])
		return v >> (24 - skipped - n) & (1<<n - 1)
	}
	var v uint64
	have := -skipped
	for ; have < n; have += 6 {
		v = v<<6 | uint64(sextets[b.text[i]])
		i++
	}
	return uint32(v >> (have - n) & (1<<n - 1))
}

func (b *bits) bool() bool { return b.uint(1) == 1 }

// skip passes over n bits.
func (b *bits) skip(n int) {
	if n > b.end-b.pos {
		b.pos, b.past = b.end, true
		return
	}
	b.pos += n
}
