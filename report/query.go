package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bidwell/internal/conf"
)

// Dimension is what figures can be divided by.
type Dimension uint8

// The dimensions, in the order of a report's columns.
const (
	Campaign Dimension = iota
	LineItem
	Creative
	Exchange
	Deal

	numDimensions
)

var dimensionNames = [numDimensions]string{"campaign", "line_item", "creative", "exchange", "deal"}

// String returns the name of the column.
func (d Dimension) String() string { return dimensionNames[d] }

// DimensionNames returns the names that ParseDimensions knows.
func DimensionNames() []string { return dimensionNames[:] }

// ErrQuery is wrapped by the errors of what cannot be asked for.
var ErrQuery = errors.New("no such report")

// ParseDimensions reads names of dimensions; line-item is line_item as well. Line items
// and creatives have their names within a campaign only, so they bring it along.
func ParseDimensions(names []string) ([]Dimension, error) {
	var asked [numDimensions]bool
	for _, name := range names {
		d := slices.Index(dimensionNames[:], strings.ReplaceAll(name, "-", "_"))
		if d < 0 {
			return nil, unknown("by", name, dimensionNames[:])
		}
		asked[d] = true
	}
	asked[Campaign] = asked[Campaign] || asked[LineItem] || asked[Creative]
	var list []Dimension
	for d, yes := range asked {
		if yes {
			list = append(list, Dimension(d))
		}
	}
	return list, nil
}

// Period is the stretch of time that each row of a report is about.
type Period uint8

// The periods: all of the time that is asked for, or each day or hour of it.
const (
	Total Period = iota
	Day
	Hour
)

var periodNames = []string{"total", "day", "hour"}

// PeriodNames returns the names that ParsePeriod knows.
func PeriodNames() []string { return periodNames }

// ParsePeriod reads the name of a period.
func ParsePeriod(name string) (Period, error) {
	p := slices.Index(periodNames, name)
	if p < 0 {
		return 0, unknown("per", name, periodNames)
	}
	return Period(p), nil
}

// Query says what is asked for.
type Query struct {
	By        []Dimension // none: the sum of all
	Per       Period
	From, To  time.Time      // hours that begin at From or later and before To; zero for no bound
	Zone      *time.Location // whose days are meant; UTC for none
	Campaigns []string       // only these, by name; all for none
}

// ParseMoment reads a day, which begins in a zone, or an RFC 3339 moment. The zero time
// is that of no text.
func ParseMoment(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%w: the moment %q: write 2026-11-01 or 2026-11-01T08:00:00Z", ErrQuery, text)
	}
	return t, nil
}

// unknown is an error about a word that is none of those that are known.
func unknown(what, word string, known []string) error {
	if hint := conf.DidYouMean(word, known); hint != "" {
		return fmt.Errorf("%w: %s %q (%s)", ErrQuery, what, word, hint)
	}
	return fmt.Errorf("%w: %s %q; there are: %s", ErrQuery, what, word, strings.Join(known, ", "))
}
