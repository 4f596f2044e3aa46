package pricing

import (
	"encoding/binary"
	"testing"
)

// TestHashIsSipHash holds the hash of features against the example that the authors of
// SipHash give: key 00 01 … 0f, input 00 01 … 08.
func TestHashIsSipHash(t *testing.T) {
	var secret [KeySize]byte
	for i := range secret {
		secret[i] = byte(i)
	}
	k := KeyOf(secret)
	if got, want := k.hash(8, 0x0706050403020100), binary.LittleEndian.Uint64([]byte{0xb0, 0xe4, 0xa9, 0x0b, 0xdf, 0x82, 0x00, 0x9e}); got != want {
		t.Errorf("%x, want %x", got, want)
	}
}

// TestFeaturesAreOfTheirKey packs the same features under two keys: nothing that models
// saw is the same, but of which kinds it is.
func TestFeaturesAreOfTheirKey(t *testing.T) {
	keys := [...]Key{{}, {1, 2}, {1, 3}}
	var x [len(keys)]Context
	for i := range x {
		x[i].Reset(keys[i])
		for v := range uint64(MaxFeatures) {
			x[i].Add(ProfileSegment, v)
			if !x[i].Has(ProfileSegment, v) || x[i].Feature(int(v)) != keys[i].HashOf(ProfileSegment, v) {
				t.Fatalf("key %d: feature %d is not there", i, v)
			}
		}
	}
	for i := range MaxFeatures {
		for k := range keys[1:] {
			if a, b := x[k].f[i], x[k+1].f[i]; a == b || a.matters() != b.matters() {
				t.Errorf("feature %d is %x under key %d and %x under the next", i, a, k, b)
			}
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	var x Context
	for b.Loop() {
		x.Reset(Key{1, 2})
		for v := range uint64(MaxFeatures) {
			x.Add(Behaviour, v)
		}
	}
}
