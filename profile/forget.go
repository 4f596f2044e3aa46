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

// Mark says that a person was erased, so that nothing brings back what was
// erased. The zero Mark says that they were not.
type Mark struct {
	Before uint64 // number of the first event of the ledger after that
	At     int64  // when, in unix seconds; 0 in marks of earlier versions
}

// Covers reports whether an event of the person makes no contact: it was there
// when they were erased, or tells of what had begun by then, as the notice of a
// bid does that was on its way. happened is when, in unix seconds.
func (m Mark) Covers(seq uint64, happened int64) bool {
	return m != Mark{} && (seq < m.Before || happened <= m.At)
}

// forgotten are the people who were erased. The store holds the same.
type forgotten struct {
	mu    sync.RWMutex
	marks map[ad.PersonID]Mark
}

// Marks returns the marks of all who were erased, by key.
func Marks(store Store) (map[ad.PersonID]Mark, error) {
	marks := map[ad.PersonID]Mark{}
	err := store.ScanMeta(forgottenPrefix, func(name string, value []byte) error {
		var key ad.PersonID
		n, err := hex.Decode(key[:], []byte(strings.TrimPrefix(name, forgottenPrefix)))
		m, good := parseMark(string(value))
		if err != nil || !good || n != len(key) {
			return fmt.Errorf("%w: mark of an erased person %q", ErrDamaged, name)
		}
		marks[key] = m
		return nil
	})
	return marks, err
}

// parseMark reads a mark as putForgotten writes it: two numbers, or the first
// alone.
func parseMark(text string) (m Mark, ok bool) {
	before, at, timed := strings.Cut(text, " ")
	m.Before, ok = parseNumber(before)
	if timed && ok {
		var n uint64
		n, ok = parseNumber(at)
		m.At = int64(n)
	}
	return m, ok
}

func parseNumber(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

func putForgotten(b *Batch, key ad.PersonID, m Mark) {
	b.PutMeta(forgottenPrefix+key.String(), fmt.Appendf(nil, "%d %d", m.Before, m.At))
}

// Forgotten returns the mark of a person, zero unless they were erased. Inside an
// edit of the person it cannot be overtaken by an erasure.
func (p *Profiles) Forgotten(key ad.PersonID) Mark {
	p.forgotten.mu.RLock()
	defer p.forgotten.mu.RUnlock()
	return p.forgotten.marks[key]
}

// Forget erases what is stored of a person, by all identifiers that lead to them
// and with the links between these, and marks them: contacts of theirs which the
// ledger holds below the number before are not made again, nor is what comes
// later of bids and deeds from up to now. It returns once the erasure is on disk,
// and reports whether there was anything.
func (p *Profiles) Forget(now time.Time, key ad.PersonID, before uint64) (found bool, err error) {
	if key.IsZero() {
		return false, ErrNobody
	}
	err = p.relink(now, func(r *relinking) error {
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
			r.batch.PutMeta(purgePrefix+k.String(), nil)
			if person, linked := personOf(value); linked {
				r.batch.PutMeta(purgePrefix+person.String(), nil)
			}
		}
		p.forgotten.mu.Lock()
		defer p.forgotten.mu.Unlock()
		for _, k := range keys {
			old := p.forgotten.marks[k]
			mark := Mark{max(before, old.Before), max(now.Unix(), old.At)}
			putForgotten(&r.batch, k, mark)
			p.forgotten.marks[k] = mark // even if the write fails: it may yet come to be
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
// event, and those go that could keep nothing from coming back: no event of
// before is left (first is the number of the first that the ledger keeps), and
// whatever could be imported again would have expired. It returns once that is on
// disk.
func (p *Profiles) KeepForgotten(now time.Time, first, next uint64) error {
	p.forgotten.mu.Lock()
	defer p.forgotten.mu.Unlock()
	expired := now.Unix() - seconds(p.retention.longest())
	b := Batch{Sync: true}
	kept := make(map[ad.PersonID]Mark, len(p.forgotten.marks))
	for key, m := range p.forgotten.marks {
		old := m
		if m.Before == AllEvents {
			m.Before = next
		}
		m.At = min(m.At, now.Unix()) // a clock that was ahead
		if old.Before <= first && m.At < expired {
			b.DeleteMeta(forgottenPrefix + key.String())
			continue
		}
		if kept[key] = m; m != old {
			putForgotten(&b, key, m)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := p.store.Apply(&b); err != nil {
		return fmt.Errorf("keep the marks of erased people: %w", err)
	}
	p.forgotten.marks = kept
	return nil
}

// CopyForgotten puts the marks of erased people into another store, so that
// contacts which are made there again are those that p would have.
func (p *Profiles) CopyForgotten(to Store) error {
	p.forgotten.mu.RLock()
	defer p.forgotten.mu.RUnlock()
	var b Batch
	for key, m := range p.forgotten.marks {
		putForgotten(&b, key, m)
	}
	if b.Len() == 0 {
		return nil
	}
	return to.Apply(&b)
}
