package profile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
	. "bidwell/profile"
	"bidwell/profile/pebblestore"
)

// far is a deadline that no test reaches.
func far() time.Time { return time.Now().Add(time.Hour) }

func clock() time.Time { return time.Unix(now, 0) }

func person(i int) ad.PersonID { return ad.PersonIDOf("ifa", fmt.Sprint("person ", i)) }

func newStore(t testing.TB) Store {
	t.Helper()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: vfs.NewMem()})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func open(t testing.TB, s Store, c Config) *Profiles {
	t.Helper()
	p, err := Open(s, c)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	<-p.Ready()
	return p
}

// number returns the attribute n of a record, 0 if there is none.
func number(r Record) int64 {
	v, _ := r.Attr(NameOf("n"))
	return int64(v.Num)
}

func setNumber(n int64) func(*Builder) error {
	return func(b *Builder) error { return b.SetAttr("n", NumberValue(float64(n))) }
}

// increment adds one to the attribute n, and returns the sum through got.
func increment(got *int64) func(*Builder) error {
	return func(b *Builder) error {
		*got = number(b.Append(nil)) + 1
		return b.SetAttr("n", NumberValue(float64(*got)))
	}
}

func TestLoadSeesUpdate(t *testing.T) {
	p := open(t, newStore(t), Config{})
	var s Scratch
	if _, o := p.Load(person(1), far(), &s); o != Unknown {
		t.Errorf("Load of a stranger: %v, want %v", o, Unknown)
	}
	for i := range int64(100) {
		must(t, p.Update(person(1), clock(), setNumber(i+1)))
		r, o := p.Load(person(1), far(), &s)
		if number(r) != i+1 || !o.Found() {
			t.Fatalf("Load after update %d: n = %d, %v", i+1, number(r), o)
		}
	}
	refused := errors.New("refused")
	if err := p.Update(person(1), clock(), func(b *Builder) error { must(t, setNumber(0)(b)); return refused }); !errors.Is(err, refused) {
		t.Errorf("Update that fails: %v", err)
	}
	if r, _ := p.Load(person(1), far(), &s); number(r) != 100 {
		t.Errorf("after an update that failed n = %d, want 100", number(r))
	}
	if err := p.Update(ad.PersonID{}, clock(), setNumber(1)); !errors.Is(err, ErrNobody) {
		t.Errorf("Update of nobody: %v", err)
	}
}

func TestUpdateAllInOrder(t *testing.T) {
	p := open(t, newStore(t), Config{})
	must(t, p.Update(person(1), clock(), setNumber(10)))
	refused := errors.New("refused")
	var a, b int64
	edits := []Edit{
		{Key: person(1), Change: increment(&a)},
		{Key: person(2), Change: setNumber(5)},
		{Key: person(1), Change: func(b *Builder) error { b.RemoveAttr("n"); return refused }},
		{Key: person(1), Change: increment(&b)},
		{Change: setNumber(1)},
	}
	must(t, p.UpdateAll(clock(), edits, func(b *Batch) { b.PutMeta("mark", []byte("x")) }))
	if a != 11 || b != 12 {
		t.Errorf("edits of one person saw %d and %d, want 11 and 12", a, b)
	}
	for i, want := range []error{nil, nil, refused, nil, ErrNobody} {
		if !errors.Is(edits[i].Err, want) {
			t.Errorf("edit %d: %v, want %v", i, edits[i].Err, want)
		}
	}
	var s Scratch
	if r, _ := p.Load(person(1), far(), &s); number(r) != 12 {
		t.Errorf("n = %d, want 12", number(r))
	}
}

// jittery is a store whose reads take long after they have been made: the
// moment in which a reader holds what a writer is replacing.
type jittery struct{ Store }

func (j jittery) Get(key ad.PersonID, dst []byte) ([]byte, error) {
	dst, err := j.Store.Get(key, dst)
	for range rand.IntN(20) {
		runtime.Gosched()
	}
	return dst, err
}

