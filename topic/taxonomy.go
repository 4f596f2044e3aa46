package topic

import (
	"bytes"
	"slices"
	"strings"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Topic is something that a page, an app or a person's interest is about.
type Topic struct {
	ID   ad.ID // under which the ledger keeps it
	Name string
}

// IDOf returns the ID of the topic of a name.
func IDOf(name string) ad.ID { return ad.IDOf("topic", name) }

// Taxonomy is every topic of a configuration, and where each is found. The zero
// Taxonomy has none.
type Taxonomy struct {
	topics     []*Topic // by name
	byName     map[string]*Topic
	sites      map[string][]page // by host, without www.
	apps       map[string]*Topic
	categories map[string]*Topic
}

// page is a part of a site: every path at or below one. The longest come first;
// that of the whole site is empty.
type page struct {
	path  string
	topic *Topic
}

// All returns the topics by name. The caller must not change them.
func (t *Taxonomy) All() []*Topic { return t.topics }

// Topic returns the topic of a name, nil if there is none.
func (t *Taxonomy) Topic(name []byte) *Topic { return t.byName[string(name)] }

// Names returns the names of all topics, for suggestions.
func (t *Taxonomy) Names() []string {
	names := make([]string, len(t.topics))
	for i, x := range t.topics {
		names[i] = x.Name
	}
	return names
}

// Below returns the names of the topics below one, without itself.
func (t *Taxonomy) Below(name string) []string {
	return slices.DeleteFunc(t.Names(), func(n string) bool { return !strings.HasPrefix(n, name+"/") })
}

// App returns the topic of an app, nil if it has none.
func (t *Taxonomy) App(bundle []byte) *Topic { return t.apps[string(bundle)] }

// Category returns the topic of an IAB category, or else of the one that includes
// it; nil if there is none.
func (t *Taxonomy) Category(cat []byte) *Topic {
	if x := t.categories[string(cat)]; x != nil {
		return x
	}
	if i := bytes.IndexByte(cat, '-'); i > 0 {
		return t.categories[string(cat[:i])]
	}
	return nil
}

// Page returns the topic of an address, nil if it has none. Of the sites that fit
// the one with the longest name decides, and within it the longest path.
func (t *Taxonomy) Page(url []byte) *Topic {
	if len(t.sites) == 0 {
		return nil
	}
	var buf [maxHost]byte
	host, path, ok := split(buf[:0], url)
	if !ok {
		return nil
	}
	for {
		for _, p := range t.sites[string(host)] {
			if below(path, p.path) {
				return p.topic
			}
		}
		i := bytes.IndexByte(host, '.')
		if i < 0 {
			return nil
		}
		host = host[i+1:]
	}
}

// below reports whether a path is another or lies below it.
func below(path []byte, of string) bool {
	return len(path) >= len(of) && string(path[:len(of)]) == of && (len(path) == len(of) || path[len(of)] == '/')
}

// MaxOfRequest is how many topics a request has at most.
const MaxOfRequest = 4

// OfRequest appends the topics of a bid request to dst, each once and at most
// MaxOfRequest: of the page or app, and of its categories. It does not allocate
// if dst has room.
func (t *Taxonomy) OfRequest(dst []*Topic, req *openrtb.Request) []*Topic {
	p := &req.Site
	if req.Inventory == ad.App {
		dst = with(dst, t.App(p.Bundle))
	}
	url := p.Page
	if len(url) == 0 {
		url = p.Domain
	}
	if req.Inventory == ad.Site {
		dst = with(dst, t.Page(url))
	}
	if p.CatTax > 1 || len(t.categories) == 0 {
		return dst // of another taxonomy
	}
	for _, list := range [...][][]byte{p.PageCat, p.SectionCat, p.Cat, p.Content.Cat} {
		for _, cat := range list {
			dst = with(dst, t.Category(cat))
		}
	}
	return dst
}

func with(dst []*Topic, x *Topic) []*Topic {
	if x == nil || len(dst) >= MaxOfRequest || slices.Contains(dst, x) {
		return dst
	}
	return append(dst, x)
}
