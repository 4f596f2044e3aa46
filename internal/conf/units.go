package conf

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"bidwell/ad"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"
)

// Duration is a length of time such as 10d, 3h30m, 90s or 3y: positive, in
// whole units. A day has 24 hours, a week 7 days, a year 365 days.
type Duration time.Duration

// Units of Duration beyond those of package time.
const (
	Day  = Duration(24 * time.Hour)
	Week = 7 * Day
	Year = 365 * Day
)

var durationUnits = []struct {
	name string
	len  Duration
}{
	{"y", Year}, {"w", Week}, {"d", Day}, {"h", Duration(time.Hour)},
	{"m", Duration(time.Minute)}, {"s", Duration(time.Second)}, {"ms", Duration(time.Millisecond)},
}

// ErrDuration is what ParseDuration's errors are.
var ErrDuration = errors.New("write whole numbers with units, such as 10d, 3h30m, 90s, 2w or 3y; m is minutes")

// ParseDuration reads a Duration. Units stand in descending order, each once.
func ParseDuration(s string) (Duration, error) {
	var total Duration
	rest, last := s, -1
	for rest != "" {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, ErrDuration
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		rest = rest[i:]
		j := strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' })
		if j < 0 {
			j = len(rest)
		}
		unit := unitIndex(rest[:j])
		rest = rest[j:]
		if err != nil || unit <= last {
			return 0, ErrDuration
		}
		last = unit
		u := durationUnits[unit].len
		if n > (math.MaxInt64-int64(total))/int64(u) {
			return 0, ErrDuration
		}
		total += Duration(n) * u
	}
	if total <= 0 {
		return 0, ErrDuration
	}
	return total, nil
}

func unitIndex(name string) int {
	for i, u := range durationUnits {
		if u.name == name {
			return i
		}
	}
	return -1
}

// Std returns the duration as package time knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Seconds returns the whole seconds, rounded down.
func (d Duration) Seconds() int64 { return int64(time.Duration(d) / time.Second) }

// String returns the duration as ParseDuration reads it, in the largest units.
func (d Duration) String() string {
	if d <= 0 {
		return "0s"
	}
	var b []byte
	for _, u := range durationUnits {
		// Weeks are for people who wrote weeks; days read better otherwise.
		if u.len == Week && d%Week != 0 || d < u.len {
			continue
		}
		b = strconv.AppendInt(b, int64(d/u.len), 10)
		b = append(b, u.name...)
		d %= u.len
	}
	return string(b)
}

// Text returns the duration in words, such as "10 days" or "3 years".
func (d Duration) Text() string {
	words := []string{"year", "week", "day", "hour", "minute", "second", "millisecond"}
	var parts []string
	for i, u := range durationUnits {
		if u.len == Week || d < u.len {
			continue
		}
		n := int64(d / u.len)
		d %= u.len
		part := strconv.FormatInt(n, 10) + " " + words[i]
		if n != 1 {
			part += "s"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

// DecodeYAML implements Reader.
func (d *Duration) DecodeYAML(n *yaml.Node, dec *Decoder) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		dec.Expected(n, "a length of time such as 10d")
		return
	}
	v, err := ParseDuration(n.Value)
	if err != nil {
		dec.Errorf(n, err.Error(), "%s is no length of time", describe(n))
		return
	}
	*d = v
}

// JSONSchema describes the text.
func (Duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Pattern:     `^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$`,
		Description: "A length of time such as 10d, 3h30m, 90s, 2w or 3y.",
	}
}

// Amount is money with its currency, such as 2.50 EUR.
type Amount struct{ ad.Amount }

// DecodeYAML implements Reader.
func (a *Amount) DecodeYAML(n *yaml.Node, d *Decoder) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.Expected(n, "an amount such as 2.50 EUR")
		return
	}
	if _, number := NumberOf(n); number {
		d.Errorf(n, "write for example "+n.Value+" EUR", "the amount %s lacks its currency", n.Value)
		return
	}
	v, err := ad.ParseAmount(n.Value)
	if err != nil {
		d.Errorf(n, "", "%v", err)
		return
	}
	a.Amount = v
}

// JSONSchema describes the text.
func (Amount) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:        "string",
		Pattern:     `^[0-9][0-9_]*(\.[0-9_]{0,11})? +[A-Za-z]{3}$`,
		Description: "An amount and its currency, such as 2.50 EUR.",
	}
}
