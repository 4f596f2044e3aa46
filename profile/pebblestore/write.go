package pebblestore

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"bidwell/profile"
)

// commit is one write for the committer.
type commit struct {
	batch *pebble.Batch
	sync  bool
}

// Apply implements profile.Store. While the disk cannot be written it fails at
// once; the write during which that began may still come to be.
func (s *Store) Apply(b *profile.Batch) error {
	if err := s.apply(b); err != nil {
		return fmt.Errorf("write profiles: %w", s.advice.Advise(err))
	}
	return nil
}

func (s *Store) apply(b *profile.Batch) error {
	batch := s.db.NewBatch()
	for op := range b.All() {
		if err := add(batch, op); err != nil {
			return err
		}
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.background.Load(); err != nil {
		return *err
	}
	s.commits <- commit{batch, b.Sync}
	s.stuck = true
	return s.await()
}

// settle waits for a write whose caller has left, unless that is still held.
func (s *Store) settle() error {
	if !s.stuck {
		_, err := s.guard.Trouble()
		return err
	}
	if err := s.await(); s.stuck {
		return err
	}
	return nil // whatever became of it: its caller has had an error
}

// await waits for the committer's result, or leaves it when a write is held.
func (s *Store) await() error {
	for {
		raised, _ := s.guard.Trouble()
		select {
		case err := <-s.results:
			s.stuck = false
			return err
		case <-raised:
			if _, err := s.guard.Trouble(); err != nil {
				return err
			}
		}
	}
}

// committer commits what Apply hands it, until Close.
func (s *Store) committer() {
	for c := range s.commits {
		o := pebble.NoSync
		if c.sync {
			o = pebble.Sync
		}
		err := c.batch.Commit(o)
		c.batch.Close()
		s.results <- err
	}
}

func add(batch *pebble.Batch, op profile.Op) error {
	person := personKey(op.Person)
	key := person[:]
	if op.Meta != "" {
		key = append([]byte{metaPrefix}, op.Meta...)
	}
	if op.Delete {
		return batch.Delete(key, nil)
	}
	return batch.Set(key, op.Value, nil)
}
