package profile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bidwell/ad"
)

// Edit is one change of one person's record, for UpdateAll.
type Edit struct {
	Key ad.PersonID
	// Change edits the record. If it fails the record stays as it was before
	// this edit.
	Change func(*Builder) error
	// Err is what Change returned, or why the record could not be edited. It is
	// set by UpdateAll.
	Err error
}

// ErrNobody is returned for edits of the zero PersonID.
var ErrNobody = errors.New("no person: the id is empty or made of zeros")

// Update changes one person's record: fn gets what is known and edits it. No
// concurrent update is lost, and every Load that begins after Update has
// returned sees this one. If fn fails, nothing is changed and its error is
// returned. The write is not waited for to reach the disk: a crash of the
// machine may undo the last moments, in order, never in part.
func (p *Profiles) Update(key ad.PersonID, now time.Time, fn func(*Builder) error) error {
	edits := [1]Edit{{Key: key, Change: fn}}
	if err := p.UpdateAll(now, edits[:], nil); err != nil {
		return err
	}
	return edits[0].Err
}

// UpdateAll makes many edits in order, several of one person if need be, in one
// atomic write together with whatever meta adds to the batch (named values; nil
// for nothing). An edit that fails says so in its Err and leaves the others
// alone. An error of UpdateAll itself means that the store has failed and that
// none or all of it has been written.
func (p *Profiles) UpdateAll(now time.Time, edits []Edit, meta func(*Batch)) error {
	ed := p.editors.Get().(*editor)
	defer p.editors.Put(ed)
	err := ed.begin(now, edits)
	defer ed.end()
	if err != nil {
		return err
	}
	for i := range edits {
		edits[i].Err = ed.edit(edits[i].Key, edits[i].Change)
	}
	return ed.commit(meta, len(ed.pending) == 1)
}

// editor is the memory of one UpdateAll.
type editor struct {
	p       *Profiles
	builder Builder
	keys    []ad.PersonID
	locked  lockedStripes
	pending map[ad.PersonID][]byte // values as edited so far, views into done
	people  map[ad.PersonID]bool   // whose unions are to be made again
	united  Builder
	done    []byte
	stored  []byte
	fresh   map[*entry]bool // names that the store does not have yet
	batch   Batch
}

func (p *Profiles) newEditor() *editor {
	return &editor{
		p: p, pending: map[ad.PersonID][]byte{}, people: map[ad.PersonID]bool{}, fresh: map[*entry]bool{},
		builder: Builder{retention: p.retention, names: p.names}, united: Builder{retention: p.retention},
	}
}

// begin empties the editor and takes the locks of the people of edits, which end
// gives back, also after an error. It fails if an earlier write may yet come to
// be.
func (ed *editor) begin(now time.Time, edits []Edit) error {
	ed.builder.Reset(now.Unix())
	ed.united.Reset(now.Unix())
	ed.batch.Reset()
	ed.keys = ed.keys[:0]
	ed.done = ed.done[:0]
	clear(ed.fresh)
	clear(ed.pending)
	clear(ed.people)
	for i := range edits {
		if !edits[i].Key.IsZero() {
			ed.keys = append(ed.keys, edits[i].Key)
		}
	}
	ed.p.linking.RLock()
	ed.locked = ed.p.lock(ed.locked[:0], ed.keys...)
	return ed.p.Ascertain()
}

func (ed *editor) end() {
	ed.p.unlock(ed.locked)
	ed.p.linking.RUnlock()
}

// edit makes one edit on top of those before it.
func (ed *editor) edit(key ad.PersonID, change func(*Builder) error) error {
	if key.IsZero() {
		return ErrNobody
	}
	value, err := ed.current(key)
	if err != nil {
		return err
	}
	before := ownOf(value)
	if err := ed.builder.Load(before); err != nil {
		return fmt.Errorf("person %s: %w; it can only be forgotten: bidwell profile forget", key, err)
	}
	if err := change(&ed.builder); err != nil {
		return err
	}
	from := len(ed.done)
	person, linked := personOf(value)
	if linked {
		ed.done = appendLinked(ed.done, person, nil)
	}
	own := len(ed.done)
	ed.done = ed.builder.Append(ed.done)
	if bytes.Equal(ed.done[own:], before) {
		return nil
	}
	if linked {
		ed.people[person] = true
	}
	for _, e := range ed.builder.fresh {
		ed.fresh[e] = true
	}
	ed.pending[key] = ed.done[from:len(ed.done):len(ed.done)]
	return nil
}

// current returns an identifier's value as the edits so far have left it. One that
// is cached under the person's generation is what the store holds: whoever would
// change that needs the lock that the caller has. Of one with others beside it
// not all is cached.
func (ed *editor) current(key ad.PersonID) ([]byte, error) {
	if v, ok := ed.pending[key]; ok {
		return v, nil
	}
	if !ed.p.known.maybe(key) {
		return nil, nil
	}
	if blob, ok := ed.p.cache.Get(cacheKey(key)); ok {
		r, ok := blobOf(blob, key, ed.p.generation(key).Load())
		if _, linked := personOf(r); ok && !linked {
			return r, nil
		}
	}
	return ed.read(key)
}

