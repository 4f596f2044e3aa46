package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bidwell/pacing"
	"bidwell/simulate"
)

// simulateOptions are the flags that are not taken as they are.
type simulateOptions struct {
	simulate.Options
	replay, auction, curve, forecast, told string
	budgets                                []string
	html                                   string
	asJSON                                 bool
	market                                 marketFlags
}

func newSimulate() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate [--config FILE | --replay LOG]",
		Short: "Try spending in virtual time, on a synthetic market or against a log of auctions",
		Long: `Without --replay, the bidder trades with a synthetic market: generated people and
requests, busy and quiet hours, rivals whose bids are drawn from distributions. The
configuration is the real one, and so are decisions, accounts and pacing; only time
is virtual, a day in seconds. Requests are a sample, so budgets are scaled down. Who
sees, clicks and buys follows from a hidden truth; the bidder learns from what it hears
of it, and the report says how near its chances and its prices came. With --compare
other ways to price trade on the same market. --campaigns generates campaigns with
goals of all kinds.

With --replay, a log of auctions is replayed against the accounts and the pacing.
Each budget is a campaign that has the log for itself. A bid is κ × pCTR × the worth
of a click; pacing moves κ.

Both compare what was bought with the best that the budget could have bought in
hindsight. A bid that equals the highest rival bid wins. The same input, flags and
seed give the same report.

At first price a replay also bids on every auction without a budget and shades the
bids by what it learns on the way, beside other ways to bid, each over the whole log.`,
		Example: `  bidwell simulate
  bidwell simulate --config configs/bidwell.yaml --curve traffic --html report.html
  bidwell simulate --days 3 --requests 100000 --budget-scale 0.005 --notice-delay 3 --restart 0.5
  bidwell simulate --campaigns 50 --auction first --compare --html report.html
  bidwell simulate --replay auctions.tsv --columns click,price,pctr,hour
  bidwell simulate --replay auctions.tsv --columns click,price,pctr,hour \
      --budget-fraction 1/2,1/8,1/32 --notice-delay 3 --notice-loss 0.05 --html report.html
  bidwell simulate --replay auctions.txt --columns click,price,pctr --separator space \
      --burst 4 --forecast-error 0.5 --restart 0.5 --budget-change 2 --json
  bidwell simulate --replay auctions.tsv --auction first --shift 2 --told outcomes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fromEnv(cmd)
			if err := o.check(cmd); err != nil {
				return err
			}
			if o.replay == "" {
				return runMarket(cmd, &o)
			}
			return runSimulate(cmd, &o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.replay, "replay", "", "log of auctions to replay, or - for standard input (default: a synthetic market)")
	f.StringSliceVar(&o.Columns, "columns", []string{"click", "price", "pctr", "hour"}, "columns of the log: click, price (highest rival bid per thousand, 0 where nobody bid), pctr, hour or time, segment (a name of the part of the market), and - for one that is not used; without hour or time the log is spread evenly over a day")
	f.StringVar(&o.Separator, "separator", "auto", "what is between columns: tab, comma, semicolon, space, or auto")
	f.StringVar(&o.auction, "auction", "second", "second: the winner pays the highest rival bid; first: its own")
	f.StringSliceVar(&o.budgets, "budget-fraction", []string{"1/8"}, "budgets as fractions of what every impression of the log costs")
	f.StringVar(&o.curve, "curve", "traffic", "how to spread the budget: "+strings.Join(pacing.CurveNames(), ", ")+" (without --replay: each campaign's own, unless given)")
	f.StringVar(&o.forecast, "forecast", "hours", "what is known of traffic beforehand: hours (its own), or prior (the usual shape of a day)")
	f.Float64Var(&o.ForecastError, "forecast-error", 0, "each hour's forecast is wrong by this share, up or down")
	f.DurationVar(&o.Tick, "tick", 10*time.Second, "between two steps of the controller")
	f.Float64Var(&o.KappaStart, "kappa-start", 1, "factor on the κ to begin with, which is a tenth of what bids the market's mean price")
	f.Float64Var(&o.Worth, "worth", 0, "worth of a click, in currency units (default: what clicks cost in the first auctions)")
	f.Float64Var(&o.MaxBid, "max-bid", 0, "highest bid, per thousand (default: 10 × the mean price of the first auctions)")
	f.IntVar(&o.NoticeDelay, "notice-delay", 0, "ticks from an auction to its notice")
	f.Float64Var(&o.NoticeLoss, "notice-loss", 0, "share of notices that never come")
	f.Float64Var(&o.NoticeDuplicates, "notice-duplicates", 0, "share of notices that come twice")
	f.DurationVar(&o.NoticeWindow, "notice-window", time.Hour, "for which a bid without a notice stays reserved")
	f.Float64Var(&o.Burst, "burst", 1, "factor on traffic for an hour, from 40 % of the time on")
	f.Float64Var(&o.BudgetChange, "budget-change", 1, "factor on the budget from half of the time on")
	f.Float64Var(&o.Restart, "restart", 0, "share of the time after which the bidder is started anew (default: never)")
	f.Float64Var(&o.Shift, "shift", 1, "factor on all prices after half of the auctions")
	f.StringVar(&o.told, "told", "prices", "what the exchange tells, from which shading learns: prices (the lowest bid that would have won), won-prices (the same, of wins), outcomes (won or lost), wins (never a loss)")
	f.Float64Var(&o.ToldWrong, "told-wrong", 0, "share of the prices told that are random")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of everything random")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.StringVar(&o.html, "html", "", "write a page with the spend curves to this file as well")
	o.market.add(f)
	return cmd
}

// replayFlags and marketFlagNames are what only one of the two ways understands.
var (
	replayFlags     = []string{"columns", "separator", "budget-fraction", "kappa-start", "worth", "max-bid", "notice-window", "budget-change", "shift", "told", "told-wrong"}
	marketFlagNames = []string{"config", "days", "requests", "people", "exchange", "rivals", "budget-scale", "start", "campaigns", "compare"}
)

// positiveFlags are the flags of simulate and plan that must be above 0.
var positiveFlags = []string{
	"campaigns", "days", "requests", "people", "rivals", "budget-scale",
	"tick", "burst", "kappa-start", "worth", "max-bid", "notice-window", "budget-change", "shift",
}

// checkPositive refuses flags that were given as 0 or less. The options that they set
// take 0 for their default.
func checkPositive(cmd *cobra.Command) error {
	for _, name := range positiveFlags {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		if v := f.Value.String(); v == "0" || v == "0s" || v == "NaN" || strings.HasPrefix(v, "-") {
			return fmt.Errorf("%w--%s %s: it must be above 0", silentUsage{}, name, v)
		}
	}
	return nil
}

// check refuses flags that would have no effect, or none that was meant.
func (o *simulateOptions) check(cmd *cobra.Command) error {
	names, why := replayFlags, "goes with --replay"
	if o.replay != "" {
		names, why = marketFlagNames, "does not go with --replay"
	}
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("%w--%s %s", silentUsage{}, name, why)
		}
	}
	if cmd.Flags().Changed("campaigns") && cmd.Flags().Changed("config") {
		cmd.PrintErrln("note: --campaigns generates a configuration; that of --config is not read")
	}
	if err := checkPositive(cmd); err != nil {
		return err
	}
	if err := o.parse(); err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	return nil
}

func runSimulate(cmd *cobra.Command, o *simulateOptions) error {
	in := io.NopCloser(cmd.InOrStdin())
	o.Name = "standard input"
	if o.replay != "-" {
		f, err := os.Open(o.replay)
		if err != nil {
			return fmt.Errorf("open the log to replay: %w", err)
		}
		in, o.Name = f, filepath.Base(o.replay)
	}
	defer in.Close()
	o.Log = in
	report, err := simulate.Run(o.Options)
	switch {
	case errors.Is(err, simulate.ErrOptions):
		return fmt.Errorf("%w%w", silentUsage{}, err)
	case err != nil:
		return fmt.Errorf("replay %s: %w", o.replay, err)
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

// parse reads the flags that are words.
func (o *simulateOptions) parse() (err error) {
	if o.Auction, err = simulate.ParseAuction(o.auction); err != nil {
		return err
	}
	if o.Curve, err = pacing.ParseCurve(o.curve); err != nil {
		return err
	}
	if o.Forecast, err = simulate.ParseKnown(o.forecast); err != nil {
		return err
	}
	if o.Told, err = simulate.ParseTold(o.told); err != nil {
		return err
	}
	for _, s := range o.budgets {
		b, err := simulate.ParseFraction(s)
		if err != nil {
			return err
		}
		o.Budgets = append(o.Budgets, b)
	}
	return nil
}

// page is a report that can be written as a page.
type page interface{ WriteHTML(io.Writer) error }

func writePage(file string, report page) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := report.WriteHTML(f); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
