package campaign

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"bidwell/internal/conf"
)

// DealsSpec is which deals a line item buys: a list of ids, or any.
type DealsSpec struct {
	Any bool
	IDs []string
	Pos conf.Pos
}

// DecodeYAML reads "any" or a list of deal ids.
func (s *DealsSpec) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	s.Pos = d.Pos(n)
	if n.Kind == yaml.ScalarNode {
		if n.Value != "any" {
			d.Errorf(n, `write a list, such as [deal-1], or any`, "%q is no list of deals", n.Value)
			return
		}
		s.Any = true
		return
	}
	d.Decode(n, &s.IDs)
}

// JSONSchema describes both forms for editors.
func (DealsSpec) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Const: "any"},
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}},
	}}
}

// Minutes of a week, counted from Monday 00:00.
const (
	minutesPerDay  = 24 * 60
	minutesPerWeek = 7 * minutesPerDay
)

// HoursSpec is when a line item runs within the week, in the campaign's time
// zone.
type HoursSpec struct {
	Spans []Span
	Pos   conf.Pos
}

// Span is a part of the week, in minutes from Monday 00:00, From included and
// To not.
type Span struct{ From, To uint16 }

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// DecodeYAML reads a mapping from days to lists of hours, such as
// {mon-fri: [06:00-10:00], sat: [09:00-24:00]}.
func (s *HoursSpec) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	s.Pos = d.Pos(n)
	if n.Kind != yaml.MappingNode {
		d.Errorf(n, "write {mon-fri: [06:00-10:00, 17:00-24:00]}", "expected days with hours")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		days := s.days(n.Content[i], d)
		var hours []string
		if !d.Decode(n.Content[i+1], &hours) {
			continue
		}
		for k, h := range hours {
			from, to, err := parseHours(h)
			if err != nil {
				d.Errorf(n.Content[i+1].Content[k], "write 06:00-10:00; 24:00 is midnight", "%v", err)
				continue
			}
			for _, day := range days {
				s.Spans = append(s.Spans, Span{uint16(day*minutesPerDay + from), uint16(day*minutesPerDay + to)})
			}
		}
	}
}

// JSONSchema describes the mapping for editors.
func (HoursSpec) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:          "object",
		PropertyNames: &jsonschema.Schema{Pattern: `^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$`},
		AdditionalProperties: &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{
			Type: "string", Pattern: `^\d{1,2}:\d{2}-\d{1,2}:\d{2}$`,
		}},
	}
}

// days reads mon or mon-fri; a range may run over the end of the week.
func (s *HoursSpec) days(n *yaml.Node, d *conf.Decoder) []int {
	first, last, ranged := strings.Cut(n.Value, "-")
	if !ranged {
		last = first
	}
	from, to := indexOf(weekdays, first), indexOf(weekdays, last)
	if from < 0 || to < 0 {
		d.Errorf(n, "days are mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri", "%q is no day", n.Value)
		return nil
	}
	days := []int{from}
	for from != to {
		from = (from + 1) % 7
		days = append(days, from)
	}
	return days
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

func parseHours(s string) (from, to int, err error) {
	a, b, ok := strings.Cut(s, "-")
	if ok {
		from, ok = parseClock(a)
	}
	if ok {
		to, ok = parseClock(b)
	}
	if !ok {
		return 0, 0, fmt.Errorf("%q is no span of hours", s)
	}
	if from >= to {
		return 0, 0, fmt.Errorf("%q ends before it begins: write two spans, one for each day", s)
	}
	return from, to, nil
}

func parseClock(s string) (minute int, ok bool) {
	hh, mm, ok := strings.Cut(strings.TrimSpace(s), ":")
	h, err1 := strconv.Atoi(hh)
	m, err2 := strconv.Atoi(mm)
	if !ok || err1 != nil || err2 != nil || h < 0 || m < 0 || m > 59 || h*60+m > minutesPerDay {
		return 0, false
	}
	return h*60 + m, true
}

// Later takes a key of the agreed file format that this version does not act
// on yet. It warns, so that nobody believes in a promise that is not kept.
type Later struct{}

// DecodeYAML reports the key.
func (Later) DecodeYAML(n *yaml.Node, d *conf.Decoder) {
	d.Warnf(n, "", "this version does not act on this setting yet")
}

// JSONSchema allows any value.
func (Later) JSONSchema() *jsonschema.Schema { return jsonschema.TrueSchema }
