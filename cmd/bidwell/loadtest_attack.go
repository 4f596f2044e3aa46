package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bidwell/loadtest"
	"bidwell/loadtest/attack"
)

// attackOptions are the flags of an attack.
type attackOptions struct {
	rate, trace            string
	length, tmax           time.Duration
	poisson, gzip, findMax bool
	remote, asJSON         bool
	connections, validate  int
	headers, failIf        []string
	hdr, results, html     string
	corpus                 string
	population
	sites, requests int
	unknown         float64
	generator       uint64
}

func newLoadtestAttack() *cobra.Command {
	var o attackOptions
	cmd := &cobra.Command{
		Use:   "attack URL",
		Short: "Send bid requests at a given rate, whether the bidder keeps up or not",
		Long: `Sends bid requests to any OpenRTB bidder at the moments that a schedule gives, and
counts latency from those moments, so that waiting counts. An answer after tmax is an
error, 204 is a success. At the end it says what was asked, what was delivered, and
whether its own figures can be trusted. Ctrl-C ends it with the report so far.

Requests speak of generated people, whom 'bidwell loadtest people' writes for an
import. Several generators, each with its own --generator, attack together; 'vegeta
report' adds up their --results.

--rate takes
  5000                 requests per second, evenly spaced
  1000..20000          a ramp, over the time of --for
  5000~3000/60s        a sine: average, amplitude, period
  1000:10s,2000:10s    steps, each with its own time

--fail-if takes conditions with commas between them: a percentile of latency (p50,
p99, p99.9 …), max, mean or lag against a time; errors, timeouts, bids, nobids or
invalid against a share of all requests or a number; rate (answers in time) against a
number per second. Conditions may also follow one by one: --fail-if 'p99>10ms'
'errors>0.1%'. If one is met the exit status is 99.`,
		Example: `  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example
  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example --rate 1000..20000 --for 60s --poisson
  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example --rate 5000 --fail-if 'p99>10ms,errors>0.1%,bids<5%'
  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example --find-max --for 5s --fail-if 'p99>10ms'
  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example --corpus requests.jsonl.gz --trace day.csv
  bidwell loadtest attack http://127.0.0.1:8080/openrtb2/bid/example --hdr out.hgrm --results out.bin --html out.html
  vegeta report out.bin`,
		Args: cobra.ArbitraryArgs, // conditions too, see targetOf for the URL
		RunE: func(cmd *cobra.Command, args []string) error {
			conditions, rest := o.conditions(cmd, args)
			o.failIf = append(o.failIf, conditions...)
			url, err := targetOf(cmd, rest)
			if err != nil {
				return err
			}
			if url == "" {
				return fmt.Errorf("%wthe URL of the bidder is missing, such as http://127.0.0.1:8080/openrtb2/bid/example", silentUsage{})
			}
			return o.run(cmd, url)
		},
	}
	addTarget(cmd.Flags())
	o.add(cmd.Flags())
	return cmd
}

func (o *attackOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.rate, "rate", "1000", "requests per second: constant, ramp, sine or steps, see above")
	f.DurationVar(&o.length, "for", 10*time.Second, "for how long; with --find-max, for each rate")
	f.StringVar(&o.trace, "trace", "", "CSV file of times and rates instead of --rate and --for")
	f.BoolVar(&o.poisson, "poisson", false, "send at random moments, as many independent people would, at the given rate on average")
	f.DurationVar(&o.tmax, "tmax", 120*time.Millisecond, "time to answer, from when a request is due; it stands in the requests as well")
	f.IntVar(&o.connections, "connections", 128, "the most connections, with one request at a time on each")
	f.StringArrayVarP(&o.headers, "header", "H", nil, "header such as 'Authorization: Bearer …'; may be given several times")
	f.BoolVar(&o.gzip, "gzip", false, "pack each request; this lowers the rate that can be reached")
	f.StringSliceVar(&o.failIf, "fail-if", nil, "conditions for exit status 99, see above")
	f.BoolVar(&o.findMax, "find-max", false, "find the highest constant rate that does not fail, beginning with --rate (default condition: p99>10ms,errors>0.1%)")
	f.IntVar(&o.validate, "validate", 100, "check every how manieth answer with bids; 0 for none")
	f.StringVar(&o.results, "results", "", "write every request to this file (.bin, .json or .csv), which vegeta report and vegeta plot read")
	f.StringVar(&o.hdr, "hdr", "", "write the distribution of latency to this file, as HdrHistogram's plotter reads it (.hgrm)")
	f.StringVar(&o.html, "html", "", "write the report as a page to this file as well")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.StringVar(&o.corpus, "corpus", "", "replay recorded requests from this file, one JSON object a line, .gz or not, with fresh ids, people and times (default: generate them)")
	o.population.add(f)
	f.Uint64Var(&o.generator, "generator", 1, "number of this generator, which makes its requests and moments differ from those of others")
	f.Float64Var(&o.unknown, "unknown", 0, "share of generated requests from people besides these")
	f.IntVar(&o.sites, "sites", 1000, "web sites of generated requests")
	f.IntVar(&o.requests, "requests", 4096, "generated requests to prepare; each is sent many times, with other ids and people")
	f.BoolVar(&o.remote, "allow-remote", false, "permit a bidder on another machine. You are responsible for who gets this load")
}

