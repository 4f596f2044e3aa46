package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"bidwell/ad"
	"bidwell/internal/disktest"
)

// faulty is a file system that fails when told to.
type faulty struct {
	vfs.FS
	fail atomic.Pointer[func(errorfs.Op) error]
}

func newFaulty(under vfs.FS) *faulty {
	f := &faulty{}
	f.FS = errorfs.Wrap(under, errorfs.InjectorFunc(func(op errorfs.Op) error {
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

func syncs(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
}

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
		{syscall.ENOSPC, ErrDiskFull, "free some space on the disk that holds data"},
		{syscall.EROFS, ErrReadOnly, "make data writable for this user"},
		{syscall.EACCES, ErrReadOnly, "make data writable for this user"},
	} {
		fs := newFaulty(vfs.NewMem())
		fs.set(c.cause, writes)
		_, err := Open(Config{Dir: "data", FS: fs})
		wantAdvice(t, err, c.kind, c.advice)
	}
}

func TestEveryFailingOperationOfOpenIsAnError(t *testing.T) {
	for n := int32(0); ; n++ {
		fs := newFaulty(vfs.NewMem())
		var left atomic.Int32
		left.Store(n)
		fs.set(syscall.ENOSPC, func(op errorfs.Op) bool { return writes(op) && left.Add(-1) < 0 })
		l, err := Open(Config{Dir: "data", FS: fs})
		if err == nil {
			if n < 5 {
				t.Errorf("opened a ledger with %d writes", n)
			}
			l.Close()
			return
		}
		if !errors.Is(err, ErrDiskFull) {
			t.Errorf("write %d of Open fails: %v, want ErrDiskFull", n, err)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Config{Dir: dir})
	defer closeIt(t, l)
	_, err := Open(Config{Dir: dir})
	wantAdvice(t, err, ErrLocked, "stop the bidwell that uses "+dir)
}

// TestReadWhileAFileIsHeld reads everything while the disk has no room for the
// list of the database's files.
func TestReadWhileAFileIsHeld(t *testing.T) {
	fs := newFaulty(vfs.NewMem())
	l := open(t, Config{FS: fs, MemTableSize: 64 << 10})
	fs.set(syscall.ENOSPC, func(op errorfs.Op) bool {
		return op.Kind == errorfs.OpFileWrite && strings.Contains(op.Path, "MANIFEST")
	})
	there := make(map[once]ad.Money)
	for i := uint64(0); l.Health() == nil; i++ { // until the memory table is written
		e := event(ad.EventBilling, i, 3)
		if r, err := l.Append(e); err == nil && r == ad.OK {
			there[once{e.Bid, markOf(e)}] = e.Price
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if r, err := l.Verify(context.Background(), nil); err != nil || !r.OK() {
			t.Errorf("verify: %v, %+v", err, r)
		}
		if d, err := l.Replay(context.Background(), nil); err != nil || !d.OK() {
			t.Errorf("replay: %v, %+v", err, d)
		}
		if err := l.Accounts(func(*Account) error { return nil }); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a reader waits for the disk")
	}
	fs.fail.Store(nil)
	for l.Health() != nil { // until the ledger has noticed
		runtime.Gosched()
	}
	closeIt(t, l)
	l = open(t, Config{FS: fs})
	wantEvents(t, l, there)
	wantSound(t, l)
	closeIt(t, l)
}

// TestFullDisk fills the disk under a running ledger, again and again. Nothing
// hangs; what was acknowledged, or told to be late, is there once, and nothing
// else counts.
func TestFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	fs := newFaulty(mem)
	var mu sync.Mutex
	there := make(map[once]ad.Money)
	note := func(e *ad.Event) {
		mu.Lock()
		defer mu.Unlock()
		k := once{e.Bid, markOf(e)}
		if _, twice := there[k]; twice {
			t.Errorf("%s of bid %s was accepted twice", e.Kind, e.Bid)
		}
		there[k] = e.Price
	}
	l := open(t, Config{FS: fs, Late: note, MemTableSize: 64 << 10})
	for round := range uint64(5) {
		if round > 0 {
			// A sync that fails is another matter: see TestFailedSync.
			fs.set(syscall.ENOSPC, func(op errorfs.Op) bool { return writes(op) && !syncs(op) })
		}
		var wg sync.WaitGroup
		var failed atomic.Int32
		for w := range uint64(8) {
			wg.Go(func() {
				for i := range uint64(20) {
					e := event(ad.EventBilling, round*10_000+w*100+i, 3)
					r, err := l.Append(e)
					switch {
					case err != nil:
						failed.Add(1)
						wantAdvice(t, err, ErrDiskFull, "free some space")
					case r == ad.OK:
						note(e)
					}
				}
			})
		}
		wg.Wait()
		if round == 0 {
			continue
		}
		if failed.Load() != 8*20 {
			t.Errorf("%d of 160 events failed on a full disk", failed.Load())
		}
		wantAdvice(t, l.Health(), ErrDiskFull, "free some space")
		wantAdvice(t, l.SetState("k", nil), ErrDiskFull, "free some space")
		if r, err := l.Verify(context.Background(), nil); err != nil || !r.OK() {
			t.Errorf("verify on a full disk: %v, %+v", err, r)
		}
		fs.fail.Store(nil)
		for l.Health() != nil { // until the ledger has noticed
			runtime.Gosched()
		}
	}
	closeIt(t, l)
	l = open(t, Config{FS: mem})
	if spend := wantEvents(t, l, there); spend != ad.Money(3*len(there)) {
		t.Errorf("the events cost %v, want 3 for each of %d that were acknowledged or late", spend, len(there))
	}
	if total, _ := figureOf(t, l, event(ad.EventWin, 0, 0).Line); total.Charges != uint64(len(there)) {
		t.Errorf("the account was charged %d times, want %d", total.Charges, len(there))
	}
	wantSound(t, l)
	closeIt(t, l)
}

// TestOpenOnFullDiskAfterCrash: a log that is to be flushed first. Every write
// of it may be the first that fails. Once there is space, it opens with all that
// was acknowledged.
func TestOpenOnFullDiskAfterCrash(t *testing.T) {
	mem := disktest.New()
	l := open(t, Config{FS: mem})
	acknowledged := make(map[once]ad.Money)
	for n := range uint64(50) {
		mustAppend(t, l, event(ad.EventBilling, n, 1), ad.OK)
		acknowledged[once{bidOf(n), mark(ad.EventBilling)}] = 1
	}
	for n := int32(0); ; n++ {
		crashed := mem.CrashClone(vfs.CrashCloneCfg{})
		fs := newFaulty(crashed)
		var left atomic.Int32
		left.Store(n)
		fs.set(syscall.ENOSPC, func(op errorfs.Op) bool { return writes(op) && !syncs(op) && left.Add(-1) < 0 })
		after, err := Open(Config{Dir: "data", FS: fs})
		if err == nil && n < 5 {
			t.Errorf("opened a crashed ledger with %d writes", n)
		}
		if err != nil {
			wantAdvice(t, err, ErrDiskFull, "free some space")
			fs.fail.Store(nil)
			for err != nil { // until what was held has let go
				after, err = Open(Config{Dir: "data", FS: fs})
				if err != nil && !errors.Is(err, ErrLocked) {
					t.Fatalf("open with space again: %v", err)
				}
				runtime.Gosched()
			}
		}
		done := left.Load() >= 0
		fs.fail.Store(nil)
		wantEvents(t, after, acknowledged)
		wantSound(t, after)
		for after.Close() != nil { // until it has noticed
			runtime.Gosched()
		}
		if done {
			break
		}
	}
	closeIt(t, l)
}

// TestCloseOnFullDisk: closing says that it cannot, and can later.
func TestCloseOnFullDisk(t *testing.T) {
	fs := newFaulty(vfs.NewMem())
	l := open(t, Config{FS: fs})
	fs.set(syscall.ENOSPC, writes)
	_, err := l.Append(event(ad.EventWin, 1, 0))
	wantAdvice(t, err, ErrDiskFull, "free some space")
	wantAdvice(t, l.Close(), ErrDiskFull, "free some space")
	fs.fail.Store(nil)
	for l.Close() != nil {
		runtime.Gosched()
	}
	if _, err := l.Append(event(ad.EventWin, 2, 0)); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v, want ErrClosed", err)
	}
}

// TestFailedSync: what a failed sync left on the disk nobody knows. Nothing is
// accepted any more, and a restart goes on.
func TestFailedSync(t *testing.T) {
	mem := disktest.New()
	fs := newFaulty(mem)
	l := open(t, Config{FS: fs})
	mustAppend(t, l, event(ad.EventBilling, 1, 1), ad.OK)
	fs.set(syscall.EIO, syncs)
	for n := range uint64(3) {
		if _, err := l.Append(event(ad.EventBilling, 2+n, 1)); !errors.Is(err, syscall.EIO) {
			t.Errorf("Append when syncing fails: %v, want EIO", err)
		}
	}
	fs.fail.Store(nil)
	if l.Health() == nil {
		t.Error("after a failed sync the ledger claims to be healthy")
	}
	l = open(t, Config{FS: mem.CrashClone(vfs.CrashCloneCfg{})})
	wantEvents(t, l, map[once]ad.Money{{bidOf(1), mark(ad.EventBilling)}: 1})
	wantSound(t, l)
	closeIt(t, l)
}

func TestNewerSchema(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, Config{FS: fs})
	if err := l.write(func(b *pebble.Batch) error { return setNumber(b, keySchema, uint64(Schema+1)) }); err != nil {
		t.Fatal(err)
	}
	closeIt(t, l)
	_, err := Open(Config{Dir: "data", FS: fs})
	wantAdvice(t, err, ErrNewer, "run the newer version")
}

// TestMigrate brings a ledger two versions further, with a crash after the first.
func TestMigrate(t *testing.T) {
	fs := vfs.NewMem()
	l := open(t, Config{FS: fs})
	if err := l.SetState("x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	appendTo := func(text string) func(pebble.Reader, *pebble.Batch) error {
		return func(r pebble.Reader, b *pebble.Batch) error {
			v, err := readValue(r, stateKey("x"))
			if err != nil {
				return err
			}
			return b.Set(stateKey("x"), append(v, text...), nil)
		}
	}
	fails := func(pebble.Reader, *pebble.Batch) error { return errors.New("power cut") }
	if err := l.migrate(append(slices.Clip(migrations), appendTo("2"), fails)); err == nil {
		t.Error("a failed migration is no error")
	}
	if err := l.migrate(append(slices.Clip(migrations), appendTo("again"), appendTo("3"))); err != nil {
		t.Error(err)
	}
	if v, err := l.State("x"); string(v) != "123" || err != nil {
		t.Errorf("migrated to %q, %v; want 123", v, err)
	}
	closeIt(t, l)
}

func TestForeignDatabase(t *testing.T) {
	fs := vfs.NewMem()
	db, err := pebble.Open("data", &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatValueSeparation, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte("k"), []byte("v"), pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Config{Dir: "data", FS: fs})
	wantAdvice(t, err, ErrDamaged, "restore the directory from a backup")
}

// written returns a directory with a ledger of many events, part of them in
// sorted files and part in the log, and the names of the sorted files in use.
func written(t *testing.T) (dir string, files []string) {
	dir = t.TempDir()
	l := open(t, Config{Dir: dir, MemTableSize: 64 << 10})
	var wg sync.WaitGroup
	for w := range uint64(32) {
		wg.Go(func() {
			for i := range uint64(100) {
				mustAppend(t, l, event(ad.EventBilling, w*100+i, 1), ad.OK)
			}
		})
	}
	wg.Wait()
	if err := l.db.Flush(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, event(ad.EventBilling, 1_000_000, 1), ad.OK)
	wantSound(t, l)
	if err := l.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false); err != nil { // nothing is left to be merged behind our back
		t.Fatal(err)
	}
	levels, err := l.db.SSTables()
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range levels {
		for _, table := range level {
			files = append(files, fmt.Sprintf("%06d.sst", table.FileNum))
		}
	}
	closeIt(t, l)
	return dir, files
}

