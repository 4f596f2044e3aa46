package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bidwell/identity"
	"bidwell/profile"
)

// fact is what one line says.
type fact struct {
	id         profile.ID   // under which it is kept
	others     []profile.ID // of the same person
	attributes []attribute
	segments   []segment
	behaviours []behaviour
}

type attribute struct {
	name  string
	value profile.Value // NoValue: remove it
}

type segment struct {
	name    string
	expires int64
}

type behaviour struct {
	kind  profile.Kind
	topic string
	at    int64
	count int
}

// factOptions is what the meaning of a line depends on beside its text.
type factOptions struct {
	now int64 // unix seconds
	ttl time.Duration
}

// apply adds the fact to a record.
func (f *fact) apply(b *profile.Builder) error {
	if err := b.AddID(f.id); err != nil {
		return err
	}
	for _, a := range f.attributes {
		if a.value.Type == profile.NoValue {
			b.RemoveAttr(a.name)
			continue
		}
		if err := b.SetAttr(a.name, a.value); err != nil {
			return err
		}
	}
	for _, s := range f.segments {
		if err := b.AddSegment(s.name, s.expires); err != nil {
			return err
		}
	}
	for _, x := range f.behaviours {
		if err := b.AddBehaviour(x.kind, x.topic, x.at, x.count); err != nil {
			return err
		}
	}
	return nil
}

// links says that all identifiers of the line are of one person.
func (f *fact) links() (links []profile.Link) {
	for _, id := range f.others {
		links = append(links, profile.Link{A: f.id, B: id})
	}
	return links
}

// check finds what is wrong whatever the record is, while many lines are looked
// at side by side.
func (f *fact) check() error {
	if f.id.Type == "" && f.id.Value == "" {
		return fmt.Errorf("the line has no id")
	}
	for _, id := range append([]profile.ID{f.id}, f.others...) {
		if err := id.Check(); err != nil {
			return err
		}
		if err := identity.CheckType(id.Type); err != nil {
			return err
		}
	}
	for _, l := range f.links() {
		if err := l.Check(); err != nil {
			return err
		}
	}
	if len(f.others)+len(f.attributes)+len(f.segments)+len(f.behaviours) == 0 {
		return fmt.Errorf("the line says nothing about %s %s", f.id.Type, f.id.Value)
	}
	return nil
}

// textValue is the value that a text stands for where no type is given.
func textValue(s string) profile.Value {
	if at, ok := date(s); ok {
		return profile.DateValue(at)
	}
	return profile.StringValue(s)
}

// date reads an ISO date, at midnight UTC, or an RFC 3339 time.
func date(s string) (unix int64, ok bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	layout := time.RFC3339
	if len(s) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	t, err := time.Parse(layout, s)
	return t.Unix(), err == nil
}

// span reads a length of time: a whole number and s, m, h, d, w or y (365 days).
func span(s string) (seconds int64, ok bool) {
	if s == "" {
		return 0, false
	}
	unit := map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 7 * 86400, 'y': 365 * 86400}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if err != nil || unit == 0 || n > 1<<31 {
		return 0, false
	}
	return int64(n) * unit, true
}

// moment reads when something happened: a date, a time, unix seconds, or how
// long ago.
func (o *factOptions) moment(s string) (int64, error) {
	if at, ok := date(s); ok {
		return at, nil
	}
	if d, ok := span(s); ok {
		return o.now - d, nil
	}
	if at, err := strconv.ParseInt(s, 10, 64); err == nil {
		return at, nil
	}
	return 0, fmt.Errorf("%q is no time: write 2026-11-20T10:00:00Z, 2026-11-20, unix seconds, or how long ago, such as 3d", clip(s))
}

// expiry reads when a segment ends: a date, a time, or after how long.
func (o *factOptions) expiry(s string) (int64, error) {
	if at, ok := date(s); ok {
		return at, nil
	}
	if d, ok := span(s); ok {
		return o.now + d, nil
	}
	return 0, fmt.Errorf("%q is no expiry: write a date such as 2027-01-01, or how long from now, such as 30d", clip(s))
}

func (o *factOptions) defaultExpiry() int64 { return o.now + int64(o.ttl/time.Second) }

// kind reads a kind of behaviour.
func kind(s string) (profile.Kind, error) {
	k, ok := profile.KindOf(s)
	if !ok {
		return 0, fmt.Errorf("%q is no kind of behaviour: there are %s", clip(s), strings.Join(profile.KindNames(), ", "))
	}
	return k, nil
}

// clip shortens what is quoted in a message.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
