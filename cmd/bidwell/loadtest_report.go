package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bidwell/loadtest"
)

func newLoadtestReport() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report FILE...",
		Short: "Make one report of the files of several generators",
		Long: `Reads the files that 'bidwell loadtest market --out' has written, adds them up and
prints one report. Sums and quantiles are those of one run that had done it all.`,
		Example: `  bidwell loadtest report market.json
  bidwell loadtest report one.json two.json three.json --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			var all []*loadtest.Report
			for _, file := range files {
				r, err := loadtest.ReadReport(file)
				if err != nil {
					return err
				}
				all = append(all, r)
			}
			r, err := loadtest.MergeReports(all)
			if err != nil {
				return err
			}
			return printReport(cmd, r, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// watchExchange prints a line of figures, every second over the last on a terminal,
// else every five seconds.
func watchExchange(ctx context.Context, x *loadtest.Exchange, out io.Writer) {
	every, before, after := 5*time.Second, "", "\n"
	if f, ok := out.(*os.File); ok && isTerminal(f) {
		every, before, after = time.Second, "\r\x1b[K", ""
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fmt.Fprint(out, before, x.Report().Line(), after)
		}
	}
}
