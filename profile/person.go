package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bidwell/ad"
)

// Person is a record in readable form.
type Person struct {
	Key        string      `json:"key"`
	Bytes      int         `json:"bytes"` // size of the record
	IDs        []ID        `json:"ids"`
	Links      []LinkedID  `json:"links,omitempty"`  // of the identifier that was asked for
	Shared     bool        `json:"shared,omitempty"` // it has more links than count, and is nobody else
	Attributes []Attribute `json:"attributes"`
	Segments   []Segment   `json:"segments"`
	Behaviours []Behaviour `json:"behaviours"`
	Touches    []Contact   `json:"touches"`
}

// LinkedID is an identifier that was said to be of the same person. It need not
// count: see Profiles.Link.
type LinkedID struct {
	ID
	Key  string `json:"key"`
	Last string `json:"last"` // day on which it was said last
}

// Attribute is an attribute with its value.
type Attribute struct {
	Name  string `json:"name"`
	Value Value  `json:"value"`
}

// Segment is a segment that the person is in.
type Segment struct {
	Name    string    `json:"name"`
	Expires time.Time `json:"expires"`
}

// Behaviour is what a person did of one kind on one topic, newest first.
type Behaviour struct {
	Kind  string      `json:"kind"`
	Topic string      `json:"topic"`
	Total int         `json:"total"` // of what follows
	First time.Time   `json:"first"`
	Times []time.Time `json:"times"`          // to the second
	Days  []DayCount  `json:"days,omitempty"` // what is older
}

// DayCount is how often something was done on a day (UTC).
type DayCount struct {
	Day   string `json:"day"`
	Count int    `json:"count"`
}

// Contact is a Touch with times and money for people. The ids are shortened, so
// they are shown as they are stored.
type Contact struct {
	Kind     string    `json:"kind"`
	Time     time.Time `json:"time"`
	Campaign string    `json:"campaign"`
	Line     string    `json:"line"`
	Creative string    `json:"creative"`
	Cost     float64   `json:"cost"` // in units of the house currency
}

// MarshalJSON writes a number or a bool as such, a date as an ISO string.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Type {
	case Number:
		return json.Marshal(v.Num)
	case Bool:
		return json.Marshal(v.True())
	}
	return json.Marshal(v.String())
}

// Get returns what is known of a person by whatever identifier, straight from the
// store, in readable form: everything sorted by name, behaviours and touches
// newest first. Expired segments are left out. It fails with ErrNotFound if
// nothing is stored.
func (p *Profiles) Get(key ad.PersonID, now time.Time) (*Person, error) {
	p.linking.RLock()
	defer p.linking.RUnlock()
	out, err := p.get(key, now)
	if err != nil {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	return out, nil
}

func (p *Profiles) get(key ad.PersonID, now time.Time) (*Person, error) {
	n, err := p.node(key)
	if err != nil {
		return nil, err
	}
	value, err := p.store.Get(key, nil)
	if err != nil && (n == nil || !isNotFound(err)) {
		return nil, err
	}
	if person, linked := personOf(value); linked {
		key = person
		if value, err = p.store.Get(key, nil); err != nil {
			return nil, err
		}
	}
	members, r, err := membersOf(value)
	if err != nil {
		return nil, err
	}
	out, err := p.Describe(key, r, now)
	if err != nil {
		return nil, err
	}
	linked, err := p.idsOf(members)
	if err != nil {
		return nil, err
	}
	for _, id := range linked {
		if !slices.Contains(out.IDs, id) {
			out.IDs = append(out.IDs, id)
		}
	}
	return out, p.describeLinks(out, n)
}

// describeLinks adds the links of an identifier, if it has any.
func (p *Profiles) describeLinks(out *Person, n *node) error {
	if n == nil {
		return nil
	}
	if !slices.Contains(out.IDs, n.id) {
		out.IDs = append(out.IDs, n.id)
	}
	out.Shared = n.shared()
	for _, l := range n.links {
		other, err := p.node(l.to)
		if err != nil {
			return err
		}
		x := LinkedID{Key: l.to.String(), Last: moment(uint32(l.day) * secondsPerDay).Format(time.DateOnly)}
		if other != nil {
			x.ID = other.id
		}
		out.Links = append(out.Links, x)
	}
	return nil
}

// KnownBy returns all identifiers by which a person is known who is known by one,
// that one included; none if there are no others.
func (p *Profiles) KnownBy(key ad.PersonID) ([]ID, error) {
	p.linking.RLock()
	defer p.linking.RUnlock()
	value, err := p.store.Get(key, nil)
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read person %s: %w", key, err)
	}
	person, linked := personOf(value)
	if !linked {
		return nil, nil
	}
	if value, err = p.store.Get(person, nil); err != nil {
		return nil, fmt.Errorf("read person %s: %w", person, err)
	}
	members, _, err := membersOf(value)
	if err != nil {
		return nil, err
	}
	return p.idsOf(members)
}

