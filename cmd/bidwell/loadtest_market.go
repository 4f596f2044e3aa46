package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bidwell/ad"
	"bidwell/loadtest"
)

// marketTest is `loadtest market`: an exchange that trades with a bidder that
// runs elsewhere.
type marketTest struct {
	loadtest.Config
	population
	medians        loadtest.Medians
	duration       time.Duration
	corpus         string
	auction        string
	rivals         string
	currency       string
	ratesOf        map[string]string
	valuesOf       []string
	generator      uint64
	sites          int
	floor, unknown float64
	deals          []string
	out            string
	asJSON         bool
}

func newLoadtestMarket() *cobra.Command {
	var m marketTest
	cmd := &cobra.Command{
		Use:   "market [URL]",
		Short: "Trade with a bidder: auctions against rivals, notices, people who click and buy",
		Long: `Posts bid requests to a bidder that runs, any OpenRTB bidder, clears the auctions
against rival bids, and sends what follows: win, billing and loss notices with their
macros filled, pixels, views, clicks and conversions, late, lost or twice if you want.
URL is its exchange port (default: http://127.0.0.1:8080). One that ends in
/openrtb2/bid/NAME, as 'bidwell loadtest attack' takes it, will do too.

Whether people see, click and buy is decided by a hidden truth about each person,
creative and place, which the bidder can learn and is never told.

The requests speak of generated people. Write them with 'bidwell loadtest people' and
import them, so that the bidder knows them. The same seed gives the same requests, and
the same answers to them the same results. To use several generators, give each its
own --generator, and merge their files with 'bidwell loadtest report'. Ctrl-C sends
the notices that are left, prints the report and keeps the file.`,
		Example: `  bidwell loadtest market --for 60s --rate 500 --out market.json
  bidwell loadtest market http://127.0.0.1:9000 --credential SECRET
  bidwell loadtest market --auction first --rivals gamma --currency EUR --value '*=0.40/click'
  bidwell loadtest market --notice-delay 2s --notice-loss 0.05 --notice-duplicates 0.02
  bidwell loadtest market --requests 10000 --conversion-url 'http://127.0.0.1:9000/conv?who={id_type}:{id}&order={order}'`,
		Args: cobra.ArbitraryArgs, // one at most, see targetOf
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := targetOf(cmd, args)
			if err == nil {
				err = m.aim(cmd, cmp.Or(url, "http://127.0.0.1:8080"))
			}
			if err != nil {
				return err
			}
			return m.run(cmd)
		},
	}
	addTarget(cmd.Flags())
	m.add(cmd.Flags())
	return cmd
}

