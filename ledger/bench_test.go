package ledger

import (
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bidwell/ad"
)

// BenchmarkAppend has many at once append events to a ledger on disk, as
// notices do: a bid's win, billing and impression.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{64, 256, 512} {
		b.Run(fmt.Sprintf("%d at once", n), func(b *testing.B) {
			l := open(b, Config{Dir: b.TempDir()})
			var next atomic.Uint64
			took := make([][]time.Duration, n)
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range n {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if i > uint64(b.N) {
							return
						}
						start := time.Now()
						if _, err := l.Append(benchEvent(i)); err != nil {
							b.Error(err)
							return
						}
						took[w] = append(took[w], time.Since(start))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			var all []time.Duration
			for _, t := range took {
				all = append(all, t...)
			}
			sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
			s := l.Stats()
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(s.Events)/float64(s.Groups), "events/group")
			closeIt(b, l)
		})
	}
}

// benchEvent returns the i-th event: of every bid a win, a billing and an
// impression, of 300 line items on 5 exchanges.
func benchEvent(i uint64) *ad.Event {
	e := event([...]ad.EventKind{ad.EventWin, ad.EventBilling, ad.EventImpression}[i%3], 1<<40|i/3*0x9e3779b97f4a7c15, 0)
	if e.Kind == ad.EventBilling {
		e.Price = 2_500_000
	}
	e.Offer = 3_000_000
	e.Line = ad.ID(i / 3 % 300 * 7919)
	e.Campaign = ad.ID(i / 3 % 100 * 104729)
	e.Exchange = ad.ID(i/3%5 + 1)
	e.Person = ad.PersonID(e.Bid)
	e.Time = (noon + int64(i)/20_000) * 1000
	return e
}
