package campaign

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watched is a configuration directory on a real disk that is being watched.
type watched struct {
	*testing.T
	dir     string
	changes chan struct{}
}

// watch watches a directory within a new one, so that it can be replaced.
func watch(t *testing.T, setup func(dir string)) *watched {
	dir := filepath.Join(t.TempDir(), "configs")
	h := &watched{T: t, dir: dir, changes: make(chan struct{}, 1)}
	h.mkdir("campaigns")
	h.write("bidwell.yaml", "a")
	h.write("campaigns/roadster.yaml", "a")
	if setup != nil {
		setup(dir)
	}
	w, err := NewWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx, func() {
			select {
			case h.changes <- struct{}{}:
			default:
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return h
}

func (h *watched) path(name string) string { return filepath.Join(h.dir, name) }

func (h *watched) do(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *watched) write(name, text string) {
	h.Helper()
	h.do(os.WriteFile(h.path(name), []byte(text), 0o644))
}

func (h *watched) mkdir(name string) {
	h.Helper()
	h.do(os.MkdirAll(h.path(name), 0o755))
}

// changed waits until the change is noticed.
func (h *watched) changed() { <-h.changes }

func TestWatchNoticesWhatEditorsDo(t *testing.T) {
	h := watch(t, nil)
	h.write("campaigns/roadster.yaml", "b")
	h.changed()
	h.write("campaigns/.roadster.yaml.swp", "c")
	h.do(os.Rename(h.path("campaigns/.roadster.yaml.swp"), h.path("campaigns/roadster.yaml")))
	h.changed()
	h.write("campaigns/new.yaml", "a")
	h.changed()
	h.do(os.Remove(h.path("campaigns/new.yaml")))
	h.changed()
	h.write("bidwell.yaml", "b")
	h.changed()
}

func TestWatchFollowsNewFolders(t *testing.T) {
	h := watch(t, nil)
	h.mkdir("audiences")
	h.changed()
	h.write("audiences/travellers.yaml", "a")
	h.changed()
	h.do(os.Rename(h.path("audiences"), h.path("audiences.old")))
	h.changed()
	h.mkdir("audiences")
	h.changed()
	h.write("audiences/cooks.yaml", "a")
	h.changed()
	h.do(os.RemoveAll(h.path("audiences")))
	h.changed()
}

// TestWatchNoticesKubernetes swaps a link as the kubelet does for a ConfigMap.
func TestWatchNoticesKubernetes(t *testing.T) {
	publish := func(dir, version string) {
		folder := filepath.Join(dir, "campaigns", "..v"+version)
		for _, err := range []error{
			os.MkdirAll(folder, 0o755),
			os.WriteFile(filepath.Join(folder, "mounted.yaml"), []byte(version), 0o644),
			os.Symlink("..v"+version, filepath.Join(dir, "campaigns", "..data_tmp")),
			os.Rename(filepath.Join(dir, "campaigns", "..data_tmp"), filepath.Join(dir, "campaigns", "..data")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	h := watch(t, func(dir string) {
		publish(dir, "1")
		if err := os.Symlink("..data/mounted.yaml", filepath.Join(dir, "campaigns", "mounted.yaml")); err != nil {
			t.Fatal(err)
		}
	})
	for _, version := range []string{"2", "3"} {
		publish(h.dir, version)
		h.changed()
		if got, err := os.ReadFile(h.path("campaigns/mounted.yaml")); err != nil || string(got) != version {
			t.Errorf("got version %s, %v, want %s", got, err, version)
		}
	}
}

func TestWatchSurvivesTheReplacementOfTheDirectory(t *testing.T) {
	t.Run("by another directory", func(t *testing.T) {
		h := watch(t, nil)
		old := h.dir + ".old"
		h.do(os.Rename(h.dir, old))
		h.changed()
		h.mkdir("campaigns")
		h.changed()
		h.write("campaigns/roadster.yaml", "b")
		h.changed()
	})
	t.Run("by another link", func(t *testing.T) {
		base := t.TempDir()
		for _, release := range []string{"1", "2"} {
			if err := os.MkdirAll(filepath.Join(base, release, "campaigns"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		link := filepath.Join(base, "link")
		h := watch(t, func(dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.Symlink(filepath.Join(base, "1"), dir)); err != nil {
				t.Fatal(err)
			}
		})
		h.do(os.Symlink(filepath.Join(base, "2"), link))
		h.do(os.Rename(link, h.dir))
		h.changed()
		h.write("campaigns/roadster.yaml", "2")
		h.changed()
		if got, err := os.ReadFile(filepath.Join(base, "2", "campaigns", "roadster.yaml")); err != nil || string(got) != "2" {
			t.Errorf("release 2 has %q, %v", got, err)
		}
	})
}

// TestWatchReadsWhatNeverSettles keeps a file changing for longer than the
// watcher waits.
func TestWatchReadsWhatNeverSettles(t *testing.T) {
	h := watch(t, nil)
	tick := time.NewTicker(settleTime / 4)
	defer tick.Stop()
	for {
		select {
		case <-h.changes:
			return
		case <-tick.C:
			h.write("campaigns/roadster.yaml", "again")
		}
	}
}

// TestWatchedChanges holds what counts against what does not, among it the files
// of a data directory in the midst of the configuration.
func TestWatchedChanges(t *testing.T) {
	h := watch(t, func(dir string) {
		if err := os.MkdirAll(filepath.Join(dir, "data", "people"), 0o755); err != nil {
			t.Fatal(err)
		}
	})
	w, err := NewWatcher(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.notify.Close()
	f := func(name string, op fsnotify.Op, want bool) {
		t.Helper()
		if got := w.concerns(fsnotify.Event{Name: filepath.Join(h.dir, name), Op: op}); got != want {
			t.Errorf("%s of %q: got %v, want %v", op, name, got, want)
		}
	}
	f("", fsnotify.Remove, true)
	f("bidwell.yaml", fsnotify.Write, true)
	f("bidwell.yaml", fsnotify.Chmod, false)
	f("bidwell.yaml~", fsnotify.Create, false)
	f("campaigns", fsnotify.Remove, true)
	f("campaigns/roadster.yaml", fsnotify.Rename, true)
	f("campaigns/roadster.YML", fsnotify.Create, true)
	f("campaigns/.roadster.yaml.swp", fsnotify.Create, false)
	f("creatives/teaser.tmpl", fsnotify.Write, true)
	f("markup/teaser.html", fsnotify.Write, true)
	f("tables/zip.csv", fsnotify.Write, true)
	f("data/people/000012.sst", fsnotify.Create, false)
	f("data/people/000013.log", fsnotify.Write, false)
	f("data/people/MANIFEST-000001", fsnotify.Write, false)
	f("data/people/LOCK", fsnotify.Create, false)
	f("data/token.keys", fsnotify.Create, false)
	f("../neighbour", fsnotify.Create, false)
	f("../neighbour.yaml", fsnotify.Create, false)
}

func TestWatchOfWhatIsNotThere(t *testing.T) {
	_, err := NewWatcher(filepath.Join(t.TempDir(), "nothing"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w, err := NewWatcher(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.Run(ctx, func() { t.Error("nothing changed") })
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
