//go:build linux

package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
)

// seal encrypts prices as Google's Authorized Buyers do: the other side of
// notice.PriceKeys, where the scheme is described. Keys are in web-safe base64.
type seal struct{ encryption, integrity string }

// The keys of the exchange that encrypts, and those of a stranger. The first are
// the ones that Google publishes its examples with.
var (
	ourSeal     = seal{"skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=", "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo="}
	foreignSeal = seal{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="}
)

// seal encrypts the price of an impression, with a random vector.
func (s *seal) seal(nanos int64) string {
	vector := make([]byte, 16)
	rand.Read(vector) // never fails
	return s.sealWith(vector, nanos)
}

func (s *seal) sealWith(vector []byte, nanos int64) string {
	price := binary.BigEndian.AppendUint64(nil, uint64(nanos)) // micro-units of a CPM
	signature := sum(s.integrity, price, vector)
	subtle.XORBytes(price, price, sum(s.encryption, vector)[:len(price)])
	text := append(append(append([]byte(nil), vector...), price...), signature[:4]...)
	return base64.RawURLEncoding.EncodeToString(text)
}

func sum(key string, parts ...[]byte) []byte {
	secret, _ := base64.URLEncoding.DecodeString(key) // a test reads the keys
	m := hmac.New(sha1.New, secret)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}