// PersonOf returns the key of the person to whom an identifier leads, as Load has
// it in Scratch.Person: the identifier's own if there are no others, or if the
// store fails.
func (p *Profiles) PersonOf(key ad.PersonID) ad.PersonID {
	if key.IsZero() || !p.known.maybe(key) {
		return key
	}
	value, ok := p.cache.Get(cacheKey(key))
	if ok {
		value, ok = blobOf(value, key, p.generation(key).Load())
	}
	if !ok {
		value, _ = p.store.Get(key, nil)
	}
	if person, linked := personOf(value); linked {
		return person
	}
	return key
}

// idsOf returns the identifiers behind keys, in the order of type and value.
func (p *Profiles) idsOf(members []byte) (ids []ID, err error) {
	for k := range keysIn(members) {
		n, err := p.node(k)
		if err != nil {
			return nil, err
		}
		if n != nil {
			ids = append(ids, n.id)
		}
	}
	slices.SortFunc(ids, func(a, b ID) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value)) })
	return ids, nil
}

// Describe turns a record into its readable form.
func (p *Profiles) Describe(key ad.PersonID, r Record, now time.Time) (*Person, error) {
	b := Builder{now: now.Unix(), retention: p.retention}
	if err := b.Load(r); err != nil {
		return nil, fmt.Errorf("person %s: %w", key, err)
	}
	b.expire()
	out := &Person{Key: key.String(), Bytes: len(r), IDs: []ID{}, Attributes: []Attribute{}, Segments: []Segment{}, Behaviours: []Behaviour{}, Touches: []Contact{}}
	for _, x := range b.ids {
		out.IDs = append(out.IDs, x.id)
	}
	for _, a := range b.attributes {
		out.Attributes = append(out.Attributes, Attribute{p.text(a.name), a.value})
	}
	slices.SortFunc(out.Attributes, func(x, y Attribute) int { return cmp.Compare(x.Name, y.Name) })
	for _, s := range b.segments {
		out.Segments = append(out.Segments, Segment{p.text(s.name), moment(s.expires)})
	}
	slices.SortFunc(out.Segments, func(x, y Segment) int { return cmp.Compare(x.Name, y.Name) })
	for i := range b.groups {
		out.Behaviours = append(out.Behaviours, p.behaviour(&b.groups[i]))
	}
	slices.SortFunc(out.Behaviours, func(x, y Behaviour) int {
		return cmp.Or(cmp.Compare(x.Topic, y.Topic), cmp.Compare(x.Kind, y.Kind))
	})
	for _, t := range b.touches {
		out.Touches = append(out.Touches, Contact{
			Kind: t.Kind.String(), Time: time.Unix(t.Time, 0).UTC(), Cost: t.Cost.Units(),
			Campaign: t.Campaign.String(), Line: t.Line.String(), Creative: t.Creative.String(),
		})
	}
	return out, nil
}

func (p *Profiles) behaviour(g *builtGroup) Behaviour {
	out := Behaviour{Kind: g.kind.String(), Topic: p.text(g.topic), Total: len(g.recent), First: moment(g.first)}
	for _, at := range g.recent {
		out.Times = append(out.Times, moment(at))
	}
	for _, d := range g.days {
		out.Days = append(out.Days, DayCount{moment(d.day * secondsPerDay).Format(time.DateOnly), d.count})
		out.Total += d.count
	}
	return out
}

// text returns the readable name behind a hash, or the hash where nobody has
// recorded the name.
func (p *Profiles) text(n Name) string {
	if s, ok := p.names.Text(n); ok {
		return s
	}
	return fmt.Sprintf("#%08x", uint32(n))
}

// String returns the shortened id in hexadecimal.
func (r Ref) String() string { return fmt.Sprintf("%08x", uint32(r)) }

func moment(unix uint32) time.Time { return time.Unix(int64(unix), 0).UTC() }

// Meta returns a named value of the store, such as UpdateAll adds.
func (p *Profiles) Meta(name string) ([]byte, error) { return p.store.Meta(name) }
