package learn

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"bidwell/ad"
	"bidwell/ledger"
)

// Verified is what Verify has found.
type Verified struct {
	Position   uint64   `json:"position"`   // events that the snapshot has seen
	Events     uint64   `json:"events"`     // that were learned from again
	Bytes      int      `json:"bytes"`      // of state compared
	Comparable bool     `json:"comparable"` // false where there is no snapshot, or events that it has seen were dropped
	Equal      bool     `json:"equal"`      // what was made again is the same, byte for byte
	Notes      []string `json:"notes"`      // why it cannot be compared, and of snapshots that are damaged
}

// Verify learns again from the first event up to where the newest sound snapshot of a
// directory is, and compares. Nobody may follow the ledger into the directory
// meanwhile.
func Verify(ctx context.Context, l *ledger.Ledger, dir string, o Options, progress func(done, total uint64)) (*Verified, error) {
	o = o.orDefault()
	v := &Verified{Notes: []string{}}
	s := snapshots{o.FS, dir}
	positions, err := s.list()
	if err != nil {
		v.Notes = append(v.Notes, fmt.Sprintf("the models cannot be read: %v", err))
		return v, nil
	}
	var saved *Learner
	for _, p := range positions {
		if saved, err = s.read(p); err == nil {
			break
		}
		v.Notes = append(v.Notes, fmt.Sprintf("the models of event %d cannot be used: %v", p, err))
	}
	switch {
	case saved == nil && len(positions) == 0:
		v.Notes = append(v.Notes, "no models have been saved")
		return v, nil
	case saved == nil:
		v.Notes = append(v.Notes, "a bidder that starts makes them again from the ledger")
		return v, nil
	}
	v.Position = saved.position
	first, err := l.First()
	if err != nil {
		return nil, fmt.Errorf("verify what was learned: %w", err)
	}
	switch {
	case first > 0:
		v.Notes = append(v.Notes, fmt.Sprintf("events before number %d have been dropped: what was learned from them cannot be made again", first))
		return v, nil
	case saved.position > l.Durable():
		v.Notes = append(v.Notes, "the models have seen more events than the ledger holds")
		return v, nil
	}
	again := NewLearner()
	err = l.Events(ctx, 0, func(seq uint64, e *ad.Event) error {
		if seq >= saved.position {
			return errEnough
		}
		if progress != nil && seq%4096 == 0 {
			progress(seq, saved.position)
		}
		again.Apply(seq, e)
		v.Events++
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("verify what was learned: %w", err)
	}
	again.position = saved.position // of events that cannot be read nothing was learned
	state := saved.AppendState(nil)
	v.Comparable, v.Bytes, v.Equal = true, len(state), bytes.Equal(state, again.AppendState(nil))
	return v, nil
}
