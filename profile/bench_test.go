package profile_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bidwell/ad"
	. "bidwell/profile"
	"bidwell/profile/pebblestore"
)

// usual is what a usual record holds: 20 behaviours on 5 topics, 10 segments, 5
// touches, 3 attributes and an identifier.
func usual(i int) func(*Builder) error {
	return func(b *Builder) error {
		err := errors.Join(b.SetAttr("home.zip", StringValue("10115")), b.SetAttr("owns.car.class", StringValue("luxury")),
			b.SetAttr("owns.car.bought", DateValue(now-4*365*86400)), b.AddID(ID{"ifa", fmt.Sprint("person ", i)}))
		for j := range 20 {
			err = errors.Join(err, b.AddBehaviour(Visit, fmt.Sprint("topic", j%5), now-int64(j)*40_000, 1))
		}
		for j := range 10 {
			err = errors.Join(err, b.AddSegment(fmt.Sprint("segment", j), now+int64(j)*86400+1))
		}
		for j := range 5 {
			err = errors.Join(err, b.AddTouch(Touch{Line: Ref(j), Kind: Impression, Time: now - int64(j)}))
		}
		return err
	}
}

func BenchmarkRecord(b *testing.B) {
	builder := NewBuilder(now)
	must(b, usual(1)(builder))
	r := builder.Append(nil)
	b.Logf("a usual record has %d bytes", len(r))
	zip, topic, segment := NameOf("home.zip"), NameOf("topic3"), NameOf("segment7")
	for _, c := range []struct {
		name string
		fn   func()
	}{
		{"Attr", func() { r.Attr(zip) }},
		{"Segment", func() { r.Segment(segment, now) }},
		{"Count", func() { r.Count(Visit, topic, now-10*86400, now) }},
		{"Valid", func() { _ = r.Valid() }},
		{"LoadAndAppend", func() { builder.Load(r); builder.Append(nil) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.fn()
			}
		})
	}
}

// BenchmarkLoad measures the ways a Load can go, and what the way through a
// reader costs beside reading the store at once.
func BenchmarkLoad(b *testing.B) {
	const people = 20_000
	store, err := pebblestore.Open(pebblestore.Config{Dir: b.TempDir()})
	must(b, err)
	b.Cleanup(func() { must(b, store.Close()) })
	p := open(b, store, Config{})
	edits := make([]Edit, people)
	for i := range edits {
		edits[i] = Edit{Key: person(i), Change: usual(i)}
	}
	must(b, p.UpdateAll(clock(), edits, nil))
	p.Settle()
	deadline := time.Now().Add(time.Hour)
	var s Scratch
	keys := make([]int, 1024)
	for i := range keys {
		keys[i] = i * 17
		p.Load(person(keys[i]), deadline, &s)
	}
	p.Settle()
	b.Run("hit", func(b *testing.B) { loads(b, p, 0, 17, Hit) })
	b.Run("unknown", func(b *testing.B) { loads(b, p, people, 1, Unknown) })
	// The store, with a full cache, of people who are seen once: through a
	// reader, and at once.
	all := make([]ad.PersonID, people)
	for i := range all {
		all[i] = person(i)
	}
	p = open(b, store, Config{CacheBytes: 1 << 20})
	for i := range 4 * people { // until the cache is full
		p.Ask(all[i%people], time.Hour, &s)
	}
	b.Run("store", func(b *testing.B) {
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			if n++; n%1000 == 0 {
				p.ForgetSeen()
			}
			if _, o := p.Ask(all[n%people], time.Hour, &s); o != StoreHit {
				b.Fatal(o)
			}
		}
	})
	b.Run("store without a reader", func(b *testing.B) {
		var buf []byte
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			if n++; n%1000 == 0 {
				p.ForgetSeen()
			}
			buf, _ = p.Inline(all[n%people], buf[:0])
		}
	})
}

// loads loads 1024 people in turn, from the first, so far apart.
func loads(b *testing.B, p *Profiles, first, step int, want Outcome) {
	keys := make([]ad.PersonID, 1024)
	for i := range keys {
		keys[i] = person(first + i*step)
	}
	deadline := time.Now().Add(time.Hour)
	var s Scratch
	n, got := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		if _, o := p.Load(keys[n%len(keys)], deadline, &s); o == want {
			got++
		}
		n++
	}
	b.ReportMetric(float64(got)/float64(n), "as-expected")
}

// BenchmarkReadModifyWrite changes usual records of 100,000 people, one at a time
// on each processor, and in batches as whatever follows the ledger does.
func BenchmarkReadModifyWrite(b *testing.B) {
	const people = 100_000
	store, err := pebblestore.Open(pebblestore.Config{Dir: b.TempDir()})
	must(b, err)
	b.Cleanup(func() { must(b, store.Close()) })
	p := open(b, store, Config{})
	edits := make([]Edit, people)
	for i := range edits {
		edits[i] = Edit{Key: person(i), Change: usual(i)}
	}
	must(b, p.UpdateAll(clock(), edits, nil))
	change := func(b *Builder) error {
		return errors.Join(b.AddBehaviour(Visit, "topic3", now, 1), b.AddTouch(Touch{Kind: View, Time: now}))
	}
	var next atomic.Int64
	// measure reports the processor time too: it says what two processors of their
	// own would do, whoever else uses these.
	measure := func(b *testing.B, n int, run func()) {
		b.ReportAllocs()
		began := processorTime(b)
		run()
		took := processorTime(b) - began
		b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
		b.ReportMetric(float64(took.Nanoseconds())/float64(b.N*n), "cpu-ns/record")
	}
	b.Run("one", func(b *testing.B) {
		measure(b, 1, func() {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					must(b, p.Update(person(int(next.Add(7919)%people)), clock(), change))
				}
			})
		})
	})
	b.Run("batch", func(b *testing.B) {
		const n = 256
		measure(b, n, func() {
			b.RunParallel(func(pb *testing.PB) {
				batch := make([]Edit, n)
				for pb.Next() {
					for i := range batch {
						batch[i] = Edit{Key: person(int(next.Add(7919) % people)), Change: change}
					}
					must(b, p.UpdateAll(clock(), batch, nil))
				}
			})
		})
	})
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkUpdate(b *testing.B) {
	p := open(b, newStore(b), Config{})
	must(b, p.Update(person(1), clock(), usual(1)))
	b.ReportAllocs()
	for b.Loop() {
		must(b, p.Update(person(1), clock(), func(b *Builder) error { return b.AddTouch(Touch{Kind: View, Time: now}) }))
	}
}
