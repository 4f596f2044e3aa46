package touches_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/touches"
)

// TestFollow shows what a contact leaves in a profile, that it is seen at once by
// whoever asks next, and that it is there once.
func TestFollow(t *testing.T) {
	r := start(t, disktest.New())
	r.ledger.Name(ledger.CampaignName, campaign, "shoes")
	if rec := r.load(t, personOf(1)); rec != nil {
		t.Fatalf("a stranger has %d bytes", len(rec))
	}
	view := event(ad.EventView, 3, 1)
	view.Detail = 2
	r.append(t, event(ad.EventImpression, 1, 1), ad.OK)
	r.append(t, event(ad.EventBilling, 1, 1), ad.OK)
	r.append(t, event(ad.EventImpression, 1, 1), ad.NoticeReplayed)
	r.append(t, event(ad.EventImpression, 2, 0), ad.OK)
	nobody := event(ad.EventClick, 2, 1)
	nobody.Person = ad.PersonID{}
	r.append(t, nobody, ad.OK)
	r.catchUp(t)
	for i := range 2 {
		rec := r.load(t, personOf(1))
		want := profile.Touch{
			Campaign: profile.RefOf(campaign), Line: profile.RefOf(2), Creative: profile.RefOf(ad.IDOf("c")), Kind: profile.Impression, Time: noon, Cost: 1000,
		}
		if rec.Touches() != 1 || rec.Touch(0) != want || rec.Count(profile.Impression, profile.NameOf("shoes"), 0, noon+1) != 1 {
			t.Errorf("load %d: %d touches, %+v; want %+v", i, rec.Touches(), rec.Touch(0), want)
		}
	}
	r.append(t, view, ad.OK)
	r.append(t, event(ad.EventClick, 3, 1), ad.OK)
	r.catchUp(t)
	if rec := r.load(t, personOf(1)); rec.Touches() != 3 {
		t.Errorf("%d touches, want an impression, a view and a click", rec.Touches())
	}
	if s := r.follower.Stats(); s.Applied != 4 || s.Behind != 0 || s.Failed != 0 || s.Trouble != nil {
		t.Errorf("stats %+v, want 4 contacts applied", s)
	}
	r.close(t)
	r = start(t, r.fs)
	r.catchUp(t)
	if rec := r.load(t, personOf(1)); rec.Touches() != 3 {
		t.Errorf("after a restart %d touches, want 3", rec.Touches())
	}
	if found := r.replay(t, false); !found.OK() || found.People != 2 {
		t.Errorf("replay finds %+v", found)
	}
	r.close(t)
}

// TestRunDrains stops a follower while events come: what was durable then is in
// the profiles, and the next one begins behind it.
func TestRunDrains(t *testing.T) {
	const events = 3000
	r := start(t, disktest.New())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.follower.Run(ctx); close(done) }()
	for n := range events {
		if n == events/2 {
			r.append(t, event(ad.EventLoss, n, n%100), ad.OK)
			continue
		}
		if !r.ledger.AppendAsync(event(ad.EventImpression, n, n%100)) {
			t.Fatal("an event is dropped")
		}
	}
	r.append(t, event(ad.EventImpression, events, 0), ad.OK) // all before it are durable with it
	stop()
	<-done
	if s := r.follower.Stats(); s.Applied != events || s.Behind != 0 {
		t.Errorf("stats %+v, want %d applied", s, events)
	}
	r.close(t)
	r = start(t, r.fs)
	if s := r.follower.Stats(); s.Behind != 0 {
		t.Errorf("%d events behind after an orderly stop", s.Behind)
	}
	if found := r.replay(t, false); !found.OK() || found.People != 100 {
		t.Errorf("replay finds %+v", found)
	}
	r.close(t)
}

