package diskguard

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// Restore is the advice for a store that cannot be trusted any more.
const Restore = "restore the directory from a backup, or move it away to begin with an empty one"

// advice is a cause with what to do about it. Its text leaves the cause to the
// end; errors.Is finds both.
type advice struct {
	kind, cause error
	text        string
}

func (a *advice) Error() string   { return fmt.Sprintf("%v: %s (%v)", a.kind, a.text, a.cause) }
func (a *advice) Unwrap() []error { return []error{a.kind, a.cause} }

// Adviser gives errors of a database in Dir a kind that callers test for, and
// an advice for people.
type Adviser struct {
	Dir string

	Locked, ReadOnly, Full, Damaged, Newer error // the kinds
}

// Advise tells the errors apart about which somebody can do something. Others
// it returns as they are.
func (a *Adviser) Advise(err error) error {
	var known *advice
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &advice{a.Full, err, "free some space on the disk that holds " + a.Dir}
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return &advice{a.ReadOnly, err, "make " + a.Dir + " writable for this user, or choose another data directory"}
	case pebble.IsCorruptionError(err), errors.Is(err, errBereft), isDamage(err.Error()):
		return &advice{a.Damaged, err, a.Dir + ": " + Restore}
	case strings.Contains(err.Error(), "written in unknown format major version"):
		return &advice{a.Newer, err, "run the newer version, or choose another data directory than " + a.Dir}
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s is not a directory: choose another data directory (%w)", a.Dir, err)
	}
	return err
}

// isDamage recognises what Pebble does not mark as corruption: files that are cut
// or gone.
func isDamage(text string) bool {
	for _, of := range [...]string{"object size mismatch", "unknown to the objstorage provider", "could not open manifest file"} {
		if strings.Contains(text, of) {
			return true
		}
	}
	return false
}

// AdviseLock is Advise for the failure to lock the directory. Who cannot make
// the lock file says why; any other failure is that somebody else holds it.
func (a *Adviser) AdviseLock(err error) error {
	if known := a.Advise(err); known != err || errors.Is(err, fs.ErrNotExist) {
		return known
	}
	return &advice{a.Locked, err, "stop the bidwell that uses " + a.Dir + ", or choose another data directory"}
}
