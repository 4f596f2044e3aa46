package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/campaign"
	"bidwell/pacing"
	"bidwell/simulate"
)

// errChanges marks a plan that changes something, which it has said already.
var errChanges = errors.New("changes")

type planOptions struct {
	marketFlags
	auction, curve string
	asJSON         bool
}

func newPlan() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan OLD NEW",
		Short: "Say what a change of configuration does",
		Long: `Compares two configuration directories: what is added, changed and removed, with
the place in the new files, and what each campaign would buy before and after, by
simulation on the same synthetic market (see bidwell simulate). Layout, order and
comments make no difference.

Exits with 0 if nothing changes, with 2 if something does, with 1 if it cannot tell.`,
		Example: `  cp -r configs next   # then edit next/campaigns/roadster.yaml
  bidwell plan configs next
  bidwell plan configs next --days 2 --requests 100000 --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPositive(cmd); err != nil {
				return err
			}
			return plan(cmd, &o, args[0], args[1])
		},
	}
	f := cmd.Flags()
	o.addMarket(f)
	f.StringVar(&o.auction, "auction", "second", "second: the winner pays the highest rival bid; first: its own")
	f.StringVar(&o.curve, "curve", "", "how every campaign spreads its budget: "+strings.Join(pacing.CurveNames(), ", ")+" (default: each campaign's own)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of everything random")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func plan(cmd *cobra.Command, o *planOptions, before, after string) error {
	if err := o.parse(); err != nil {
		return err
	}
	before, after = configDir(before), configDir(after)
	was, err := loadForMarket(filepath.Join(before, campaign.ProcessFileName), o.Start)
	if err != nil {
		return err
	}
	is, err := loadForMarket(filepath.Join(after, campaign.ProcessFileName), o.Start)
	if err != nil {
		return err
	}
	changes, err := diff(before, after)
	if err != nil {
		return err
	}
	report, err := simulate.Plan(was, is, changes, o.MarketOptions)
	if err != nil {
		return marketError(err)
	}
	write := report.WriteText
	if o.asJSON {
		write = report.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	if len(changes) > 0 {
		return errChanges
	}
	return nil
}

// parse reads the flags that are words.
func (o *planOptions) parse() (err error) {
	if err := o.day(time.Now()); err != nil {
		return err
	}
	if o.Auction, err = simulate.ParseAuction(o.auction); err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	if o.curve == "" {
		return nil
	}
	c, err := pacing.ParseCurve(o.curve)
	if err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	o.Curve = &c
	return nil
}

// configDir returns the directory of a configuration, which may also be named by its
// first file.
func configDir(name string) string {
	if filepath.Base(name) == campaign.ProcessFileName {
		return filepath.Dir(name)
	}
	return name
}

// diff compares two directories. As when they are loaded, nothing outside of them is
// read.
func diff(before, after string) ([]simulate.Change, error) {
	a, err := os.OpenRoot(before)
	if err != nil {
		return nil, fmt.Errorf("open the old configuration: %w", err)
	}
	defer a.Close()
	b, err := os.OpenRoot(after)
	if err != nil {
		return nil, fmt.Errorf("open the new configuration: %w", err)
	}
	defer b.Close()
	return simulate.Diff(a.FS(), b.FS())
}
