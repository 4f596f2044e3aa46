package pebblestore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"bidwell/profile"
	"bidwell/profile/pebblestore"
	"bidwell/profile/profiletest"
)

func TestInMemory(t *testing.T) {
	profiletest.Run(t, func(*testing.T) profiletest.Opener {
		fs := vfs.NewMem()
		return func() (profile.Store, error) { return pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs}) }
	})
}

func TestOnDisk(t *testing.T) {
	profiletest.Run(t, func(t *testing.T) profiletest.Opener {
		dir := filepath.Join(t.TempDir(), "not", "there", "yet")
		return func() (profile.Store, error) { return pebblestore.Open(pebblestore.Config{Dir: dir}) }
	})
}

// faulty is a file system that fails when told to.
type faulty struct {
	vfs.FS
	fail atomic.Pointer[func(errorfs.Op) error]
}

func newFaulty() *faulty {
	f := &faulty{}
	f.FS = errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fail := f.fail.Load(); fail != nil {
			return (*fail)(op)
		}
		return nil
	}))
	return f
}

// set makes operations fail with err, of which match is true.
func (f *faulty) set(err error, match func(errorfs.Op) bool) {
	fn := func(op errorfs.Op) error {
		if match(op) {
			return &os.PathError{Op: "fault", Path: op.Path, Err: err}
		}
		return nil
	}
	f.fail.Store(&fn)
}

func writes(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }

func wantAdvice(t *testing.T, err, kind error, advice string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(fmt.Sprint(err), advice) {
		t.Errorf("error %v; want %q with the advice %q", err, kind, advice)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		cause, kind error
		advice      string
	}{
		{syscall.ENOSPC, profile.ErrDiskFull, "free some space on the disk that holds data"},
		{syscall.EROFS, profile.ErrReadOnly, "make data writable for this user"},
		{syscall.EACCES, profile.ErrReadOnly, "make data writable for this user"},
	} {
		fs := newFaulty()
		fs.set(c.cause, writes)
		_, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
		wantAdvice(t, err, c.kind, c.advice)
	}
}

