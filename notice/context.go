package notice

import (
	"bytes"
	"encoding/base64"
	"time"

	"bidwell/ad"
)

// MaxContext is the most bytes that an impression carries besides its token.
const MaxContext = 255

// AppendImpression appends the query of an impression that carries a context, as in
// t=TOKEN&c=CONTEXT, for the bid that s was signed for. Only we can read the context,
// and the token is good with that context only. Without one, or with one of more than
// MaxContext bytes, it is the token alone.
func (s *Scratch) AppendImpression(dst, context []byte) []byte {
	dst = append(dst, "t="...)
	if len(context) == 0 || len(context) > MaxContext {
		return s.Append(dst, ad.Impression)
	}
	hidden := s.veil[:copy(s.veil[:], context)]
	s.hide(hidden)
	dst = s.encode(dst, s.tag(impressionWithContext, hidden))
	dst = append(dst, "&c="...)
	return base64.RawURLEncoding.AppendEncode(dst, hidden)
}

// ParseImpression reads the token of an impression with the context that came with it,
// as it stands in the URL; none is nil. The reasons are those of Parse; a context other
// than the signed one is TokenForged. The context that is returned is valid until s is
// used again.
func (v *Verifier) ParseImpression(s *Scratch, dst *Token, token, context []byte, now time.Time) ([]byte, ad.Reason) {
	if len(context) == 0 {
		return nil, v.Parse(s, dst, token, ad.Impression, now)
	}
	n := strict.DecodedLen(len(context))
	if n > MaxContext || bytes.ContainsAny(context, "\r\n") {
		*dst = Token{}
		return nil, ad.TokenForged
	}
	if _, err := strict.Decode(s.veil[:], context); err != nil {
		*dst = Token{}
		return nil, ad.TokenForged
	}
	why := v.parse(s, dst, token, impressionWithContext, s.veil[:n], now)
	if why != ad.OK {
		return nil, why
	}
	s.hide(s.veil[:n])
	return s.veil[:n], ad.OK
}

// hide makes a context unreadable, and readable again.
func (s *Scratch) hide(context []byte) {
	for i := 0; i < len(context); i += len(s.out) {
		copy(s.in[:], s.mac[:])
		s.in[0] ^= byte(i / len(s.out))
		s.key.veils.Encrypt(s.out[:], s.in[:])
		for k := range context[i:min(len(context), i+len(s.out))] {
			context[i+k] ^= s.out[k]
		}
	}
}
