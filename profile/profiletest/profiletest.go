// Package profiletest is the conformance suite of profile.Store. Every backend
// runs it; what it checks is what package profile relies on.
package profiletest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"bidwell/ad"
	"bidwell/profile"
)

// Opener opens one and the same store, each time it is called after the store
// has been closed.
type Opener func() (profile.Store, error)

// Run checks a backend. fresh returns the opener of a new, empty store; the
// suite closes what it opens.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	for _, c := range []struct {
		name  string
		check func(t *testing.T, s profile.Store)
	}{
		{"get what was put", getWhatWasPut},
		{"delete", deletes},
		{"later writes of a batch win", laterWritesWin},
		{"scan in order", scansInOrder},
		{"scan sees the state at its beginning", scanSeesBeginning},
		{"scan ends with the callback's error", scanEnds},
		{"named values", namedValues},
		{"batches are atomic to readers", atomicBatches},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, fresh(t))
			c.check(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	t.Run("what was synced is there after opening again", func(t *testing.T) { survives(t, fresh(t)) })
}

func open(t *testing.T, o Opener) profile.Store {
	t.Helper()
	s, err := o()
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// Key returns the i-th of a sequence of keys that are spread like real ones.
func Key(i int) ad.PersonID { return ad.PersonIDOf("test", fmt.Sprint(i)) }

func apply(t *testing.T, s profile.Store, fill func(b *profile.Batch)) {
	t.Helper()
	var b profile.Batch
	fill(&b)
	if err := s.Apply(&b); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func want(t *testing.T, s profile.Store, key ad.PersonID, record string) {
	t.Helper()
	got, err := s.Get(key, []byte("head "))
	if err != nil || string(got) != "head "+record {
		t.Errorf("Get(%s) appends %q, %v; want %q", key, got, err, record)
	}
}

func wantNone(t *testing.T, s profile.Store, key ad.PersonID) {
	t.Helper()
	got, err := s.Get(key, []byte("head"))
	if !errors.Is(err, profile.ErrNotFound) || string(got) != "head" {
		t.Errorf("Get(%s) = %q, %v; want what was given and ErrNotFound", key, got, err)
	}
}

func getWhatWasPut(t *testing.T, s profile.Store) {
	wantNone(t, s, Key(1))
	large := string(bytes.Repeat([]byte{0, 255, 7}, profile.MaxRecord/3))
	apply(t, s, func(b *profile.Batch) {
		b.Put(Key(1), profile.Record("one"))
		b.Put(Key(2), profile.Record(large))
	})
	want(t, s, Key(1), "one")
	want(t, s, Key(2), large)
	wantNone(t, s, Key(3))
	apply(t, s, func(b *profile.Batch) { b.Put(Key(1), profile.Record("uno")) })
	want(t, s, Key(1), "uno")
}

func deletes(t *testing.T, s profile.Store) {
	apply(t, s, func(b *profile.Batch) {
		b.Put(Key(1), profile.Record("one"))
		b.Put(Key(2), profile.Record("two"))
	})
	apply(t, s, func(b *profile.Batch) {
		b.Delete(Key(1))
		b.Delete(Key(3))
	})
	wantNone(t, s, Key(1))
	want(t, s, Key(2), "two")
}

func laterWritesWin(t *testing.T, s profile.Store) {
	apply(t, s, func(b *profile.Batch) {
		b.Put(Key(1), profile.Record("first"))
		b.Put(Key(1), profile.Record("second"))
		b.Put(Key(2), profile.Record("gone"))
		b.Delete(Key(2))
		b.Delete(Key(3))
		b.Put(Key(3), profile.Record("back"))
	})
	want(t, s, Key(1), "second")
	wantNone(t, s, Key(2))
	want(t, s, Key(3), "back")
}

func scansInOrder(t *testing.T, s profile.Store) {
	const people = 1000
	expect := map[ad.PersonID]string{}
	apply(t, s, func(b *profile.Batch) {
		for i := range people {
			expect[Key(i)] = fmt.Sprint(i)
			b.Put(Key(i), profile.Record(fmt.Sprint(i)))
		}
		b.PutMeta("not a person", []byte("x"))
	})
	var keys []ad.PersonID
	err := s.Scan(func(key ad.PersonID, r profile.Record) error {
		if string(r) != expect[key] {
			t.Errorf("Scan: %s has %q, want %q", key, r, expect[key])
		}
		keys = append(keys, key)
		return nil
	})
	if err != nil || len(keys) != people {
		t.Errorf("Scan: %d people, %v; want %d", len(keys), err, people)
	}
	if !slices.IsSortedFunc(keys, func(x, y ad.PersonID) int { return bytes.Compare(x[:], y[:]) }) {
		t.Error("Scan: not in the order of keys")
	}
}

func scanSeesBeginning(t *testing.T, s profile.Store) {
	apply(t, s, func(b *profile.Batch) {
		for i := range 100 {
			b.Put(Key(i), profile.Record("old"))
		}
	})
	n := 0
	err := s.Scan(func(key ad.PersonID, r profile.Record) error {
		if n++; n == 1 {
			apply(t, s, func(b *profile.Batch) {
				for i := range 200 {
					b.Put(Key(i), profile.Record("new"))
				}
			})
		}
		if string(r) != "old" {
			t.Errorf("Scan: %s has %q that was written after it began", key, r)
		}
		return nil
	})
	if err != nil || n != 100 {
		t.Errorf("Scan: %d people, %v; want the 100 of its beginning", n, err)
	}
}

func scanEnds(t *testing.T, s profile.Store) {
	apply(t, s, func(b *profile.Batch) {
		b.Put(Key(1), profile.Record("one"))
		b.Put(Key(2), profile.Record("two"))
		b.PutMeta("a", nil)
		b.PutMeta("b", nil)
	})
	stop := errors.New("stop")
	n := 0
	if err := s.Scan(func(ad.PersonID, profile.Record) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("Scan went on to %d people and returned %v, want one and the callback's error", n, err)
	}
	n = 0
	if err := s.ScanMeta("", func(string, []byte) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("ScanMeta went on to %d values and returned %v, want one and the callback's error", n, err)
	}
}

func namedValues(t *testing.T, s profile.Store) {
	if _, err := s.Meta("import/x"); !errors.Is(err, profile.ErrNotFound) {
		t.Errorf("Meta of nothing: %v, want ErrNotFound", err)
	}
	apply(t, s, func(b *profile.Batch) {
		b.PutMeta("import/y", []byte("2"))
		b.PutMeta("import/x", []byte("1"))
		b.PutMeta("import0", []byte("no"))
		b.PutMeta("importer", []byte("no"))
		b.PutMeta("name/gone", []byte("no"))
		b.DeleteMeta("name/gone")
	})
	if v, err := s.Meta("import/x"); err != nil || string(v) != "1" {
		t.Errorf("Meta = %q, %v; want 1", v, err)
	}
	var got []string
	err := s.ScanMeta("import/", func(name string, v []byte) error {
		got = append(got, name+"="+string(v))
		return nil
	})
	if want := []string{"import/x=1", "import/y=2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ScanMeta = %v, %v; want %v", got, err, want)
	}
}

// atomicBatches moves a token between two people while others look: a scan must
// find it exactly once.
func atomicBatches(t *testing.T, s profile.Store) {
	move := func(from, to int) {
		apply(t, s, func(b *profile.Batch) {
			b.Delete(Key(from))
			b.Put(Key(to), profile.Record("token"))
		})
	}
	move(1, 0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				n := 0
				if err := s.Scan(func(ad.PersonID, profile.Record) error { n++; return nil }); err != nil || n != 1 {
					t.Errorf("Scan: found the token %d times, %v; want once", n, err)
					return
				}
			}
		})
	}
	for range 200 {
		move(0, 1)
		move(1, 0)
	}
	close(done)
	wg.Wait()
}

func survives(t *testing.T, o Opener) {
	s := open(t, o)
	apply(t, s, func(b *profile.Batch) {
		b.Sync = true
		b.Put(Key(1), profile.Record("one"))
		b.PutMeta("a", []byte("b"))
	})
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	s = open(t, o)
	want(t, s, Key(1), "one")
	if v, err := s.Meta("a"); err != nil || string(v) != "b" {
		t.Errorf("Meta after opening again = %q, %v; want b", v, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
