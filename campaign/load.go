package campaign

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bidwell/internal/conf"
)

// Load reads and compiles the configuration whose process file is at path, such
// as configs/bidwell.yaml; the rest stands beside it. Nothing outside of that
// directory is read, whatever links say. Every problem is in the result; the
// snapshot is nil if any is an error, and err is set only if the directory
// cannot be read at all.
func Load(path string, now time.Time) (*Snapshot, *conf.Problems, error) {
	root, err := openRoot(path)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	ps := new(conf.Problems)
	return Compile(root.FS(), now, ps), ps, nil
}

// Reload is Load beside a bidder that serves: it takes breaks, so that requests need not
// wait for it, and up to a second longer. If something was edited meanwhile it begins
// again, without them: what was read before and after need not go together.
func Reload(path string, now time.Time) (*Snapshot, *conf.Problems, error) {
	root, err := openRoot(path)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	before, ps := edition(root.FS()), new(conf.Problems)
	s := compile(root.FS(), now, ps, newBreaks())
	if edition(root.FS()) != before {
		ps = new(conf.Problems)
		s = Compile(root.FS(), now, ps)
	}
	return s, ps, nil
}

// openRoot opens the directory of a process file.
func openRoot(path string) (*os.Root, error) {
	dir, name := filepath.Split(path)
	if name != ProcessFileName {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open the configuration: %w", err)
		}
		return nil, fmt.Errorf("%s: the configuration's first file is called %s; name it with --config", path, ProcessFileName)
	}
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the configuration: %w", err)
	}
	return root, nil
}

// edition is another one when a file of a configuration has been edited: the names, sizes
// and times of all files, also of those in its folders. What cannot be read is left out.
func edition(fsys fs.FS) string {
	var b strings.Builder
	list := func(folder string) (folders []string) {
		entries, _ := fs.ReadDir(fsys, folder)
		for _, e := range entries {
			if e.IsDir() {
				folders = append(folders, e.Name())
			}
			if info, err := e.Info(); err == nil {
				fmt.Fprintf(&b, "%s %s %d %d\n", folder, e.Name(), info.Size(), info.ModTime().UnixNano())
			}
		}
		return folders
	}
	for _, folder := range list(".") {
		list(folder)
	}
	return b.String()
}
