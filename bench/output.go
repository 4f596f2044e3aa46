//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"bidwell/internal/prose"
)

// writeText writes the outcome for people.
func (o *outcome) writeText(w io.Writer) error {
	fmt.Fprintf(w, "%s, commit %s, %s, %d × %s, shared with the sender; took %.0f s\n",
		o.Time.UTC().Format(time.DateTime), o.Commit, o.Go, o.CPUs, o.Machine, o.Elapsed)
	fmt.Fprintf(w, "%s people in the store, %d connections, %d rounds of %.1f s for each figure; medians, with least and greatest\n",
		prose.Number(o.People), o.Conns, o.Rounds, o.Round)
	i := o.Import
	fmt.Fprintf(w, "import: %.0f people per second, %.1f µs of CPU each, at most %d MB resident, store of %d MB\n",
		i.PerSecond, float64(i.CPU.Microseconds())/float64(max(i.People, 1)), i.MaxRSS>>20, i.StoreBytes>>20)
	o.noise(w)
	if len(o.Cells) > 0 {
		o.saturated(w)
		o.steady(w)
	}
	o.extras(w)
	o.goals(w)
	return nil
}

func (o *outcome) noise(w io.Writer) {
	n := o.Noise
	if n.Rounds > 0 {
		fmt.Fprintf(w, "noise: the bare server took %s of CPU per request, %s to %s in %d rounds: ratios hold within a row, absolute figures do not\n",
			micros(time.Duration(n.Bare.Mid)), micros(time.Duration(n.Bare.Least)), micros(time.Duration(n.Bare.Most)), n.Rounds)
	}
	fmt.Fprintf(w, "others on the machine took %.2f processors, at most %.2f\n", n.Others.Mid, n.Others.Most)
	if n.Others.Mid > quiet {
		fmt.Fprintln(w, "THE MACHINE WAS BUSY: latencies, highest rates and goodput say more of others than of the bidder; ratios of CPU time still hold roughly")
	}
}

// table aligns rows of cells that are separated by tabs.
func table(w io.Writer, title, head string, rows func(row func(format string, args ...any))) {
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	rows(func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) })
	t.Flush() // into memory or a terminal: nothing to be done about an error
}

func (o *outcome) saturated(w io.Writer) {
	table(w, "CPU time of the server process per request, as many requests as each takes, one at a time on each connection",
		"line items × audiences, people\tbids\tbare\tdecode\twhole\t× bare\t\t× decode\trequests/s\tkernel\tallocs\tGC\tlooked at\tcache/store\tresident",
		func(row func(string, ...any)) {
			for i := range o.Cells {
				c := &o.Cells[i]
				b := last(c.Saturated)
				row("%s\t%.0f%%\t%s\t%s\t%s\t%.2f\t%.2f–%.2f\t%.2f\t%.0f\t%.0f%%\t%s\t%s\t%s\t%s/%s\t%d MB",
					c.title(), 100*b.Bids, micros(c.Saturated[0].CPU), micros(c.Saturated[1].CPU), micros(b.CPU),
					b.ToBare.Mid, b.ToBare.Least, b.ToBare.Most, b.ToDecode.Mid, b.PerSecond, 100*b.Kernel,
					known(b.Allocs, "%.2f", 1), known(b.GC, "%.1f%%", 100), known(b.Looked, "%.1f", 1),
					known(b.Hits, "%.0f%%", 100), known(b.Stored, "%.0f%%", 100), c.Resident>>20)
			}
		})
}

