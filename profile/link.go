package profile

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bidwell/ad"
)

// Link says that two identifiers are of one person: that they were seen together
// in a way that leaves no doubt, as when somebody signs in on a device.
type Link struct{ A, B ID }

// Check returns an error if one of the identifiers leads to nobody, or if both
// are the same.
func (l Link) Check() error {
	if err := errors.Join(l.A.Check(), l.B.Check()); err != nil {
		return err
	}
	if l.A.Key() == l.B.Key() {
		return fmt.Errorf("%s %s is linked with itself", l.A.Type, l.A.Value)
	}
	return nil
}

// Link adds links to the identity graph and makes of their identifiers the people
// that they now are, as graph.people says: what is known of them is then found by
// each of them. The same links in any order, and said again, give the same
// people. It returns once that is on disk; who calls meanwhile waits for the disk
// together.
func (p *Profiles) Link(now time.Time, links ...Link) error {
	for _, l := range links {
		if err := l.Check(); err != nil {
			return fmt.Errorf("link: %w", err)
		}
	}
	c := &linkCall{links: links, day: today(now.Unix())}
	p.linkers.add(c)
	p.linkers.turn.Lock()
	defer p.linkers.turn.Unlock()
	if !c.done {
		p.linkAll(now, p.linkers.take())
	}
	if c.err != nil {
		return fmt.Errorf("link: %w", c.err)
	}
	return nil
}

// linkers are the calls of Link: whoever has the turn does the work of all who
// wait.
type linkers struct {
	turn sync.Mutex

	mu      sync.Mutex
	waiting []*linkCall
}

type linkCall struct {
	links []Link
	day   uint16
	done  bool
	err   error
}

func (l *linkers) add(c *linkCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, c)
}

func (l *linkers) take() []*linkCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.waiting
	l.waiting = nil
	return all
}

// linkAll makes the links of calls in one change, or, if that fails, one by one:
// what is damaged for one of them need not be so for the others.
func (p *Profiles) linkAll(now time.Time, calls []*linkCall) {
	err := p.relink(now, func(r *relinking) error {
		for _, c := range calls {
			for _, l := range c.links {
				if err := r.join(l, c.day); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil && len(calls) > 1 {
		for i := range calls {
			p.linkAll(now, calls[i:i+1])
		}
		return
	}
	for _, c := range calls {
		c.done, c.err = true, err
	}
}

// Unlink takes the links of an identifier out of the graph, or only that to
// another unless to is the zero ID, and parts people who hang together by them no
// more. What came by each identifier stays with it. It reports how many links
// there were, and returns once the change is on disk.
func (p *Profiles) Unlink(now time.Time, id, to ID) (links int, err error) {
	err = p.relink(now, func(r *relinking) error {
		n, err := r.load(id.Key())
		if n == nil || err != nil {
			return err
		}
		for _, l := range slices.Clone(n.links) {
			if to != (ID{}) && l.to != to.Key() {
				continue
			}
			links++
			if err := r.cut(id.Key(), l.to); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("unlink: %w", err)
	}
	return links, nil
}

// expireLinks takes out the links that nobody has confirmed since a day. It
// reports how many.
func (p *Profiles) expireLinks(now time.Time) (links int, err error) {
	oldest := today(now.Unix() - seconds(p.retention.Links))
	var stale [][2]ad.PersonID
	err = p.store.ScanMeta(linkPrefix, func(name string, value []byte) error {
		n, err := parseNode(value)
		if err != nil {
			return nil // left for whoever looks into it
		}
		for _, l := range n.links {
			if l.day < oldest {
				stale = append(stale, [2]ad.PersonID{n.id.Key(), l.to})
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, x := range stale {
		err := p.relink(now, func(r *relinking) error {
			n, err := r.load(x[0])
			if n == nil || err != nil {
				return err
			}
			if i := n.at(x[1]); i < 0 || n.links[i].day >= oldest {
				return nil // confirmed meanwhile
			}
			links++
			return r.cut(x[0], x[1])
		})
		if err != nil {
			return links, err
		}
	}
	return links, nil
}

// linkPrefix begins the names under which the nodes of the graph are stored: keys
// of identifiers in hexadecimal.
const linkPrefix = "link/"

func linkName(key ad.PersonID) string { return linkPrefix + key.String() }

// node reads an identifier's links, nil if it has none.
func (p *Profiles) node(key ad.PersonID) (*node, error) {
	value, err := p.store.Meta(linkName(key))
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, err := parseNode(value)
	if err != nil {
		return nil, fmt.Errorf("id %s: %w", key, err)
	}
	return n, nil
}
