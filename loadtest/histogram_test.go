package loadtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramBuckets(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 123_456, time.Second, 17 * time.Minute} {
		up := upperOf(bucketOf(uint64(d)))
		if up < d || float64(up) > float64(d)*(1+1.0/32)+1 {
			t.Errorf("%d is in a bucket up to %d", d, up)
		}
		if next := bucketOf(uint64(up) + 1); next != bucketOf(uint64(d))+1 {
			t.Errorf("after the bucket of %d comes %d", bucketOf(uint64(d)), next)
		}
	}
	if got, want := bucketOf(math.MaxUint64), len(Histogram{}.buckets)-1; got != want {
		t.Errorf("the longest duration is in bucket %d, want %d", got, want)
	}
}

func TestHistogramQuantiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var a, b, empty Histogram
	all := make([]time.Duration, 20_000)
	for i := range all {
		all[i] = time.Duration(rnd.ExpFloat64() * float64(time.Millisecond))
		if i%3 == 0 {
			a.Add(all[i])
		} else {
			b.Add(all[i])
		}
	}
	a.Merge(&b)
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.99, 0.999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		if got := a.Quantile(q); got < want || float64(got) > float64(want)*(1+1.0/32)+1 {
			t.Errorf("quantile %v: got %v, want %v and at most a 32nd more", q, got, want)
		}
	}
	if a.Count() != 20_000 || a.Max() != all[len(all)-1] {
		t.Errorf("count %d, max %v; want 20000, %v", a.Count(), a.Max(), all[len(all)-1])
	}
	if got := empty.Quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing: %v, want 0", got)
	}
	empty.Add(-1)
	if empty.Max() != 0 || empty.Count() != 1 {
		t.Errorf("a negative duration: count %d, max %v; want 1, 0", empty.Count(), empty.Max())
	}
}
