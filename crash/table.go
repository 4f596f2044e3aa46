//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// printTable prints what the stages measured.
func printTable(w io.Writer, seed uint64, stages []*stage) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer t.Flush()
	row := func(label string, value func(*stage) any) {
		fmt.Fprintf(t, "%s\t", label)
		for _, s := range stages {
			fmt.Fprintf(t, "%v\t", value(s))
		}
		fmt.Fprintln(t)
	}
	row(fmt.Sprintf("seed %d, data on", seed), func(s *stage) any { return s.name })
	row("kills", func(s *stage) any { return s.figures.Kills })
	row("in a reload", func(s *stage) any { return s.figures.InReload })
	row("while starting", func(s *stage) any { return s.figures.InStart })
	row("while full", func(s *stage) any { return s.figures.WhileFull })
	row("disks filled", func(s *stage) any { return s.figures.Filled })
	row("went on by itself", func(s *stage) any { return s.figures.Recovered })
	row("start while full", func(s *stage) any { return s.figures.StartedFull })
	row("reloads", func(s *stage) any { return s.figures.Reloads })
	row("starts", func(s *stage) any { return len(s.figures.Starts) })
	row("median, longest", func(s *stage) any { return medianAndMost(s.figures.Starts) })
	row("accounts stopped by a budget", func(s *stage) any { return len(s.figures.Stopped) })
	row("bids", func(s *stage) any { return s.x.bids.Load() })
	row("events in the ledger", func(s *stage) any { return s.figures.Events })
	row("acknowledged", func(s *stage) any { return s.figures.Last.Acknowledged })
	row("of these lost", func(s *stage) any { return s.figures.Last.Lost })
	row("doubled", func(s *stage) any { return s.figures.Last.Doubled })
	row("invented", func(s *stage) any { return s.figures.Last.Invented })
	row("at another price", func(s *stage) any { return s.figures.Last.Mispriced })
	row("answer lost", func(s *stage) any { return s.figures.Last.Doubtful })
	row("of these in the ledger", func(s *stage) any { return s.figures.Last.Taken })
	row("refused as they had to be", func(s *stage) any { return s.x.rec.refusals })
	row("contacts in profiles", func(s *stage) any { return s.figures.Touches })
	row("visits in profiles", func(s *stage) any { return s.figures.Deeds })
	row("starts on damaged data", func(s *stage) any { return s.figures.Damaged })
	row("sales that outlived a kill", func(s *stage) any { return s.figures.Carried })
	row("all freed within", func(s *stage) any { return s.figures.Freed.Round(10 * time.Millisecond) })
	for _, s := range stages {
		fmt.Fprintf(t, "\n%s\tbudget\tspent\tabove it\tbound\t\n", s.name)
		for _, b := range s.limits.all() {
			u := b.usedBy(s.events, s.x.rec.late)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", b, b.amount(b.most), b.amount(u.Spent), b.amount(max(0, u.Spent-b.most)), b.amount(u.Bound))
		}
	}
}

// amount writes an amount of a budget for people.
func (b *budget) amount(v int64) string {
	if b.impressions {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%.6f", float64(v)/1e9)
}

func medianAndMost(all []time.Duration) string {
	if len(all) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%v, %v", sorted[len(sorted)/2].Round(time.Millisecond), sorted[len(sorted)-1].Round(time.Millisecond))
}
