package ledger

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

// TestClickIsFound looks for clicks by their bids: before and after the ledger is opened
// again, and when their events are dropped.
func TestClickIsFound(t *testing.T) {
	c := Config{FS: vfs.NewMem(), Retention: 10 * time.Hour, Lifetime: 2 * time.Hour}
	l := open(t, c)
	f := func(n uint64, want bool) {
		t.Helper()
		e, ok, err := l.Click(bidOf(n))
		if err != nil || ok != want || ok && (e.Bid != bidOf(n) || e.Kind != ad.EventClick || e.Line != at(noon, ad.EventClick, n).Line) {
			t.Errorf("the click of bid %d: %+v, %v, %v; want %v", n, e, ok, err, want)
		}
	}
	for n := range int64(20) {
		mustAppend(t, l, at(noon+n*hour, ad.EventImpression, uint64(n)), ad.OK)
		if n%2 == 0 {
			mustAppend(t, l, at(noon+n*hour, ad.EventClick, uint64(n)), ad.OK)
			mustAppend(t, l, at(noon+n*hour, ad.EventClick, uint64(n)), ad.NoticeReplayed)
		}
	}
	f(0, true)
	f(1, false)
	f(99, false)
	closeIt(t, l)
	l = open(t, c)
	f(18, true)
	trim(t, l, noon+15*hour)
	trim(t, l, noon+20*hour)
	f(0, false)
	f(18, true)
	wantSound(t, l)
	if n := keysWith(t, l, prefixClick); n != 5 {
		t.Errorf("%d clicks are kept to be found, want those of the last ten hours", n)
	}
	for _, damage := range []func() error{
		func() error { return l.db.Delete(clickKey(bidOf(18)), pebble.Sync) },
		func() error { return l.db.Set(clickKey(bidOf(18)), []byte{0, 0, 0, 0, 0, 0, 1, 0}, pebble.Sync) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if r, err := l.Verify(t.Context(), nil); err != nil || r.OK() {
			t.Errorf("a click that is not found: verify finds %+v, %v", r, err)
		}
	}
	closeIt(t, l)
}

// TestClicksFromBeforeTheIndex opens a ledger of the version before: what was clicked then
// is not found, and nothing is wrong with that.
func TestClicksFromBeforeTheIndex(t *testing.T) {
	c := Config{FS: vfs.NewMem()}
	l := open(t, c)
	mustAppend(t, l, event(ad.EventClick, 1, 0), ad.OK)
	b := l.db.NewBatch()
	for _, err := range []error{b.Delete(clickKey(bidOf(1)), nil), setNumber(b, keySchema, uint64(Schema-1)), b.Commit(pebble.Sync)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	closeIt(t, l)
	l = open(t, c)
	mustAppend(t, l, event(ad.EventClick, 2, 0), ad.OK)
	wantSound(t, l)
	for n, want := range map[uint64]bool{1: false, 2: true} {
		if _, ok, err := l.Click(bidOf(n)); ok != want || err != nil {
			t.Errorf("the click of bid %d is found: %v, %v", n, ok, err)
		}
	}
	closeIt(t, l)
}

// TestClickOfAnotherIsDamage puts the place of another event, and nonsense, where that of
// a click should be.
func TestClickOfAnotherIsDamage(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	mustAppend(t, l, event(ad.EventClick, 1, 0), ad.OK)
	mustAppend(t, l, event(ad.EventClick, 2, 0), ad.OK)
	for i, place := range [][]byte{{0, 0, 0, 0, 0, 0, 0, 1}, {1}} {
		if err := l.db.Set(clickKey(bidOf(1)), place, pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if e, ok, err := l.Click(bidOf(1)); ok || err == nil {
			t.Errorf("place %d gives %+v, %v and no error", i, e, ok)
		}
		if r, err := l.Verify(t.Context(), nil); err != nil || r.OK() {
			t.Errorf("place %d: verify finds %+v, %v", i, r, err)
		}
	}
	closeIt(t, l)
}