// conditions divides arguments into conditions that follow --fail-if one by one,
// and the rest. No URL has a < or > in it.
func (o *attackOptions) conditions(cmd *cobra.Command, args []string) (conditions, rest []string) {
	for _, a := range args {
		if cmd.Flags().Changed("fail-if") && strings.ContainsAny(a, "<>") {
			conditions = append(conditions, a)
			continue
		}
		rest = append(rest, a)
	}
	return conditions, rest
}

// errThreshold says that a threshold was not kept; the report has said so.
var errThreshold = errors.New("a threshold was not kept")

func (o *attackOptions) run(cmd *cobra.Command, url string) (err error) {
	fromEnv(cmd)
	cfg, start, err := o.config(cmd, url)
	if err != nil {
		return err
	}
	if o.results != "" {
		if cfg.Results, err = attack.CreateResults(o.results, cfg.Target); err != nil {
			return err
		}
		defer func() {
			// What could not be written is said, even where a threshold decides the status.
			if lost := cfg.Results.Close(); lost != nil && errors.Is(err, errThreshold) {
				fmt.Fprintf(os.Stderr, "bidwell: %v\n", lost)
			} else {
				err = errors.Join(err, lost)
			}
		}()
	}
	if o.findMax {
		return o.search(cmd, cfg, start)
	}
	clear := func() {}
	if isTerminal(os.Stderr) {
		cfg.Progress = func(p attack.Progress) { fmt.Fprint(os.Stderr, "\r\x1b[K", p.Line()) }
		clear = func() { fmt.Fprint(os.Stderr, "\r\x1b[K") }
	}
	r, err := attack.Run(cmd.Context(), cfg)
	clear()
	if err != nil {
		return err
	}
	write := r.WriteText
	if o.asJSON {
		write = r.WriteJSON
	}
	if err := errors.Join(o.files(r), write(cmd.OutOrStdout())); err != nil {
		return err
	}
	if r.Failed() {
		return errThreshold
	}
	return r.Unanswered()
}

