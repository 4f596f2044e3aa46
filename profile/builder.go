package profile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Builder edits one person's record, away from the request path:
//
//	b := profile.NewBuilder(now.Unix())
//	b.SetAttr("home.zip", profile.StringValue("10115"))
//	b.AddBehaviour(profile.Visit, "automotive", now.Unix()-3600, 1)
//	rec := b.Append(nil)
//
// It is used by one goroutine at a time and may be Reset and used again.
type Builder struct {
	now       int64
	retention Retention
	names     *Names // nil: names are hashed and not recorded
	fresh     []*entry

	attributes []builtAttribute // by name
	segments   []builtSegment   // by name
	touches    []Touch          // newest first
	groups     []builtGroup     // by topic and kind
	ids        []builtID

	// Memory to use again.
	order []*builtGroup
	spare [][]uint32 // moments of groups
	text  []byte     // what the values of attributes are views into
	types []string   // of identifiers
}

type builtAttribute struct {
	name  Name
	day   uint16
	value Value
}

type builtSegment struct {
	name    Name
	expires uint32
}

type builtGroup struct {
	topic  Name
	kind   Kind
	above  []Name // the topics above, the outermost first
	first  uint32
	recent []uint32 // newest first
	days   []builtDay
}

type builtDay struct {
	day   uint32
	count int
}

type builtID struct {
	id  ID
	day uint16
}

// ErrFull is wrapped by the errors of things that a record has no room for and
// that no other thing makes room for.
var ErrFull = errors.New("the profile is full")

// NewBuilder returns an empty builder with the default retention. now is the
// time of the edit in unix seconds: what has expired by then is left out.
func NewBuilder(now int64) *Builder {
	return &Builder{now: now, retention: DefaultRetention()}
}

// Reset empties the builder for another person at the time now.
func (b *Builder) Reset(now int64) {
	b.now = now
	for i := range b.groups {
		b.spare = append(b.spare, b.groups[i].recent[:0])
		b.groups[i].recent = nil
	}
	b.text = b.text[:0]
	b.fresh = b.fresh[:0]
	b.attributes = b.attributes[:0]
	b.segments = b.segments[:0]
	b.touches = b.touches[:0]
	b.groups = b.groups[:0]
	b.ids = b.ids[:0]
}

// Now returns the time of the edit, in unix seconds.
func (b *Builder) Now() int64 { return b.now }

// intern turns a readable name into its hash and has it recorded.
func (b *Builder) intern(name string) (Name, error) {
	if b.names == nil {
		return NameOf(name), CheckName(name)
	}
	e, err := b.names.intern(name)
	if err != nil {
		return 0, err
	}
	if !e.saved.Load() {
		b.fresh = append(b.fresh, e)
	}
	return e.name, nil
}

func today(now int64) uint16 { return uint16(min(max(now/secondsPerDay, 0), math.MaxUint16)) }

// SetAttr sets an attribute, and with it the day from which its retention
// counts. It fails on a bad name, a string longer than MaxString, a number that
// is not finite, and with ErrFull beyond MaxAttributes.
func (b *Builder) SetAttr(name string, v Value) error {
	switch {
	case v.Type == String && len(v.Str) > MaxString:
		return fmt.Errorf("the value of attribute %s has %d bytes, the longest may have %d", name, len(v.Str), MaxString)
	case v.Type == NoValue || v.Type > Date:
		return fmt.Errorf("attribute %s has no value", name)
	case math.IsNaN(v.Num) || math.IsInf(v.Num, 0):
		return fmt.Errorf("the value of attribute %s is no finite number", name)
	}
	n, err := b.intern(name)
	if err != nil {
		return fmt.Errorf("attribute: %w", err)
	}
	v = b.keep(v)
	if !b.putAttribute(builtAttribute{name: n, day: today(b.now), value: v}) {
		return fmt.Errorf("attribute %s: %w: it has %d attributes already", name, ErrFull, MaxAttributes)
	}
	return nil
}

// keep returns a value whose text is the builder's own until Reset.
func (b *Builder) keep(v Value) Value {
	if v.Type == String {
		from := len(b.text)
		b.text = append(b.text, v.Str...) // what is moved by it stays where it was, too
		v.Str = b.text[from:len(b.text):len(b.text)]
	}
	return v
}

