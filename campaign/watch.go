package campaign

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settleTime is how long a directory must be quiet before it is read again, so
// that an editor or a copy has written all of it.
const settleTime = 100 * time.Millisecond

// Watch calls changed after something in the configuration directory changed,
// until ctx is done. It watches directories and not files, because editors
// rename and Kubernetes swaps a link. Folders that appear later are watched from
// then on.
func Watch(ctx context.Context, dir string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	defer w.Close()
	if err := w.Add(dir); err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	watchFolders(w, dir)
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-w.Events:
			if !ok {
				return nil
			}
			if ev.Op != fsnotify.Chmod {
				quiet.Reset(settleTime)
			}
		case <-w.Errors: // an overflow: something changed, whatever it was
			quiet.Reset(settleTime)
		case <-quiet.C:
			watchFolders(w, dir)
			changed()
		}
	}
}

// watchFolders watches the folders of the directory. One that cannot be watched
// is reported by the compiler if it matters.
func watchFolders(w *fsnotify.Watcher, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			w.Add(path)
			if sub, err := os.ReadDir(path); err == nil && len(sub) < 1000 {
				addFolders(w, path, sub)
			}
		}
	}
}

func addFolders(w *fsnotify.Watcher, path string, entries []os.DirEntry) {
	for _, e := range entries {
		if e.IsDir() {
			w.Add(filepath.Join(path, e.Name()))
		}
	}
}
