package loadtest

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets whose width grows with the duration, so
// that a quantile is at most 1/32 too high. It takes up to some 18 minutes;
// what is longer counts as that. The zero Histogram is empty. It is not safe
// for concurrent use.
type Histogram struct {
	buckets [36 * 32]uint64
	n       uint64
	max     time.Duration
}

// Add counts one duration. A negative one counts as 0.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.buckets[bucketOf(uint64(d))]++
	h.n++
	h.max = max(h.max, d)
}

// bucketOf returns the bucket of a duration: one of 32 for each power of two.
func bucketOf(ns uint64) int {
	shift := max(bits.Len64(ns)-6, 0)
	return min(shift*32+int(ns>>shift), len(Histogram{}.buckets)-1)
}

// upperOf returns the longest duration of a bucket.
func upperOf(bucket int) time.Duration {
	shift := max(bucket/32-1, 0)
	return time.Duration((bucket-shift*32+1)<<shift - 1)
}

// Merge adds what o has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// Count returns how many durations were counted.
func (h *Histogram) Count() uint64 { return h.n }

// Max returns the longest duration counted.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns a duration that a share q of all durations does not exceed,
// or 0 if there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank, seen := uint64(q*float64(h.n)), uint64(0)
	for i, n := range h.buckets {
		if seen += n; seen > rank {
			return min(upperOf(i), h.max)
		}
	}
	return h.max
}