func (m *marketTest) add(f *pflag.FlagSet) {
	usual, delays := loadtest.UsualMedians(), loadtest.UsualDelays()
	f.StringVar(&m.Public, "public", "", "base of the URLs in its markup; they are called at the target (default: https and the target's address)")
	f.BoolVar(&m.AllowRemote, "allow-remote", false, "permit a target and notices beyond this machine")
	f.StringVar(&m.Credential, "credential", "", "bearer token to send")
	m.population.add(f)
	f.Float64Var(&m.Rate, "rate", 300, "bid requests per second on average")
	f.DurationVar(&m.duration, "for", 30*time.Second, "how long to run (0: until Ctrl-C or --requests)")
	f.IntVar(&m.Requests, "requests", 0, "how many to post (default: as many as --for allows; if given, --for is not limited)")
	f.IntVar(&m.Connections, "connections", 64, "most requests in flight")
	f.Uint64Var(&m.generator, "generator", 1, "number of this generator, which makes its requests differ from those of others")
	f.StringVar(&m.corpus, "corpus", "", "recorded bid requests to post again and again with fresh ids: JSON lines, plain or gzip (default: generated ones)")
	f.IntVar(&m.sites, "sites", 1000, "web sites of generated requests")
	f.Float64Var(&m.floor, "floor", 0.4, "average bid floor of generated requests, CPM")
	f.Float64Var(&m.unknown, "unknown", 0, "share of generated requests from people who were not written")
	f.StringSliceVar(&m.deals, "deals", nil, "ids of deals in generated requests (default: deal-premium,deal-tv)")

	f.StringVar(&m.auction, "auction", "request", "first, second, or request: what each request says; deals have their own")
	f.StringVar(&m.rivals, "rivals", "lognormal", "distribution of rival bids: lognormal, gamma, none, or a CSV file of quantiles")
	f.IntVar(&m.Rivals.Most, "rivals-most", 4, "most rivals in an auction")
	f.Float64Var(&m.Rivals.Median, "rivals-median", 1.2, "median of their bids for a banner, CPM in --currency")
	f.Float64Var(&m.Rivals.Sigma, "rivals-sigma", 0.7, "sigma of the logarithm of their bids")
	f.Float64Var(&m.Rivals.Spread, "rivals-spread", 0.5, "sigma of the logarithm of medians between formats and categories of sites")
	f.StringVar(&m.currency, "currency", "USD", "house currency: of rival bids, values and sums")
	f.StringToStringVar(&m.ratesOf, "rates", nil, "worth of a unit of other currencies in it, such as EUR=1.08,GBP=1.27 (default: these, if --currency is USD, EUR or GBP)")
	f.StringArrayVar(&m.valuesOf, "value", nil, "what impressions are worth, CAMPAIGN=AMOUNT/EVENT, such as 'roadster=0.40/click' or '*=2.50/thousand'; events: thousand, view, complete, click, conversion. Then surplus is reported")

	f.DurationVar(&m.Delays.Notice, "notice-delay", delays.Notice, "average from an auction to its win or loss notice")
	f.DurationVar(&m.Delays.Show, "show-delay", delays.Show, "average from an auction to billing notice and pixels")
	f.DurationVar(&m.Delays.Click, "click-delay", delays.Click, "average from there to a click")
	f.DurationVar(&m.Delays.Conversion, "conversion-delay", delays.Conversion, "average from there to a conversion")
	f.Float64Var(&m.NoticeLoss, "notice-loss", 0, "share of notices and pixels that never come")
	f.Float64Var(&m.NoticeDuplicates, "notice-duplicates", 0, "share of notices and pixels that come twice")
	f.Float64Var(&m.Unshown, "unshown", 0, "share of won ads that are never shown, nor billed")
	f.Float64Var(&m.medians.View, "view-rate", usual.View, "median chance that a shown ad is seen")
	f.Float64Var(&m.medians.Click, "click-rate", usual.Click, "median chance that one that is seen is clicked")
	f.Float64Var(&m.medians.Complete, "completion-rate", usual.Complete, "median chance that a video or audio ad is played to its end")
	f.Float64Var(&m.medians.ClickConversion, "conversion-rate", usual.ClickConversion, "median chance that a click is followed by a conversion")
	f.Float64Var(&m.medians.ViewConversion, "view-conversion-rate", usual.ViewConversion, "median chance that a view without a click is")
	f.StringVar(&m.ConversionURL, "conversion-url", "", "called for conversions, after {id_type} {id} {campaign} {creative} {bid} {order} {after} {time_ms} are filled in (default: they are counted only)")
	f.StringVar(&m.out, "out", "", "write the report to this file as JSON, every five seconds and in the end")
	f.BoolVar(&m.asJSON, "json", false, "print JSON")
}

// aim takes the bidder's URL. Where it ends with the path that exchanges post to, as
// that of an attack does, it names the exchange too.
func (m *marketTest) aim(cmd *cobra.Command, url string) error {
	target, name, whole := strings.Cut(url, "/openrtb2/bid/")
	m.Target = target
	if !whole {
		return nil
	}
	if cmd.Flags().Changed("exchange") && name != m.exchange {
		return fmt.Errorf("%wthe URL names the exchange %s and --exchange %s: give one of them", silentUsage{}, name, m.exchange)
	}
	m.exchange = name
	return nil
}

func (m *marketTest) run(cmd *cobra.Command) error {
	if err := m.complete(cmd); err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	if err := m.source(); err != nil {
		return err
	}
	x, err := loadtest.NewExchange(m.Config)
	if err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	if m.out != "" { // before anything is spent
		if err := m.report(x).WriteFile(m.out); err != nil {
			return err
		}
	}
	ctx := cmd.Context()
	if m.duration > 0 && (m.Requests == 0 || cmd.Flags().Changed("for")) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.duration)
		defer cancel()
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx)) // also while the last notices are sent
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		m.keep(watching, x)
	}()
	go watchExchange(watching, x, os.Stderr)
	err = x.Run(ctx)
	stop()
	<-watched
	fmt.Fprintln(os.Stderr)
	r := m.report(x)
	if m.out != "" {
		err = errors.Join(err, r.WriteFile(m.out))
	}
	return errors.Join(err, printReport(cmd, r, m.asJSON))
}

// keep writes the file now and then, so that it is there whatever happens. That it
// cannot be written is reported in the end.
func (m *marketTest) keep(ctx context.Context, x *loadtest.Exchange) {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for m.out != "" {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			m.report(x).WriteFile(m.out)
		}
	}
}

