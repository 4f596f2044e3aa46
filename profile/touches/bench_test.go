package touches_test

import (
	"context"
	"testing"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/touches"
)

// BenchmarkFollow brings contacts of 100,000 people, each with a few already, into
// profiles on disk: in batches, and one by one as the events come, for comparison.
// An operation of the batched way is all 200,000 events.
func BenchmarkFollow(b *testing.B) {
	const people, events = 100_000, 200_000
	l, err := ledger.Open(ledger.Config{Dir: b.TempDir()})
	must(b, err)
	defer func() { must(b, l.Close()) }()
	l.Name(ledger.CampaignName, campaign, "shoes")
	for n := range events {
		e := event(ad.EventImpression, n, someone(n, people))
		if l.AppendAsync(e) {
			continue
		}
		if _, err := l.Append(e); err != nil { // too many wait
			b.Fatal(err)
		}
	}
	if _, err := l.Append(event(ad.EventLoss, events, 0)); err != nil {
		b.Fatal(err)
	}
	db, err := pebblestore.Open(pebblestore.Config{Dir: b.TempDir()})
	must(b, err)
	defer func() { must(b, db.Close()) }()
	p, err := profile.Open(db, profile.Config{})
	must(b, err)
	<-p.Ready()
	defer func() { must(b, p.Close()) }()
	f, err := touches.Open(l, p, touches.Options{Now: clock})
	must(b, err)
	must(b, f.CatchUp(context.Background()))

	b.Run("batched", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer() // back to the first event: they are added again and again
			must(b, p.UpdateAll(clock(), nil, func(to *profile.Batch) { to.PutMeta("touches/position", []byte("0")) }))
			f, err := touches.Open(l, p, touches.Options{Now: clock})
			must(b, err)
			b.StartTimer()
			must(b, f.CatchUp(context.Background()))
		}
		b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("one by one", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			e := event(ad.EventImpression, n, someone(n, people))
			n++
			touch, _ := touches.Of(e)
			must(b, p.Update(e.Person, clock(), func(to *profile.Builder) error { return to.AddContact(touch, "shoes") }))
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	})
}

// someone returns one of so many people, in no order.
func someone(n, people int) int { return int(uint32(n)*2654435761) % people }
