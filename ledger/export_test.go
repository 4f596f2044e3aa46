package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/parquet-go/parquet-go"

	"bidwell/ad"
)

// TestFormatsCarryTheSame exports an event that has everything and a tally in
// both formats: they have the same fields, in the same order, with the same
// values, where NDJSON does not leave out what is empty.
func TestFormatsCarryTheSame(t *testing.T) {
	l := open(t, Config{FS: vfs.NewMem()})
	defer closeIt(t, l)
	e := event(ad.EventView, 1, 7)
	e.Detail, e.Deal, e.Person, e.Day = 3, 8, ad.PersonID{1}, -1
	mustAppend(t, l, e, ad.OK)
	tally := &ad.Event{Kind: ad.EventTally, Time: noon * 1000, Line: e.Line, Requests: 5, Bids: 2}
	mustAppend(t, l, tally, ad.OK)

	var lines, file bytes.Buffer
	for w, f := range map[*bytes.Buffer]Format{&lines: NDJSON, &file: Parquet} {
		if n, err := l.Export(context.Background(), w, Export{Format: f}); err != nil || n != 2 {
			t.Fatalf("%d events exported, %v", n, err)
		}
	}
	rows, err := parquet.Read[Row](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.SplitAfter(strings.TrimSpace(lines.String()), "\n") {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		at := -1
		for _, f := range fieldsOf(&rows[i]) {
			text, exported := object[f.name]
			if !exported && !f.empty {
				t.Errorf("event %d: NDJSON has no %s, Parquet has %s", i, f.name, f.text)
			}
			if exported && fmt.Sprint(text) != f.text {
				t.Errorf("event %d: %s is %v in NDJSON, %s in Parquet", i, f.name, text, f.text)
			}
			if place := strings.Index(line, `"`+f.name+`":`); exported && place < at {
				t.Errorf("event %d: %s is not where Parquet has it", i, f.name)
			} else if exported {
				at = place
			}
			delete(object, f.name)
		}
		if len(object) > 0 {
			t.Errorf("event %d: only NDJSON has %v", i, object)
		}
	}
}

// rowField is a field of a row as NDJSON should show it.
type rowField struct {
	name, text string
	empty      bool
}

// fieldsOf reads a row by its Parquet schema.
func fieldsOf(r *Row) (fields []rowField) {
	v := reflect.ValueOf(*r)
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("parquet")
		name, kind, _ := strings.Cut(tag, ",")
		text := fmt.Sprint(v.Field(i).Interface())
		switch {
		case strings.HasPrefix(kind, "timestamp"):
			text = time.UnixMilli(v.Field(i).Int()).UTC().Format("2006-01-02T15:04:05.000Z")
		case kind == "date":
			text = time.Unix(v.Field(i).Int()*86400, 0).UTC().Format(time.DateOnly)
		case strings.HasPrefix(kind, "decimal"):
			text = fmt.Sprint(float64(v.Field(i).Int()) / 1e9)
		}
		fields = append(fields, rowField{name, text, v.Field(i).IsZero()})
	}
	return fields
}
