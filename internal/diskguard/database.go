package diskguard

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// errBereft says that a directory holds data of a database, but nothing that says
// which files are in use.
var errBereft = errors.New("the name of the manifest is gone (marker.manifest.*)")

// OpenDatabase opens a database of Pebble's, or makes it. A directory with data
// whose manifest is not known Pebble takes for an empty one: it begins anew and
// removes the data. Here that is an error, which an Adviser calls damage, and
// everything stays as it is. It cannot come of a crash: a new database has a
// manifest before it has data.
func OpenDatabase(dir string, o *pebble.Options) (*pebble.DB, error) {
	found, err := pebble.Peek(dir, o.FS)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && !found.Exists {
		names, err := o.FS.List(dir)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".log") {
				return nil, errBereft
			}
		}
	}
	return pebble.Open(dir, o)
}