func (b *Builder) putAttribute(a builtAttribute) bool {
	i, found := slices.BinarySearchFunc(b.attributes, a.name, func(x builtAttribute, n Name) int { return cmp.Compare(x.name, n) })
	if found {
		b.attributes[i] = a
		return true
	}
	if len(b.attributes) >= MaxAttributes {
		return false
	}
	b.attributes = slices.Insert(b.attributes, i, a)
	return true
}

// RemoveAttr removes an attribute, if it is there.
func (b *Builder) RemoveAttr(name string) {
	n := NameOf(name)
	b.attributes = slices.DeleteFunc(b.attributes, func(a builtAttribute) bool { return a.name == n })
}

// AddSegment puts the person into a segment until expires, in unix seconds, but
// no longer than the retention of segments allows. Beyond MaxSegments the ones
// that end soonest are left out.
func (b *Builder) AddSegment(name string, expires int64) error {
	n, err := b.intern(name)
	if err != nil {
		return fmt.Errorf("segment: %w", err)
	}
	expires = min(expires, b.now+seconds(b.retention.Segments), math.MaxUint32)
	b.putSegment(builtSegment{name: n, expires: uint32(max(expires, 0))})
	return nil
}

func (b *Builder) putSegment(s builtSegment) {
	i, found := slices.BinarySearchFunc(b.segments, s.name, func(x builtSegment, n Name) int { return cmp.Compare(x.name, n) })
	if found {
		b.segments[i] = s
		return
	}
	b.segments = slices.Insert(b.segments, i, s)
	if len(b.segments) > MaxSegments {
		soonest := slices.MinFunc(b.segments, func(x, y builtSegment) int { return cmp.Compare(x.expires, y.expires) })
		b.segments = slices.DeleteFunc(b.segments, func(x builtSegment) bool { return x == soonest })
	}
}

// RemoveSegment takes the person out of a segment.
func (b *Builder) RemoveSegment(name string) {
	n := NameOf(name)
	b.segments = slices.DeleteFunc(b.segments, func(s builtSegment) bool { return s.name == n })
}

// AddTouch records a contact of ours with the person. The oldest beyond
// MaxTouches are left out.
func (b *Builder) AddTouch(t Touch) error {
	if t.Kind == NoKind || t.Kind >= numKinds {
		return fmt.Errorf("a touch of kind %d is unknown", t.Kind)
	}
	if err := checkMoment(t.Time, b.now); err != nil {
		return fmt.Errorf("touch: %w", err)
	}
	b.putTouch(t)
	return nil
}

func (b *Builder) putTouch(t Touch) {
	t.Cost = storedCost(t.Cost)
	i, _ := slices.BinarySearchFunc(b.touches, t, compareTouches)
	if i < MaxTouches {
		b.touches = slices.Insert(b.touches, i, t)
		b.touches = b.touches[:min(len(b.touches), MaxTouches)]
	}
}

// AddID records an identifier that leads to the person. Beyond MaxIDs the one
// seen longest ago is left out.
func (b *Builder) AddID(id ID) error {
	if err := id.Check(); err != nil {
		return err
	}
	b.putID(builtID{id: id, day: today(b.now)})
	return nil
}

func (b *Builder) putID(x builtID) {
	i := slices.IndexFunc(b.ids, func(y builtID) bool { return y.id == x.id })
	if i >= 0 {
		b.ids[i].day = max(b.ids[i].day, x.day)
		return
	}
	if len(b.ids) >= MaxIDs {
		oldest := 0
		for i := range b.ids {
			if b.ids[i].day < b.ids[oldest].day {
				oldest = i
			}
		}
		b.ids = slices.Delete(b.ids, oldest, oldest+1)
	}
	b.ids = append(b.ids, x)
}

// HasID reports whether an identifier is recorded.
func (b *Builder) HasID(id ID) bool {
	return slices.ContainsFunc(b.ids, func(x builtID) bool { return x.id == id })
}

// maxAhead is how far a clock may be ahead of ours.
const maxAhead = secondsPerDay

// ErrTime is wrapped by the errors of moments that cannot be right.
var ErrTime = errors.New("not a possible time")

func checkMoment(at, now int64) error {
	if at <= 0 || at > math.MaxUint32 {
		return fmt.Errorf("%d is %w in unix seconds", at, ErrTime)
	}
	if at > now+maxAhead {
		return fmt.Errorf("%s is %w: it lies more than a day ahead", formatDate(at), ErrTime)
	}
	return nil
}
