package learn

// State returns what the follower has learned.
func (f *Follower) State() []byte { return f.learner.AppendState(nil) }

// Frame makes a state a snapshot.
func Frame(state []byte) []byte { return frame(state) }
