package learn

import "context"

// State returns what the follower has learned.
func (f *Follower) State() []byte { return f.learner.AppendState(nil) }

// Frame makes a state a snapshot.
func Frame(state []byte) []byte { return frame(state) }

// Turn is what Run does each time.
func (f *Follower) Turn(ctx context.Context) error {
	if err := f.CatchUp(ctx); err != nil {
		return err
	}
	return f.save(false)
}
