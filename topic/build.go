package topic

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bidwell/internal/conf"
	"bidwell/profile"
)

// MaxTopics is how many topics a configuration may have: they share the names
// that profiles can hold with attributes and segments.
const MaxTopics = 10_000

// Builder makes a taxonomy out of files. What is wrong with them it reports.
type Builder struct {
	ps       *conf.Problems
	taxonomy Taxonomy
	given    map[string]conf.Pos // topics by name, where each was first given
	hashes   map[profile.Name]string
	places   map[string]place // pages, apps and categories, each with a letter in front
	tooMany  bool
}

// place is who was first to claim a page, an app or a category.
type place struct {
	at    conf.Pos
	topic string
}

// NewBuilder returns a builder that reports to ps.
func NewBuilder(ps *conf.Problems) *Builder {
	return &Builder{
		ps: ps, given: map[string]conf.Pos{}, hashes: map[profile.Name]string{}, places: map[string]place{},
		taxonomy: Taxonomy{byName: map[string]*Topic{}, sites: map[string][]page{}, apps: map[string]*Topic{}, categories: map[string]*Topic{}},
	}
}

// Add adds the topics of a file.
func (b *Builder) Add(f *File) {
	for i := range f.Topics {
		e := &f.Topics[i]
		if first, taken := b.given[e.Key]; taken {
			b.ps.Errorf(e.KeyPos, "put its places there", "topic %q is already defined at %s", e.Key, first)
			continue
		}
		b.given[e.Key] = e.KeyPos
		if x := b.topic(e.Key, e.KeyPos); x != nil {
			b.find(x, &e.Value)
		}
	}
}

// topic makes a topic, and those that it lies below. It returns nil after
// reporting why there can be none.
func (b *Builder) topic(name string, at conf.Pos) *Topic {
	if x := b.taxonomy.byName[name]; x != nil {
		return x
	}
	if err := profile.CheckName(name); err != nil {
		b.ps.Errorf(at, "write names such as automotive/luxury", "%v", err)
		return nil
	}
	if strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
		b.ps.Errorf(at, "write names such as automotive/luxury", "%q has an empty part", name)
		return nil
	}
	if other, taken := b.hashes[profile.NameOf(name)]; taken {
		b.ps.Errorf(at, "rename one of the two", "profiles cannot tell %q from %q: their hashes are the same", name, other)
		return nil
	}
	if len(b.taxonomy.topics) >= MaxTopics {
		if !b.tooMany {
			b.ps.Errorf(at, "put what differs in small ways under one topic", "there are more than %d topics", MaxTopics)
		}
		b.tooMany = true
		return nil
	}
	if i := strings.LastIndexByte(name, '/'); i > 0 && b.topic(name[:i], at) == nil {
		return nil
	}
	x := &Topic{ID: IDOf(name), Name: name}
	b.hashes[profile.NameOf(name)] = name
	b.taxonomy.byName[name] = x
	b.taxonomy.topics = append(b.taxonomy.topics, x)
	return x
}

// find notes where a topic is found.
func (b *Builder) find(x *Topic, s *Spec) {
	for i, text := range s.Pages {
		at := s.EntryAt("pages", i)
		host, path, err := parsePage(text)
		if err != nil {
			b.ps.Errorf(at, "write a site such as cars.example, or a part of one such as news.example/motor", "%q is no page: %v", text, err)
			continue
		}
		if b.claim("p"+host+path, text, x, at) {
			b.taxonomy.sites[host] = append(b.taxonomy.sites[host], page{path, x})
		}
	}
	for i, bundle := range s.Apps {
		if b.claim("a"+bundle, bundle, x, s.EntryAt("apps", i)) {
			b.taxonomy.apps[bundle] = x
		}
	}
	for i, cat := range s.Categories {
		at := s.EntryAt("categories", i)
		if !isCategory(cat) {
			b.ps.Errorf(at, "write a category such as IAB2 or IAB2-2", "%q is no category of the IAB taxonomy 1.0", cat)
			continue
		}
		if b.claim("c"+cat, cat, x, at) {
			b.taxonomy.categories[cat] = x
		}
	}
}

// claim reports a place that another topic, or the same, has already.
func (b *Builder) claim(key, text string, x *Topic, at conf.Pos) bool {
	first, taken := b.places[key]
	switch {
	case !taken:
		b.places[key] = place{at, x.Name}
		return true
	case first.topic == x.Name:
		b.ps.Warnf(at, "", "%q is listed twice", text)
	default:
		b.ps.Errorf(at, "keep one of them", "%q belongs to topic %q already, see %s", text, first.topic, first.at)
	}
	return false
}

// Build returns the taxonomy. The builder is used up.
func (b *Builder) Build() *Taxonomy {
	t := &b.taxonomy
	slices.SortFunc(t.topics, func(x, y *Topic) int { return strings.Compare(x.Name, y.Name) })
	for _, pages := range t.sites {
		slices.SortFunc(pages, func(x, y page) int {
			return cmp.Or(cmp.Compare(len(y.path), len(x.path)), strings.Compare(x.path, y.path))
		})
	}
	return t
}

var hostForm = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// parsePage reads a page as it stands in a file: a site, or a part of one.
func parsePage(text string) (host, path string, err error) {
	if strings.ContainsAny(text, "?#*") || strings.Contains(text, "//") {
		return "", "", errors.New("scheme, query, * and # cannot be part of it")
	}
	h, p, ok := split(nil, []byte(text))
	if !ok || !hostForm.Match(h) {
		return "", "", errors.New("it does not begin with a domain")
	}
	return string(h), string(p), nil
}

var categoryForm = regexp.MustCompile(`^IAB(\d{1,2})(-\d{1,2})?$`)

func isCategory(cat string) bool {
	m := categoryForm.FindStringSubmatch(cat)
	if m == nil {
		return false
	}
	n, _ := strconv.Atoi(m[1])
	return 1 <= n && n <= 26
}
