package touches_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	"bidwell/internal/disktest"
	"bidwell/ledger"
	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/touches"
)

// noon is the time of the tests, in unix seconds.
const noon = 1_790_000_000

func clock() time.Time { return time.Unix(noon, 0) }

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// rig is a ledger and profiles on one disk, and what follows between them.
type rig struct {
	fs       disktest.Disk
	ledger   *ledger.Ledger
	store    *flaky
	profiles *profile.Profiles
	follower *touches.Follower
}

// start opens everything that is on a disk, as a process does.
func start(t tester, fs disktest.Disk) *rig {
	t.Helper()
	r := &rig{fs: fs}
	var err error
	r.ledger, err = ledger.Open(ledger.Config{Dir: "ledger", FS: fs, MemTableSize: 64 << 10, CacheBytes: 1 << 20, Retention: 24 * time.Hour})
	must(t, err)
	r.openPeople(t)
	return r
}

// openPeople opens the profiles and what follows into them.
func (r *rig) openPeople(t tester) {
	t.Helper()
	r.openStore(t)
	var err error
	r.follower, err = touches.Open(r.ledger, r.profiles, touches.Options{Now: clock, Retry: time.Microsecond})
	must(t, err)
}

func (r *rig) openStore(t tester) {
	t.Helper()
	db, err := pebblestore.Open(pebblestore.Config{Dir: "people", FS: r.fs, MemTableSize: 64 << 10, CacheBytes: 1 << 20})
	must(t, err)
	r.store = &flaky{Store: db}
	r.profiles = open(t, r.store)
}

func open(t tester, s profile.Store) *profile.Profiles {
	t.Helper()
	p, err := profile.Open(s, profile.Config{CacheBytes: 4 << 20, Readers: 1})
	must(t, err)
	<-p.Ready()
	return p
}

func (r *rig) closePeople(t tester) {
	t.Helper()
	must(t, r.profiles.Close())
	must(t, r.store.Close())
}

func (r *rig) close(t tester) {
	t.Helper()
	must(t, r.ledger.Close())
	r.closePeople(t)
}

func (r *rig) append(t tester, e *ad.Event, want ad.Reason) {
	t.Helper()
	if got, err := r.ledger.Append(e); err != nil || got != want {
		t.Fatalf("Append: %v, %v; want %v", got, err, want)
	}
}

func (r *rig) catchUp(t tester) {
	t.Helper()
	must(t, r.follower.CatchUp(context.Background()))
}

// load returns what a bid request would see.
func (r *rig) load(t tester, key ad.PersonID) profile.Record {
	t.Helper()
	var s profile.Scratch
	rec, o := r.profiles.Load(key, time.Now().Add(time.Minute), &s)
	if o == profile.TimedOut || o == profile.Failed {
		t.Fatalf("Load of %s: %v", key, o)
	}
	return rec
}

// replay replays into an empty store in memory.
func (r *rig) replay(t tester, mend bool) *touches.Replayed {
	t.Helper()
	empty := r.empty(t)
	found, err := touches.Replay(context.Background(), r.ledger, r.profiles, empty, touches.ReplayOptions{Now: clock(), Mend: mend})
	must(t, err)
	must(t, empty.Close())
	return found
}

func (r *rig) empty(t tester) *pebblestore.Store {
	t.Helper()
	db, err := pebblestore.Open(pebblestore.Config{Dir: "empty", FS: vfs.NewMem(), MemTableSize: 64 << 10, CacheBytes: 1 << 20})
	must(t, err)
	return db
}

// flaky is a store whose writes fail while it is broken. Such a write may come to
// be nevertheless, before the next one that is made.
type flaky struct {
	profile.Store
	broken atomic.Bool
	keeps  atomic.Bool // what fails is only late
	held   *profile.Batch
	failed chan struct{} // if there is one, takes a value for each write that failed
}

var errBroken = errors.New("the store is broken")

func (f *flaky) Apply(b *profile.Batch) error {
	if !f.broken.Load() {
		if held := f.held; held != nil {
			f.held = nil
			if err := f.Store.Apply(held); err != nil {
				return err
			}
		}
		return f.Store.Apply(b)
	}
	if f.keeps.Load() && f.held == nil {
		f.held = clone(b)
	}
	if f.failed != nil {
		f.failed <- struct{}{}
	}
	return errBroken
}

func clone(b *profile.Batch) *profile.Batch {
	out := &profile.Batch{Sync: b.Sync}
	for op := range b.All() {
		switch {
		case op.Meta != "" && op.Delete:
			out.DeleteMeta(op.Meta)
		case op.Meta != "":
			out.PutMeta(op.Meta, op.Value)
		case op.Delete:
			out.Delete(op.Person)
		default:
			out.Put(op.Person, op.Value)
		}
	}
	return out
}

func personOf(i int) (p ad.PersonID) {
	binary.LittleEndian.PutUint64(p[:], uint64(i)*0x9e3779b97f4a7c15+1)
	p[12] = byte(i)
	return p
}

var campaign = ad.IDOf("shop", "shoes")

// event returns the n-th event, of a bid of its own.
func event(kind ad.EventKind, n, person int) *ad.Event {
	e := &ad.Event{
		Kind: kind, Media: ad.Banner, Day: noon / 86400, Time: noon*1000 + int64(n), BidTime: noon - 1,
		Exchange: ad.IDOf("x"), Advertiser: ad.IDOf("shop"), Campaign: campaign, Line: ad.ID(n + 1), Creative: ad.IDOf("c"),
		Person: personOf(person), Price: ad.Money(n) * 1000,
	}
	binary.LittleEndian.PutUint64(e.Bid[:], uint64(n))
	e.Bid[15] = 1
	return e
}
