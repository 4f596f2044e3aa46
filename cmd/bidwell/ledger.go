package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"bidwell/campaign"
	"bidwell/internal/prose"
	"bidwell/ledger"
	"bidwell/pricing/learn"
	"bidwell/profile/touches"
)

// ledgerOptions say which ledger a command works on.
type ledgerOptions struct{ config, data string }

func newLedger() *cobra.Command {
	var o ledgerOptions
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Check, rebuild and export the record of what was spent",
		Long: `Works on the ledger in the data directory. No bidder may be running on it. The
figures of a bidder that runs are at /status on its admin port, and in bidwell report.`,
		Example: `  bidwell ledger verify
  bidwell ledger export --from 2026-11-01 --format parquet --out november.parquet`,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&o.config, "config", defaultConfig, "path of bidwell.yaml, for the data directory's name")
	f.StringVar(&o.data, "data", "", "data directory (default: the file's, else ./data)")
	cmd.AddCommand(newLedgerVerify(&o), newLedgerReplay(&o), newLedgerExport(&o))
	return cmd
}

// dir returns the data directory.
func (o *ledgerOptions) dir() string {
	if snap, _, err := campaign.Load(o.config, time.Now()); o.data == "" && err == nil && snap != nil {
		return firstSet(snap.Process.Data, "data")
	}
	return firstSet(o.data, "data")
}

// with opens the ledger for fn.
func (o *ledgerOptions) with(cmd *cobra.Command, fn func(*ledger.Ledger) error) (err error) {
	fromEnv(cmd)
	dir := ledgerDir(o.dir())
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("there is no ledger in %s: name the data directory with --data", dir)
	}
	l, err := ledger.Open(ledger.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return fn(l)
}

func newLedgerVerify(o *ledgerOptions) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Check every event and that the figures are their sums",
		Example: "  bidwell ledger verify --data ./data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, func(l *ledger.Ledger) error {
				bar := newStepBar("verify")
				r, err := l.Verify(cmd.Context(), bar.step)
				bar.end()
				if err != nil {
					return err
				}
				return printOutcome(cmd.OutOrStdout(), asJSON, r, r.OK(), func(w io.Writer) {
					fmt.Fprintf(w, "%s checked, %s\n", prose.Count(r.Events, "event"), prose.Count(r.Found, "problem"))
					for _, p := range r.Problems {
						fmt.Fprintln(w, "  "+p.String())
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// replayed is what replay has found: figures, and contacts in profiles.
type replayed struct {
	*ledger.Diff
	Touches *touches.Replayed `json:"touches,omitempty"` // nil without profiles
	Models  *learn.Verified   `json:"models,omitempty"`  // nil where none were saved
}

func (r *replayed) OK() bool {
	return r.Diff.OK() && (r.Touches == nil || r.Touches.OK()) && (r.Models == nil || r.Models.Equal || !r.Models.Comparable)
}

func (r *replayed) write(w io.Writer) {
	fmt.Fprintf(w, "%s replayed, %s in figures\n", prose.Count(r.Events, "event"), prose.Count(r.Found, "difference"))
	for _, x := range r.Differences {
		fmt.Fprintf(w, "  %v\n", x)
	}
	writeTouches(w, r.Touches)
	writeLearned(w, r.Models)
}

func newLedgerReplay(o *ledgerOptions) *cobra.Command {
	var asJSON, mend bool
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Make all figures, contacts and models again from the events, and compare",
		Long: `Makes the figures of the ledger again from its events, the contacts
(impressions, views, clicks) in the profiles of the same data directory, and
what was learned for prices, and compares. With --write contacts that differ are written; figures never are.`,
		Example: `  bidwell ledger replay --data ./data
  bidwell ledger replay --data ./data --write`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, func(l *ledger.Ledger) error {
				r := new(replayed)
				bar := newStepBar("replay")
				var err error
				r.Diff, err = l.Replay(cmd.Context(), bar.step)
				bar.end()
				if err != nil {
					return err
				}
				if r.Touches, err = replayTouches(cmd, l, o.dir(), mend); err != nil {
					return err
				}
				if r.Models, err = verifyLearned(cmd.Context(), l, o.dir()); err != nil {
					return err
				}
				return printOutcome(cmd.OutOrStdout(), asJSON, r, r.OK(), r.write)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&mend, "write", false, "write the contacts that differ into the profiles")
	return cmd
}

// printOutcome prints an outcome; one that is not good is a failure.
func printOutcome(w io.Writer, asJSON bool, v any, good bool, text func(io.Writer)) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return err
		}
	} else {
		text(w)
	}
	if !good {
		return errSaid
	}
	return nil
}

func newLedgerExport(o *ledgerOptions) *cobra.Command {
	var format, out, from, to string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the events as NDJSON or Parquet",
		Long:  "Writes the events of the ledger. Of people who were erased it leaves out who they are.",
		Example: `  bidwell ledger export --data ./data --format ndjson --out events.ndjson
  bidwell ledger export --from 2026-11-01 --to 2026-12-01 --format parquet --out november.parquet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			x, err := exportOf(format, from, to)
			if err != nil {
				return err
			}
			return o.with(cmd, func(l *ledger.Ledger) error {
				if x.Each, err = hideErased(o.dir()); err != nil {
					return err
				}
				return exportTo(cmd.Context(), cmd, l, x, out)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "ndjson", "ndjson or parquet")
	f.StringVar(&out, "out", "-", "file to write, or - for standard output")
	f.StringVar(&from, "from", "", "first moment, such as 2026-11-01 or 2026-11-01T08:00:00Z (default: the beginning)")
	f.StringVar(&to, "to", "", "moment after the last (default: the end)")
	return cmd
}

func exportOf(format, from, to string) (x ledger.Export, err error) {
	if x.Format, err = ledger.ParseFormat(format); err != nil {
		return x, fmt.Errorf("%w--format: %w", silentUsage{}, err)
	}
	for _, m := range []struct {
		flag, text string
		dst        *time.Time
	}{{"--from", from, &x.From}, {"--to", to, &x.To}} {
		if m.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, m.text)
		if err != nil {
			t, err = time.Parse(time.RFC3339, m.text)
		}
		if err != nil {
			return x, fmt.Errorf("%w%s %q: write 2026-11-01 or 2026-11-01T08:00:00Z", silentUsage{}, m.flag, m.text)
		}
		*m.dst = t
	}
	return x, nil
}

// exportTo writes to a file, or to standard output.
func exportTo(ctx context.Context, cmd *cobra.Command, l *ledger.Ledger, x ledger.Export, out string) (err error) {
	w := cmd.OutOrStdout()
	if out != "-" {
		f, err := os.Create(out)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = f
	}
	bar := newStepBar("export")
	x.Progress = bar.step
	n, err := l.Export(ctx, w, x)
	bar.end()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s written\n", prose.Count(n, "event"))
	return err
}

// stepBar is a progress bar over so many steps, on a terminal only.
type stepBar struct {
	what string
	bar  *progressbar.ProgressBar
}

func newStepBar(what string) *stepBar { return &stepBar{what: what} }

func (b *stepBar) step(done, total uint64) {
	if !isTerminal(os.Stderr) {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(int64(total), progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription(b.what), progressbar.OptionThrottle(100*time.Millisecond))
	}
	b.bar.Set64(int64(done))
}

func (b *stepBar) end() {
	if b.bar != nil {
		b.bar.Exit()
		fmt.Fprintln(os.Stderr)
	}
}
