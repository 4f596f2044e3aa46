package profile

import (
	"fmt"
	"time"

	"bidwell/ad"
)

// Held is everything that the store holds of a person, for whoever asks to see it.
type Held struct {
	Person *Person       `json:"person,omitempty"` // all that is known, as Get shows it
	ByID   []*Person     `json:"by_id"`            // what came by each identifier, with its links
	Erased []Erased      `json:"erased,omitempty"` // identifiers that were erased
	Keys   []ad.PersonID `json:"-"`                // of the identifiers
}

// Erased is the mark that keeps an erased identifier from coming back.
type Erased struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// Held returns everything that the store holds of a person who is known by an
// identifier, by whatever identifiers. That may be nothing.
func (p *Profiles) Held(key ad.PersonID, now time.Time) (*Held, error) {
	p.linking.RLock()
	defer p.linking.RUnlock()
	h := &Held{ByID: []*Person{}, Keys: []ad.PersonID{key}}
	value, err := p.store.Get(key, nil)
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	if person, linked := personOf(value); linked {
		if value, err = p.store.Get(person, nil); err != nil {
			return nil, fmt.Errorf("read person %s: %w", person, err)
		}
		members, _, err := membersOf(value)
		if err != nil {
			return nil, fmt.Errorf("person %s: %w", person, err)
		}
		h.Keys = h.Keys[:0]
		for k := range keysIn(members) {
			h.Keys = append(h.Keys, k)
		}
	}
	if h.Person, err = p.get(key, now); err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	for _, k := range h.Keys {
		if err := p.heldBy(h, k, now); err != nil {
			return nil, fmt.Errorf("id %s: %w", k, err)
		}
	}
	return h, nil
}

// heldBy adds what came by one identifier.
func (p *Profiles) heldBy(h *Held, key ad.PersonID, now time.Time) error {
	if m := p.Forgotten(key); m != (Mark{}) {
		h.Erased = append(h.Erased, Erased{key.String(), time.Unix(m.At, 0).UTC()})
	}
	value, err := p.store.Get(key, nil)
	if err != nil && !isNotFound(err) {
		return err
	}
	n, err := p.node(key)
	if err != nil || n == nil && len(value) == 0 {
		return err
	}
	one, err := p.Describe(key, ownOf(value), now)
	if err != nil {
		return err
	}
	h.ByID = append(h.ByID, one)
	return p.describeLinks(one, n)
}