// TestAcknowledgedIsVisible has writers count up and readers check that they
// never see less than was acknowledged before they looked, nor anything lost.
func TestAcknowledgedIsVisible(t *testing.T) {
	const (
		people  = 7
		writers = 4
		readers = 4
		updates = 1500
	)
	p := open(t, jittery{newStore(t)}, Config{CacheBytes: 1 << 20, Readers: 3})
	var acknowledged [people]atomic.Int64
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for range writers {
		writing.Go(func() {
			for range updates {
				i := rand.IntN(people)
				var n int64
				if err := p.Update(person(i), clock(), increment(&n)); err != nil {
					t.Error(err)
					return
				}
				for old := acknowledged[i].Load(); old < n && !acknowledged[i].CompareAndSwap(old, n); {
					old = acknowledged[i].Load()
				}
			}
		})
	}
	for range readers {
		reading.Go(func() {
			var s Scratch
			for !done.Load() {
				i := rand.IntN(people)
				least := acknowledged[i].Load()
				r, o := p.Load(person(i), far(), &s)
				if got := number(r); got < least {
					t.Errorf("Load (%v) saw update %d after %d was acknowledged", o, got, least)
					return
				}
				if s := rand.IntN(50); s == 0 { // have it read from the store again
					p.Evict(person(i))
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
	total := int64(0)
	for i := range people {
		total += acknowledged[i].Load()
	}
	if total != writers*updates {
		t.Errorf("%d updates are left of %d", total, writers*updates)
	}
}

// gated is a store whose reads wait for the gate, or fail.
type gated struct {
	Store
	gate    chan struct{}
	fail    atomic.Bool
	entered chan struct{}
}

var errBroken = errors.New("broken")

func (g *gated) Get(key ad.PersonID, dst []byte) ([]byte, error) {
	if g.fail.Load() {
		return dst, errBroken
	}
	g.entered <- struct{}{}
	<-g.gate
	return g.Store.Get(key, dst)
}

func TestSlowStoreHoldsNobodyBeyondTheDeadline(t *testing.T) {
	under := newStore(t)
	p := open(t, under, Config{})
	must(t, p.Update(person(1), clock(), setNumber(1)))
	g := &gated{Store: under, gate: make(chan struct{}), entered: make(chan struct{}, 1)}
	slow := open(t, g, Config{Readers: 1})
	var s Scratch
	if _, o := slow.Load(person(1), time.Now(), &s); o != TimedOut {
		t.Errorf("Load without time: %v, want %v", o, TimedOut)
	}
	if _, o := slow.Load(person(1), time.Now().Add(time.Millisecond), &s); o != TimedOut {
		t.Errorf("Load from a store that hangs: %v, want %v", o, TimedOut)
	}
	// More than the only reader and the queue behind it can hold.
	for range 5000 {
		if _, o := slow.Load(person(1), time.Now().Add(time.Microsecond), &s); o != TimedOut {
			t.Fatalf("Load from a store that hangs: %v, want %v", o, TimedOut)
		}
	}
	<-g.entered
	close(g.gate)
	// The late record is cached: from then on no deadline matters.
	for {
		r, o := slow.Load(person(1), time.Now(), &s)
		if o == Hit {
			if number(r) != 1 {
				t.Errorf("the late record has n = %d, want 1", number(r))
			}
			break
		}
		runtime.Gosched()
	}
	if got := slow.Stats().Loads[TimedOut]; got < 5000 {
		t.Errorf("%d timeouts counted, want at least 5000", got)
	}
}

func TestLoadOutcomes(t *testing.T) {
	under := newStore(t)
	p := open(t, under, Config{})
	must(t, p.Update(person(1), clock(), setNumber(1)))
	must(t, p.Update(person(2), clock(), setNumber(2)))
	var bad Batch
	bad.Put(person(3), Record("rubbish that nobody wrote"))
	must(t, under.Apply(&bad))

	g := &gated{Store: under, gate: make(chan struct{}), entered: make(chan struct{}, 100)}
	close(g.gate)
	q := open(t, g, Config{})
	var s Scratch
	want := func(i int, o Outcome, n int64) {
		t.Helper()
		r, got := q.Load(person(i), far(), &s)
		if got != o || number(r) != n {
			t.Errorf("Load(%d) = n %d, %v; want n %d, %v", i, number(r), got, n, o)
		}
	}
	want(1, StoreHit, 1)
	q.Settle()
	want(1, Hit, 1)
	want(3, Failed, 0)
	want(4, Unknown, 0)
	g.fail.Store(true)
	want(1, Hit, 1)
	want(2, Failed, 0)
	got := q.Stats().Loads
	if want := [5]uint64{Hit: 2, StoreHit: 1, Unknown: 1, Failed: 2}; got != want {
		t.Errorf("Stats().Loads = %v, want %v", got, want)
	}
	if err := q.Update(person(2), clock(), setNumber(1)); !errors.Is(err, errBroken) {
		t.Errorf("Update with a broken store: %v", err)
	}
	g.fail.Store(false)
	if err := q.Update(person(3), clock(), setNumber(1)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Update of a corrupt record: %v", err)
	}
}

func TestForget(t *testing.T) {
	store := newStore(t)
	p := open(t, store, Config{})
	ids := []ID{{"ifa", "A"}, {"uid2", "B"}}
	for _, id := range ids {
		must(t, p.Update(id.Key(), clock(), func(b *Builder) error {
			return errors.Join(b.SetAttr("zip", StringValue("1")), b.AddID(ids[0]), b.AddID(ids[1]))
		}))
	}
	var s Scratch
	p.Load(ids[1].Key(), far(), &s)
	for _, want := range []bool{true, false} {
		if found, err := p.Forget(clock(), ids[0].Key(), 0); found != want || err != nil {
			t.Errorf("Forget = %v, %v; want %v", found, err, want)
		}
	}
	for _, id := range ids {
		if r, o := p.Load(id.Key(), far(), &s); o != Unknown || r != nil {
			t.Errorf("Load of %v after Forget: %v, want %v", id, o, Unknown)
		}
		if _, err := p.Get(id.Key(), clock()); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get of %v after Forget: %v", id, err)
		}
	}
	must(t, store.Scan(func(key ad.PersonID, _ Record) error { return fmt.Errorf("%s is still stored", key) }))
}

func TestExpire(t *testing.T) {
	p := open(t, newStore(t), Config{})
	must(t, p.Update(person(1), clock(), func(b *Builder) error { return b.AddBehaviour(Visit, "cars", now, 1) }))
	must(t, p.Update(person(2), clock(), func(b *Builder) error {
		return errors.Join(b.AddBehaviour(Visit, "cars", now, 1), b.SetAttr("zip", StringValue("1")))
	}))
	must(t, p.Update(person(3), clock(), setNumber(3)))
	changed, err := p.Expire(clock().Add(102 * 24 * time.Hour))
	if changed != 2 || err != nil {
		t.Errorf("Expire = %d, %v; want 2 changed", changed, err)
	}
	var s Scratch
	if _, o := p.Load(person(1), far(), &s); o != Unknown {
		t.Errorf("a person of whom everything has expired: %v, want %v", o, Unknown)
	}
	if r, _ := p.Load(person(2), far(), &s); r.Count(Visit, NameOf("cars"), 0, now+1) != 0 {
		t.Error("an expired visit is still there")
	}
}

func TestNamesOutliveTheProcess(t *testing.T) {
	store := newStore(t)
	p := open(t, store, Config{})
	must(t, p.Update(person(1), clock(), setNumber(1)))
	q := open(t, store, Config{})
	if s, ok := q.Names().Text(NameOf("n")); !ok || s != "n" {
		t.Errorf("Text = %q, %v; want n", s, ok)
	}
	var b Batch
	b.PutMeta(fmt.Sprintf("name/%08x", uint32(NameOf("other"))), []byte("taken"))
	must(t, store.Apply(&b))
	r := open(t, store, Config{})
	err := r.Update(person(1), clock(), func(b *Builder) error { return b.SetAttr("other", NumberValue(1)) })
	if !errors.Is(err, ErrName) {
		t.Errorf("a name whose hash is taken: %v, want ErrName", err)
	}
}

func TestGetIsReadable(t *testing.T) {
	p := open(t, newStore(t), Config{})
	must(t, p.Update(person(1), clock(), func(b *Builder) error {
		return errors.Join(b.SetAttr("home.zip", StringValue("10115")), b.AddSegment("s1", now+86400),
			b.AddBehaviour(Visit, "automotive", now-60, 40), b.AddID(ID{"ifa", "x"}),
			b.AddTouch(Touch{Kind: Click, Time: now - 5, Cost: 2 * ad.Unit}))
	}))
	got, err := p.Get(person(1), clock())
	must(t, err)
	if len(got.Attributes) != 1 || got.Attributes[0].Name != "home.zip" || got.Attributes[0].Value.String() != "10115" {
		t.Errorf("attributes %+v", got.Attributes)
	}
	if len(got.Segments) != 1 || got.Segments[0].Name != "s1" || got.Segments[0].Expires.Unix() != now+86400 {
		t.Errorf("segments %+v", got.Segments)
	}
	if len(got.Behaviours) != 1 || got.Behaviours[0].Topic != "automotive" || got.Behaviours[0].Total != 40 {
		t.Errorf("behaviours %+v", got.Behaviours)
	}
	if len(got.Touches) != 1 || got.Touches[0].Kind != "click" || got.Touches[0].Cost != 2 {
		t.Errorf("touches %+v", got.Touches)
	}
	if len(got.IDs) != 1 || got.IDs[0] != (ID{"ifa", "x"}) {
		t.Errorf("ids %+v", got.IDs)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{CacheBytes: 1}, {Readers: -1}, {Readers: 5000}, {Retention: Retention{Touches: time.Second}}} {
		if _, err := Open(newStore(t), c); err == nil {
			t.Errorf("Open with %+v: want an error", c)
		}
	}
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := open(t, newStore(t), Config{})
	must(t, p.Update(person(1), clock(), func(b *Builder) error {
		return errors.Join(b.SetAttr("home.zip", StringValue("10115")), b.AddBehaviour(Visit, "cars", now, 3), b.AddSegment("s", now+1))
	}))
	must(t, p.Link(clock(), Link{phone(1), phone(2)}))
	other := phone(2).Key()
	visit(t, p, phone(1), 1)
	var s Scratch
	p.Load(other, far(), &s)
	p.Settle()
	if _, o := p.Load(other, far(), &s); o != Hit {
		t.Fatalf("Load by another identifier = %v, want %v", o, Hit)
	}
	r, o := p.Load(person(1), far(), &s)
	if o != Hit {
		t.Fatalf("Load = %v, want %v", o, Hit)
	}
	deadline, me, stranger, value := far(), person(1), person(2), []byte("38400000-8CF0-11BD-B23E-10B96E40000D")
	for _, c := range []struct {
		name string
		fn   func()
	}{
		{"Load hit", func() { p.Load(me, deadline, &s) }},
		{"Load by another identifier", func() { p.Load(other, deadline, &s) }},
		{"Load unknown", func() { p.Load(stranger, deadline, &s) }},
		{"Attr", func() { r.Attr(NameOf("home.zip")) }},
		{"Segment", func() { r.Segment(1, now) }},
		{"Count", func() { r.Count(Visit, NameOf("cars"), 0, now) }},
		{"First and Last", func() { r.First(Visit, 1); r.Last(Visit, 1) }},
		{"Touch", func() { r.Touch(r.Touches() - 1) }},
		{"Valid", func() { _ = r.Valid() }},
		{"PersonIDOf", func() { ad.PersonIDOf("ifa", value) }},
	} {
		if got := testing.AllocsPerRun(1000, c.fn); got != 0 {
			t.Errorf("%s: %v allocations, want none", c.name, got)
		}
	}
}
