package profile

import (
	"bytes"
	"fmt"
	"time"

	"bidwell/ad"
)

// relinking is one change of the identity graph. Whoever the change may part or
// join is in its graph when it is decided who is who.
type relinking struct {
	p       *Profiles
	graph   graph
	changed map[ad.PersonID]bool // nodes to write
	erased  map[ad.PersonID]bool // identifiers of which nothing stays
	values  map[ad.PersonID][]byte
	batch   Batch
	keys    []ad.PersonID // that the batch writes
	builder Builder
}

// relink makes one change while nobody else writes. It returns once the change is
// on disk.
func (p *Profiles) relink(now time.Time, change func(*relinking) error) error {
	p.linking.Lock()
	defer p.linking.Unlock()
	if err := p.Ascertain(); err != nil {
		return err
	}
	r := &relinking{
		p: p, graph: graph{}, changed: map[ad.PersonID]bool{}, erased: map[ad.PersonID]bool{},
		values: map[ad.PersonID][]byte{}, batch: Batch{Sync: true},
		builder: Builder{now: now.Unix(), retention: p.retention},
	}
	if err := change(r); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	return r.write()
}

// meet is visit for an identifier that gets a node if it has none.
func (r *relinking) meet(id ID) (*node, error) {
	key := id.Key()
	if n, err := r.visit(key); n != nil || err != nil {
		return n, err
	}
	r.graph[key] = newNode(id)
	return r.graph[key], nil
}

// visit returns an identifier's node, nil if it has none, and brings everybody
// into the graph who is connected with it. It comes before every change of links.
func (r *relinking) visit(key ad.PersonID) (*node, error) {
	n, err := r.load(key)
	if n == nil || err != nil {
		return nil, err
	}
	_, err = r.connected(key)
	return n, err
}

// connected returns the identifiers that are connected with one, as far as
// MaxConnected and a few more: beyond that they are nobody's person. If a change
// makes more of them be connected, then those that were fewer are all here; if it
// makes fewer, each of the parts is looked at from where it was parted.
func (r *relinking) connected(from ad.PersonID) ([]ad.PersonID, error) {
	group := []ad.PersonID{from}
	in := map[ad.PersonID]bool{from: true}
	for i := 0; i < len(group) && len(group) <= MaxConnected; i++ {
		n := r.graph[group[i]]
		for _, l := range n.links {
			if in[l.to] {
				continue
			}
			other, err := r.load(l.to)
			if err != nil {
				return nil, err
			}
			if other != nil && unshared(n, other) && other.at(group[i]) >= 0 {
				in[l.to] = true
				group = append(group, l.to)
			}
		}
	}
	return group, nil
}

// load brings one identifier into the graph.
func (r *relinking) load(key ad.PersonID) (*node, error) {
	if n := r.graph[key]; n != nil {
		return n, nil
	}
	n, err := r.p.node(key)
	if n != nil {
		r.graph[key] = n
	}
	return n, err
}

// join links two identifiers. A link that was confirmed on the same day already is
// nothing new.
func (r *relinking) join(l Link, day uint16) error {
	said, err := r.said(l, day)
	if said || err != nil {
		return err
	}
	for _, x := range [...]struct{ from, to ID }{{l.A, l.B}, {l.B, l.A}} {
		n, err := r.meet(x.from)
		if err != nil {
			return err
		}
		n.add(link{x.to.Key(), day})
		r.changed[x.from.Key()] = true
	}
	return nil
}

// said reports whether both identifiers have a link that was confirmed on a day,
// or later.
func (r *relinking) said(l Link, day uint16) (bool, error) {
	for _, x := range [...]struct{ from, to ID }{{l.A, l.B}, {l.B, l.A}} {
		n, err := r.load(x.from.Key())
		if n == nil || err != nil {
			return false, err
		}
		if i := n.at(x.to.Key()); i < 0 || n.links[i].day < day {
			return false, nil
		}
	}
	return true, nil
}

// cut takes the link between two identifiers out. An identifier that was shared
// may be so no more: then everybody counts to whom it is linked.
func (r *relinking) cut(a, b ad.PersonID) error {
	for _, x := range [...]struct{ from, to ad.PersonID }{{a, b}, {b, a}} {
		n, err := r.visit(x.from)
		if err != nil {
			return err
		}
		if n == nil {
			continue
		}
		for _, l := range n.links {
			if _, err := r.visit(l.to); err != nil {
				return err
			}
		}
		if n.remove(x.to) {
			r.changed[x.from] = true
		}
	}
	return nil
}

// settle decides who is who among the identifiers of the graph, and what is
// written for it.
func (r *relinking) settle() error {
	before, after := map[ad.PersonID]bool{}, map[ad.PersonID]bool{}
	decided := map[ad.PersonID]bool{}
	for _, start := range r.graph.keys() {
		if decided[start] {
			continue
		}
		group, err := r.connected(start)
		if err != nil {
			return err
		}
		part := graph{}
		for _, k := range group {
			decided[k] = true
			part[k] = r.graph[k]
		}
		for _, members := range part.people() {
			if err := r.assign(members, before, after); err != nil {
				return err
			}
		}
	}
	for person := range before {
		if !after[person] {
			r.put(person, nil)
		}
	}
	return nil
}

// assign makes one person of identifiers. It adds the person to after, and to
// before whoever they were.
func (r *relinking) assign(members []ad.PersonID, before, after map[ad.PersonID]bool) error {
	var person ad.PersonID
	if len(members) > 1 {
		person = personKey(members)
		after[person] = true
	}
	for _, k := range members {
		value, err := r.value(k)
		if err != nil {
			return err
		}
		was, linked := personOf(value)
		if linked {
			before[was] = true
		}
		switch own := ownOf(value); {
		case r.erased[k]:
			r.put(k, nil)
		case was == person:
		case len(members) == 1:
			r.put(k, own)
		default:
			r.put(k, appendLinked(nil, person, own))
		}
	}
	if len(members) == 1 {
		return nil
	}
	united, err := r.builder.unite(nil, joinKeys(members), func(k ad.PersonID) (Record, error) {
		value, err := r.value(k)
		return ownOf(value), err
	})
	if err != nil {
		return err
	}
	if old, err := r.value(person); err != nil || bytes.Equal(old, united) {
		return err
	}
	r.put(person, united)
	return nil
}

// value returns what will be stored under a key.
func (r *relinking) value(key ad.PersonID) ([]byte, error) {
	if v, ok := r.values[key]; ok {
		return v, nil
	}
	v, err := r.p.store.Get(key, nil)
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	r.values[key] = v
	return v, nil
}

// put writes a value; nil for none.
func (r *relinking) put(key ad.PersonID, value []byte) {
	if len(value) == 0 {
		r.batch.Delete(key)
	} else {
		r.batch.Put(key, value)
	}
	r.values[key] = value
	r.keys = append(r.keys, key)
}

// write makes the change.
func (r *relinking) write() error {
	for k := range r.changed {
		if n := r.graph[k]; len(n.links) > 0 && !r.erased[k] {
			r.batch.PutMeta(linkName(k), n.append(nil))
		} else {
			r.batch.DeleteMeta(linkName(k))
		}
	}
	if r.batch.Len() == 0 {
		return nil
	}
	err := r.p.store.Apply(&r.batch)
	if err != nil {
		r.p.doubt.raise(r.keys)
	}
	for _, k := range r.keys {
		r.p.publish(k, r.values[k], false)
		r.p.cache.Del(cacheKey(k))
	}
	if err == nil {
		r.p.writes.Add(uint64(len(r.keys)))
	}
	return err
}
