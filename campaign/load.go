package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bidwell/internal/conf"
)

// Load reads and compiles the configuration whose process file is at path, such
// as configs/bidwell.yaml; the rest stands beside it. Nothing outside of that
// directory is read, whatever links say. Every problem is in the result; the
// snapshot is nil if any is an error, and err is set only if the directory
// cannot be read at all.
func Load(path string, now time.Time) (*Snapshot, *conf.Problems, error) {
	return load(path, now, breaks{})
}

// Reload is Load beside a bidder that serves: it takes breaks, so that requests need not
// wait for it, and up to a second longer.
func Reload(path string, now time.Time) (*Snapshot, *conf.Problems, error) {
	return load(path, now, newBreaks())
}

func load(path string, now time.Time, b breaks) (*Snapshot, *conf.Problems, error) {
	dir, name := filepath.Split(path)
	if name != ProcessFileName {
		return nil, nil, fmt.Errorf("%s: the configuration's first file is called %s; name it with --config", path, ProcessFileName)
	}
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the configuration: %w", err)
	}
	defer root.Close()
	ps := new(conf.Problems)
	return compile(root.FS(), now, ps, b), ps, nil
}
