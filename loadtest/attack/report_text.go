package attack

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bidwell/internal/prose"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("target", "%s", r.Target)
	row("asked", "%s for %s: %s; answers within %s; at most %s",
		r.Schedule, seconds(r.For), prose.Count(r.Due, "request"), short(r.TMax), prose.Count(r.Connections, "connection"))
	row("delivered", "%s (%s), %s/s; %s/s answered in time", prose.Count(r.Sent, "request"), percent(r.Sent, r.Due), rateText(r.SentRate), rateText(r.GoodRate))
	if r.Interrupted {
		row("", "interrupted after %s; the figures are of what was due until then", seconds(r.Elapsed))
	}
	if r.Latency.Max > 0 {
		row("latency", "%s   from when each request was due", r.Latency.text())
	} else {
		row("latency", "none: there is no answer to measure")
	}
	row("lag", "%s   from due to sent; the generator's own: p99 %s", r.Lag.text(), short(r.OwnLag.P99))
	row("answers", "%s (%s), %s (%s), %s (%s)", prose.Count(r.Bids, "bid"), percent(r.Bids, r.Due),
		prose.Count(r.NoBids, "no-bid"), percent(r.NoBids, r.Due), prose.Count(r.Errors, "error"), percent(r.Errors, r.Due))
	for _, e := range r.errorRows() {
		row("", "%s  %s", prose.Number(e.N), e.Text)
	}
	switch {
	case r.Checked > 0 && len(r.Faults) == 0:
		row("checked", "%s with bids, all valid", prose.Count(r.Checked, "answer"))
	case r.Checked > 0:
		row("checked", "%s with bids, %s invalid", prose.Count(r.Checked, "answer"), prose.Number(r.Reasons[Invalid.String()]))
		for _, text := range byCount(r.Faults) {
			row("", "%s  %s", prose.Number(r.Faults[text]), text)
		}
	}
	row("generator", "%s", r.Self.text())
	r.verdicts(row)
	return t.Flush()
}

func (r *Report) verdicts(row func(name, format string, args ...any)) {
	if r.Trusted() {
		row("trust", "nothing speaks against these figures")
	}
	for i, s := range r.Warnings {
		name := ""
		if i == 0 {
			name = "DOUBTFUL"
		}
		row(name, "%s", s)
	}
	for i, s := range r.Notes {
		name := ""
		if i == 0 {
			name = "note"
		}
		row(name, "%s", s)
	}
	for i, c := range r.Checks {
		name, verdict := "", "ok"
		if i == 0 {
			name = "fail if"
		}
		if c.Failed {
			verdict = "FAILED"
		}
		row(name, "%-14s %-6s  %s", c.Threshold, verdict, c.Is)
	}
}

func (q Quantiles) text() string {
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", short(q.P50), short(q.P90), short(q.P99), short(q.P999), short(q.Max))
}

func (s Self) text() string {
	text := "a portable sender"
	if s.Busy > 0 {
		text = fmt.Sprintf("sender busy %.0f %%", 100*s.Busy)
	}
	if s.Cores > 0 {
		text = fmt.Sprintf("%.2f cores, ", s.Cores) + text
	}
	if s.Machine > 0 {
		text += fmt.Sprintf(", whole machine busy %.0f %%", 100*s.Machine)
	}
	return text + fmt.Sprintf(", garbage collection %.1f %% of its time", 100*s.GC)
}

// errorRow is one kind of error.
type errorRow struct {
	N    uint64
	Name string
	Text string
}

// errorRows returns the errors, the most frequent first.
func (r *Report) errorRows() []errorRow {
	var rows []errorRow
	for o := NoBid + 1; o < outcomes; o++ {
		n := r.Reasons[o.String()]
		if n == 0 {
			continue
		}
		text := says[o]
		if o == Status {
			var parts []string
			for _, s := range byCount(r.Statuses) {
				parts = append(parts, fmt.Sprintf("%s × %s", prose.Number(r.Statuses[s]), s))
			}
			text += ": " + strings.Join(parts, ", ")
		}
		rows = append(rows, errorRow{n, o.String(), o.String() + ": " + text})
	}
	slices.SortStableFunc(rows, func(a, b errorRow) int { return cmp.Compare(b.N, a.N) })
	return rows
}

// byCount returns the keys of a table, the most frequent first.
func byCount(of map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
}

// seconds writes a length of time with one decimal, if it needs one.
func seconds(d time.Duration) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}

// Line returns a progress on one line, for a terminal.
func (p Progress) Line() string {
	return fmt.Sprintf("%4.0fs  asked %s/s, sent %s/s, p50 %s, p99 %s, bids %s, errors %s", p.Elapsed.Seconds(),
		rateText(p.Asked), rateText(perSecond(p.Sent, p.span)), short(p.P50), short(p.P99),
		percent(p.Bids, max(p.answered, p.Bids)), prose.Number(p.Wrong))
}
