package ledger

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"

	"bidwell/internal/prose"
)

// highwater is a file beside the database that holds the number of durable
// events. A log that was cut at its end, or is gone, looks to Pebble like one
// after a crash. The number tells: it is written after the events are synced,
// so that it is never too high. It is not synced itself; after a power cut it
// may be too low, and prove less.
type highwater struct {
	file vfs.File
	buf  []byte
}

// highwaterName is the name of the file, and highwaterSize how many digits it
// holds.
const (
	highwaterName = "HIGHWATER"
	highwaterSize = 20
)

// openHighwater opens the file and compares it with the number of the next
// event.
func (l *Ledger) openHighwater() error {
	name := filepath.Join(l.config.Dir, highwaterName)
	file, err := l.config.FS.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	l.highwater.file = file
	digits := make([]byte, highwaterSize)
	if n, err := file.ReadAt(digits, 0); err != nil && err != io.EOF || n < highwaterSize {
		return nil // new, or from before a power cut
	}
	high, err := strconv.ParseUint(string(digits), 10, 64)
	if next := l.next.Load(); err == nil && high > next {
		return fmt.Errorf("%w: %s lost that had been acknowledged, %s ends at number %d of %d: restore the directory from a backup, or delete %s to go on without them",
			ErrDamaged, prose.Count(high-next, "event"), l.config.Dir, next, high, name)
	}
	return nil
}

// write notes that events below a number are durable. What fails here only
// weakens the proof.
func (h *highwater) write(next uint64) {
	h.buf = fmt.Appendf(h.buf[:0], "%0*d\n", highwaterSize, next)
	_, _ = h.file.WriteAt(h.buf, 0)
}
