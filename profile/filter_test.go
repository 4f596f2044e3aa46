package profile

import (
	"fmt"
	"testing"

	"bidwell/ad"
)

func filterKey(i int) ad.PersonID { return ad.PersonIDOf("test", fmt.Sprint(i)) }

func TestFilter(t *testing.T) {
	const people = 100_000
	f := newFilter(people)
	for i := range people {
		f.add(filterKey(i))
		f.add(filterKey(i))
	}
	strangers := 0
	for i := range people {
		if !f.has(filterKey(i)) {
			t.Fatalf("person %d was forgotten", i)
		}
		if f.has(filterKey(people + i)) {
			strangers++
		}
	}
	if strangers > people/100 {
		t.Errorf("%d of %d strangers are taken for known, want at most one in a hundred", strangers, people)
	}
	if got := f.added.Load(); got > people || got < people*98/100 {
		t.Errorf("%d people counted, want about %d", got, people)
	}
	if got := f.size(); got > people*2 {
		t.Errorf("the filter takes %d bytes for %d people", got, people)
	}
}

// scanned is a store of which only Scan is used.
type scanned struct {
	Store
	scan func(fn func(ad.PersonID, Record) error) error
}

func (s scanned) Scan(fn func(ad.PersonID, Record) error) error { return s.scan(fn) }

// TestKnownWhileBuilt adds people at every moment of a build: before the scan
// begins, where the scan has not seen them, and after it.
func TestKnownWhileBuilt(t *testing.T) {
	var k *known
	begun, go1 := make(chan struct{}), make(chan struct{})
	store := scanned{scan: func(fn func(ad.PersonID, Record) error) error {
		close(begun)
		<-go1
		return fn(filterKey(1), nil)
	}}
	k = newKnown(store, nil)
	<-begun
	if !k.maybe(filterKey(99)) {
		t.Error("before the filter is complete everybody may be known")
	}
	k.add(filterKey(2)) // the scan will not see it
	close(go1)
	<-k.first
	k.add(filterKey(3))
	for i := 1; i <= 3; i++ {
		if !k.maybe(filterKey(i)) {
			t.Errorf("person %d is not known", i)
		}
	}
	if k.maybe(filterKey(99)) {
		t.Error("a stranger is known")
	}
}

// TestKnownGrows has more people come than the filter is meant for.
func TestKnownGrows(t *testing.T) {
	var people []ad.PersonID
	store := scanned{scan: func(fn func(ad.PersonID, Record) error) error {
		for _, key := range people {
			if err := fn(key, nil); err != nil {
				return err
			}
		}
		return nil
	}}
	for i := range 1000 {
		people = append(people, filterKey(i))
	}
	k := newKnown(store, nil)
	<-k.first
	small := newFilter(500)
	for _, key := range people {
		small.add(key)
	}
	k.now.Store(small)
	k.add(people[0])
	k.runs.Wait()
	if f := k.now.Load(); f == small || f.full() {
		t.Errorf("the filter for %d people is still in use with %d", f.capacity, f.added.Load())
	}
	for _, key := range people {
		if !k.maybe(key) {
			t.Fatal("a person was lost while the filter grew")
		}
	}
}

func TestNewer(t *testing.T) {
	blob := func(person int, generation uint32) []byte { return appendBlob(nil, filterKey(person), generation, nil) }
	for _, c := range []struct {
		name      string
		blob, old []byte
		want      bool
	}{
		{"the same generation", blob(1, 5), blob(1, 5), true},
		{"a later one", blob(1, 6), blob(1, 5), true},
		{"an earlier one", blob(1, 4), blob(1, 5), false},
		{"a later one, past the last number", blob(1, 2), blob(1, 1<<32-2), true},
		{"another person", blob(2, 4), blob(1, 5), true},
	} {
		if got := newer(c.blob, c.old); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// fixed is a cache with so much room left.
type fixed int64

func (fixed) MaxCost() int64         { return 6400 }
func (f fixed) RemainingCost() int64 { return int64(f) }

func TestDoorkeeper(t *testing.T) {
	admitted := func(room fixed) (once, twice, often int) {
		var d doorkeeper
		for i := range doorkeeperLook {
			d.admit(filterKey(-i), room)
		}
		for i := range 1000 {
			if d.admit(filterKey(i), room) {
				once++
			}
			if d.admit(filterKey(i), room) {
				twice++
			}
		}
		in := map[int]bool{}
		for n := range 40 * 1001 { // in turns that do not fall in with the counting
			if d.admit(filterKey(n%1001), room) {
				in[n%1001] = true
			}
		}
		return once, twice, len(in)
	}
	if once, twice, often := admitted(6400); once != 1000 || twice != 1000 || often != 1001 {
		t.Errorf("into an empty cache %d, %d and %d of 1000 are admitted, want all", once, twice, often)
	}
	if once, twice, often := admitted(0); once > 20 || twice == 0 || twice > 300 || often != 1001 {
		t.Errorf("into a full cache %d are admitted when seen once, %d when seen twice and %d when seen often, want few, some and all", once, twice, often)
	}
}
