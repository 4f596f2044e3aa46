package profile

import (
	"errors"
	"fmt"
	"math"
	"time"

	"bidwell/ad"
)

// AddContact records a contact of ours with the person, and a behaviour of its
// kind on a topic, such as the campaign's name; "" for none. Its time comes from
// a record of what happened and is not compared with the clock, and the same
// contacts make the same bytes in however many edits they are added. It fails if
// the kind or the time cannot be kept, and then adds nothing; a topic that
// cannot be one is an error that wraps ErrName, and the touch is there.
func (b *Builder) AddContact(t Touch, topic string) error {
	switch {
	case t.Kind == NoKind || t.Kind >= numKinds:
		return fmt.Errorf("a touch of kind %d is unknown", t.Kind)
	case t.Time <= 0 || t.Time > math.MaxUint32:
		return fmt.Errorf("touch: %d is %w in unix seconds", t.Time, ErrTime)
	}
	b.putTouch(t)
	if topic == "" {
		return nil
	}
	return b.AddDeed(t.Kind, topic, t.Time)
}

// AddDeed records a behaviour that somebody else told of, as AddContact does one
// of ours.
func (b *Builder) AddDeed(k Kind, topic string, unix int64) error {
	switch {
	case k == NoKind || k >= numKinds:
		return fmt.Errorf("a behaviour of kind %d is unknown", k)
	case unix <= 0 || unix > math.MaxUint32:
		return fmt.Errorf("%s: %d is %w in unix seconds", k, unix, ErrTime)
	}
	g, err := b.groupOn(k, topic)
	if err != nil {
		return err
	}
	g.add(uint32(unix), 1)
	b.dropOldestGroups() // now, not at the end: what is dropped must not depend on how many come together
	return nil
}

// Project makes the edits that events of the ledger ask for, at most one of each
// person, in one atomic write together with whatever meta adds to the batch,
// such as the number of the next event. An edit whose person's record is damaged
// says so in its Err and leaves the others alone. Any other failure is one of the
// store and is returned: then none or all of it has been written, or will be;
// Ascertain tells. What is written is cached, as after Update.
func (p *Profiles) Project(now time.Time, edits []Edit, meta func(*Batch)) error {
	ed := p.editors.Get().(*editor)
	defer p.editors.Put(ed)
	err := ed.begin(now, edits)
	defer ed.end()
	if err != nil {
		return err
	}
	for i := range edits {
		err := ed.edit(edits[i].Key, edits[i].Change)
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrDamaged) {
			return err
		}
		edits[i].Err = err
	}
	return ed.commit(meta, true)
}

// Scan calls fn for the record of every identifier, of which each holds what came
// by it, in the order of keys, as they are when Scan begins. The record is valid
// until fn returns.
func (p *Profiles) Scan(fn func(key ad.PersonID, r Record) error) error {
	return p.store.Scan(func(key ad.PersonID, value Record) error {
		if members, _, err := membersOf(value); err != nil || len(members) > 0 {
			return err
		}
		return fn(key, ownOf(value))
	})
}

// People calls fn for everybody once, with all that is known of them by whatever
// identifier, in the order of keys, as they are when People begins. The record is
// valid until fn returns.
func (p *Profiles) People(fn func(key ad.PersonID, r Record) error) error {
	return p.store.Scan(func(key ad.PersonID, value Record) error {
		if _, linked := personOf(value); linked {
			return nil
		}
		_, r, err := membersOf(value)
		if err != nil {
			return fmt.Errorf("person %s: %w", key, err)
		}
		return fn(key, r)
	})
}

// Record appends the record of what came by an identifier to dst, straight from
// the store; nothing if there is none.
func (p *Profiles) Record(key ad.PersonID, dst []byte) (Record, error) {
	if !p.known.maybe(key) {
		return dst, nil
	}
	from := len(dst)
	value, err := p.store.Get(key, dst)
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	return append(dst[:from], ownOf(value[from:])...), nil
}
