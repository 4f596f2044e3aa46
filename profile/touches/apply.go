package touches

import (
	"fmt"
	"time"

	"bidwell/ad"
	"bidwell/profile"
)

// Apply brings one event into the profile of its person at once, under a topic,
// which is the campaign's name. It is for ledgers that keep no events to follow,
// such as that of a simulation: nothing tells what was applied already.
func Apply(p *profile.Profiles, e *ad.Event, topic string, now time.Time) error {
	t, ok := Of(e)
	if !ok {
		return nil
	}
	err := p.Update(e.Person, now, func(b *profile.Builder) error { return b.AddContact(t, topic) })
	if err != nil {
		return fmt.Errorf("bring a contact into a profile: %w", err)
	}
	return nil
}