func (o *outcome) steady(w io.Writer) {
	for _, part := range []struct {
		share float64
		of    func(*measured) []summary
	}{{halfLoad, func(m *measured) []summary { return m.Half }}, {mostLoad, func(m *measured) []summary { return m.Most }}} {
		table(w, fmt.Sprintf("Latency from when each request was due, at %.0f%% of the most that the whole bidder takes, the same rate for all", 100*part.share),
			"line items × audiences, people\tbids\trequests/s\tbare p50\tp99\tp99.9\tdecode p50\tp99\tp99.9\twhole p50\tp99\tp99.9\tmax\tCPU × bare\t× decode\tlate\terrors",
			func(row func(string, ...any)) {
				for i := range o.Cells {
					s := part.of(&o.Cells[i])
					b := last(s)
					var tails strings.Builder
					for k := range s {
						fmt.Fprintf(&tails, "%s\t%s\t%s\t", millis(s[k].P50), millis(s[k].P99), millis(s[k].P999))
					}
					row("%s\t%.0f%%\t%.0f\t%s%s\t%.2f\t%.2f\t%d\t%d", o.Cells[i].title(), 100*b.Bids, b.Rate, tails.String(), millis(b.Max), b.ToBare.Mid, b.ToDecode.Mid, b.Late, b.Errors)
				}
			})
	}
}

func (o *outcome) extras(w io.Writer) {
	if len(o.Extras) == 0 {
		return
	}
	table(w, fmt.Sprintf("Life of a bidder with %s, load shedding on", usualCell.title()),
		"load\trequests/s\tof highest\tgoodput\tshed\tCPU\tallocs\tp50\tp99\tp99.9\tmax\tbids p99\tlag p99\tlate\tunsent\tunread\terrors\tnotices\tfailed\tp99\treloads\tothers\tstolen\tGC\tcycles\tcached\tresident",
		func(row func(string, ...any)) {
			for i := range o.Extras {
				e := &o.Extras[i]
				row("%s\t%.0f\t%.2f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%s\t%.0f\t%.2f\t%.3f\t%s\t%s\t%.0f MB\t%d MB",
					e.Name, e.PerSecond, e.PerSecond/e.Highest, e.Goodput, known(e.Shed, "%.0f%%", 100), micros(e.CPU), known(e.Allocs, "%.2f", 1),
					millis(e.P50), millis(e.P99), millis(e.P999), millis(e.Max), millis(e.BidP99), millis(e.LagP99), e.Late, e.Unsent, known(e.Unread, "%.1f%%", 100), e.Errors,
					e.Calls, e.CallErrors, millis(e.CallP99), e.Reloads, e.Others, e.Stolen, known(e.GC, "%.2f%%", 100), known(e.Cycles, "%.0f", 1),
					e.CacheBytes/(1<<20), e.Resident>>20)
			}
		})
	for i := range o.Extras {
		e := &o.Extras[i]
		if e.Bound > 0 {
			fmt.Fprintf(w, "%s: with what an empty answer costs, no more than %.2f of the highest could have been decided; %.2f was\n", e.Name, e.Bound, e.Goodput)
		}
		if len(e.Refused) > 0 {
			fmt.Fprintf(w, "%s: refused %v\n", e.Name, e.Refused)
		}
		if e.CycleCPU > 0 {
			fmt.Fprintf(w, "one cycle of the collector with %.0f MB cached takes %s of CPU; at the rate at which this allocates, cycles are %s of its CPU\n",
				e.CacheBytes/(1<<20), millis(e.CycleCPU), known(e.CycleShare, "%.2f%%", 100))
		}
	}
	for _, c := range o.ColdStarts {
		fmt.Fprintf(w, "cold start with %s line items: ready after %.2f s, first bid after %.2f s\n", prose.Number(c.Lines), c.Ready.Seconds(), c.FirstBid.Seconds())
	}
}

func (o *outcome) goals(w io.Writer) {
	table(w, "Figures to reach", "\tlimit\tmeasured\t", func(row func(string, ...any)) {
		for i := range o.Goals {
			g := &o.Goals[i]
			sign, verdict := "≤", "missed"
			if g.AtLeast {
				sign = "≥"
			}
			if g.met() {
				verdict = "met"
			}
			row("%s\t%s %.4g%s\t%.3g%s\t%s", g.What, sign, g.Limit, g.Unit, g.Got, g.Unit, verdict)
		}
	})
}

// known formats v × times, or says that it is not known.
func known(v float64, format string, times float64) string {
	if v < 0 {
		return "–"
	}
	return fmt.Sprintf(format, v*times)
}

func micros(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }
