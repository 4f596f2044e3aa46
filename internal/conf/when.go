package conf

import (
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"
)

// Date is a day such as 2026-11-01, or a moment such as 2026-11-01T09:30:00 or
// 2026-11-01T09:30:00+01:00. What lacks a zone takes it from elsewhere.
type Date struct {
	Year    int
	Month   time.Month
	Day     int
	Hour    int
	Minute  int
	Second  int
	HasTime bool           // false: the beginning of the day
	Zone    *time.Location // nil if none was given
}

var dateLayouts = []struct {
	layout        string
	hasTime, zone bool
}{
	{"2006-01-02", false, false},
	{"2006-01-02T15:04", true, false},
	{"2006-01-02T15:04:05", true, false},
	{"2006-01-02T15:04Z07:00", true, true},
	{"2006-01-02T15:04:05Z07:00", true, true},
}

// ParseDate reads a Date. A space may stand for the T.
func ParseDate(s string) (Date, bool) {
	s = strings.Replace(s, " ", "T", 1)
	for _, l := range dateLayouts {
		t, err := time.Parse(l.layout, s)
		if err != nil || t.Year() < 1 || t.Nanosecond() != 0 {
			continue
		}
		d := Date{
			Year: t.Year(), Month: t.Month(), Day: t.Day(),
			Hour: t.Hour(), Minute: t.Minute(), Second: t.Second(), HasTime: l.hasTime,
		}
		if l.zone {
			_, offset := t.Zone()
			d.Zone = time.FixedZone("", offset)
		}
		return d, true
	}
	return Date{}, false
}

// IsZero reports whether no date was given.
func (d Date) IsZero() bool { return d.Year == 0 }

// In returns the moment, in loc unless the date names its own zone.
func (d Date) In(loc *time.Location) time.Time {
	if d.Zone != nil {
		loc = d.Zone
	}
	return time.Date(d.Year, d.Month, d.Day, d.Hour, d.Minute, d.Second, 0, loc)
}

// String returns the date as it is written.
func (d Date) String() string {
	switch {
	case !d.HasTime:
		return d.In(time.UTC).Format("2006-01-02")
	case d.Zone == nil:
		return d.In(time.UTC).Format("2006-01-02T15:04:05")
	}
	return d.In(nil).Format("2006-01-02T15:04:05Z07:00")
}

// DecodeYAML implements Reader.
func (d *Date) DecodeYAML(n *yaml.Node, dec *Decoder) {
	const want = "a date such as 2026-11-01 or 2026-11-01T09:30:00+01:00"
	if n.Kind != yaml.ScalarNode || isNull(n) {
		dec.Expected(n, want)
		return
	}
	v, ok := ParseDate(n.Value)
	if !ok {
		dec.Expected(n, want)
		return
	}
	*d = v
}

// JSONSchema describes the text.
func (Date) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Pattern:     `^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$`,
		Description: "A date such as 2026-11-01, or a moment such as 2026-11-01T09:30:00+01:00.",
	}
}

// TimeZone is a zone of the IANA database, such as Europe/Berlin. Its Location
// is nil if none was given.
type TimeZone struct{ *time.Location }

// DecodeYAML implements Reader.
func (z *TimeZone) DecodeYAML(n *yaml.Node, d *Decoder) {
	name, ok := d.Text(n)
	if !ok {
		return
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		d.Errorf(n, "name it as in Europe/Berlin or UTC", "unknown time zone %q", name)
		return
	}
	z.Location = loc
}

// JSONSchema describes the text.
func (TimeZone) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "A time zone such as Europe/Berlin or UTC."}
}
