package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"bidwell/ledger"
)

// textFigures are the columns for people, before rates and what was spent.
var textFigures = []string{"requests", "bids", "wins", "win rate", "impressions", "views", "clicks", "CTR", "conversions", "spend", "CPM"}

// WriteText writes a table for people, with a total if there are several rows, and a
// line on what the figures are. Rows in which nothing happened but visits are left out.
func (r *Report) WriteText(w io.Writer) error {
	names := 0 // columns of them
	var head []string
	if r.Per != Total {
		head, names = append(head, periodNames[r.Per]), 1
	}
	for _, d := range r.By {
		head, names = append(head, strings.ReplaceAll(d.String(), "_", " ")), names+1
	}
	lines := [][]string{append(head, textFigures...)}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Counts == (ledger.Counts{Visits: row.Counts.Visits}) {
			continue
		}
		lines = append(lines, append(r.nameCells(row), textCells(&row.Counts)...))
	}
	if len(lines) == 1 {
		_, err := fmt.Fprintln(w, "nothing happened")
		return err
	}
	if len(lines) > 2 {
		total := make([]string, names)
		if names > 0 {
			total[0] = "total"
		}
		lines = append(lines, append(total, textCells(&r.Sum)...))
	}
	if err := writeTable(w, lines, names); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, r.remark())
	return err
}

// nameCells says what a row is of; – stands for none.
func (r *Report) nameCells(row *Row) (cells []string) {
	switch r.Per {
	case Day:
		cells = append(cells, r.startText(row.Start))
	case Hour:
		cells = append(cells, row.Start.Format("2006-01-02 15:04"))
	}
	for _, d := range r.By {
		cells = append(cells, orDash(row.Names[d]))
	}
	return cells
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func textCells(c *ledger.Counts) []string {
	whole := func(n uint64) string { return fmt.Sprint(n) }
	cpm := "–"
	if c.Impressions > 0 {
		cpm = fmt.Sprintf("%.2f", c.Spend.Units()*1000/float64(c.Impressions))
	}
	return []string{
		whole(c.Requests), whole(c.Bids), whole(c.Wins), share(c.Wins, c.Bids, 1), whole(c.Impressions), whole(c.Views[1]),
		whole(c.Clicks), share(c.Clicks, c.Impressions, 2), whole(c.Conversions), fmt.Sprintf("%.2f", c.Spend.Units()), cpm,
	}
}

// share returns part of whole in per cent.
func share(part, whole uint64, digits int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f %%", digits, 100*float64(part)/float64(whole))
}

// writeTable aligns the first columns to the left and the others to the right.
func writeTable(w io.Writer, lines [][]string, left int) error {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if i < left {
				b.WriteString(cell + pad)
				continue
			}
			b.WriteString(pad + cell)
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// remark says what the figures are of.
func (r *Report) remark() string {
	parts := []string{"spend in " + orDash(r.Currency), "CPM: spend for a thousand impressions"}
	if r.Per != Total {
		parts = append(parts, "times in "+r.Zone.String())
	}
	if !r.From.IsZero() {
		parts = append(parts, "from "+r.From.In(r.Zone).Format("2006-01-02 15:04"))
	}
	if !r.To.IsZero() {
		parts = append(parts, "until "+r.To.In(r.Zone).Format("2006-01-02 15:04"))
	}
	if slices.Contains(r.By, Creative) {
		parts = append(parts, "requests are of line items, before a creative is picked")
	}
	return strings.Join(parts, "; ")
}