func (ed *editor) read(key ad.PersonID) (value []byte, err error) {
	ed.stored, err = ed.p.store.Get(key, ed.stored[:0])
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	return ed.stored, nil
}

// unite makes the people of the edited identifiers again. It takes their locks,
// which the caller gives back, also after an error: until then nobody else makes
// them again without what is edited here.
func (ed *editor) unite() (locked lockedStripes, err error) {
	for person := range ed.people {
		locked = append(locked, slotOf(person)%numStripes)
	}
	slices.Sort(locked)
	locked = slices.Compact(locked)
	for _, i := range locked {
		ed.p.people[i].Lock()
	}
	for person := range ed.people {
		value, err := ed.read(person)
		if err != nil {
			return locked, err
		}
		members, _, err := membersOf(value)
		if err != nil {
			return locked, fmt.Errorf("person %s: %w", person, err)
		}
		united, err := ed.united.unite(nil, slices.Clone(members), func(k ad.PersonID) (Record, error) {
			if v, ok := ed.pending[k]; ok {
				return ownOf(v), nil
			}
			v, err := ed.read(k)
			return ownOf(v), err
		})
		if err != nil {
			return locked, err
		}
		ed.pending[person] = united
	}
	return locked, nil
}

// commit writes what has been edited and makes it visible. keep caches it.
func (ed *editor) commit(meta func(*Batch), keep bool) error {
	if len(ed.people) > 0 {
		locked, err := ed.unite()
		defer func() {
			for _, i := range locked {
				ed.p.people[i].Unlock()
			}
		}()
		if err != nil {
			return err
		}
	}
	for key, r := range ed.pending {
		if len(r) == 0 {
			ed.batch.Delete(key)
			continue
		}
		ed.batch.Put(key, r)
	}
	for e := range ed.fresh {
		ed.batch.PutMeta(e.key(), []byte(e.text))
	}
	if meta != nil {
		meta(&ed.batch)
	}
	if ed.batch.Len() == 0 {
		return nil
	}
	err := ed.p.store.Apply(&ed.batch)
	if err != nil {
		for person := range ed.people {
			ed.keys = append(ed.keys, person)
		}
		ed.p.doubt.raise(ed.keys)
	}
	for key, value := range ed.pending {
		ed.p.publish(key, value, err == nil && keep)
	}
	if err != nil {
		return err
	}
	for e := range ed.fresh {
		e.saved.Store(true)
	}
	ed.p.writes.Add(uint64(len(ed.pending)))
	return nil
}

// publish ends the life of what is cached of a person whose record has been
// written, or may have been. The caller holds the person's lock. A single
// update, or a contact, is likely to be asked for again and is cached; bulk is
// not.
func (p *Profiles) publish(key ad.PersonID, value []byte, keep bool) {
	if len(value) > 0 {
		p.known.add(key)
	}
	generation := p.generation(key).Add(1)
	if r, err := served(value); keep && err == nil {
		p.remember(key, appendBlob(make([]byte, 0, blobHeader+len(r)), key, generation, r))
	}
}

// Expire goes through the store and takes out everything that has expired by
// now, whole people included. It reports how many it changed. It may run beside
// everything else and is meant for once a day; records are also cleaned
// whenever they are written.
func (p *Profiles) Expire(now time.Time) (changed int, err error) {
	b := Builder{now: now.Unix(), retention: p.retention}
	var buf []byte
	err = p.Scan(func(key ad.PersonID, r Record) error {
		if b.Load(r) != nil {
			return nil // what cannot be read is left for whoever looks into it
		}
		if buf = b.Append(buf[:0]); len(buf) == len(r) {
			return nil
		}
		changed++
		return p.Update(key, now, func(*Builder) error { return nil })
	})
	if err == nil {
		_, err = p.expireLinks(now)
	}
	if err == nil {
		err = p.UpdateAll(now, nil, func(b *Batch) { b.PutMeta(expiredName, strconv.AppendInt(nil, now.Unix(), 10)) })
	}
	if err != nil {
		return changed, fmt.Errorf("expire profiles: %w", err)
	}
	return changed, nil
}

// expiredName is the named value that holds when Expire last went through, in unix
// seconds.
const expiredName = "expired"

// LastExpired returns when Expire last went through the store, whichever process
// did; the zero Time if none has.
func (p *Profiles) LastExpired() (time.Time, error) {
	v, err := p.store.Meta(expiredName)
	if err != nil {
		if isNotFound(err) {
			err = nil
		}
		return time.Time{}, err
	}
	unix, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: expired at %q", ErrDamaged, v)
	}
	return time.Unix(unix, 0), nil
}
