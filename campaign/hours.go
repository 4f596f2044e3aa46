package campaign

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"bidwell/internal/conf"
)

// Minutes of a week, counted from Monday 00:00.
const (
	minutesPerDay  = 24 * 60
	minutesPerWeek = 7 * minutesPerDay
)

// HoursSpec is when a line item runs within the week, in the campaign's time
// zone.
type HoursSpec struct {
	Spans []Span // in order, apart from each other
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
		d.Expected(n, "days with hours, such as {mon-fri: [06:00-10:00, 17:00-24:00]}")
		return
	}
	if len(n.Content) == 0 {
		d.Errorf(n, "write {mon-fri: [06:00-10:00, 17:00-24:00]}, or leave the key out for all hours", "no hours are given")
		return
	}
	var all []written
	for i := 0; i+1 < len(n.Content); i += 2 {
		days, hours := daysOf(n.Content[i], d), n.Content[i+1]
		var list []string
		if !d.Decode(hours, &list) {
			continue
		}
		if len(list) == 0 {
			d.Errorf(hours, "leave the days out on which nothing runs", "the list of hours is empty")
		}
		for k, text := range list {
			from, to, err := parseHours(text)
			if err != nil {
				d.Errorf(hours.Content[k], "write 06:00-10:00; 24:00 is midnight", "%v", err)
				continue
			}
			for _, day := range days {
				all = append(all, written{Span{uint16(day*minutesPerDay + from), uint16(day*minutesPerDay + to)}, hours.Content[k]})
			}
		}
	}
	s.Spans = merged(all, d)
}

// written is a span with where it was written.
type written struct {
	Span
	node *yaml.Node
}

// merged returns the spans in order, with those that touch joined, and warns of
// those that overlap.
func merged(spans []written, d *conf.Decoder) []Span {
	slices.SortStableFunc(spans, func(a, b written) int { return cmp.Compare(a.From, b.From) })
	var out []Span
	for _, s := range spans {
		n := len(out)
		if n == 0 || s.From > out[n-1].To {
			out = append(out, s.Span)
			continue
		}
		if s.From < out[n-1].To {
			d.Warnf(s.node, "", "the hours on %s overlap with others", weekdays[s.From/minutesPerDay])
		}
		out[n-1].To = max(out[n-1].To, s.To)
	}
	return out
}

// JSONSchema describes the mapping for editors.
func (HoursSpec) JSONSchema() *jsonschema.Schema {
	one := uint64(1)
	return &jsonschema.Schema{
		Type:          "object",
		MinProperties: &one,
		PropertyNames: &jsonschema.Schema{Pattern: `^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$`},
		AdditionalProperties: &jsonschema.Schema{Type: "array", MinItems: &one, Items: &jsonschema.Schema{
			Type: "string", Pattern: `^\d{1,2}:\d{2}-\d{1,2}:\d{2}$`,
		}},
	}
}

// daysOf reads mon or mon-fri; a range may run over the end of the week.
func daysOf(n *yaml.Node, d *conf.Decoder) []int {
	first, last, ranged := strings.Cut(n.Value, "-")
	if !ranged {
		last = first
	}
	from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
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

var hoursForm = regexp.MustCompile(`^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$`)

// parseHours reads a span of hours, in minutes of the day.
func parseHours(s string) (from, to int, err error) {
	m := hoursForm.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, fmt.Errorf("%q is no span of hours", s)
	}
	var ok [2]bool
	from, ok[0] = minuteOf(m[1], m[2])
	to, ok[1] = minuteOf(m[3], m[4])
	switch {
	case !ok[0] || !ok[1]:
		return 0, 0, fmt.Errorf("%q is outside of the day", s)
	case from == to:
		return 0, 0, fmt.Errorf("%q is no time at all", s)
	case from > to:
		return 0, 0, fmt.Errorf("%q ends before it begins: write two spans, one for each day", s)
	}
	return from, to, nil
}

func minuteOf(hh, mm string) (minute int, ok bool) {
	h, _ := strconv.Atoi(hh) // the form bounds them
	m, _ := strconv.Atoi(mm)
	return h*60 + m, m < 60 && h*60+m <= minutesPerDay
}

// meets reports whether any of the spans may lie within a stretch of the week
// of that many minutes, which may run over its end. An hour more on either side
// allows for changes of the clock.
func meets(spans []Span, from, minutes int) bool {
	const slack = 60
	from, minutes = from-slack+minutesPerWeek, minutes+2*slack
	for _, s := range spans {
		into := (int(s.From) - from%minutesPerWeek + minutesPerWeek) % minutesPerWeek
		if into < minutes || into+int(s.To-s.From) > minutesPerWeek {
			return true
		}
	}
	return false
}
