package attack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mark is a value in a request, without its quotes.
type mark struct {
	at, end int
	field   int // which of personFields
}

// stamp is a moment in a request: a Unix time in seconds or milliseconds, or a
// date and time in UTC.
type stamp struct {
	at, end int
	layout  string // of time.Format; "" for a Unix time
}

// put writes a moment. Its length stays the same until the year 2286.
func (s stamp) put(b []byte, now time.Time) {
	var buf [32]byte
	var text []byte
	switch {
	case s.layout != "":
		text = now.UTC().AppendFormat(buf[:0], s.layout)
	case s.end-s.at == 13:
		text = strconv.AppendInt(buf[:0], now.UnixMilli(), 10)
	default:
		text = strconv.AppendInt(buf[:0], now.Unix(), 10)
	}
	copy(b[s.at:s.end], text)
}

// personFields are the ids of a person that recordings carry.
var personFields = []string{"device.ifa", "user.buyeruid", "user.id"}

// fields are the places of a request that a replay changes.
type fields struct {
	ids    []mark // id, source.tid and every ext.tid
	tmax   mark
	stamps []stamp
	people []mark
}

// findFields finds them in a bid request.
func findFields(line []byte) (*fields, error) {
	if err := wellFormed(line); err != nil {
		return nil, err
	}
	f := new(fields)
	var path []string // of the object that is open, without the numbers of arrays
	var arrays []bool // for each open bracket whether it is an array
	key, wantKey := "", false
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			break // the end: the line is valid
		}
		end := int(d.InputOffset())
		if delim, ok := token.(json.Delim); ok {
			switch delim {
			case '{', '[':
				if len(arrays) > 0 && !arrays[len(arrays)-1] || len(arrays) == 0 {
					path = append(path, key)
				} else {
					path = append(path, "")
				}
				arrays = append(arrays, delim == '[')
				wantKey = delim == '{'
			default:
				path, arrays = path[:len(path)-1], arrays[:len(arrays)-1]
				wantKey = len(arrays) > 0 && !arrays[len(arrays)-1]
			}
			continue
		}
		inArray := arrays[len(arrays)-1]
		if wantKey {
			key, wantKey = token.(string), false
			continue
		}
		f.value(nameOf(path, key, inArray), token, line, end)
		wantKey = !inArray
	}
	if len(f.ids) == 0 || f.ids[0].field != topID {
		return nil, errors.New("the request has no id, or it is no string")
	}
	return f, nil
}

// topID marks the request's own id.
const topID = -1

// nameOf joins the keys that lead to a value. Arrays do not count.
func nameOf(path []string, key string, inArray bool) string {
	var parts []string
	for _, p := range path {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if !inArray {
		parts = append(parts, key)
	}
	return strings.Join(parts, ".")
}

// value looks at one value that ends at end.
func (f *fields) value(name string, token json.Token, line []byte, end int) {
	switch v := token.(type) {
	case string:
		m := mark{at: end - 1 - len(v), end: end - 1}
		if m.at < 1 || line[m.at-1] != '"' || string(line[m.at:m.end]) != v {
			return // it has escapes
		}
		f.text(name, v, m)
	case json.Number:
		m := mark{at: end - len(v), end: end}
		if name == "tmax" {
			f.tmax = m
		}
		if unixTime(string(v)) && timely(name) {
			f.stamps = append(f.stamps, stamp{at: m.at, end: m.end})
		}
	}
}

func (f *fields) text(name, v string, m mark) {
	switch {
	case name == "id":
		m.field = topID
		f.ids = append([]mark{m}, f.ids...)
		return
	case name == "source.tid" || strings.HasSuffix(name, "ext.tid"):
		f.ids = append(f.ids, m)
		return
	}
	for i, p := range personFields {
		if name == p && v != "" && strings.Trim(v, "0-") != "" {
			m.field = i
			f.people = append(f.people, m)
			return
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z"} {
		if at, err := time.Parse(layout, v); err == nil && len(v) == len(layout) && recent(at.Unix()) && timely(name) {
			f.stamps = append(f.stamps, stamp{at: m.at, end: m.end, layout: layout})
		}
	}
}

// timely reports whether a name is that of a moment.
func timely(name string) bool {
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	return last == "ts" || strings.Contains(last, "time") || strings.HasSuffix(last, "_ts") || strings.HasSuffix(last, "_at")
}

func unixTime(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return false
	}
	switch len(s) {
	case 13:
		return recent(n / 1000)
	case 10:
		return recent(n)
	}
	return false
}

// recent reports whether a Unix time is between 2010 and 2050.
func recent(sec int64) bool { return sec > 1_262_000_000 && sec < 2_525_000_000 }

// rewrite returns the request with room for UUIDs where its ids are and with
// another tmax, and where everything is then.
func (f *fields) rewrite(line []byte, tmaxMS int) ([]byte, recorded) {
	var out []byte
	var rec recorded
	done := 0
	add := func(m mark, with string) int {
		out = append(append(out, line[done:m.at]...), with...)
		done = m.end
		return len(out) - len(with)
	}
	for _, e := range f.inOrder() {
		switch e.kind {
		case 'i':
			rec.fresh = append(rec.fresh, add(e.mark, "00000000-0000-4000-8000-000000000000"))
		case 't':
			add(e.mark, strconv.Itoa(tmaxMS))
		case 's':
			at := add(e.mark, string(line[e.at:e.end]))
			rec.stamps = append(rec.stamps, stamp{at: at, end: len(out), layout: e.layout})
		case 'p':
			at := add(e.mark, string(line[e.at:e.end]))
			rec.people = append(rec.people, mark{at: at, end: len(out), field: e.field})
		}
	}
	return append(out, line[done:]...), rec
}

// edit is one place, of a kind: id, tmax, stamp or person.
type edit struct {
	mark
	kind   byte
	layout string
}

// inOrder returns all places from the beginning to the end of the request.
func (f *fields) inOrder() []edit {
	var all []edit
	for _, m := range f.ids {
		all = append(all, edit{mark: m, kind: 'i'})
	}
	if f.tmax.end > 0 {
		all = append(all, edit{mark: f.tmax, kind: 't'})
	}
	for _, s := range f.stamps {
		all = append(all, edit{mark: mark{at: s.at, end: s.end}, kind: 's', layout: s.layout})
	}
	for _, m := range f.people {
		all = append(all, edit{mark: m, kind: 'p'})
	}
	slices.SortFunc(all, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	return all
}
