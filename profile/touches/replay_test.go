package touches_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/touches"
)

// seen returns a rig with 10 people who had 3 contacts each.
func seen(t *testing.T) *rig {
	t.Helper()
	r := start(t, disktest.New())
	r.ledger.Name(ledger.CampaignName, campaign, "shoes")
	for n := range 30 {
		r.append(t, event(ad.EventImpression, n, n%10), ad.OK)
	}
	r.catchUp(t)
	return r
}

// TestReplayMends tampers with profiles in every way that replay looks for, and
// has it mended. What else the profiles hold stays.
func TestReplayMends(t *testing.T) {
	r := seen(t)
	defer r.close(t)
	contact := func(n int) profile.Touch {
		touch, _ := touches.Of(event(ad.EventImpression, n, 0))
		return touch
	}
	edit := func(who int, fn func(b *profile.Builder) error) {
		must(t, r.profiles.Update(personOf(who), clock(), fn))
	}
	var gone profile.Batch
	gone.Delete(personOf(1)) // as a store of which a part is lost
	must(t, r.store.Apply(&gone))
	before := r.load(t, personOf(2))
	edit(2, func(b *profile.Builder) error { return b.AddContact(contact(2), "shoes") }) // twice
	bare := profile.NewBuilder(noon)
	must(t, bare.SetAttr("home.zip", profile.StringValue("10115")))
	for i := range 3 { // touches without behaviours
		must(t, bare.AddContact(contact(3+10*i), ""))
	}
	var b profile.Batch
	b.Put(personOf(3), bare.Append(nil))
	must(t, r.store.Apply(&b))
	r.closePeople(t) // what was done behind its back must not be cached
	r.openPeople(t)
	edit(4, func(b *profile.Builder) error { // others may know more
		return errors.Join(b.AddBehaviour(profile.Impression, "shoes", noon-90, 2), b.AddBehaviour(profile.Visit, "cars", noon-90, 1))
	})

	found := r.replay(t, false)
	if found.OK() || found.People != 10 || found.Missing != 1 || found.Differing != 2 || found.Mended != 0 || len(found.Differences) != 3 {
		t.Fatalf("replay finds %+v, want 1 of 10 missing and 2 differing", found)
	}
	if found := r.replay(t, true); !found.OK() || found.Mended != 3 {
		t.Fatalf("replay mends %+v, want 3 people", found)
	}
	if found := r.replay(t, false); found.Missing+found.Differing != 0 || found.People != 10 {
		t.Fatalf("after it was mended replay finds %+v", found)
	}
	if after := r.load(t, personOf(2)); after.Touches() != before.Touches() {
		t.Errorf("%d touches of a person who had %d", after.Touches(), before.Touches())
	}
	shoes := profile.NameOf("shoes")
	if rec := r.load(t, personOf(3)); rec.Count(profile.Impression, shoes, 0, noon+9) != 3 {
		t.Errorf("%d impressions are remembered, want 3", rec.Count(profile.Impression, shoes, 0, noon+9))
	} else if _, ok := rec.Attr(profile.NameOf("home.zip")); !ok {
		t.Error("an attribute is gone")
	}
	if rec := r.load(t, personOf(4)); rec.Count(profile.Impression, shoes, 0, noon+9) != 5 {
		t.Errorf("what others added is gone: %d impressions, want 5", rec.Count(profile.Impression, shoes, 0, noon+9))
	}
}

// TestReplayBehind: what the profiles have not seen yet is no difference, and
// mending catches up first.
func TestReplayBehind(t *testing.T) {
	r := seen(t)
	defer r.close(t)
	for n := range 5 {
		r.append(t, event(ad.EventClick, n, n), ad.OK)
	}
	if found := r.replay(t, false); !found.OK() || found.Events != 30 || found.Behind != 5 {
		t.Errorf("replay finds %+v, want 30 events and 5 behind", found)
	}
	if found := r.replay(t, true); !found.OK() || found.Events != 35 || found.Mended != 0 || r.load(t, personOf(1)).Touches() != 4 {
		t.Errorf("replay finds %+v, want 35 events", found)
	}
}

// TestReplayOfATrimmedLedger: touches whose events were dropped are kept, and
// compared no more.
func TestReplayOfATrimmedLedger(t *testing.T) {
	r := start(t, disktest.New())
	defer r.close(t)
	for n := range 20 {
		e := event(ad.EventImpression, n, n%5)
		e.Time -= int64(19-n) * 12 * 3600_000 // the last of them now, two a day
		r.append(t, e, ad.OK)
	}
	r.catchUp(t)
	for i := range 40 { // a clock is believed after a while only
		_, err := r.ledger.Trim(context.Background(), clock().Add(time.Duration(i-39)*time.Hour))
		must(t, err)
	}
	first, err := r.ledger.First()
	must(t, err)
	if first == 0 {
		t.Fatal("nothing is dropped")
	}
	if found := r.replay(t, true); !found.OK() || found.Mended != 0 || found.People != 5 {
		t.Errorf("replay finds %+v", found)
	}
	for i := range 5 {
		if n := r.load(t, personOf(i)).Touches(); n != 4 {
			t.Errorf("person %d has %d touches, want 4", i, n)
		}
	}
}

