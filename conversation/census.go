package conversation

import (
	"bidwell/profile"
)

// Census counts where people stand.
type Census struct {
	At        []int64 // by step; of those who have been in contact
	Ended     int64   // their way led to the end
	Converted int64   // left for a conversion, after a contact
	Untouched int64   // have a profile, and have seen nothing of it yet

	touches []profile.Touch
}

// Add counts one person as of now, in unix seconds.
func (n *Census) Add(c *Conversation, r profile.Record, now int64) {
	if n.At == nil {
		n.At = make([]int64, len(c.Steps))
	}
	n.touches = r.AppendTouches(n.touches[:0])
	switch s := c.Stand(n.touches, r, now); {
	case !s.Begun():
		n.Untouched++
	case s.Converted:
		n.Converted++
	case s.Step == End:
		n.Ended++
	default:
		n.At[s.Step]++
	}
}
