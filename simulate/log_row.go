package simulate

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/internal/prose"
	"bidwell/pricing"
)

// splitter returns what divides a line. Without a separator, that is tabs if the
// line has any, else commas, else blanks.
func splitter(separator string) (func(string) []string, error) {
	by := func(sep string) func(string) []string {
		return func(s string) []string { return strings.Split(s, sep) }
	}
	switch separator {
	case "", "auto":
		return func(s string) []string {
			for _, sep := range []string{"\t", ",", ";"} {
				if strings.Contains(s, sep) {
					return strings.Split(s, sep)
				}
			}
			return strings.Fields(s)
		}, nil
	case "tab", "\t", `\t`:
		return by("\t"), nil
	case "comma", ",":
		return by(","), nil
	case "semicolon", ";":
		return by(";"), nil
	case "space", " ":
		return strings.Fields, nil
	}
	return nil, fmt.Errorf("separator %q: it is one of tab, comma, semicolon, space, auto", separator)
}

// isHeader reports whether no field of a line is a number.
func isHeader(fields []string) bool {
	for _, f := range fields {
		if _, err := strconv.ParseFloat(strings.TrimSpace(f), 64); err == nil {
			return false
		}
	}
	return true
}

func parseRow(fields, columns []string) (w row, err error) {
	if len(fields) < len(columns) {
		return w, fmt.Errorf("%s, %d are named", prose.Count(len(fields), "column"), len(columns))
	}
	w.pctr = 1
	for i, c := range columns {
		s := strings.TrimSpace(fields[i])
		switch c {
		case colPrice:
			w.price, err = parsePrice(s)
		case colPCTR:
			w.pctr, err = parseNumber(s, 1)
		case colClick:
			w.click, err = parseClick(s)
		case colHour:
			w.hour, err = parseHour(s)
		case colPart:
			w.segment = pricing.SegmentOf(ad.Banner, 0, 0, []byte(s))
		case colTime:
			w.time, err = parseTime(s)
		}
		if err != nil {
			return w, fmt.Errorf("%s %q: %w", c, s, err)
		}
	}
	return w, nil
}

// parsePrice reads the highest rival bid. Where that is 0 there was none, and the least
// bid that there is wins.
func parsePrice(s string) (ad.Money, error) {
	cpm, err := parseNumber(s, maxLogCPM)
	if err != nil {
		return 0, err
	}
	m, _ := ad.FromCPM(cpm)
	return max(m, 1), nil
}

func parseNumber(s string, most float64) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= most) {
		return 0, fmt.Errorf("it should be a number from 0 to %g", most)
	}
	return x, nil
}

func parseClick(s string) (bool, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x != 0 && x != 1 {
		return false, errors.New("it should be 0 or 1")
	}
	return x == 1, nil
}

func parseHour(s string) (int, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x < 0 || x >= hoursPerDay || x != math.Trunc(x) {
		return 0, errors.New("it should be a whole number from 0 to 23")
	}
	return int(x), nil
}

// parseTime reads unix seconds or milliseconds, RFC 3339, a date and time without
// a zone, or a time stamp of 14 to 17 digits such as 20130606000104008.
func parseTime(s string) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		switch {
		case len(s) <= 10:
			return time.Unix(n, 0).UTC(), nil
		case len(s) == 13:
			return time.UnixMilli(n).UTC(), nil
		case len(s) >= 14 && len(s) <= 17:
			if t, err := time.Parse("20060102150405", s[:14]); err == nil {
				ms, _ := strconv.Atoi((s[14:] + "000")[:3])
				return t.Add(time.Duration(ms) * time.Millisecond), nil
			}
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("it should be unix seconds or milliseconds, or such as 2026-01-05T08:30:00Z")
}
