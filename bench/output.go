//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// outcome is what one run measured.
type outcome struct {
	Time       time.Time     `json:"time"`
	Commit     string        `json:"commit"`
	Go         string        `json:"go"`
	CPUs       int           `json:"cpus"`
	Scale      scale         `json:"scale"`
	Import     imported      `json:"import"`
	Start      time.Duration `json:"start_ns"`         // of the bidder, until it was ready
	Resident   int64         `json:"resident_bytes"`   // of the bidder, at the end
	MostMemory int64         `json:"most_resident"`    // of the bidder, ever
	Saturated  []summary     `json:"saturated"`        // as many requests as each server takes
	Steady     []summary     `json:"steady"`           // the same rate for all
	Phases     []phase       `json:"phases,omitempty"` // every single measurement
}

func (o *outcome) writeText(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s, %s, %d CPUs shared with the sender\n", o.Time.UTC().Format(time.DateTime), o.Commit, o.Go, o.CPUs)
	s := o.Scale
	fmt.Fprintf(w, "%d line items in %d campaigns, %d audiences, %d people, cache of %d MB\n", s.Lines, s.Campaigns, s.Audiences, s.People, s.CacheMB)
	if o.Import.People > 0 {
		i := o.Import
		fmt.Fprintf(w, "import: %d people in %.1f s, %.0f per second, %.1f µs of CPU each, at most %d MB resident, store %d MB\n",
			i.People, i.Elapsed.Seconds(), i.PerSecond, float64(i.CPU.Microseconds())/float64(i.People), i.MaxRSS>>20, i.StoreBytes>>20)
		fmt.Fprintf(w, "bidder: ready in %.2f s, %d MB resident at the end, at most %d MB\n", o.Start.Seconds(), o.Resident>>20, o.MostMemory>>20)
	}
	o.table(w, "as many requests as each takes, one at a time on each connection", o.Saturated)
	if len(o.Steady) > 0 {
		o.table(w, fmt.Sprintf("%.0f requests per second to each, latency from when each was due", o.Steady[0].Rate), o.Steady)
	}
	return nil
}

func (o *outcome) table(w io.Writer, title string, rows []summary) {
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tCPU/request\tspread\tratio\trequests/s\tp50\tp99\tp99.9\tmax\tallocs/request\tGC\tbids\tcache hits\terrors\tsender CPU\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s–%s\t%.2f\t%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f%%\t%s\t%d\t%s\t\n",
			r.Server, micros(r.CPU), micros(r.LeastCPU), micros(r.MostCPU), r.Ratio, r.PerSecond,
			millis(r.P50), millis(r.P99), millis(r.P999), millis(r.Max), known(r.Allocs, "%.2f", 1), known(r.GC, "%.1f%%", 100),
			100*r.Bids, known(r.CacheHits, "%.0f%%", 100), r.Errors, micros(r.SenderCPU))
	}
	t.Flush() // into memory or a terminal: nothing to be done about an error
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

// save writes the outcome for people and for machines.
func (o *outcome) save(text, machine string) error {
	var b bytes.Buffer
	if err := o.writeText(&b); err != nil {
		return err
	}
	j, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(text, b.Bytes(), 0o644), os.WriteFile(machine, append(j, '\n'), 0o644))
}
