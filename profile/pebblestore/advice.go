package pebblestore

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/profile"
)

// restore is the advice for a store that cannot be trusted any more.
const restore = "restore the directory from a backup, or move it away to begin with an empty one"

// advice is a cause with what to do about it. Its text leaves the cause to the
// end; errors.Is finds both.
type advice struct {
	kind, cause error
	text        string
}

func (a *advice) Error() string   { return fmt.Sprintf("%v: %s (%v)", a.kind, a.text, a.cause) }
func (a *advice) Unwrap() []error { return []error{a.kind, a.cause} }

// advise tells the errors apart about which somebody can do something.
func (s *Store) advise(err error) error {
	var known *advice
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &advice{profile.ErrDiskFull, err, "free some space on the disk that holds " + s.dir}
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return &advice{profile.ErrReadOnly, err, "make " + s.dir + " writable for this user, or choose another data directory"}
	case pebble.IsCorruptionError(err):
		return &advice{profile.ErrDamaged, err, s.dir + ": " + restore}
	case strings.Contains(err.Error(), "written in unknown format major version"):
		return &advice{profile.ErrNewer, err, "run the newer version, or choose another data directory than " + s.dir}
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s is not a directory: choose another data directory (%w)", s.dir, err)
	}
	return err
}

// adviseLock is advise for the failure to lock the directory. Who cannot make
// the lock file says why; any other failure is that somebody else holds it.
func (s *Store) adviseLock(err error) error {
	if a := s.advise(err); a != err || errors.Is(err, fs.ErrNotExist) {
		return a
	}
	return &advice{profile.ErrLocked, err, "stop the bidwell that uses " + s.dir + ", or choose another data directory"}
}