func TestEveryFailingOperationOfOpenIsAnError(t *testing.T) {
	for n := int32(0); ; n++ {
		fs := newFaulty()
		var left atomic.Int32
		left.Store(n)
		fs.set(syscall.ENOSPC, func(op errorfs.Op) bool { return writes(op) && left.Add(-1) < 0 })
		s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
		if err == nil {
			if n < 5 {
				t.Errorf("opened a store with %d writes", n)
			}
			s.Close()
			return
		}
		if !errors.Is(err, profile.ErrDiskFull) {
			t.Errorf("write %d of Open fails: %v, want ErrDiskFull", n, err)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("PEBBLESTORE_TEST_DIR") != "" { // the other process
		_, err := pebblestore.Open(pebblestore.Config{Dir: os.Getenv("PEBBLESTORE_TEST_DIR")})
		fmt.Println(err, errors.Is(err, profile.ErrLocked))
		return
	}
	s, err := pebblestore.Open(pebblestore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = pebblestore.Open(pebblestore.Config{Dir: dir})
	wantAdvice(t, err, profile.ErrLocked, "stop the bidwell that uses "+dir)

	other := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	other.Env = append(os.Environ(), "PEBBLESTORE_TEST_DIR="+dir)
	out, err := other.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "stop the bidwell that uses "+dir) || !strings.Contains(string(out), " true") {
		t.Errorf("another process opens the directory: %v\n%s", err, out)
	}
}

func TestNewerSchema(t *testing.T) {
	fs := vfs.NewMem()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	b := profile.Batch{Sync: true}
	b.PutMeta("schema", fmt.Append(nil, pebblestore.Schema+1))
	if err := s.Apply(&b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
	wantAdvice(t, err, profile.ErrNewer, "run the newer version")
}

// TestOlderSchema opens a store of version 1: it becomes one of today's, which the
// program of then refuses.
func TestOlderSchema(t *testing.T) {
	fs := vfs.NewMem()
	for _, written := range []string{"1", ""} {
		s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := s.Meta("schema"); string(v) != fmt.Sprint(pebblestore.Schema) {
			t.Errorf("schema %q, %v; want %d", v, err, pebblestore.Schema)
		}
		if written != "" {
			b := profile.Batch{Sync: true}
			b.PutMeta("schema", []byte(written))
			if err := s.Apply(&b); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblestore.Open(pebblestore.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob(filepath.Join(dir, "MANIFEST-*"))
	if err != nil || len(manifests) == 0 {
		t.Fatalf("no manifest in %s: %v", dir, err)
	}
	for _, m := range manifests {
		if err := os.WriteFile(m, []byte("this is no manifest, and long enough to be read as one"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err = pebblestore.Open(pebblestore.Config{Dir: dir})
	wantAdvice(t, err, profile.ErrDamaged, "restore the directory from a backup")
}

// TestFullDisk lets the disk fill up under a running store: writes fail and say
// so, none of them hangs, reads go on.
func TestFullDisk(t *testing.T) {
	fs := newFaulty()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	put := func(i int, sync bool) error {
		b := profile.Batch{Sync: sync}
		b.Put(profiletest.Key(i), make(profile.Record, 4096))
		return s.Apply(&b)
	}
	if err := put(0, true); err != nil {
		t.Fatal(err)
	}
	fs.set(syscall.ENOSPC, writes)
	wantAdvice(t, put(1, true), profile.ErrDiskFull, "free some space")
	for i := range 100 {
		wantAdvice(t, put(i, i%2 == 0), profile.ErrDiskFull, "free some space")
	}
	if _, err := s.Get(profiletest.Key(0), nil); err != nil {
		t.Errorf("Get on a full disk: %v", err)
	}
	fs.fail.Store(nil)
	for put(2, true) != nil { // until the store has noticed
		runtime.Gosched()
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close after there is space again: %v", err)
	}
}

// TestCloseOnFullDisk: closing says that it cannot.
func TestCloseOnFullDisk(t *testing.T) {
	fs := newFaulty()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	fs.set(syscall.ENOSPC, writes)
	b := profile.Batch{Sync: true}
	b.Put(profiletest.Key(1), profile.Record("one"))
	wantAdvice(t, s.Apply(&b), profile.ErrDiskFull, "free some space")
	wantAdvice(t, s.Close(), profile.ErrDiskFull, "free some space")
}

// TestFullDiskUnsynced is TestFullDisk for writes that do not wait for the disk:
// the failure shows a little later.
func TestFullDiskUnsynced(t *testing.T) {
	fs := newFaulty()
	s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs, MemTableSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	fs.set(syscall.ENOSPC, writes)
	for i := range 10_000 {
		var b profile.Batch
		b.Put(profiletest.Key(i), make(profile.Record, 4096))
		if err := s.Apply(&b); err != nil {
			wantAdvice(t, err, profile.ErrDiskFull, "free some space")
			return
		}
	}
	t.Error("40 MB were written to a full disk")
}

// TestUnreadable lets reads fail, for a while.
func TestUnreadable(t *testing.T) {
	fs := newFaulty()
	open := func() profile.Store {
		s, err := pebblestore.Open(pebblestore.Config{Dir: "data", FS: fs, CacheBytes: 1 << 10})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const people = 1000
	s := open()
	b := profile.Batch{Sync: true}
	for i := range people {
		b.Put(profiletest.Key(i), make(profile.Record, 1000))
	}
	if err := s.Apply(&b); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first time from the log to a sorted file, the second to read that
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
	}
	unread := func() (n int) {
		for i := range people {
			_, err := s.Get(profiletest.Key(i), nil)
			if err != nil && !errors.Is(err, syscall.EIO) {
				t.Errorf("Get: %v, want the disk's error or none", err)
			}
			if err != nil {
				n++
			}
		}
		return n
	}
	fs.set(syscall.EIO, func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileReadAt })
	if n := unread(); n < people/2 {
		t.Errorf("%d of %d records could not be read from a failing disk, want most", n, people)
	}
	fs.fail.Store(nil)
	if n := unread(); n > 0 {
		t.Errorf("%d records could not be read after the disk had recovered", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
