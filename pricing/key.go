package pricing

import (
	"encoding/binary"
	"math/bits"
)

// Key keys the hashes that features are. An installation keeps one secret one: without
// it, nobody finds out what an event's context says by hashing what it might say. Models
// know features by their hashes: under another key they begin anew. The zero value is a
// key that everybody knows, for simulations.
type Key [2]uint64

// KeySize is how many bytes KeyOf makes a key of.
const KeySize = 16

// KeyOf makes a key of random bytes.
func KeyOf(secret [KeySize]byte) Key {
	return Key{binary.LittleEndian.Uint64(secret[:]), binary.LittleEndian.Uint64(secret[8:])}
}

// HashOf returns what Context.Feature returns of a feature that was added under the key.
func (k *Key) HashOf(f Field, value uint64) uint32 { return uint32(k.feature(f, value)) }

func (k *Key) feature(f Field, value uint64) feature {
	return feature(k.hash(f, value)>>(64-featureBits))>>kindBits<<kindBits | feature(k.kindOf(f, value))
}

// hash is SipHash-2-4 (Aumasson and Bernstein, 2012) of nine bytes: the value, lowest
// byte first, and the field.
func (k *Key) hash(f Field, value uint64) uint64 {
	word := 9<<56 | uint64(f) // how many bytes there are, and the last one
	a, b, c, d := k[0]^0x736f6d6570736575, k[1]^0x646f72616e646f6d, k[0]^0x6c7967656e657261, k[1]^0x7465646279746573
	d ^= value
	for round := range 8 {
		switch round {
		case 2:
			a ^= value
			d ^= word
		case 4:
			a ^= word
			c ^= 0xff
		}
		a += b
		b = bits.RotateLeft64(b, 13) ^ a
		a = bits.RotateLeft64(a, 32)
		c += d
		d = bits.RotateLeft64(d, 16) ^ c
		a += d
		d = bits.RotateLeft64(d, 21) ^ a
		c += b
		b = bits.RotateLeft64(b, 17) ^ c
		c = bits.RotateLeft64(c, 32)
	}
	return a ^ b ^ c ^ d
}
