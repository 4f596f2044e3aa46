package profile

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"bidwell/ad"
)

// purgePrefix begins the names under which the keys stand, in hexadecimal, of what
// was erased and may still lie in the store's files.
const purgePrefix = "purge/"

// Purger is a Store whose files hold what was erased until they are rewritten.
type Purger interface {
	// Purge rewrites the files that hold what was erased under keys and names.
	Purge(ctx context.Context, keys []ad.PersonID, names []string) error
}

// Purge has the store rewrite the files that hold people who were erased, unless
// that was done since. It reports how many identifiers it was about, takes a
// second or minutes, and may run beside everything else.
func (p *Profiles) Purge(ctx context.Context) (int, error) {
	store, ok := p.store.(Purger)
	if !ok {
		return 0, nil
	}
	var keys []ad.PersonID
	var names []string
	b := Batch{Sync: true}
	err := p.store.ScanMeta(purgePrefix, func(name string, _ []byte) error {
		var key ad.PersonID
		if n, err := hex.Decode(key[:], []byte(strings.TrimPrefix(name, purgePrefix))); err != nil || n != len(key) {
			return fmt.Errorf("%w: %q is not the name of somebody erased", ErrDamaged, name)
		}
		keys, names = append(keys, key), append(names, linkName(key))
		b.DeleteMeta(name)
		return nil
	})
	if err == nil && len(keys) > 0 {
		err = store.Purge(ctx, keys, names)
	}
	if err == nil && len(keys) > 0 {
		err = p.store.Apply(&b)
	}
	if err != nil {
		return 0, fmt.Errorf("purge who was erased from the files: %w", err)
	}
	return len(keys), nil
}
