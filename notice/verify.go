package notice

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"bidwell/ad"
)

// skew is how far the clocks of two bidders may differ: a token from further in
// the future is refused.
const skew = time.Minute

// strict accepts the one encoding of a token that Append writes. It skips line
// breaks, as every decoder of the standard library does; Parse looks for them.
var strict = base64.RawURLEncoding.Strict()

// Verifier reads tokens and checks them.
type Verifier struct {
	keys     Keys
	lifetime time.Duration
}

// NewVerifier returns a verifier of tokens signed with any of the keys, each of
// which is accepted for a lifetime from the time of its bid.
func NewVerifier(keys Keys, lifetime time.Duration) *Verifier {
	return &Verifier{keys, lifetime}
}

// Parse reads a token of one kind into dst. It returns OK; TokenTruncated if the
// token is missing or shorter than it says itself; TokenForged if it was not
// signed by us or not for this kind; TokenExpired if its time is over, or lies in
// the future. Unless it returns OK or TokenExpired, dst says nothing: what is not
// signed is not shown.
func (v *Verifier) Parse(s *Scratch, dst *Token, token []byte, kind ad.Notice, now time.Time) ad.Reason {
	return v.parse(s, dst, token, byte(kind), nil, now)
}

// ParseClick reads the token of a click with the target that came with it,
// unescaped. The reasons are those of Parse; a target other than the signed one
// is TokenForged.
func (v *Verifier) ParseClick(s *Scratch, dst *Token, token, target []byte, now time.Time) ad.Reason {
	return v.parse(s, dst, token, clickWithTarget, target, now)
}

func (v *Verifier) parse(s *Scratch, dst *Token, token []byte, kind byte, with []byte, now time.Time) ad.Reason {
	*dst = Token{}
	if why := s.decode(token); why != ad.OK {
		return why
	}
	if !v.genuine(s, kind, with) || !dst.parsePayload(s.buf[:s.size]) {
		*dst = Token{}
		return ad.TokenForged
	}
	dst.Kind = ad.Notice(kind &^ covers)
	age := now.Sub(time.Unix(dst.Time, 0))
	if age > v.lifetime || age < -skew {
		return ad.TokenExpired
	}
	return ad.OK
}

// decode reads the binary form into s. The header at the front says how long the
// token must be: one that is shorter was cut off, any other length is forged.
func (s *Scratch) decode(token []byte) ad.Reason {
	const front = headerSize / 3 * 4 // characters that hold version and length
	if len(token) < front {
		return ad.TokenTruncated
	}
	if _, err := strict.Decode(s.buf[:], token[:front]); err != nil || s.buf[0] != version1 && s.buf[0] != version2 {
		return ad.TokenForged
	}
	s.size = int(s.buf[1])
	if s.size < leastPayload || s.size > maxPayload {
		return ad.TokenForged
	}
	want := strict.EncodedLen(s.size + tagSize)
	if len(token) < want {
		return ad.TokenTruncated
	}
	if len(token) > want || bytes.ContainsAny(token, "\r\n") {
		return ad.TokenForged
	}
	if _, err := strict.Decode(s.buf[:], token); err != nil {
		return ad.TokenForged
	}
	return ad.OK
}

// genuine checks the tag of the token in s under every key of the token's id.
func (v *Verifier) genuine(s *Scratch, kind byte, with []byte) bool {
	for _, k := range v.keys.all {
		if k.id != s.buf[2] {
			continue
		}
		s.key = k
		s.mac = k.mac(s.buf[:s.size])
		if subtle.ConstantTimeCompare(s.tag(kind, with)[:], s.buf[s.size:s.size+tagSize]) == 1 {
			return true
		}
	}
	return false
}
