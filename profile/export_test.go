package profile

import (
	"encoding/binary"
	"time"

	"bidwell/ad"
)

// Evict takes a person out of the cache.
func (p *Profiles) Evict(key ad.PersonID) { p.cache.Del(cacheKey(key)) }

// Settle waits until the cache has taken in what it was given.
func (p *Profiles) Settle() { p.cache.Wait() }

// Inline reads a person's record without a reader, to measure what one costs.
func (p *Profiles) Inline(key ad.PersonID, dst []byte) ([]byte, Outcome) { return p.fetch(key, dst) }

// Ask reads a person's record through a reader.
func (p *Profiles) Ask(key ad.PersonID, wait time.Duration, s *Scratch) (Record, Outcome) {
	return p.ask(key, wait, s)
}

// ForgetSeen makes everybody new to a full cache.
func (p *Profiles) ForgetSeen() {
	for i := range p.seen.seen {
		p.seen.seen[i].Store(0)
	}
}

// Graph decides who is who by all stored links at once, and returns for every
// identifier with links the person of several to whom it leads, or none.
func (p *Profiles) Graph() (map[ad.PersonID]ad.PersonID, error) {
	g := graph{}
	err := p.store.ScanMeta(linkPrefix, func(_ string, value []byte) error {
		n, err := parseNode(value)
		if err == nil {
			g[n.id.Key()] = n
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	who := map[ad.PersonID]ad.PersonID{}
	for _, members := range g.people() {
		for _, k := range members {
			who[k] = ad.PersonID{}
			if len(members) > 1 {
				who[k] = personKey(members)
			}
		}
	}
	return who, nil
}

// Leads returns the person of several identifiers to whom the value stored for an
// identifier leads, none for anything else.
func Leads(value []byte) ad.PersonID {
	person, _ := personOf(value)
	return person
}

// ExpireLinks takes out links that nobody has confirmed.
func (p *Profiles) ExpireLinks(now time.Time) (int, error) { return p.expireLinks(now) }

// AppendOld writes the record as version 1 was written.
func (b *Builder) AppendOld(dst []byte) Record {
	b.expire()
	if len(b.attributes)+len(b.segments)+len(b.touches)+len(b.groups) == 0 {
		return dst
	}
	start := len(dst)
	dst = append(dst, version1, byte(len(b.segments)), byte(len(b.touches)), byte(len(b.attributes)), byte(len(b.groups)), byte(len(b.ids)),
		0, 0, 0, 0, 0, 0)
	for _, s := range b.segments {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(s.name))
		dst = binary.LittleEndian.AppendUint32(dst, s.expires)
	}
	for _, t := range b.touches {
		dst = appendTouch(dst, t)
	}
	at := len(dst)
	for i := range b.attributes {
		dst = b.attributes[i].append(dst)
	}
	binary.LittleEndian.PutUint16(dst[start+6:], uint16(len(dst)-at))
	at = len(dst)
	for i := range b.groups {
		dst = b.groups[i].appendOld(dst)
	}
	binary.LittleEndian.PutUint16(dst[start+8:], uint16(len(dst)-at))
	at = len(dst)
	for _, x := range b.ids {
		dst = appendID(dst, x.day, x.id)
	}
	binary.LittleEndian.PutUint16(dst[start+10:], uint16(len(dst)-at))
	return dst
}

func (g *builtGroup) appendOld(dst []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(g.topic))
	dst = append(dst, byte(g.kind), 0, 0, byte(len(g.recent)))
	dst = binary.LittleEndian.AppendUint32(dst, g.recent[0])
	if g.first < g.recent[len(g.recent)-1] {
		dst[start+4] |= version1First
		dst = binary.LittleEndian.AppendUint32(dst, g.first)
	}
	dst = g.appendOlder(dst)
	binary.LittleEndian.PutUint16(dst[start+5:], uint16(len(dst)-start-version1Group))
	return dst
}

// UseNames makes the builder one that knows the names, as those of Profiles are.
func (b *Builder) UseNames(ns *Names) { b.names = ns }
