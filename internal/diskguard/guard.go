// Package diskguard stands between Pebble databases and the disk: it keeps a
// full disk from ending the process, and gives the errors of opening and
// writing a database a kind and an advice. Every package that keeps a Pebble
// database may import it.
package diskguard

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FS stands between Pebble and the file system. Pebble ends the process when
// its log cannot be written, as when the disk is full. The guard shows it no
// such error: it holds the operation, tells whoever waits for a write why, and
// tries again until it succeeds. So a full disk is an error for the writers,
// nothing for the readers, and mends itself once there is space. What failed in
// a sync is not tried again, as nobody knows what the disk then holds: such an
// operation is held until the process ends. Only a sorted file may fail in its
// sync: Pebble throws it away and writes another.
type FS struct {
	vfs.FS

	mu     sync.Mutex
	held   int           // operations
	err    error         // why, while held > 0
	raised chan struct{} // closed while held > 0
}

// retryPause is the time between attempts of an operation that is held.
const retryPause = 100 * time.Millisecond

// New returns a guard around a file system.
func New(under vfs.FS) *FS { return &FS{FS: under, raised: make(chan struct{})} }

// Trouble returns why operations are held, or nil, and a channel that is closed
// when one is.
func (g *FS) Trouble() (raised <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.raised, g.err
}

func (g *FS) hold(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held++; g.held == 1 {
		g.err = err
		close(g.raised)
	}
}

func (g *FS) letGo() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held--; g.held == 0 {
		g.err = nil
		g.raised = make(chan struct{})
	}
}

// passes reports whether Pebble is to see an error.
func (g *FS) passes(err error) bool {
	return err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)
}

// makes is passes for what makes or moves a file: that something is missing then
// means that the directory was taken away.
func (g *FS) makes(err error) bool { return err == nil || errors.Is(err, fs.ErrExist) }

// write does an operation that can be repeated.
func (g *FS) write(op func() error) error { return g.repeat(op, g.passes) }

func (g *FS) repeat(op func() error, passes func(error) bool) error {
	err := op()
	if passes(err) {
		return err
	}
	g.hold(err)
	defer g.letGo()
	for {
		time.Sleep(retryPause)
		if err = op(); passes(err) {
			return err
		}
	}
}

// sync does an operation that cannot.
func (g *FS) sync(op func() error) error {
	err := op()
	if g.passes(err) {
		return err
	}
	g.hold(err)
	select {}
}

// syncSorted syncs a file that Pebble writes anew if that fails. It does not let
// it do so all the time.
func (g *FS) syncSorted(op func() error) error {
	err := op()
	if !g.passes(err) {
		g.hold(err)
		time.Sleep(retryPause)
		g.letGo()
	}
	return err
}

func (g *FS) open(name string, passes func(error) bool, op func() (vfs.File, error)) (f vfs.File, err error) {
	err = g.repeat(func() (err error) { f, err = op(); return err }, passes)
	if err != nil {
		return nil, err
	}
	sync := g.sync
	if strings.HasSuffix(name, ".sst") {
		sync = g.syncSorted
	}
	return &guardedFile{f, g, sync}, nil
}

func (g *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, g.makes, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

func (g *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return g.open(name, g.passes, func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, o...) })
}

func (g *FS) ReuseForWrite(oldName, newName string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(newName, g.makes, func() (vfs.File, error) { return g.FS.ReuseForWrite(oldName, newName, c) })
}

func (g *FS) OpenDir(name string) (vfs.File, error) {
	return g.open(name, g.passes, func() (vfs.File, error) { return g.FS.OpenDir(name) })
}

func (g *FS) Link(oldName, newName string) error {
	return g.write(func() error { return g.FS.Link(oldName, newName) })
}

func (g *FS) Rename(oldName, newName string) error {
	return g.repeat(func() error { return g.FS.Rename(oldName, newName) }, g.makes)
}

func (g *FS) Unwrap() vfs.FS { return g.FS }

// guardedFile is a file that was opened to be written.
type guardedFile struct {
	vfs.File
	g    *FS
	sync func(op func() error) error
}

func (f *guardedFile) Write(p []byte) (written int, err error) {
	err = f.g.write(func() error {
		n, err := f.File.Write(p[written:])
		written += n
		return err
	})
	return written, err
}

func (f *guardedFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.g.write(func() (err error) { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}

func (f *guardedFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *guardedFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}
