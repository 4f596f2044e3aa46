package touches

import (
	"errors"
	"strconv"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/profile"
)

// kinds are the events that are contacts, as profiles call them.
var kinds = [ad.NumEvents]profile.Kind{ad.EventImpression: profile.Impression, ad.EventView: profile.View, ad.EventClick: profile.Click}

// Of returns the touch that an event makes, and false for one that makes none.
func Of(e *ad.Event) (profile.Touch, bool) {
	if int(e.Kind) >= len(kinds) || kinds[e.Kind] == profile.NoKind || e.Person.IsZero() {
		return profile.Touch{}, false
	}
	t := profile.Touch{
		Campaign: profile.RefOf(e.Campaign), Line: profile.RefOf(e.Line), Creative: profile.RefOf(e.Creative),
		Kind: kinds[e.Kind], Time: e.Time / 1000, Cost: e.Price,
	}
	if t.Kind == profile.View {
		t.Seen, t.Cost = e.Detail, 0
	}
	return t, true
}

// names tells the names of campaigns and topics: what behaviours are about.
type names interface {
	NameOf(ledger.NameKind, ad.ID) string
}

// contact is a touch that waits to be applied, or what an advertiser told of.
type contact struct {
	seq   uint64
	begun int64         // unix seconds: when the bid was made, or when it happened
	touch profile.Touch // of what was told, only kind and time
	told  bool
	topic string
	next  int // of the same person, -1 for none
}

// toldOf returns what an event tells that somebody did, and false if it is not of
// that kind.
func toldOf(e *ad.Event) (profile.Touch, bool) {
	if e.Kind != ad.EventVisit && e.Kind != ad.EventConversion || e.Person.IsZero() {
		return profile.Touch{}, false
	}
	return profile.Touch{Kind: profile.Kind(e.Detail), Time: e.BidTime}, true
}

// contactOf returns the contact that an event makes, and false for one that makes
// none.
func contactOf(seq uint64, e *ad.Event, n names) (contact, bool) {
	if t, ok := Of(e); ok {
		return contact{seq, e.BidTime, t, false, n.NameOf(ledger.CampaignName, e.Campaign), -1}, true
	}
	if t, ok := toldOf(e); ok {
		return contact{seq, e.BidTime, t, true, n.NameOf(ledger.TopicName, e.Topic), -1}, true
	}
	return contact{}, false
}

// addTo adds a contact to a profile.
func (c *contact) addTo(b *profile.Builder) error {
	if c.told {
		return b.AddDeed(c.touch.Kind, c.topic, c.touch.Time)
	}
	return b.AddContact(c.touch, c.topic)
}

// person is somebody in a batch with their contacts.
type person struct {
	batch       *batch
	key         ad.PersonID
	first, last int
	edit        func(*profile.Builder) error // made once for each place in the batch
}

// maxBatch is how many contacts are written at once.
const maxBatch = 512

// batch is contacts by person. It is used again and again without allocating.
type batch struct {
	profiles *profile.Profiles
	contacts []contact
	people   []*person
	spare    []*person
	of       map[ad.PersonID]*person
	edits    []profile.Edit

	since   int64 // unix seconds: older contacts are left out
	refused int   // of the contacts of the last write, those that no profile can hold
}

func newBatch(p *profile.Profiles) *batch {
	return &batch{profiles: p, of: make(map[ad.PersonID]*person, maxBatch)}
}

func (b *batch) full() bool { return len(b.contacts) >= maxBatch }

func (b *batch) reset() {
	b.spare = append(b.spare, b.people...)
	b.contacts, b.people, b.edits = b.contacts[:0], b.people[:0], b.edits[:0]
	clear(b.of)
}

// add takes an event if it is a contact.
func (b *batch) add(seq uint64, e *ad.Event, n names) {
	c, ok := contactOf(seq, e, n)
	if !ok || c.touch.Time < b.since {
		return
	}
	at := len(b.contacts)
	b.contacts = append(b.contacts, c)
	p := b.of[e.Person]
	if p == nil {
		p = b.place()
		p.key, p.first = e.Person, at
		b.of[e.Person] = p
		b.people = append(b.people, p)
		b.edits = append(b.edits, profile.Edit{Key: p.key, Change: p.edit})
	} else {
		b.contacts[p.last].next = at
	}
	p.last = at
}

// place returns a place for a person.
func (b *batch) place() *person {
	if n := len(b.spare); n > 0 {
		p := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return p
	}
	p := &person{batch: b}
	p.edit = p.apply
	return p
}

// apply adds a person's contacts to their profile.
func (p *person) apply(to *profile.Builder) error {
	mark := p.batch.profiles.Forgotten(p.key)
	for i := p.first; i >= 0; i = p.batch.contacts[i].next {
		c := &p.batch.contacts[i]
		if mark.Covers(c.seq, c.begun) {
			continue
		}
		if err := c.addTo(to); err != nil {
			p.batch.refused++
		}
	}
	return nil
}

// count returns how many contacts a person has in the batch.
func (p *person) count() (n int) {
	for i := p.first; i >= 0; i = p.batch.contacts[i].next {
		n++
	}
	return n
}

// positionName is the named value of the profile store that holds the number of
// the first event that is not applied.
const positionName = "touches/position"

// readPosition returns the number of the first event that is not applied.
func readPosition(p *profile.Profiles) (uint64, error) {
	v, err := p.Meta(positionName)
	if errors.Is(err, profile.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(v), 10, 64)
	if err != nil {
		return 0, errors.Join(profile.ErrDamaged, err)
	}
	return n, nil
}
