package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bidwell/campaign"
	"bidwell/internal/catalogue"
	"bidwell/internal/conf"
	"bidwell/simulate"
)

// marketFlags are the flags of a synthetic market.
type marketFlags struct {
	simulate.MarketOptions
	config, start string
	campaigns     int
	compare       bool
}

// add adds the flags that tell the market, the same for simulate and plan.
func (m *marketFlags) addMarket(f *pflag.FlagSet) {
	f.IntVar(&m.Days, "days", 1, "days to simulate")
	f.IntVar(&m.Requests, "requests", 150_000, "bid requests a day")
	f.IntVar(&m.People, "people", 20_000, "people to generate")
	f.StringVar(&m.Exchange, "exchange", "", "exchange of the configuration that sends the requests (default: the first one)")
	f.Float64Var(&m.Rivals, "rivals", 1, "factor on what rivals bid")
	f.Float64Var(&m.BudgetScale, "budget-scale", 0.01, "factor on every budget, for the requests are a sample of a day's")
	f.StringVar(&m.start, "start", "", "first day, such as 2026-11-01 (default: today)")
}

// add adds the flags of simulate that --replay does not have.
func (m *marketFlags) add(f *pflag.FlagSet) {
	f.StringVar(&m.config, "config", defaultConfig, "path of bidwell.yaml, for the synthetic market")
	f.IntVar(&m.campaigns, "campaigns", 0, "generate a configuration of so many campaigns with goals of all kinds, in place of --config; budgets are scaled to the requests")
	f.BoolVar(&m.compare, "compare", false, "trade on the same market in other ways as well: with the true chances, no shading, a constant factor, the last price, fixed prices")
	m.addMarket(f)
}

// day reads the first day.
func (m *marketFlags) day(now time.Time) error {
	m.Start = now
	if m.start == "" {
		return nil
	}
	var err error
	if m.Start, err = time.Parse(time.DateOnly, m.start); err != nil {
		return fmt.Errorf("%w--start %q: write a day such as 2026-11-01", silentUsage{}, m.start)
	}
	return nil
}

// runMarket runs the configuration on a synthetic market.
func runMarket(cmd *cobra.Command, o *simulateOptions) error {
	m := &o.market
	if err := m.day(time.Now()); err != nil {
		return err
	}
	m.Auction, m.Forecast, m.ForecastError = o.Auction, o.Forecast, o.ForecastError
	m.Tick, m.NoticeDelay, m.NoticeLoss, m.NoticeDuplicates = o.Tick, o.NoticeDelay, o.NoticeLoss, o.NoticeDuplicates
	m.Burst, m.Restart, m.Seed = o.Burst, o.Restart, o.Seed
	if cmd.Flags().Changed("curve") {
		m.Curve = &o.Curve
	}
	load := func() (*campaign.Snapshot, error) { return loadForMarket(m.config, m.Start) }
	if m.campaigns != 0 {
		load = func() (*campaign.Snapshot, error) { return generateForMarket(m.campaigns, m.Seed, m.Start) }
		if !cmd.Flags().Changed("budget-scale") {
			m.BudgetScale = float64(m.Requests) / catalogue.RequestsADay
		}
		if !cmd.Flags().Changed("people") { // who are met as often as people are
			m.People = max(m.People, m.Requests/4)
		}
	}
	report, err := trade(load, m)
	if err != nil {
		return err
	}
	if o.html != "" {
		if err := writePage(o.html, report); err != nil {
			return err
		}
	}
	if o.asJSON {
		return report.WriteJSON(cmd.OutOrStdout())
	}
	return report.WriteText(cmd.OutOrStdout())
}

// tradeReport is a report of one way to price, or of several.
type tradeReport interface {
	page
	WriteJSON(io.Writer) error
	WriteText(io.Writer) error
}

// trade lets the market pass.
func trade(load func() (*campaign.Snapshot, error), m *marketFlags) (tradeReport, error) {
	if m.compare {
		c, err := simulate.Compare(load, m.MarketOptions)
		if err != nil {
			return nil, marketError(err)
		}
		return c, nil
	}
	snap, err := load()
	if err != nil {
		return nil, err
	}
	report, err := simulate.Market(snap, m.MarketOptions)
	if err != nil {
		return nil, marketError(err)
	}
	return report, nil
}

// mostGenerated is how many campaigns are generated at most.
const mostGenerated = 1000

// generateForMarket makes a configuration of campaigns with goals of all kinds.
func generateForMarket(campaigns int, seed uint64, day time.Time) (*campaign.Snapshot, error) {
	if campaigns < 1 || campaigns > mostGenerated {
		return nil, fmt.Errorf("%w--campaigns %d: it should be from 1 to %d", silentUsage{}, campaigns, mostGenerated)
	}
	files := fstest.MapFS{}
	for name, text := range (catalogue.Goals{Campaigns: campaigns, Seed: seed}).Files() {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	problems := new(conf.Problems)
	snap := campaign.Compile(files, day, problems)
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return nil, errors.New("the generated configuration has errors, see above")
	}
	return snap, nil
}

// loadForMarket compiles a configuration as of a day, and says what is wrong with it.
func loadForMarket(path string, day time.Time) (*campaign.Snapshot, error) {
	snap, problems, err := campaign.Load(path, day)
	if err != nil {
		return nil, err
	}
	if snap == nil {
		problems.Write(os.Stderr, isTerminal(os.Stderr))
		return nil, fmt.Errorf("%s: the configuration has errors, see above", path)
	}
	return snap, nil
}

// marketError makes an error about options one of usage.
func marketError(err error) error {
	if errors.Is(err, simulate.ErrOptions) {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	return fmt.Errorf("simulate: %w", err)
}
