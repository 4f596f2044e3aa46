package pebblestore_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bidwell/profile"
	"bidwell/profile/pebblestore"
)

// TestPurge erases some people, and many, and looks for their traces in the files
// of the store: in its tables nothing is left.
func TestPurge(t *testing.T) {
	for _, erased := range []int{2, 100} {
		t.Run(fmt.Sprint(erased), func(t *testing.T) {
			dir := t.TempDir()
			db, err := pebblestore.Open(pebblestore.Config{Dir: dir, MemTableSize: 256 << 10})
			must(t, err)
			p, err := profile.Open(db, profile.Config{CacheBytes: 1 << 20, Readers: 1})
			must(t, err)
			now := time.Unix(1_790_000_000, 0)
			phone := func(i int) profile.ID { return profile.ID{Type: "ifa", Value: fmt.Sprintf("phone-of-q%05dx", i)} }
			secret := func(i int) string { return fmt.Sprintf("v9kq%05dzj", i) }
			for i := range 5000 {
				must(t, p.Update(phone(i).Key(), now, func(b *profile.Builder) error { return b.SetAttr("a", profile.StringValue(secret(i))) }))
			}
			for i := range erased {
				must(t, p.Link(now, profile.Link{A: phone(i), B: profile.ID{Type: "login:shop", Value: "of-" + secret(i)}}))
			}
			purge := func(want int) {
				t.Helper()
				if n, err := p.Purge(t.Context()); n != want || err != nil {
					t.Fatalf("Purge = %d, %v; want %d", n, err, want)
				}
			}
			purge(0)
			for i := range erased {
				_, err := p.Forget(now, phone(i).Key(), 0)
				must(t, err)
			}
			purge(3 * erased) // two identifiers, and the person
			purge(0)
			must(t, p.Close())
			must(t, db.Close())
			files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			must(t, err)
			kept := 0
			for _, file := range files {
				text, err := os.ReadFile(file)
				must(t, err)
				for i := range erased {
					if bytes.Contains(text, []byte(secret(i))) || bytes.Contains(text, []byte(phone(i).Value)) {
						t.Fatalf("%s still holds person %d", file, i)
					}
				}
				kept += bytes.Count(text, []byte("v9kq"))
			}
			if kept == 0 {
				t.Error("nobody is found in the files: the test shows nothing")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
