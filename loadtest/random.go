package loadtest

import "math/rand/v2"

// mix returns a well-distributed 64-bit hash of a seed and a number
// (the finalizer of SplitMix64).
func mix(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// dice is a small sequence of chances derived from one number, for what must be
// the same whenever it is asked for, such as what a person owns.
type dice struct{ seed, n uint64 }

func (d *dice) next() uint64 {
	d.n++
	return mix(d.seed, d.n)
}

// chance is true with probability p.
func (d *dice) chance(p float64) bool { return d.float() < p }

// float returns a number in [0, 1).
func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

// below returns a number in [0, n).
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

const hexDigits = "0123456789abcdef"

// putHex writes v as 16 hexadecimal digits.
func putHex(dst []byte, v uint64) {
	_ = dst[15]
	for i := 15; i >= 0; i-- {
		dst[i] = hexDigits[v&15]
		v >>= 4
	}
}

// putUUID writes a version 4 UUID made of two numbers into 36 bytes.
func putUUID(dst []byte, a, b uint64) {
	_ = dst[35]
	a = a&^0xF000 | 0x4000
	b = b&^(3<<62) | 2<<62
	var h [32]byte
	putHex(h[:16], a)
	putHex(h[16:], b)
	copy(dst, h[:8])
	dst[8] = '-'
	copy(dst[9:], h[8:12])
	dst[13] = '-'
	copy(dst[14:], h[12:16])
	dst[18] = '-'
	copy(dst[19:], h[16:20])
	dst[23] = '-'
	copy(dst[24:], h[20:])
}
