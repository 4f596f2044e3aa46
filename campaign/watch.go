package campaign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settleTime is how long a directory must be quiet before it is read again, so
	// that an editor or a copy has written all of it.
	settleTime = 100 * time.Millisecond
	// longestWait is how long it may be unquiet before it is read all the same.
	longestWait = 20 * settleTime
)

// Watcher notices changes of one configuration directory. It watches directories
// and not files, because editors rename and Kubernetes swaps a link, and it goes
// on if the directory itself is replaced. Folders that appear later are watched
// from then on. Files that are none of a configuration, such as those of a data
// directory within it, count for nothing.
type Watcher struct {
	dir, parent string
	notify      *fsnotify.Watcher
	folders     map[string]bool // of the directory, as last seen
}

// NewWatcher begins to watch: what changes after it returned is noticed by Run.
func NewWatcher(dir string) (*Watcher, error) {
	w, err := newWatcher(dir)
	if err != nil {
		return nil, fmt.Errorf("watch the configuration: %w", err)
	}
	return w, nil
}

func newWatcher(dir string) (*Watcher, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{dir: dir, parent: filepath.Dir(dir), notify: notify}
	if err := w.attach(); err != nil {
		notify.Close()
		return nil, err
	}
	return w, nil
}

// Close ends what NewWatcher began, if Run was not called.
func (w *Watcher) Close() error { return w.notify.Close() }

// Run calls changed after changes until ctx is done.
func (w *Watcher) Run(ctx context.Context, changed func()) {
	defer w.notify.Close()
	quiet, latest := time.NewTimer(time.Hour), time.NewTimer(time.Hour)
	quiet.Stop()
	latest.Stop()
	pending := false
	note := func() {
		quiet.Reset(settleTime)
		if !pending {
			latest.Reset(longestWait)
		}
		pending = true
	}
	settled := func() {
		quiet.Stop()
		latest.Stop()
		pending = false
		_ = w.attach() // if the directory is gone, its return is seen in the one above
		changed()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if w.concerns(ev) {
				note()
			}
		case <-w.notify.Errors: // an overflow: something changed, whatever it was
			note()
		case <-quiet.C:
			settled()
		case <-latest.C:
			settled()
		}
	}
}

// attach watches the directory, the one above it and the folders in it, all
// afresh, since a path may lead elsewhere than it did. What happens between is
// not lost, because changed is called afterwards.
func (w *Watcher) attach() error {
	for _, path := range w.notify.WatchList() {
		_ = w.notify.Remove(path) // it is gone: as well
	}
	w.folders = map[string]bool{}
	if w.parent != w.dir {
		_ = w.notify.Add(w.parent) // without it all works but the replacement of dir
	}
	if err := w.notify.Add(w.dir); err != nil {
		return fmt.Errorf("%s: %w", w.dir, err)
	}
	for _, folder := range foldersIn(w.dir) {
		if err := w.add(folder); err != nil {
			return err
		}
		for _, sub := range foldersIn(folder) {
			if err := w.add(sub); err != nil {
				return err
			}
		}
	}
	return nil
}

// add watches a folder. One that has gone, or may not be read, is passed over:
// if it matters, the compiler says so.
func (w *Watcher) add(folder string) error {
	w.folders[folder] = true
	err := w.notify.Add(folder)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return fmt.Errorf("%s: %w", folder, err)
}

// mostFolders bounds the folders that are watched in one directory. One that has
// more is no part of a configuration.
const mostFolders = 200

// foldersIn returns the folders of a directory that are not hidden, and links to
// such.
func foldersIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var folders []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && (e.IsDir() || e.Type()&fs.ModeSymlink != 0) && isFolder(path) {
			folders = append(folders, path)
		}
	}
	if len(folders) > mostFolders {
		return nil
	}
	return folders
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// concerns reports whether an event may have changed the configuration.
func (w *Watcher) concerns(ev fsnotify.Event) bool {
	folder, name := filepath.Split(ev.Name)
	folder = filepath.Clean(folder)
	switch {
	case ev.Op == fsnotify.Chmod:
		return false
	case ev.Name == w.dir:
		return true
	case folder == w.parent && w.parent != w.dir:
		return false
	case w.folders[ev.Name] || isFolder(ev.Name): // ..data of Kubernetes is a link to one
		return true
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~"):
		return false // hidden: an editor's
	}
	own := []string{audienceFolder, campaignFolder, tableFolder, topicFolder, "creatives"}
	known := []string{".yaml", ".yml", ".csv", ".html", ".htm"}
	return slices.Contains(own, filepath.Base(folder)) || slices.Contains(known, strings.ToLower(filepath.Ext(name)))
}
