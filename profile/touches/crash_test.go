package touches_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/profile"
)

// TestCrashAnywhere lets contacts come while they are brought into profiles, and
// takes copies of the disk as a kill or a crash at that moment would leave it:
// ledger and profiles with everything that was synced and parts of what was not.
// After catching up, every contact that was acknowledged is in the profile, once.
func TestCrashAnywhere(t *testing.T) {
	rounds := 4
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) { crashWhileFollowing(t, uint64(round), 8) })
	}
}

func crashWhileFollowing(t *testing.T, seed uint64, crashes int) {
	const people = 200
	r := start(t, disktest.New())
	ctx, stop := context.WithCancel(context.Background())
	following := make(chan struct{})
	go func() { r.follower.Run(ctx); close(following) }()

	var mu sync.Mutex
	acknowledged := map[int]bool{} // numbers of impressions
	appended := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := w; ; n += 8 {
				e := event(ad.EventImpression, n, n%people)
				for range 1 + n%2 { // every other notice comes twice
					if _, err := r.ledger.Append(e); err != nil {
						t.Errorf("Append: %v", err)
						return
					}
				}
				mu.Lock()
				acknowledged[n] = true
				mu.Unlock()
				select {
				case appended <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	for range crashes {
		for range rng.IntN(600) {
			<-appended
		}
		mu.Lock()
		before := make([]int, 0, len(acknowledged))
		for n := range acknowledged {
			before = append(before, n)
		}
		mu.Unlock()
		crashed := r.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
		after := start(t, crashed)
		after.catchUp(t)
		wantOnce(t, after, before)
		after.close(t)
	}
	stop()
	wg.Wait()
	<-following
	r.close(t)
}

// wantOnce checks that the profiles hold every contact that the ledger holds,
// once, and among them the acknowledged ones; beyond the room of a profile, the
// newest.
func wantOnce(t *testing.T, r *rig, acknowledged []int) {
	t.Helper()
	made := map[ad.PersonID]map[profile.Ref]bool{}
	all := map[ad.ID]bool{}
	err := r.ledger.Events(context.Background(), 0, func(_ uint64, e *ad.Event) error {
		if made[e.Person] == nil {
			made[e.Person] = map[profile.Ref]bool{}
		}
		made[e.Person][profile.RefOf(e.Line)] = true
		all[e.Line] = true
		return nil
	})
	must(t, err)
	for _, n := range acknowledged {
		if !all[ad.ID(n+1)] {
			t.Fatalf("impression %d was acknowledged and is not there", n)
		}
	}
	for key, lines := range made {
		rec := r.load(t, key)
		if want := min(len(lines), profile.MaxTouches); rec.Touches() != want {
			t.Fatalf("person %s has %d touches, want %d", key, rec.Touches(), want)
		}
		for i := range rec.Touches() {
			line := rec.Touch(i).Line
			if !lines[line] {
				t.Fatalf("person %s has a touch of line item %v twice, or one that never was", key, line)
			}
			delete(lines, line)
		}
	}
	if found := r.replay(t, false); !found.OK() || found.Behind != 0 {
		t.Fatalf("replay finds %+v", found)
	}
}
