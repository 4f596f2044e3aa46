package profile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"bidwell/ad"
)

// Bounds of the identity graph.
const (
	// MaxLinks is how many links an identifier may have. One with more, such as
	// the address of a router or an id that somebody makes up links for, is
	// shared: it leads to nobody but itself.
	MaxLinks = 32

	// MaxMembers is how many identifiers may lead to one person: some devices, with
	// what several exchanges call each of them.
	MaxMembers = 32

	// MaxConnected is how many identifiers may hang together by links before
	// nothing is made of them any more.
	MaxConnected = 128
)

// node is an identifier with its links to others.
type node struct {
	id    ID
	login uint32 // hash of the type if the identifier names a person; 0 for a device
	links []link // latest first, one more than MaxLinks at most
}

func newNode(id ID) *node {
	n := &node{id: id}
	if id.Login() {
		n.login = uint32(NameOf(id.Type))
	}
	return n
}

// link says that another identifier is of the same person.
type link struct {
	to  ad.PersonID
	day uint16 // when that was last said, in days since 1970
}

// shared reports whether an identifier has too many links to mean anything.
func (n *node) shared() bool { return len(n.links) > MaxLinks }

// add notes a link, or that it was said again. Of more than can be kept the
// latest stay, so that what stays does not depend on the order in which they
// come.
func (n *node) add(l link) {
	if i := n.at(l.to); i >= 0 {
		l.day = max(l.day, n.links[i].day)
		n.links = slices.Delete(n.links, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(n.links, l, compareLinks)
	n.links = slices.Insert(n.links, i, l)
	n.links = n.links[:min(len(n.links), MaxLinks+1)]
}

// remove takes a link out, if it is there.
func (n *node) remove(to ad.PersonID) bool {
	i := n.at(to)
	if i < 0 {
		return false
	}
	n.links = slices.Delete(n.links, i, i+1)
	return true
}

func (n *node) at(to ad.PersonID) int {
	return slices.IndexFunc(n.links, func(l link) bool { return l.to == to })
}

func compareLinks(a, b link) int {
	return cmp.Or(cmp.Compare(b.day, a.day), bytes.Compare(a.to[:], b.to[:]))
}

const (
	nodeVersion = 1
	linkSize    = keySize + 2
)

// append writes a node: version, the identifier as in a record, links.
func (n *node) append(dst []byte) []byte {
	dst = appendID(append(dst, nodeVersion), 0, n.id)
	for _, l := range n.links {
		dst = append(dst, l.to[:]...)
		dst = binary.LittleEndian.AppendUint16(dst, l.day)
	}
	return dst
}

func parseNode(p []byte) (*node, error) {
	bad := fmt.Errorf("%w: links of an id in %d bytes", ErrDamaged, len(p))
	if len(p) == 0 || p[0] != nodeVersion {
		return nil, bad
	}
	e, size := nextID(p[1:])
	p = p[1+size:]
	if size == 0 || len(p)%linkSize != 0 {
		return nil, bad
	}
	n := newNode(ID{Type: string(e.kind), Value: string(e.value)})
	for ; len(p) > 0; p = p[linkSize:] {
		n.links = append(n.links, link{ad.PersonID(p), binary.LittleEndian.Uint16(p[keySize:])})
	}
	return n, nil
}

// graph is a part of the identity graph: every identifier in it is there with
// all that it is linked to.
type graph map[ad.PersonID]*node

// people returns who the identifiers of a graph are: each of them in one group,
// which is one person, in ascending order. It depends on the links alone, not on
// when or in which order they came.
//
// What links connect is one person, except:
//
//   - a shared identifier (see MaxLinks) is alone;
//   - an identifier with links to two logins of one type is alone: it is a device
//     that two people use, and does not make one of them;
//   - where two logins of one type still hang together, or more than
//     MaxMembers identifiers, links between two devices do not count;
//   - where they still do, every one of those identifiers is alone;
//   - so they are where more than MaxConnected hang together from the start.
func (g graph) people() (all [][]ad.PersonID) {
	for _, connected := range g.connected(g.keys(), unshared) {
		if len(connected) > MaxConnected {
			all = appendAlone(all, connected)
			continue
		}
		alone, rest := g.contested(connected)
		all = appendAlone(all, alone)
		for _, group := range g.connected(rest, unshared) {
			if g.onePerson(group) {
				all = append(all, group)
				continue
			}
			for _, around := range g.connected(group, throughLogin) {
				if g.onePerson(around) {
					all = append(all, around)
				} else {
					all = appendAlone(all, around)
				}
			}
		}
	}
	return all
}

// unshared and throughLogin say which links between two identifiers count.
func unshared(a, b *node) bool     { return !a.shared() && !b.shared() }
func throughLogin(a, b *node) bool { return unshared(a, b) && (a.login != 0 || b.login != 0) }

// connected returns the groups of those keys that hang together by the links
// between them that count, and within each group ascending keys.
func (g graph) connected(keys []ad.PersonID, counts func(a, b *node) bool) (groups [][]ad.PersonID) {
	left := make(map[ad.PersonID]bool, len(keys))
	for _, k := range keys {
		left[k] = true
	}
	for _, k := range keys {
		if !left[k] {
			continue
		}
		delete(left, k)
		group := []ad.PersonID{k}
		for i := 0; i < len(group); i++ {
			n := g[group[i]]
			for _, l := range n.links {
				other := g[l.to]
				if left[l.to] && other.at(group[i]) >= 0 && counts(n, other) {
					delete(left, l.to)
					group = append(group, l.to)
				}
			}
		}
		slices.SortFunc(group, compareKeys)
		groups = append(groups, group)
	}
	return groups
}

// contested parts a group into the identifiers that two logins of one type claim,
// and the rest.
func (g graph) contested(group []ad.PersonID) (contested, rest []ad.PersonID) {
	for _, k := range group {
		claimed := false
		by := map[uint32]bool{}
		for _, l := range g[k].links {
			other := g[l.to]
			if other == nil || other.login == 0 || other.shared() || other.at(k) < 0 {
				continue
			}
			claimed = claimed || by[other.login]
			by[other.login] = true
		}
		if claimed {
			contested = append(contested, k)
		} else {
			rest = append(rest, k)
		}
	}
	return contested, rest
}

// onePerson reports whether a group may be one person.
func (g graph) onePerson(group []ad.PersonID) bool {
	logins := map[uint32]bool{}
	for _, k := range group {
		login := g[k].login
		if login != 0 && logins[login] {
			return false
		}
		logins[login] = true
	}
	return len(group) <= MaxMembers
}

// keys returns the identifiers in ascending order.
func (g graph) keys() []ad.PersonID {
	keys := make([]ad.PersonID, 0, len(g))
	for k := range g {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func appendAlone(all [][]ad.PersonID, keys []ad.PersonID) [][]ad.PersonID {
	for _, k := range keys {
		all = append(all, []ad.PersonID{k})
	}
	return all
}

func compareKeys(a, b ad.PersonID) int { return bytes.Compare(a[:], b[:]) }