// report returns the exchange's figures and says who has made them.
func (m *marketTest) report(x *loadtest.Exchange) *loadtest.Report {
	r := x.Report()
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	r.Generators = []loadtest.Generator{{Name: name, Number: m.generator, Seed: m.seed, Target: m.Target, Started: r.Started}}
	return r
}

func printReport(cmd *cobra.Command, r *loadtest.Report, asJSON bool) error {
	if asJSON {
		return r.WriteJSON(cmd.OutOrStdout())
	}
	return r.WriteText(cmd.OutOrStdout())
}

// complete reads the flags that are words.
func (m *marketTest) complete(cmd *cobra.Command) (err error) {
	if m.Public == "" {
		if u, err := url.Parse(m.Target); err == nil {
			m.Public = "https://" + u.Host
		}
	}
	if m.duration < 0 {
		return fmt.Errorf("--for %v: it must not be negative", m.duration)
	}
	m.Exchange = m.exchange
	if m.corpus != "" {
		for _, name := range []string{"people", "sites", "floor", "unknown", "deals"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s does not go with --corpus", name)
			}
		}
	}
	auctions := map[string]int{"request": 0, "first": 1, "second": 2}
	var ok bool
	if m.Auction, ok = auctions[m.auction]; !ok {
		return fmt.Errorf("--auction %q: write first, second or request", m.auction)
	}
	m.Seed = m.seed ^ m.generator<<32
	m.Rivals.Seed = m.seed
	for _, chance := range []float64{m.medians.View, m.medians.Click, m.medians.Complete, m.medians.ClickConversion, m.medians.ViewConversion} {
		if !(chance >= 0 && chance <= 1) {
			return fmt.Errorf("a chance of %v is not between 0 and 1", chance)
		}
	}
	m.Truth = loadtest.NewTruth(m.seed, m.medians)
	if m.Values, err = loadtest.ParseValues(m.valuesOf); err != nil {
		return fmt.Errorf("--%w", err)
	}
	if m.Rates, err = m.rates(); err != nil {
		return err
	}
	return nil
}

// usualRates are in USD.
func usualRates() map[string]float64 { return map[string]float64{"USD": 1, "EUR": 1.08, "GBP": 1.27} }

func (m *marketTest) rates() (*ad.Rates, error) {
	house, ok := ad.CurrencyOf(m.currency)
	if !ok {
		return nil, fmt.Errorf("--currency %q is no currency such as EUR", m.currency)
	}
	worth := map[ad.Currency]float64{}
	if base := usualRates()[m.currency]; m.ratesOf == nil && base > 0 {
		for name, rate := range usualRates() {
			c, _ := ad.CurrencyOf(name)
			worth[c] = rate / base
		}
	}
	for name, text := range m.ratesOf {
		c, ok := ad.CurrencyOf(name)
		rate, err := strconv.ParseFloat(text, 64)
		if !ok || err != nil || !(rate > 0 && rate < 1e9) {
			return nil, fmt.Errorf("--rates %s=%s: write a currency and its worth, such as EUR=1.08", name, text)
		}
		worth[c] = rate
	}
	return ad.NewRates(house, worth), nil
}

// source opens what is to be posted, and what rivals bid.
func (m *marketTest) source() (err error) {
	switch m.rivals {
	case "lognormal":
	case "gamma":
		m.Rivals.Gamma = true
	case "none":
		m.Rivals.Most = 0
	default:
		if m.Rivals.Prices, err = readFile(m.rivals, loadtest.ReadPrices); err != nil {
			return fmt.Errorf("--rivals %s: %w", m.rivals, err)
		}
	}
	if m.corpus != "" {
		rec, err := readFile(m.corpus, func(r io.Reader) (*loadtest.Recording, error) { return loadtest.ReadRecording(r, m.Seed) })
		if err != nil {
			return fmt.Errorf("--corpus %s: %w", m.corpus, err)
		}
		m.Traffic = rec
		return nil
	}
	t, err := loadtest.NewTraffic(m.Seed, loadtest.Options{
		People: m.all(), Start: time.Now(), Sites: m.sites, Unknown: m.unknown, Deals: m.deals, BidFloor: m.floor,
	})
	if err != nil {
		return fmt.Errorf("%w%w", silentUsage{}, err)
	}
	m.Traffic = t
	return nil
}

// readFile opens a file and reads it.
func readFile[T any](path string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	return read(f)
}
