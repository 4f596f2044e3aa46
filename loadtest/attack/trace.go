package attack

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"bidwell/internal/prose"
)

// ReadTrace reads a schedule from CSV: one row for each moment, with the time
// and the rate in requests per second; between rows the rate runs in a straight
// line, and two rows of the same time make a step. A time is a number of
// seconds, a duration such as 1m30s, or a date and time as in RFC 3339; times
// count from the first row's. A first row that begins with a word is a heading,
// and lines that begin with # are not read. name is the file's, for errors,
// which have its line.
func ReadTrace(r io.Reader, name string) (Schedule, error) {
	in := csv.NewReader(r)
	in.Comment, in.FieldsPerRecord, in.TrimLeadingSpace, in.ReuseRecord = '#', -1, true, true
	var t trace
	for n := 0; ; n++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				return Schedule{}, fmt.Errorf("%s:%d: %w", name, bad.Line, bad.Err)
			}
			return Schedule{}, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		if n == 0 && heading(row) {
			continue
		}
		if err := t.add(row); err != nil {
			return Schedule{}, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	if len(t.points) < 2 {
		return Schedule{}, fmt.Errorf("%s: a trace needs at least two rows of time and rate", name)
	}
	rates, err := NewRates(t.points...)
	if err != nil {
		return Schedule{}, fmt.Errorf("%s: %w", name, err)
	}
	return Schedule{Pacer: rates, For: t.points[len(t.points)-1].At, Text: "trace " + name}, nil
}

func heading(row []string) bool {
	first := strings.TrimSpace(row[0])
	return first != "" && (first[0] < '0' || first[0] > '9') && first[0] != '-' && first[0] != '.'
}

// trace is what has been read so far.
type trace struct {
	points []Point
	first  time.Duration // of the first row, since whatever its times count from
}

func (t *trace) add(row []string) error {
	if len(row) != 2 {
		return fmt.Errorf("%s instead of time and rate", prose.Count(len(row), "column"))
	}
	at, err := parseMoment(strings.TrimSpace(row[0]))
	if err != nil {
		return err
	}
	rate, err := parseRate(row[1])
	if err != nil {
		return err
	}
	if len(t.points) == 0 {
		t.first = at
	}
	at -= t.first
	if n := len(t.points); n > 0 && at < t.points[n-1].At {
		return fmt.Errorf("time %s is before the row above", row[0])
	}
	t.points = append(t.points, Point{at, rate})
	return nil
}

func parseMoment(s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 9e9 {
		return time.Duration(f * 1e9), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return d, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return time.Duration(at.UnixNano()), nil
	}
	return 0, fmt.Errorf("time %q is neither seconds, nor a duration such as 90s, nor a date and time such as 2026-11-01T20:00:00Z", s)
}
