package notice

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/base64"

	"bidwell/ad"
)

const tagSize = aes.BlockSize

// A click whose tag covers its target, and an impression whose tag covers its
// context, are kinds of their own.
const (
	covers                = 0x80
	clickWithTarget       = byte(ad.Click) | covers
	impressionWithContext = byte(ad.Impression) | covers
)

// Scratch is the working memory of one goroutine, reused from bid to bid. The
// zero value is ready for use; it must not be copied while in use.
type Scratch struct {
	key  *key
	size int // of the payload
	mac  [sha256.Size]byte
	buf  [maxPayload + tagSize]byte
	in   [aes.BlockSize]byte // here, because what a cipher.Block is given escapes
	out  [aes.BlockSize]byte
	veil [MaxContext]byte // a context that is hidden

	// The tokens of a bid differ in their tags alone: what stands before is put
	// into letters once.
	whole   int // bytes of the payload that make whole groups of letters
	letters int // that they make
	text    [(maxPayload + 2) / 3 * 4]byte
}

// Signer signs tokens.
type Signer struct {
	key *key
}

// NewSigner returns a signer that uses the first of the keys.
func NewSigner(keys Keys) *Signer { return &Signer{keys.all[0]} }

// Sign prepares the tokens of one bid, of all kinds at once; t.Kind does not
// matter. What s held before is gone.
func (sg *Signer) Sign(s *Scratch, t *Token) {
	s.key = sg.key
	s.size = len(t.appendPayload(s.buf[:0], sg.key.id))
	s.mac = sg.key.mac(s.buf[:s.size])
	s.whole = s.size - s.size%3
	s.letters = base64.RawURLEncoding.EncodedLen(s.whole)
	base64.RawURLEncoding.Encode(s.text[:], s.buf[:s.whole])
}

// Append appends the token of one kind for the bid that s was signed for.
func (s *Scratch) Append(dst []byte, kind ad.Notice) []byte {
	return s.encode(dst, s.tag(byte(kind), nil))
}

// AppendClick appends the query of a click that says itself where to go, as in
// t=TOKEN&u=TARGET, with the target escaped. The token is good for that target
// only, so that the click redirects even if the creative is gone, and never
// anywhere else.
func (s *Scratch) AppendClick(dst []byte, target []byte) []byte {
	dst = append(dst, "t="...)
	dst = s.encode(dst, s.tag(clickWithTarget, target))
	dst = append(dst, "&u="...)
	return appendEscaped(dst, target)
}

func (s *Scratch) encode(dst []byte, tag *[tagSize]byte) []byte {
	copy(s.buf[s.size:], tag[:])
	dst = append(dst, s.text[:s.letters]...)
	return base64.RawURLEncoding.AppendEncode(dst, s.buf[s.whole:s.size+tagSize])
}

// tag returns the tag of a kind, which covers what goes with it if the kind has
// something. It is valid until the next call.
func (s *Scratch) tag(kind byte, with []byte) *[tagSize]byte {
	copy(s.in[:], s.mac[:])
	s.in[0] ^= kind
	s.key.kinds.Encrypt(s.out[:], s.in[:])
	if kind&covers == 0 {
		return &s.out
	}
	t := sha256.Sum256(with)
	for i := range s.in {
		s.in[i] = s.out[i] ^ t[i]
	}
	s.key.kinds.Encrypt(s.out[:], s.in[:])
	return &s.out
}

// appendEscaped appends a value for a URL's query, with everything escaped that
// RFC 3986 does not call unreserved.
func appendEscaped(dst, value []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}