// TestUnwellStore breaks the store while contacts come. The follower waits, says
// so, and catches up; what of its writes came to be although they had failed is
// not written twice, and is seen by the next Load.
func TestUnwellStore(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprintf("late writes %t", keeps), func(t *testing.T) {
			r := start(t, disktest.New())
			r.append(t, event(ad.EventImpression, 0, 1), ad.OK)
			r.catchUp(t)
			r.store.failed = make(chan struct{})
			r.store.keeps.Store(keeps)
			r.store.broken.Store(true)
			ctx, stop := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { r.follower.Run(ctx); close(done) }()
			for n := range 40 {
				r.append(t, event(ad.EventImpression, n+1, 1+n%3), ad.OK)
			}
			for range 5 {
				<-r.store.failed
				r.load(t, personOf(1)) // what is cached now is old, if a write is late
			}
			if s := r.follower.Stats(); s.Trouble == nil || s.Behind == 0 {
				t.Errorf("stats %+v of a broken store", s)
			}
			r.store.broken.Store(false)
			stop()
			for ended := false; !ended; {
				select {
				case <-r.store.failed: // of a write that began before
				case <-done:
					ended = true
				}
			}
			if s := r.follower.Stats(); s.Trouble != nil || s.Behind != 0 {
				t.Errorf("stats %+v of a store that is well again", s)
			}
			total := 0
			for i := range 4 {
				total += r.load(t, personOf(i)).Touches()
			}
			if total != 41 {
				t.Errorf("%d touches, want 41", total)
			}
			if found := r.replay(t, false); !found.OK() {
				t.Errorf("replay finds %+v", found)
			}
			r.close(t)
		})
	}
}

// TestUnwellStoreAndNothingMore has the one write fail that there is. The follower
// makes it again although no event comes.
func TestUnwellStoreAndNothingMore(t *testing.T) {
	r := start(t, disktest.New())
	r.store.failed = make(chan struct{})
	r.store.broken.Store(true)
	well := make(chan struct{})
	var err error
	r.follower, err = touches.Open(r.ledger, r.profiles, touches.Options{Now: clock, Retry: time.Microsecond, Changed: func(trouble error) {
		if trouble == nil {
			close(well)
		}
	}})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan struct{})
	go func() { r.follower.Run(ctx); close(done) }()
	r.append(t, event(ad.EventImpression, 0, 1), ad.OK)
	<-r.store.failed
	r.store.broken.Store(false)
	for waiting := true; waiting; {
		select {
		case <-r.store.failed: // of a write that began before
		case <-well:
			waiting = false
		case <-time.After(time.Minute):
			t.Fatal("the write was not made again")
		}
	}
	if n := r.load(t, personOf(1)).Touches(); n != 1 {
		t.Errorf("%d touches, want 1", n)
	}
	stop()
	<-done
	r.close(t)
}

// TestAbsurdTimes checks that contacts no profile can hold stop nothing.
func TestAbsurdTimes(t *testing.T) {
	r := start(t, disktest.New())
	for n, ms := range []int64{0, 7_000_000_000_000, noon * 1000} {
		e := event(ad.EventImpression, n, 1)
		e.Time = ms
		r.append(t, e, ad.OK)
	}
	r.catchUp(t)
	if s := r.follower.Stats(); s.Applied != 1 || s.Failed != 2 {
		t.Errorf("stats %+v, want 1 applied and 2 failed", s)
	}
	if found := r.replay(t, false); !found.OK() || found.People != 1 {
		t.Errorf("replay finds %+v", found)
	}
	r.close(t)
}

// TestDamagedRecord checks that one person's damaged record keeps nobody else's
// contacts waiting, and that replay says so.
func TestDamagedRecord(t *testing.T) {
	r := start(t, disktest.New())
	var b profile.Batch
	b.Put(personOf(1), profile.Record("nonsense"))
	must(t, r.store.Apply(&b))
	r.closePeople(t)
	r.openPeople(t)
	for n := range 6 {
		r.append(t, event(ad.EventImpression, n, n%2), ad.OK)
	}
	r.catchUp(t)
	if s := r.follower.Stats(); s.Applied != 3 || s.Failed != 3 || s.Behind != 0 {
		t.Errorf("stats %+v, want 3 applied and 3 failed", s)
	}
	if found := r.replay(t, true); found.OK() || found.Unreadable != 1 || found.Differing != 0 {
		t.Errorf("replay finds %+v, want one unreadable record", found)
	}
	r.close(t)
}