// TestAhead: profiles that have seen more than the ledger holds, as after a
// restore, are followed from the ledger's end, and said to be so.
func TestAhead(t *testing.T) {
	r := seen(t)
	r.close(t)
	must(t, r.fs.RemoveAll("ledger"))
	fs := r.fs
	l, err := ledger.Open(ledger.Config{Dir: "ledger", FS: fs, MemTableSize: 64 << 10, CacheBytes: 1 << 20})
	must(t, err)
	r = &rig{fs: fs, ledger: l}
	r.append(t, event(ad.EventImpression, 7, 1), ad.OK)
	r.openStore(t)
	for round := range 2 {
		f, err := touches.Open(r.ledger, r.profiles, touches.Options{Now: clock})
		if f == nil || errors.Is(err, touches.ErrAhead) != (round == 0) {
			t.Fatalf("opened %v, %v", f, err)
		}
		r.follower = f
	}
	r.append(t, event(ad.EventImpression, 8, 1), ad.OK)
	r.catchUp(t)
	if n := r.load(t, personOf(1)).Touches(); n != 4 {
		t.Errorf("%d touches, want 3 from before and one", n)
	}
	if found := r.replay(t, true); !found.OK() || found.Differing != 10 {
		t.Errorf("replay finds %+v", found)
	}
	r.close(t)
}

// TestForgetSurvives erases people while the bidder runs and while it does not.
// What happened before is not brought back by a replay; what comes after counts.
func TestForgetSurvives(t *testing.T) {
	r := seen(t)
	before := time.Unix(noon-100, 0)
	found, err := r.profiles.Forget(before, personOf(1), r.ledger.Next())
	if !found || err != nil {
		t.Fatalf("Forget: %t, %v", found, err)
	}
	r.append(t, event(ad.EventImpression, 40, 2), ad.OK) // it waits while its person is erased
	if found, err = r.profiles.Forget(before, personOf(2), profile.AllEvents); !found || err != nil {
		t.Fatalf("Forget: %t, %v", found, err)
	}
	r.close(t)
	r = start(t, r.fs)
	r.append(t, event(ad.EventImpression, 41, 3), ad.OK)
	r.append(t, event(ad.EventImpression, 42, 2), ad.OK)
	late := event(ad.EventImpression, 43, 1) // of a bid that was on its way when its person was erased
	late.BidTime = before.Unix()
	r.append(t, late, ad.OK)
	r.catchUp(t)
	check := func(when string) {
		t.Helper()
		for who, want := range map[int]int{1: 0, 2: 1, 3: 4} {
			if n := r.load(t, personOf(who)).Touches(); n != want {
				t.Errorf("%s person %d has %d touches, want %d", when, who, n, want)
			}
		}
	}
	check("after a restart")
	if found := r.replay(t, true); !found.OK() || found.Mended != 0 {
		t.Errorf("replay finds %+v", found)
	}
	must(t, r.store.ScanMeta("forgotten/", func(name string, _ []byte) error {
		if key := name[len("forgotten/"):]; key != personOf(1).String() && key != personOf(2).String() {
			t.Errorf("the store remembers %s", name)
		}
		return nil
	}))
	// A whole profile store that is lost, but for the marks.
	lost := r.empty(t)
	must(t, r.profiles.CopyForgotten(lost))
	must(t, r.profiles.Close())
	must(t, r.store.Close())
	r.store = &flaky{Store: lost}
	r.profiles = open(t, r.store)
	r.follower, err = touches.Open(r.ledger, r.profiles, touches.Options{Now: clock})
	must(t, err)
	r.catchUp(t)
	check("made anew")
	must(t, r.profiles.KeepForgotten(clock(), r.ledger.Next(), r.ledger.Next())) // the ledger has dropped what was before, import files have it yet
	if r.profiles.Forgotten(personOf(1)) == (profile.Mark{}) {
		t.Error("nothing keeps an import from bringing somebody back")
	}
	must(t, r.profiles.KeepForgotten(clock().AddDate(3, 0, 0), r.ledger.Next(), r.ledger.Next()))
	must(t, r.store.ScanMeta("forgotten/", func(name string, _ []byte) error { t.Errorf("%s stays", name); return nil }))
	r.close(t)
}
