package bidder

import (
	"time"

	"bidwell/ad"
	"bidwell/notice"
	"bidwell/profile"
)

// touchKinds are the notices that the person's profile remembers.
var touchKinds = [ad.Click + 1]profile.Kind{ad.Impression: profile.Impression, ad.View: profile.View, ad.Click: profile.Click}

// touch adds a contact to the profile of the person whom the token names, which
// it does only if that is permitted: the contact itself, and a behaviour whose
// topic is the campaign's name, for audiences to ask for. The event is on disk by
// then; a profile that cannot be written is counted, and the notice stands.
func (e *Engine) touch(t *notice.Token, ev *ad.Event, now time.Time) {
	kind := touchKinds[t.Kind]
	if kind == profile.NoKind || t.Person.IsZero() {
		return
	}
	err := e.Profiles.Update(t.Person, now, func(b *profile.Builder) error {
		contact := profile.Touch{
			Campaign: profile.RefOf(t.Campaign), Line: profile.RefOf(t.Line), Creative: profile.RefOf(t.Creative),
			Kind: kind, Time: now.Unix(), Cost: ev.Price,
		}
		if err := b.AddTouch(contact); err != nil {
			return err
		}
		if c := e.Snapshot().CampaignByID(t.Campaign); c != nil {
			return b.AddBehaviour(kind, c.Name, now.Unix(), 1)
		}
		return nil
	})
	if err != nil {
		e.Metrics.untouched.Add(1)
	}
}
