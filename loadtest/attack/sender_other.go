//go:build !linux

package attack

// newSender returns the sender for a target.
func newSender(s *shot) (sender, error) { return newPortable(s), nil }
