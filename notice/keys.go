package notice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// LeastSecret is the length in bytes that a secret must have at least.
const LeastSecret = 16

// ErrSecret is what the errors of NewKeys wrap.
var ErrSecret = errors.New("token secrets must be random and at least 16 bytes long")

// Keys are the secrets that tokens are signed with. They are immutable.
type Keys struct {
	all []*key // the first one signs
}

// NewKeys returns the keys made of secrets. The first one signs; tokens signed
// with any of them are accepted. To change the secret, put the new one in front
// and drop the old one when its last tokens have expired.
func NewKeys(secrets ...[]byte) (Keys, error) {
	if len(secrets) == 0 {
		return Keys{}, fmt.Errorf("no secret given: %w", ErrSecret)
	}
	var ks Keys
	for i, s := range secrets {
		if len(s) < LeastSecret {
			return Keys{}, fmt.Errorf("secret %d has %d bytes: %w", i+1, len(s), ErrSecret)
		}
		for _, earlier := range secrets[:i] {
			if slices.Equal(s, earlier) {
				return Keys{}, fmt.Errorf("secret %d is given twice", i+1)
			}
		}
		k, err := newKey(s)
		if err != nil {
			return Keys{}, fmt.Errorf("secret %d: %w", i+1, err)
		}
		ks.all = append(ks.all, k)
	}
	return ks, nil
}

// key is one secret, with what follows from it.
type key struct {
	id    byte // tells most keys apart; two of the same id are both tried
	outer [sha256.BlockSize]byte
	inner [sha256.BlockSize]byte
	kinds cipher.Block
	veils cipher.Block // of contexts
}

func newKey(secret []byte) (*key, error) {
	root := pads(secret)
	payload := root.mac([]byte("bidwell notice payload"))
	kinds := root.mac([]byte("bidwell notice kinds"))
	veils := root.mac([]byte("bidwell notice contexts"))
	id := root.mac([]byte("bidwell notice key id"))
	k := pads(payload[:])
	k.id = id[0]
	var err, another error
	k.kinds, err = aes.NewCipher(kinds[:16])
	k.veils, another = aes.NewCipher(veils[:16])
	return k, errors.Join(err, another)
}

func pads(secret []byte) *key {
	if len(secret) > sha256.BlockSize {
		d := sha256.Sum256(secret)
		secret = d[:]
	}
	k := new(key)
	copy(k.inner[:], secret)
	copy(k.outer[:], secret)
	for i := range k.inner {
		k.inner[i] ^= 0x36
		k.outer[i] ^= 0x5c
	}
	return k
}

// mac is HMAC-SHA256 (RFC 2104) of at most maxPayload bytes. It is written out,
// and tested against crypto/hmac, because it is two hashes of arrays on the
// stack: a hash.Hash would need a pool for its state, bound to the key.
func (k *key) mac(data []byte) [sha256.Size]byte {
	var inner [sha256.BlockSize + maxPayload]byte
	copy(inner[:], k.inner[:])
	n := copy(inner[sha256.BlockSize:], data)
	digest := sha256.Sum256(inner[:sha256.BlockSize+n])
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(outer[:], k.outer[:])
	copy(outer[sha256.BlockSize:], digest[:])
	return sha256.Sum256(outer[:])
}
