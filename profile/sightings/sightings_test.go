package sightings_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/sightings"
)

const noon = 1_790_000_000

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fickle is a store that can be made unwritable.
type fickle struct {
	profile.Store
	broken atomic.Bool
}

func (f *fickle) Apply(b *profile.Batch) error {
	if f.broken.Load() {
		return errors.New("the store is broken")
	}
	return f.Store.Apply(b)
}

func open(t testing.TB) (*fickle, *profile.Profiles) {
	t.Helper()
	db, err := pebblestore.Open(pebblestore.Config{Dir: "people", FS: vfs.NewMem()})
	must(t, err)
	store := &fickle{Store: db}
	p, err := profile.Open(store, profile.Config{CacheBytes: 4 << 20, Readers: 1})
	must(t, err)
	t.Cleanup(func() {
		must(t, p.Close())
		must(t, store.Close())
	})
	<-p.Ready()
	return store, p
}

// settle writes what waits.
func settle(r *sightings.Recorder) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.Run(ctx)
}

func person(i int) ad.PersonID { return ad.PersonIDOf("ifa", fmt.Sprint("phone ", i)) }

func seen(t testing.TB, p *profile.Profiles, who ad.PersonID, topic string) int {
	t.Helper()
	r, err := p.Record(who, nil)
	must(t, err)
	return r.Count(profile.Seen, profile.NameOf(topic), 0, 1<<32)
}

func wantCounts(t testing.TB, r *sightings.Recorder, want map[sightings.Outcome]uint64) {
	t.Helper()
	for o, n := range r.Counts() {
		if n != want[sightings.Outcome(o)] {
			t.Errorf("%d are %s, want %d", n, sightings.Outcome(o), want[sightings.Outcome(o)])
		}
	}
}

// TestHalfAnHourIsOneSighting meets somebody every minute for five hours, and
// somebody else on two topics.
func TestHalfAnHourIsOneSighting(t *testing.T) {
	_, p := open(t)
	r := sightings.New(p)
	for minute := range int64(300) {
		r.See(person(1), "automotive/luxury", noon+60*minute)
	}
	r.See(person(2), "automotive/luxury", noon)
	r.See(person(2), "cooking", noon)
	settle(r)
	if n := seen(t, p, person(1), "automotive"); n < 5 || n > 11 {
		t.Errorf("in five hours they were seen %d times", n)
	}
	for _, topic := range []string{"automotive", "automotive/luxury", "cooking"} {
		if n := seen(t, p, person(2), topic); n != 1 {
			t.Errorf("on %s they were seen %d times, want once", topic, n)
		}
	}
	again := sightings.New(p) // a new process does not remember, the profile does
	again.See(person(2), "cooking", noon+60)
	settle(again)
	wantCounts(t, again, map[sightings.Outcome]uint64{sightings.Repeated: 1})
	if n := seen(t, p, person(2), "cooking"); n != 1 {
		t.Errorf("after a restart they were seen %d times, want once", n)
	}
}

// TestErasedMeanwhile erases somebody who was seen a moment ago: it is not written
// afterwards. What is seen later is.
func TestErasedMeanwhile(t *testing.T) {
	_, p := open(t)
	r := sightings.New(p)
	r.See(person(1), "cars", noon)
	_, err := p.Forget(time.Unix(noon, 0), person(1), 0)
	must(t, err)
	settle(r)
	wantCounts(t, r, map[sightings.Outcome]uint64{sightings.Erased: 1})
	if n := seen(t, p, person(1), "cars"); n != 0 {
		t.Error("who was erased is known again")
	}
	r.See(person(1), "cars", noon+3600)
	settle(r)
	if n := seen(t, p, person(1), "cars"); n != 1 {
		t.Errorf("an hour later they were seen %d times, want once", n)
	}
}

// TestFlood has many at once see more than can be written, a bot among them:
// nobody waits, each is counted once, and the bot's record stays small.
func TestFlood(t *testing.T) {
	_, p := open(t)
	r := sightings.New(p)
	const each, workers = 20_000, 4
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				r.See(person(w*each+i), "cars", noon)
				r.See(person(-1), fmt.Sprint("topic-", i%1000), noon-int64(i)*profile.SeenApart%(1<<20))
			}
		})
	}
	wg.Wait()
	settle(r)
	var sum uint64
	n := r.Counts()
	for _, c := range n {
		sum += c
	}
	if n[sightings.Dropped] == 0 || n[sightings.Written] == 0 || sum < workers*each || sum > 2*workers*each || n[sightings.Failed] > 0 {
		t.Errorf("outcomes %v of %d", n, 2*workers*each)
	}
	rec, err := p.Record(person(-1), nil)
	must(t, err)
	if len(rec) > profile.MaxRecord || rec.Valid() != nil {
		t.Errorf("the bot's record has %d bytes: %v", len(rec), rec.Valid())
	}
}

// TestUnwritable counts what cannot be written, and goes on when it can.
func TestUnwritable(t *testing.T) {
	store, p := open(t)
	r := sightings.New(p)
	store.broken.Store(true)
	r.See(person(1), "cars", noon)
	settle(r)
	wantCounts(t, r, map[sightings.Outcome]uint64{sightings.Failed: 1})
	store.broken.Store(false)
	r.See(person(1), "cars", noon+profile.SeenApart)
	settle(r)
	wantCounts(t, r, map[sightings.Outcome]uint64{sightings.Failed: 1, sightings.Written: 1})
}

func BenchmarkSee(b *testing.B) {
	_, p := open(b)
	r := sightings.New(p)
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.See(person(1), "automotive", noon)
		}
	})
	b.Run("written", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			r.See(person(i%100_000), "automotive", noon+int64(i/100_000)*profile.SeenApart)
			if i%4096 == 4095 {
				settle(r)
			}
		}
		settle(r)
	})
}
