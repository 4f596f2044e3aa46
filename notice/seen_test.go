package notice

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
)

func bidNumber(i int) (b ad.BidID) {
	binary.LittleEndian.PutUint64(b[8:], uint64(i))
	return b
}

func TestSeenOnce(t *testing.T) {
	s := NewSeen(time.Hour)
	start := at(example())
	f := func(name string, bid int, kind ad.Notice, event uint8, after time.Duration, want bool) {
		t.Helper()
		if got := s.First(bidNumber(bid), kind, event, start.Add(after)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	f("the first", 1, ad.Win, 0, 0, true)
	f("again", 1, ad.Win, 0, 0, false)
	f("another kind", 1, ad.View, 0, 0, true)
	f("another event", 1, ad.View, 1, 0, true)
	f("another bid", 2, ad.Win, 0, 0, true)
	f("at the end of its life", 1, ad.Win, 0, time.Hour, false)
	f("in the next generation", 1, ad.Win, 0, time.Hour+time.Second, false)
	f("a later one", 3, ad.Win, 0, time.Hour+time.Second, true)
	f("the clock put back", 1, ad.Win, 0, 0, false)

	s.Forget(bidNumber(3), ad.Win, 0)
	f("taken back", 3, ad.Win, 0, time.Hour+time.Second, true)
}

// Memory is bounded: after two lifetimes nothing is left of what came before.
func TestSeenForgets(t *testing.T) {
	s := NewSeen(time.Hour)
	start := at(example())
	for i := range 10_000 {
		s.First(bidNumber(i), ad.Win, 0, start)
	}
	for round := 1; round <= 2; round++ {
		for i := range 64 { // every shard
			s.First(bidNumber(i), ad.Loss, uint8(round), start.Add(time.Duration(round)*(time.Hour+time.Second)))
		}
	}
	kept := 0
	for i := range s.shards {
		kept += len(s.shards[i].young) + len(s.shards[i].old)
	}
	if kept != 128 {
		t.Errorf("%d notices are remembered, want 128", kept)
	}
}

func TestSeenByManyAtOnce(t *testing.T) {
	s := NewSeen(time.Hour)
	var first atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range 500 {
				if s.First(bidNumber(i), ad.Billing, 0, at(example())) {
					first.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := first.Load(); got != 500 {
		t.Errorf("%d notices were the first of their kind, want 500", got)
	}
}
