package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"bidwell/profile"
)

// jsonLine is a line of NDJSON as it is written.
type jsonLine struct {
	ID         *profile.ID                `json:"id"`
	IDs        []profile.ID               `json:"ids"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	Segments   []jsonSegment              `json:"segments"`
	Behaviours []jsonBehaviour            `json:"behaviours"`
}

// jsonSegment is a name, or an object with a name.
type jsonSegment struct {
	Name    string `json:"name"`
	Expires string `json:"expires"`
}

type jsonBehaviour struct {
	Kind  string          `json:"kind"`
	Topic string          `json:"topic"`
	Time  json.RawMessage `json:"time"`
	Ago   string          `json:"ago"`
	Count *int            `json:"count"`
}

// UnmarshalJSON accepts a bare name.
func (s *jsonSegment) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &s.Name)
	}
	type plain jsonSegment
	return strict(b, (*plain)(s))
}

// strict decodes one JSON value and accepts no key that dst does not know.
func strict(text []byte, dst any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// json reads a line of NDJSON.
func (o *factOptions) json(text []byte) (*fact, error) {
	var in jsonLine
	if err := strict(text, &in); err != nil {
		return nil, jsonError(err)
	}
	f := &fact{}
	switch {
	case in.ID != nil && len(in.IDs) > 0:
		return nil, errors.New(`the line has both "id" and "ids"`)
	case in.ID != nil:
		f.id = *in.ID
	case len(in.IDs) > profile.MaxMembers:
		return nil, fmt.Errorf("the line has %d ids, nobody is known by more than %d", len(in.IDs), profile.MaxMembers)
	case len(in.IDs) > 0:
		f.id, f.others = in.IDs[0], in.IDs[1:]
	}
	if err := f.addAttributes(in.Attributes, o); err != nil {
		return nil, err
	}
	for _, s := range in.Segments {
		at := o.defaultExpiry()
		if s.Expires != "" {
			var err error
			if at, err = o.expiry(s.Expires); err != nil {
				return nil, fmt.Errorf("segment %s: %w", clip(s.Name), err)
			}
		}
		f.segments = append(f.segments, segment{s.Name, at})
	}
	for i := range in.Behaviours {
		if err := f.addBehaviour(&in.Behaviours[i], o); err != nil {
			return nil, err
		}
	}
	return f, f.check()
}

// addAttributes adds attributes in the order of their names, so that what has
// no room any more does not depend on chance.
func (f *fact) addAttributes(in map[string]json.RawMessage, o *factOptions) error {
	for name, raw := range in {
		v, err := o.jsonValue(raw)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", clip(name), err)
		}
		f.attributes = append(f.attributes, attribute{name, v})
	}
	slices.SortFunc(f.attributes, func(x, y attribute) int { return strings.Compare(x.name, y.name) })
	return nil
}

// jsonValue reads an attribute. {"ago": "4y"} is the date that long ago, for files
// that are to stay true.
func (o *factOptions) jsonValue(raw json.RawMessage) (profile.Value, error) {
	switch raw[0] {
	case 'n':
		return profile.Value{}, nil
	case 't':
		return profile.BoolValue(true), nil
	case 'f':
		return profile.BoolValue(false), nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return textValue(s), err
	case '{', '[':
		var in struct {
			Ago string `json:"ago"`
		}
		d, ok := int64(0), strict(raw, &in) == nil
		if ok {
			d, ok = span(in.Ago)
		}
		if !ok {
			return profile.Value{}, errors.New(`an object or a list is no value: write a string, a number, a date, a bool or {"ago": "4y"}`)
		}
		return profile.DateValue(o.now - d), nil
	}
	var n float64
	err := json.Unmarshal(raw, &n)
	return profile.NumberValue(n), err
}

func (f *fact) addBehaviour(in *jsonBehaviour, o *factOptions) error {
	k, err := kind(in.Kind)
	if err != nil {
		return err
	}
	out := behaviour{kind: k, topic: in.Topic, count: 1}
	if in.Count != nil {
		out.count = *in.Count
	}
	switch {
	case in.Ago != "" && in.Time != nil:
		return fmt.Errorf(`%s of %s has both "time" and "ago"`, k, clip(in.Topic))
	case in.Ago != "":
		d, ok := span(in.Ago)
		if !ok {
			return fmt.Errorf("%s of %s: %q is no length of time: write 90s, 30m, 12h, 3d or 2w", k, clip(in.Topic), clip(in.Ago))
		}
		out.at = o.now - d
	case in.Time != nil:
		if out.at, err = o.moment(strings.Trim(string(in.Time), `"`)); err != nil {
			return fmt.Errorf("%s of %s: %w", k, clip(in.Topic), err)
		}
	default:
		return fmt.Errorf(`%s of %s has neither "time" nor "ago"`, k, clip(in.Topic))
	}
	f.behaviours = append(f.behaviours, out)
	return nil
}

// jsonError says what is wrong in words that do not need the decoder's source.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON object is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("a JSON %s where an object should be", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%q is a JSON %s and should be of another kind", kind.Field, kind.Value)
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("unknown key %s: a line has id (type, value) or ids, attributes, segments (name, expires) and behaviours (kind, topic, time or ago, count)", field)
	}
	return err
}
