package report

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/ledger"
)

// Report is the answer to a query.
type Report struct {
	Query
	Currency string // of what was spent
	Rows     []Row  // by time, then by name
	Sum      ledger.Counts
}

// Row is what happened in one period to what its names say.
type Row struct {
	Start  time.Time             // of the period; zero of a total
	Names  [numDimensions]string // of the dimensions that were asked for; empty for none, as of an auction without a deal
	Counts ledger.Counts
}

// place is what a row is of.
type place struct {
	start int64 // unix seconds
	ids   [numDimensions]ad.ID
}

// Make adds up roll-ups. The ledger may be in use. Errors of the query wrap ErrQuery.
func Make(ctx context.Context, l *ledger.Ledger, q Query) (*Report, error) {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	sums, wanted := map[place]*ledger.Counts{}, newFilter(l, q.Campaigns)
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.From.IsZero() {
		from = ceilUnix(q.From)
	}
	if !q.To.IsZero() {
		to = ceilUnix(q.To)
	}
	err := l.Rollups(from, to, func(r *ledger.Rollup) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !wanted.has(r.Campaign) {
			return nil
		}
		p := q.placeOf(r)
		if sums[p] == nil {
			sums[p] = new(ledger.Counts)
		}
		sums[p].Add(&r.Counts)
		return nil
	})
	if err == nil {
		err = wanted.missing()
	}
	if err != nil {
		return nil, fmt.Errorf("make the report: %w", err)
	}
	return q.collect(l, sums), nil
}

// ceilUnix returns the first whole second that is not before t.
func ceilUnix(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// placeOf returns the place of a roll-up. An hour belongs to the day in which it begins.
func (q *Query) placeOf(r *ledger.Rollup) (p place) {
	ids := [numDimensions]ad.ID{r.Campaign, r.Line, r.Creative, r.Exchange, r.Deal}
	for _, d := range q.By {
		p.ids[d] = ids[d]
	}
	switch q.Per {
	case Hour:
		p.start = r.Hour
	case Day:
		year, month, day := time.Unix(r.Hour, 0).In(q.Zone).Date()
		p.start = time.Date(year, month, day, 0, 0, 0, 0, q.Zone).Unix()
	}
	return p
}

// collect makes rows of sums.
func (q *Query) collect(l *ledger.Ledger, sums map[place]*ledger.Counts) *Report {
	kinds := [numDimensions]ledger.NameKind{ledger.CampaignName, ledger.LineName, ledger.CreativeName, ledger.ExchangeName, ledger.DealName}
	report := &Report{Query: *q}
	for p, c := range sums {
		row := Row{Counts: *c}
		for d, id := range p.ids {
			row.Names[d] = l.TextOf(kinds[d], id)
		}
		if q.Per != Total {
			row.Start = time.Unix(p.start, 0).In(q.Zone)
		}
		report.Rows = append(report.Rows, row)
		report.Sum.Add(c)
	}
	slices.SortFunc(report.Rows, func(a, b Row) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return slices.Compare(a.Names[:], b.Names[:])
	})
	return report
}

// filter lets some campaigns through, by name.
type filter struct {
	ledger *ledger.Ledger
	names  []string // none lets all through
	known  map[ad.ID]bool
	seen   []string
}

func newFilter(l *ledger.Ledger, names []string) *filter {
	return &filter{ledger: l, names: names, known: map[ad.ID]bool{}}
}

func (f *filter) has(id ad.ID) bool {
	if len(f.names) == 0 {
		return true
	}
	yes, known := f.known[id]
	if !known {
		name := f.ledger.TextOf(ledger.CampaignName, id)
		yes = slices.Contains(f.names, name)
		f.known[id] = yes
		if name != "" {
			f.seen = append(f.seen, name)
		}
	}
	return yes
}

// missing is an error about a name of which there was nothing.
func (f *filter) missing() error {
	for _, name := range f.names {
		if !slices.Contains(f.seen, name) {
			slices.SortFunc(f.seen, strings.Compare)
			return unknown("of campaign", name, f.seen)
		}
	}
	return nil
}