// TestDamage flips bits in, and cuts, every file of a ledger. Either Open
// refuses with an advice, or Verify finds it, or it was in nothing that is used.
func TestDamage(t *testing.T) {
	dir, files := written(t)
	if len(files) == 0 {
		t.Fatalf("no sorted files in %s", dir)
	}
	for _, file := range files {
		whole, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{len(whole) / 20, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= 0x10
			wantFound(t, dir, file, damaged, fmt.Sprintf("bit flipped at %d of %d", at, len(whole)))
		}
		wantFound(t, dir, file, whole[:len(whole)/2], "cut in the middle")
	}
	l := open(t, Config{Dir: dir})
	wantSound(t, l)
	closeIt(t, l)
}

// TestMissing takes away what says which files are in use, the manifest, and the
// sorted files. Open refuses, and once it is put back, nothing is missing.
func TestMissing(t *testing.T) {
	dir, _ := written(t)
	for _, name := range []string{"marker.manifest.*", "MANIFEST-*", "*.sst"} {
		found, err := filepath.Glob(filepath.Join(dir, name))
		if err != nil || len(found) == 0 {
			t.Fatalf("there is no %s in %s: %v", name, dir, err)
		}
		for _, path := range found {
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = Open(Config{Dir: dir})
		wantAdvice(t, err, ErrDamaged, "restore the directory from a backup")
		for _, path := range found {
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
		}
		l := open(t, Config{Dir: dir})
		if r := wantSound(t, l); r.Events != 3201 {
			t.Errorf("without %s for a while there are %d events, want 3201", name, r.Events)
		}
		closeIt(t, l)
	}
}

// TestDamagedLog flips bits in, and cuts, the log of a ledger that was not
// closed. Open refuses it, rather than go on without events that it promised to
// keep.
func TestDamagedLog(t *testing.T) {
	mem := vfs.NewMem()
	l := open(t, Config{FS: mem})
	var wg sync.WaitGroup
	for w := range uint64(8) {
		wg.Go(func() {
			for i := range uint64(50) {
				mustAppend(t, l, event(ad.EventBilling, w*100+i, 1), ad.OK)
			}
		})
	}
	wg.Wait()
	name, whole := logOf(t, mem)
	defer closeIt(t, l)
	for _, at := range []int{len(whole) / 5, len(whole) / 2, len(whole) * 3 / 4} {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x10
		_, err := Open(Config{Dir: "data", FS: copyWith(t, mem, name, damaged)})
		wantAdvice(t, err, ErrDamaged, "restore the directory from a backup")
	}
	for _, end := range []int{0, len(whole) / 2, len(whole) - 10} {
		_, err := Open(Config{Dir: "data", FS: copyWith(t, mem, name, whole[:end])})
		wantAdvice(t, err, ErrDamaged, "restore the directory from a backup")
	}
}

// logOf returns the name and the content of the log.
func logOf(t *testing.T, fs vfs.FS) (string, []byte) {
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			return name, content(t, fs, "data/"+name)
		}
	}
	t.Fatalf("no log in %v", names)
	return "", nil
}

