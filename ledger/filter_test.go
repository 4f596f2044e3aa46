package ledger

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/ad"
)

// TestNewBids: a bid that has marks is never taken for new, whatever the order
// of the hours, and most that are new are.
func TestNewBids(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	n := newBids{latest: 100}
	known := make(map[marksOf]bool)
	asked, sure := 0, 0
	for i := range 50_000 {
		of := marksOf{hour: 98 + uint32(i/5000) - uint32(rng.IntN(6)), bid: bidOf(rng.Uint64N(20_000))}
		if n.surely(of) {
			if known[of] {
				t.Fatalf("%+v is taken for new", of)
			}
			sure++
		}
		if n.of(of.hour) != nil && !known[of] {
			asked++
		}
		known[of] = true
		n.add(of)
	}
	if asked < 10_000 || sure < asked*9/10 {
		t.Errorf("of %d new bids of hours with a filter %d are known to be, want nearly all", asked, sure)
	}
}

// TestReopenedWithinTheHour: after a restart the filter knows nothing of the
// hour in which the ledger was open before.
func TestReopenedWithinTheHour(t *testing.T) {
	fs := vfs.NewMem()
	want := ad.OK
	for range 3 {
		l := open(t, Config{FS: fs})
		for n := range uint64(100) {
			mustAppend(t, l, event(ad.EventWin, n, 0), want)
		}
		if next := l.Next(); next != 100 {
			t.Fatalf("%d events are there, want 100", next)
		}
		closeIt(t, l)
		want = ad.NoticeReplayed
	}
}

// TestVisitsAreRecalled: a visit that a process before took is never taken for new,
// whether the filter knows all visits or gave up.
func TestVisitsAreRecalled(t *testing.T) {
	fs := vfs.NewMem()
	list := visits(200)
	outcomes := make([]ad.Reason, len(list))
	for round, half := range [][]ad.Event{list[:100], list} {
		l := open(t, Config{FS: fs})
		n := &l.committer.marks.new
		if err := l.AppendAll(half, outcomes); err != nil {
			t.Fatal(err)
		}
		for i, got := range outcomes[:len(half)] {
			want := ad.OK
			if round == 1 && i < 100 || i == len(list)-1 {
				want = ad.NoticeReplayed
			}
			if got != want {
				t.Errorf("round %d, visit %d: %v, want %v", round, i, got, want)
			}
		}
		sure := 0
		for i := range 1000 {
			if n.surely(marksOf{hourOfVisits, bidOf(uint64(10_000 + i))}) {
				sure++
			}
		}
		if sure < 990 {
			t.Errorf("of 1000 new visits %d are known to be", sure)
		}
		wantSound(t, l)
		closeIt(t, l)
	}
	gaveUp := newBids{}
	gaveUp.add(marksOf{hourOfVisits, bidOf(1)})
	if gaveUp.surely(marksOf{hourOfVisits, bidOf(2)}) {
		t.Error("a filter that gave up takes a visit for new")
	}
}
