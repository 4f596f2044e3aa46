package pebblestore

import (
	"bytes"
	"context"
	"fmt"

	"bidwell/ad"
	"bidwell/profile"
)

var _ profile.Purger = (*Store)(nil)

// mostApart is how many keys are purged one by one. Each is in a file or two of
// each level; of more keys that is most files, and all are rewritten at once.
const mostApart = 32

// Purge implements profile.Purger: it compacts what may hold the keys down to the
// last level, where a deletion leaves nothing.
func (s *Store) Purge(ctx context.Context, keys []ad.PersonID, names []string) error {
	ranges := [][2][]byte{{{metaPrefix}, {metaPrefix + 1}}, {{personPrefix}, {personPrefix + 1}}}
	if len(keys)+len(names) <= 2*mostApart {
		ranges = ranges[:0]
		for _, k := range keys {
			key := personKey(k)
			ranges = append(ranges, rangeOf(key[:]))
		}
		for _, name := range names {
			ranges = append(ranges, rangeOf(append([]byte{metaPrefix}, name...)))
		}
	}
	for _, r := range ranges {
		if _, err := s.guard.Trouble(); err != nil {
			return fmt.Errorf("purge profiles: %w", s.advice.Advise(err))
		}
		if err := s.db.Compact(ctx, r[0], r[1], true); err != nil {
			return fmt.Errorf("purge profiles: %w", s.advice.Advise(err))
		}
	}
	return nil
}

// rangeOf is a key, and the next that there could be.
func rangeOf(key []byte) [2][]byte { return [2][]byte{key, append(bytes.Clone(key), 0)} }
