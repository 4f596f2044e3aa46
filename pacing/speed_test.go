package pacing

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"bidwell/ad"
)

func TestBiddingAllocatesNothing(t *testing.T) {
	book, as := newAccounts(0, 1<<50, 1<<40)
	for i := range 10_000 { // the size of the steady state
		book.Reserve(bidNumber(i), as, 1, noon, time.Minute)
	}
	book.Expire(noon.Add(time.Minute))
	i, now := 10_000, noon
	got := testing.AllocsPerRun(20_000, func() {
		i++
		now = now.Add(time.Millisecond)
		if as[0].Open(now) != ad.OK || as[1].Headroom(now) < 2 {
			t.Fatal("closed")
		}
		book.Reserve(bidNumber(i), as, 2, now, time.Minute)
		for j := range 3 { // left to expire
			book.Reserve(bidNumber(-3*i-j), as, 2, now, time.Second)
		}
		book.Release(bidNumber(i))
		if i%1000 == 0 {
			book.Expire(now)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations per bid, want 0", got)
	}
}

func BenchmarkReserveRelease(b *testing.B) {
	f := func(name string, accounts int) {
		b.Run(name, func(b *testing.B) {
			book, as := newAccounts(1<<60, 1<<60, 1<<60)
			as = as[:accounts]
			b.ReportAllocs()
			for i := range b.N {
				book.Reserve(bidNumber(i*7919), as, 1000, noon, time.Minute)
				book.Release(bidNumber(i * 7919))
			}
			perCall(b)
		})
	}
	f("accounts=0", 0)
	f("accounts=1", 1)
	f("accounts=3", 3)
}

// Two cores bid on the same accounts: each with ids of its own shards, as the bidder
// makes them, or each with those of all.
func BenchmarkReserveReleaseContended(b *testing.B) {
	const cores, ownShards = 2, 8
	f := func(name string, accounts int, own bool) {
		b.Run(fmt.Sprintf("%s/accounts=%d", name, accounts), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			book, as := newAccounts(1<<60, 1<<60, 1<<60)
			as = as[:accounts]
			var workers atomic.Int64
			b.ReportAllocs()
			used := cpuTime()
			b.RunParallel(func(pb *testing.PB) {
				worker := int(workers.Add(1))
				for i := worker << 40; pb.Next(); i++ {
					bid := bidNumber(i)
					if own {
						bid[shardByte] = byte(worker*ownShards + i%ownShards)
					}
					book.Reserve(bid, as, 1000, noon, time.Minute)
					book.Release(bid)
				}
			})
			// RunParallel divides the time by the calls of all cores together.
			const calls = 2
			b.ReportMetric(float64((cpuTime()-used).Nanoseconds())/float64(b.N)/calls, "cpu-ns/call")
			b.ReportMetric(cores*float64(b.Elapsed().Nanoseconds())/float64(b.N)/calls, "ns/call")
		})
	}
	for _, accounts := range []int{0, 1, 3} {
		f("own shards", accounts, true)
		f("all shards", accounts, false)
	}
}

// A million undecided bids, as when most bids never hear of their fate.
func BenchmarkReserveExpireFull(b *testing.B) {
	book, as := newAccounts(1 << 60)
	bid := func(i int) {
		now := noon.Add(time.Duration(i) * 10 * time.Microsecond)
		book.Reserve(bidNumber(i), as, 1, now, 10*time.Second)
		if i%50_000 == 0 {
			book.Expire(now)
		}
	}
	const warm = 1_500_000
	for i := range warm {
		bid(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		bid(warm + i)
	}
	b.ReportMetric(float64(book.Stats().Open), "open")
}

func BenchmarkSettle(b *testing.B) {
	book, as := newAccounts(1<<60, 1<<60, 1<<60)
	b.ReportAllocs()
	for i := range b.N {
		now := noon.Add(time.Duration(i) * 50 * time.Microsecond)
		book.Reserve(bidNumber(i), as, 1000, now, time.Minute)
		book.Settle(bidNumber(i), as, 900, now, now)
	}
}

func BenchmarkHeadroom(b *testing.B) {
	_, as := newAccounts(1 << 60)
	b.ReportAllocs()
	for range b.N {
		if as[0].Headroom(noon) == 0 {
			b.Fatal("closed")
		}
	}
}

// perCall reports the time of a Reserve or a Release, of which one iteration
// makes two.
func perCall(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/call")
}

// What changes with every bid lies on as few cache lines as it can.
func TestLayout(t *testing.T) {
	if got := unsafe.Sizeof(reservation{}); got != 64 {
		t.Errorf("a reservation has %d bytes, want a cache line", got)
	}
	if got := unsafe.Sizeof(day{}); got != 128 {
		t.Errorf("a day has %d bytes, want a pair of cache lines", got)
	}
	if got := unsafe.Offsetof(shard{}.released); got != 64 {
		t.Errorf("what Reserve changes of a shard has %d bytes, want a cache line", got)
	}
	if got := unsafe.Offsetof(shard{}.swept); got != 128 {
		t.Errorf("what Reserve only reads of a shard begins at %d, want the third cache line", got)
	}
	if got := unsafe.Offsetof(Book{}.shards); got%64 != 0 {
		t.Errorf("shards begin at %d, want whole cache lines", got)
	}
	if got := unsafe.Sizeof(shard{}); got%64 != 0 {
		t.Errorf("a shard has %d bytes, want whole cache lines", got)
	}
}