func content(t *testing.T, fs vfs.FS, name string) []byte {
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// copyWith returns a copy of the ledger in which a file has another content.
func copyWith(t *testing.T, from vfs.FS, file string, as []byte) vfs.FS {
	to := vfs.NewMem()
	names, err := from.List("data")
	if err == nil {
		err = to.MkdirAll("data", 0o755)
	}
	for _, name := range names {
		if err != nil {
			break
		}
		text := as
		if name != file {
			text = content(t, from, "data/"+name)
		}
		var f vfs.File
		if f, err = to.Create("data/"+name, vfs.WriteCategoryUnspecified); err == nil {
			_, err = f.Write(text)
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func wantFound(t *testing.T, whole, file string, content []byte, what string) {
	t.Helper()
	dir := t.TempDir() // a copy each time: opening changes which files are used
	if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Open(Config{Dir: dir})
	if err != nil {
		wantAdvice(t, err, ErrDamaged, "restore the directory from a backup")
		return
	}
	r, err := l.Verify(context.Background(), nil)
	if err != nil || r.OK() {
		t.Errorf("%s, %s: verify finds nothing: %v, %+v", file, what, err, r)
	}
	if _, err := l.Replay(context.Background(), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("%s, %s: replay gives %v, want ErrDamaged", file, what, err)
	}
	l.Close()
}

// TestVerifySaysWhere changes single values behind the ledger's back.
func TestVerifySaysWhere(t *testing.T) {
	line := event(ad.EventWin, 0, 0).Line
	k3, k5 := eventKey(3), eventKey(5)
	m2 := markKey(uint32((noon-1)/3600), bidOf(2))
	for _, c := range []struct {
		name   string
		change func(b *pebble.Batch) error
		where  string
	}{
		{"event changed", func(b *pebble.Batch) error { return b.Set(k3[:], []byte("not an event at all"), nil) }, "event 3: the checksum"},
		{"event gone", func(b *pebble.Batch) error { return b.Delete(k5[:], nil) }, "events 5 to 5: are missing"},
		{"figure changed", func(b *pebble.Batch) error {
			return b.Set(accountKey{id: line}.append(nil), (&Figure{Spend: 999}).append(nil), nil)
		}, fmt.Sprintf("account %016x: stored is {Spend:0.000000999", uint64(line))},
		{"figure gone", func(b *pebble.Batch) error { return b.Delete(accountKey{id: line}.append(nil), nil) }, "stored is nothing"},
		{"mark gone", func(b *pebble.Batch) error { return b.Delete(m2[:], nil) }, "marks of bids of 2026-"},
		{"mark added", func(b *pebble.Batch) error {
			k := markKey(uint32(noon/3600), bidOf(77))
			return b.Set(k[:], markSet(0).with(3).bytes(), nil)
		}, "marks of bids of 2026-"},
	} {
		l := open(t, Config{FS: vfs.NewMem()})
		for n := range uint64(10) {
			mustAppend(t, l, event(ad.EventBilling, n, 1), ad.OK)
		}
		if err := l.write(c.change); err != nil {
			t.Fatal(err)
		}
		r, err := l.Verify(context.Background(), nil)
		if err != nil || !strings.Contains(fmt.Sprint(r.Problems), c.where) {
			t.Errorf("%s: verify gives %v, %v; want %q", c.name, err, r.Problems, c.where)
		}
		closeIt(t, l)
	}
}
