package profile

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bidwell/ad"
)

// AllEvents stands for the number of the next event where that is not known,
// because the ledger is not open: every event until it is.
const AllEvents = math.MaxUint64

// forgottenPrefix begins the names under which marks of erased people are
// stored: their keys, which are hashes, in hexadecimal.
const forgottenPrefix = "forgotten/"

// forgotten are the people who were erased, with the number of the first event
// after that: no earlier one makes a contact of theirs any more. The store holds
// the same.
type forgotten struct {
	mu     sync.RWMutex
	before map[ad.PersonID]uint64
}

func loadForgotten(store Store) (map[ad.PersonID]uint64, error) {
	marks := map[ad.PersonID]uint64{}
	err := store.ScanMeta(forgottenPrefix, func(name string, value []byte) error {
		var key ad.PersonID
		n, err := hex.Decode(key[:], []byte(strings.TrimPrefix(name, forgottenPrefix)))
		before, err2 := strconv.ParseUint(string(value), 10, 64)
		if err != nil || err2 != nil || n != len(key) {
			return fmt.Errorf("%w: mark of an erased person %q", ErrDamaged, name)
		}
		marks[key] = before
		return nil
	})
	return marks, err
}

func putForgotten(b *Batch, key ad.PersonID, before uint64) {
	b.PutMeta(forgottenPrefix+key.String(), strconv.AppendUint(nil, before, 10))
}

// ForgottenBefore returns the number of the first event that may make a contact
// of a person: 0 unless they were erased. Inside an edit of the person it cannot
// be overtaken by an erasure.
func (p *Profiles) ForgottenBefore(key ad.PersonID) uint64 {
	p.forgotten.mu.RLock()
	defer p.forgotten.mu.RUnlock()
	return p.forgotten.before[key]
}

// Forget erases what is stored of a person, by all identifiers that lead to them
// and with the links between these, and marks them, so that contacts of theirs
// which the ledger holds below the number before are not made again. It returns
// once the erasure is on disk, and reports whether there was anything.
func (p *Profiles) Forget(key ad.PersonID, before uint64) (found bool, err error) {
	if key.IsZero() {
		return false, ErrNobody
	}
	err = p.relink(time.Now(), func(r *relinking) error {
		keys, err := r.identifiers(key)
		if err != nil {
			return err
		}
		for _, k := range keys {
			value, err := r.value(k)
			if err != nil {
				return err
			}
			erased, err := r.erase(k)
			if err != nil {
				return err
			}
			found = found || erased || len(value) > 0
		}
		p.forgotten.mu.Lock()
		defer p.forgotten.mu.Unlock()
		for _, k := range keys {
			mark := max(before, p.forgotten.before[k])
			putForgotten(&r.batch, k, mark)
			p.forgotten.before[k] = mark // even if the write fails: it may yet come to be
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("forget person %s: %w", key, err)
	}
	return found, nil
}

// identifiers returns the keys by which a person is known who is known by key.
func (r *relinking) identifiers(key ad.PersonID) (keys []ad.PersonID, err error) {
	value, err := r.value(key)
	if err != nil {
		return nil, err
	}
	keys = append(linkedKeys(ownOf(value)), key)
	if person, linked := personOf(value); linked {
		value, err := r.value(person)
		if err != nil {
			return nil, err
		}
		members, union, err := membersOf(value)
		if err != nil {
			return nil, err
		}
		keys = append(keys, linkedKeys(union)...)
		for k := range keysIn(members) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return slices.Compact(keys), nil
}

// erase takes an identifier out, with its links and what came by it. It reports
// whether it had links.
func (r *relinking) erase(key ad.PersonID) (bool, error) {
	r.erased[key] = true
	n, err := r.load(key)
	if err != nil {
		return false, err
	}
	if n == nil {
		r.put(key, nil)
		return false, nil
	}
	for _, l := range slices.Clone(n.links) {
		if err := r.cut(key, l.to); err != nil {
			return true, err
		}
	}
	r.changed[key] = true
	return true, nil
}

// linkedKeys returns the keys of the identifiers that a record holds.
func linkedKeys(r Record) (keys []ad.PersonID) {
	if r.Valid() != nil {
		return nil
	}
	s, _ := r.split()
	for q := s.ids; len(q) > 0; {
		e, size := nextID(q)
		if k := ad.PersonIDOf(string(e.kind), e.value); !k.IsZero() {
			keys = append(keys, k)
		}
		q = q[size:]
	}
	return keys
}

// KeepForgotten brings the marks of erased people in order when the ledger is
// open: those made while it was not (AllEvents) get the number of its next
// event, and those below the number of the first event that it keeps, which
// could bring nothing back, are dropped. It returns once that is on disk.
func (p *Profiles) KeepForgotten(first, next uint64) error {
	p.forgotten.mu.Lock()
	defer p.forgotten.mu.Unlock()
	b := Batch{Sync: true}
	for key, before := range p.forgotten.before {
		switch {
		case before == AllEvents:
			putForgotten(&b, key, next)
		case before <= first:
			b.DeleteMeta(forgottenPrefix + key.String())
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := p.store.Apply(&b); err != nil {
		return fmt.Errorf("keep the marks of erased people: %w", err)
	}
	for key, before := range p.forgotten.before {
		switch {
		case before == AllEvents:
			p.forgotten.before[key] = next
		case before <= first:
			delete(p.forgotten.before, key)
		}
	}
	return nil
}

// CopyForgotten puts the marks of erased people into another store, so that
// contacts which are made there again are those that p would have.
func (p *Profiles) CopyForgotten(to Store) error {
	p.forgotten.mu.RLock()
	defer p.forgotten.mu.RUnlock()
	var b Batch
	for key, before := range p.forgotten.before {
		putForgotten(&b, key, before)
	}
	if b.Len() == 0 {
		return nil
	}
	return to.Apply(&b)
}