// search finds the highest rate.
func (o *attackOptions) search(cmd *cobra.Command, cfg attack.Config, start float64) error {
	tell := func(attack.Stair) {}
	if isTerminal(os.Stderr) {
		tell = func(s attack.Stair) { fmt.Fprintln(os.Stderr, s.Line()) }
	}
	at := func(rate float64) (attack.Schedule, error) {
		s, err := attack.Constant(rate, o.length)
		if o.poisson && err == nil {
			s = s.AtRandom(o.sends())
		}
		return s, err
	}
	m, err := attack.FindMax(cmd.Context(), cfg, start, at, tell)
	if err != nil {
		return err
	}
	write := m.WriteText
	if o.asJSON {
		write = m.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	if m.Rate == 0 {
		return errThreshold
	}
	return o.files(m.Best())
}

// files writes the files that are asked for, but for the results.
func (o *attackOptions) files(r *attack.Report) error {
	var failed []error
	if o.hdr != "" {
		failed = append(failed, r.WriteHDR(o.hdr))
	}
	if o.html != "" {
		failed = append(failed, writePage(o.html, r))
	}
	return errors.Join(failed...)
}

// config makes of the flags what an attack needs. start is the constant rate,
// for the search.
func (o *attackOptions) config(cmd *cobra.Command, url string) (cfg attack.Config, start float64, err error) {
	wrong := func(err error) (attack.Config, float64, error) {
		return attack.Config{}, 0, fmt.Errorf("%w%w", silentUsage{}, err)
	}
	cfg = attack.Config{TMax: o.tmax, Connections: o.connections, ValidateEvery: o.validate}
	if o.tmax < time.Millisecond {
		return wrong(fmt.Errorf("--tmax %v is less than a millisecond", o.tmax))
	}
	if cfg.Schedule, start, err = o.schedule(cmd); err != nil {
		return wrong(err)
	}
	if len(o.failIf) == 0 && o.findMax {
		o.failIf = []string{"p99>10ms", "errors>0.1%"}
	}
	for _, text := range o.failIf {
		t, err := attack.ParseThresholds(text)
		if err != nil {
			return wrong(err)
		}
		cfg.Thresholds = append(cfg.Thresholds, t...)
	}
	if cfg.Target, err = attack.ParseTarget(cmd.Context(), url, o.remote); err != nil {
		return wrong(err)
	}
	head, err := attack.NewHead(cfg.Target, o.headers, o.gzip)
	if err != nil {
		return wrong(err)
	}
	cfg.Source, err = o.source(head)
	return cfg, start, err
}

func (o *attackOptions) schedule(cmd *cobra.Command) (s attack.Schedule, start float64, err error) {
	switch {
	case o.trace != "" && (cmd.Flags().Changed("rate") || cmd.Flags().Changed("for") || o.findMax):
		return s, 0, errors.New("--trace has its own rates and time: give it without --rate, --for and --find-max")
	case o.trace != "":
		f, err := os.Open(o.trace)
		if err != nil {
			return s, 0, fmt.Errorf("open the trace: %w", err)
		}
		defer f.Close()
		if s, err = attack.ReadTrace(f, o.trace); err != nil {
			return s, 0, err
		}
	default:
		if s, err = attack.ParseSchedule(o.rate, o.length); err != nil {
			return s, 0, err
		}
		if cmd.Flags().Changed("for") && s.For != o.length {
			return s, 0, errors.New("steps have their own times: give them without --for")
		}
	}
	if o.findMax {
		if start, err = strconv.ParseFloat(o.rate, 64); err != nil || start < 1 {
			return s, 0, errors.New("--find-max begins with a constant --rate of at least 1")
		}
	}
	if o.poisson {
		s = s.AtRandom(o.sends())
	}
	return s, start, nil
}

// sends is the seed of what this generator sends, and when at random.
func (o *attackOptions) sends() uint64 { return o.seed ^ o.generator<<32 }

// source returns what is sent.
func (o *attackOptions) source(head attack.Head) (attack.Source, error) {
	wrap := head.Wrap
	if o.gzip {
		wrap = nil
	}
	source, err := o.bodies(wrap)
	if err == nil && o.gzip {
		source = attack.Gzipped(source, head)
	}
	return source, err
}

func (o *attackOptions) bodies(wrap func(dst, body []byte) []byte) (attack.Source, error) {
	tmax := int(o.tmax.Milliseconds())
	if o.corpus != "" {
		f, err := os.Open(o.corpus)
		if err != nil {
			return nil, fmt.Errorf("open the recorded requests: %w", err)
		}
		defer f.Close()
		return attack.NewReplay(f, attack.ReplayOptions{Name: o.corpus, Seed: o.sends(), TMaxMS: tmax, Wrap: wrap})
	}
	if o.requests < 1 {
		return nil, fmt.Errorf("%w--requests %d: at least one must be prepared", silentUsage{}, o.requests)
	}
	traffic, err := loadtest.NewTraffic(o.sends(), loadtest.Options{
		People: o.population.all(), Start: time.Now(), Sites: o.sites, Unknown: o.unknown, TMaxMS: tmax,
	})
	if err != nil {
		return nil, fmt.Errorf("%w%w", silentUsage{}, err)
	}
	return loadtest.NewCorpus(traffic, o.requests, o.sends(), wrap), nil
}
