package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/ledger"
)

// figure is a column of numbers.
type figure struct {
	name string
	of   func(*ledger.Counts) uint64
}

// figures are the columns for machines, before what was spent.
var figures = []figure{
	{"requests", func(c *ledger.Counts) uint64 { return c.Requests }},
	{"bids", func(c *ledger.Counts) uint64 { return c.Bids }},
	{"wins", func(c *ledger.Counts) uint64 { return c.Wins }},
	{"billings", func(c *ledger.Counts) uint64 { return c.Billings }},
	{"losses", func(c *ledger.Counts) uint64 { return c.Losses }},
	{"impressions", func(c *ledger.Counts) uint64 { return c.Impressions }},
	{"views", func(c *ledger.Counts) uint64 { return c.Views[1] }},
	{"starts", func(c *ledger.Counts) uint64 { return c.Views[2] }},
	{"first_quartiles", func(c *ledger.Counts) uint64 { return c.Views[3] }},
	{"midpoints", func(c *ledger.Counts) uint64 { return c.Views[4] }},
	{"third_quartiles", func(c *ledger.Counts) uint64 { return c.Views[5] }},
	{"completes", func(c *ledger.Counts) uint64 { return c.Views[6] }},
	{"clicks", func(c *ledger.Counts) uint64 { return c.Clicks }},
	{"conversions", func(c *ledger.Counts) uint64 { return c.Conversions }},
	{"visits", func(c *ledger.Counts) uint64 { return c.Visits }},
}

// WriteCSV writes a line of column names and one for each row.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := []string{}
	if r.Per != Total {
		line = append(line, periodNames[r.Per])
	}
	for _, d := range r.By {
		line = append(line, d.String())
	}
	for _, f := range figures {
		line = append(line, f.name)
	}
	if err := out.Write(append(line, "spend")); err != nil {
		return err
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		line = line[:0]
		if r.Per != Total {
			line = append(line, r.startText(row.Start))
		}
		for _, d := range r.By {
			line = append(line, csvCell(row.Names[d]))
		}
		for _, f := range figures {
			line = append(line, strconv.FormatUint(f.of(&row.Counts), 10))
		}
		if err := out.Write(append(line, row.Counts.Spend.String())); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvCell returns a name as a cell of which no spreadsheet makes a formula: before a
// beginning that would be one stands an apostrophe. Names are whatever exchanges call
// their deals.
func csvCell(name string) string {
	if name != "" && strings.IndexByte("=+-@", name[0]) >= 0 {
		return "'" + name
	}
	return name
}

// startText returns a day as 2026-11-01, or an hour in RFC 3339.
func (r *Report) startText(start time.Time) string {
	if r.Per == Day {
		return start.Format(time.DateOnly)
	}
	return start.Format(time.RFC3339)
}

// WriteJSON writes one object: what was asked, rows, and their total.
func (r *Report) WriteJSON(w io.Writer) error {
	type object = map[string]any
	rows := []object{}
	for i := range r.Rows {
		row := &r.Rows[i]
		o := jsonFigures(&row.Counts)
		if r.Per != Total {
			o[periodNames[r.Per]] = r.startText(row.Start)
		}
		for _, d := range r.By {
			o[d.String()] = row.Names[d]
		}
		rows = append(rows, o)
	}
	by := []string{}
	for _, d := range r.By {
		by = append(by, d.String())
	}
	all := object{"by": by, "per": periodNames[r.Per], "zone": r.Zone.String(), "currency": r.Currency, "rows": rows, "total": jsonFigures(&r.Sum)}
	for name, t := range map[string]time.Time{"from": r.From, "to": r.To} {
		if !t.IsZero() {
			all[name] = t.In(r.Zone).Format(time.RFC3339)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
}

func jsonFigures(c *ledger.Counts) map[string]any {
	o := map[string]any{"spend": json.RawMessage(ad.Money.String(c.Spend))}
	for _, f := range figures {
		o[f.name] = f.of(c)
	}
	return o
}
