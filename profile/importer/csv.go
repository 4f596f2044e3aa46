package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"bidwell/internal/prose"
	"bidwell/profile"
)

// header is what the columns of a CSV file mean.
type header struct{ columns []column }

// column sets what a field says.
type column struct {
	name string
	set  func(f *fact, field string, o *factOptions) error
}

// parseHeader reads the header row.
func parseHeader(text string) (*header, error) {
	names, err := split(text)
	if err != nil {
		return nil, err
	}
	h := &header{}
	seen := map[string]bool{}
	ids := 0
	for _, name := range names {
		name = strings.TrimSpace(name)
		if seen[name] {
			return nil, fmt.Errorf("there are two columns %q", clip(name))
		}
		seen[name] = true
		set, err := meaning(name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(name, "id:") {
			ids++
		}
		h.columns = append(h.columns, column{name, set})
	}
	switch {
	case seen["id"] != seen["id_type"]:
		return nil, errors.New("the columns id and id_type need each other")
	case seen["id"] && ids > 0:
		return nil, errors.New("there are the columns id_type and id, and id:TYPE beside them: use one or the other")
	case ids > profile.MaxMembers:
		return nil, fmt.Errorf("there are %d columns with ids, nobody is known by more than %d", ids, profile.MaxMembers)
	case !seen["id"] && ids == 0:
		return nil, errors.New("there is no column with an identifier: id_type and id, or id:ifa and the like")
	}
	return h, nil
}

type setter = func(f *fact, field string, o *factOptions) error

// meaning returns what the fields of a column do.
func meaning(name string) (setter, error) {
	if name == "id_type" {
		return func(f *fact, s string, _ *factOptions) error { return f.identify(&f.id.Type, s) }, nil
	}
	if name == "id" {
		return func(f *fact, s string, _ *factOptions) error { return f.identify(&f.id.Value, s) }, nil
	}
	what, rest, ok := strings.Cut(name, ":")
	if !ok || rest == "" {
		return nil, fmt.Errorf("unknown column %q: there are id_type and id, id:TYPE, attr:NAME, segment:NAME, and KIND:TOPIC with a kind of %s",
			clip(name), strings.Join(profile.KindNames(), ", "))
	}
	switch what {
	case "id":
		return func(f *fact, s string, _ *factOptions) error {
			if f.id.Value != "" {
				f.others = append(f.others, profile.ID{Type: rest, Value: s})
				return nil
			}
			return errors.Join(f.identify(&f.id.Type, rest), f.identify(&f.id.Value, s))
		}, nil
	case "attr":
		return attributeColumn(rest)
	case "segment":
		return segmentColumn(rest)
	}
	k, err := kind(what)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", clip(name), err)
	}
	return behaviourColumn(k, rest), profile.CheckName(rest)
}

func (f *fact) identify(to *string, s string) error {
	if *to != "" {
		return errors.New("the row has more than one id in these columns")
	}
	*to = s
	return nil
}

func attributeColumn(name string) (setter, error) {
	read := func(s string) (profile.Value, error) { return textValue(s), nil }
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		typed, ok := readers[name[i+1:]]
		if !ok {
			return nil, fmt.Errorf("column attr:%s: %q is no type: there are string, number, bool and date", clip(name), clip(name[i+1:]))
		}
		name, read = name[:i], typed
	}
	return func(f *fact, s string, _ *factOptions) error {
		v, err := read(s)
		f.attributes = append(f.attributes, attribute{name, v})
		return err
	}, profile.CheckName(name)
}

// readers read fields of a given type.
var readers = map[string]func(s string) (profile.Value, error){
	"string": func(s string) (profile.Value, error) { return profile.StringValue(s), nil },
	"number": func(s string) (profile.Value, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return profile.Value{}, fmt.Errorf("%q is no number", clip(s))
		}
		return profile.NumberValue(n), nil
	},
	"bool": func(s string) (profile.Value, error) {
		b, ok := truth(s)
		if !ok {
			return profile.Value{}, fmt.Errorf("%q is neither true nor false", clip(s))
		}
		return profile.BoolValue(b), nil
	},
	"date": func(s string) (profile.Value, error) {
		at, ok := date(s)
		if !ok {
			return profile.Value{}, fmt.Errorf("%q is no date: write 2026-11-20 or 2026-11-20T10:00:00Z", clip(s))
		}
		return profile.DateValue(at), nil
	},
}

func truth(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "1", "true", "yes":
		return true, true
	case "0", "false", "no":
		return false, true
	}
	return false, false
}

func segmentColumn(name string) (setter, error) {
	return func(f *fact, s string, o *factOptions) error {
		in, ok := truth(s)
		if ok && !in {
			return nil
		}
		at := o.defaultExpiry()
		if !ok {
			var err error
			if at, err = o.expiry(s); err != nil {
				return err
			}
		}
		f.segments = append(f.segments, segment{name, at})
		return nil
	}, profile.CheckName(name)
}

// behaviourColumn reads how often, now, or a list of times.
func behaviourColumn(k profile.Kind, topic string) setter {
	return func(f *fact, s string, o *factOptions) error {
		if n, err := strconv.Atoi(s); err == nil && n <= profile.MaxCount {
			if n != 0 {
				f.behaviours = append(f.behaviours, behaviour{k, topic, o.now, n})
			}
			return nil
		}
		for part := range strings.SplitSeq(s, ";") {
			at, err := o.moment(strings.TrimSpace(part))
			if err != nil {
				return err
			}
			f.behaviours = append(f.behaviours, behaviour{k, topic, at, 1})
		}
		return nil
	}
}

// fact reads a row.
func (h *header) fact(text []byte, o *factOptions) (*fact, error) {
	fields, err := split(string(text))
	if err != nil {
		return nil, err
	}
	if len(fields) != len(h.columns) {
		return nil, fmt.Errorf("the row has %s and the header %d", prose.Count(len(fields), "field"), len(h.columns))
	}
	f := &fact{}
	for i, s := range fields {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if err := h.columns[i].set(f, s, o); err != nil {
			return nil, fmt.Errorf("column %s: %w", clip(h.columns[i].name), err)
		}
	}
	return f, f.check()
}

// split separates the fields of a row: by commas, and where a field begins with
// a quotation mark up to the next that is not doubled.
func split(row string) (fields []string, err error) {
	for {
		if !strings.HasPrefix(row, `"`) {
			field, rest, more := strings.Cut(row, ",")
			fields = append(fields, field)
			if !more {
				return fields, nil
			}
			row = rest
			continue
		}
		field, rest, err := quoted(row[1:])
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("there is something between a closing quotation mark and the next comma: %q", clip(rest))
		}
		row = rest[1:]
	}
}

// quoted reads up to the closing quotation mark.
func quoted(s string) (field, rest string, err error) {
	var b strings.Builder
	for {
		part, after, ok := strings.Cut(s, `"`)
		if !ok {
			return "", "", errors.New("a quotation mark is not closed in this row: a field cannot hold a line break")
		}
		b.WriteString(part)
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, nil
		}
		b.WriteByte('"')
		s = after[1:]
	}
}
