package notice

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"bidwell/ad"
)

// PriceKeys are an exchange's keys for encrypted clearing prices, by the scheme
// of Google's Authorized Buyers ("Decrypt price confirmations"): 16 bytes of
// initialisation vector, 8 bytes of price in micro-units of a CPM, xor-ed with
// HMAC-SHA1(encryption key, vector), and 4 bytes of HMAC-SHA1(integrity key,
// price ‖ vector), in web-safe base64. PriceKeys are immutable and safe for
// concurrent use.
type PriceKeys struct {
	encryption, integrity []byte
}

const (
	vectorSize    = 16
	priceSize     = 8
	signatureSize = 4
	encryptedSize = vectorSize + priceSize + signatureSize
)

// ErrPriceKey is what the errors of NewPriceKeys wrap.
var ErrPriceKey = errors.New("a price key is 32 bytes in base64, as the exchange gives it")

// NewPriceKeys reads the two keys as the exchange gives them, in base64, plain
// or web-safe, with or without padding.
func NewPriceKeys(encryption, integrity string) (*PriceKeys, error) {
	e, err := decodeKey(encryption)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	i, err := decodeKey(integrity)
	if err != nil {
		return nil, fmt.Errorf("integrity key: %w", err)
	}
	return &PriceKeys{e, i}, nil
}

func decodeKey(s string) ([]byte, error) {
	for _, enc := range []*base64.Encoding{base64.URLEncoding, base64.RawURLEncoding, base64.StdEncoding, base64.RawStdEncoding} {
		if b, err := enc.DecodeString(s); err == nil && len(b) == 32 {
			return b, nil
		}
	}
	return nil, ErrPriceKey
}

// Price decrypts the value that the exchange put in place of its price macro. It
// returns false if that is no price, or was not encrypted with these keys.
func (k *PriceKeys) Price(text []byte) (ad.Money, bool) {
	var buf [encryptedSize + 2]byte
	for len(text) > 0 && text[len(text)-1] == '=' {
		text = text[:len(text)-1]
	}
	if base64.RawURLEncoding.DecodedLen(len(text)) != encryptedSize {
		return 0, false
	}
	if n, err := base64.RawURLEncoding.Decode(buf[:], text); err != nil || n != encryptedSize {
		return 0, false
	}
	vector, price, signature := buf[:vectorSize], buf[vectorSize:vectorSize+priceSize], buf[vectorSize+priceSize:encryptedSize]
	pad := sum(k.encryption, vector)
	subtle.XORBytes(price, price, pad[:priceSize])
	if check := sum(k.integrity, price, vector); subtle.ConstantTimeCompare(check[:signatureSize], signature) != 1 {
		return 0, false
	}
	micros := binary.BigEndian.Uint64(price) // of a CPM: nano-units of an impression
	if micros > uint64(mostPrice) {
		return 0, false
	}
	return ad.Money(micros), true
}

// mostPrice is the most that FromCPM takes for a price.
const mostPrice = 1e9 * ad.Money(1e6)

func sum(key []byte, parts ...[]byte) [sha1.Size]byte {
	m := hmac.New(sha1.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return [sha1.Size]byte(m.Sum(nil))
}
