package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"bidwell/campaign"
	"bidwell/configs"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/loadtest"
	"bidwell/profile/importer"
)

// demo is a bidder with example campaigns and generated people, and a small
// exchange that trades with it, in one process.
type demo struct {
	duration time.Duration
	dir      string
	people   int
	rate     float64
	seed     uint64
	tell     bool // one person's story in the place of traffic
}

// demoExchange is the exchange in the example configuration.
const demoExchange = "example"

func newDemo() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a bidder, some people, and an exchange that trades with it",
		Long: `Starts a bidder with the example campaigns and some thousand generated people, and
a small exchange that posts realistic bid requests to it, clears the auctions and
sends the notices. Everything stays on this machine. Ctrl-C ends it.

With --story it follows one person instead, who reads about cars on a laptop, signs in
on a phone, is bid on, clicks, buys and is forgotten, and says at each step why.`,
		Example: `  bidwell demo
  bidwell demo --story
  bidwell demo --for 30s --data /tmp/bidwell-demo`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.DurationVar(&d.duration, "for", 0, "how long to run, such as 30s (default: until Ctrl-C)")
	f.StringVar(&d.dir, "data", "", "directory for its configuration and data, kept afterwards (default: a temporary one, removed)")
	f.IntVar(&d.people, "people", 20_000, "people to generate")
	f.Float64Var(&d.rate, "rate", 300, "bid requests per second")
	f.BoolVar(&d.tell, "story", false, "tell one person's story, and end")
	f.Uint64Var(&d.seed, "seed", 1, "seed of people and traffic")
	return cmd
}

func (d *demo) run(ctx context.Context, out io.Writer) (err error) {
	dir, cleanUp, err := d.directory()
	if err != nil {
		return err
	}
	defer cleanUp()
	m := &Main{
		Config: filepath.Join(dir, "configs", "bidwell.yaml"), Data: filepath.Join(dir, "data"),
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Log: zap.NewNop(),
		Drain: 1, // nobody else sends here: there is nothing to wait for
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if d.tell {
		m.Shed = time.Minute // one request at a time: what makes it wait is something else on this machine
	}
	if err := m.Open(); err != nil {
		return err
	}
	if d.tell {
		return d.story(ctx, m, out)
	}
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	s := m.engine.Snapshot()
	say("1. A bidder with %s and %s listens for exchanges at http://%s/openrtb2/bid/%s",
		prose.Count(len(s.Campaigns), "campaign"), prose.Count(len(s.Lines), "line item"), m.Addr(), demoExchange)
	population := loadtest.People{Seed: d.seed, N: d.people, Exchange: demoExchange}
	took, err := d.populate(ctx, m, population)
	if err != nil {
		return err
	}
	say("2. Imported %s with their postcodes, cars and visits in %.1f s", prose.Count(d.people, "person"), took.Seconds())
	say("3. A small exchange now posts bid requests, %g a second, clears the auctions and sends the notices", d.rate)
	say("\nLook at\n  http://%s/status     what each campaign spends\n  http://%s/metrics    everything counted\n  %s/   campaigns: edit one, it is reloaded at once\n",
		m.AdminAddr(), m.AdminAddr(), filepath.Dir(m.Config))
	say("Try, in another terminal\n  %s explain --request %s --bidder http://%s\n  %s profile get %s --bidder http://%s\n",
		program(), filepath.Join(filepath.Dir(m.Config), "requests", "premium-news-front-page.json"), m.AdminAddr(),
		program(), population.IDType(0)+":"+string(population.AppendID(nil, 0)), m.AdminAddr())
	if sender, err := demoSender(m.engine.Snapshot()); err != nil {
		say("To try what advertisers report: %v\n", err)
	} else {
		say("Say what somebody did, and look at them\n"+
			"  curl -H 'Authorization: Bearer %s' http://%s/e/visit -d '{\"event\":\"v-1\",\"ids\":[{\"type\":\"login:shop\",\"value\":\"anna\"}],\"url\":\"https://cars.example/luxury\"}'\n"+
			"  curl -L -c cookies -b cookies 'http://%s/e/visit?key=%s&topic=automotive'\n"+
			"  %s profile get login:shop:anna --bidder http://%s\n",
			sender.Key, m.Addr(), m.Addr(), sender.PixelKey, program(), m.AdminAddr())
	}
	return d.trade(ctx, m, population, out)
}

// program is how this binary was called.
func program() string {
	if filepath.Base(os.Args[0]) == "bidwell" {
		return os.Args[0]
	}
	return "bidwell"
}

// directory makes the demo's directory and writes the example configuration to
// it. One that is there already is used as it is, edits included.
func (d *demo) directory() (dir string, cleanUp func(), err error) {
	if d.dir == "" {
		dir, err = os.MkdirTemp("", "bidwell-demo-")
		if err != nil {
			return "", nil, fmt.Errorf("make the demo's directory: %w", err)
		}
		cleanUp = func() { os.RemoveAll(dir) }
	} else {
		dir, cleanUp = d.dir, func() {}
	}
	target := filepath.Join(dir, "configs")
	if _, err := os.Stat(target); err == nil {
		return dir, cleanUp, nil
	}
	if err := errors.Join(os.CopyFS(target, configs.Files()), addAdvertiser(filepath.Join(target, "bidwell.yaml"))); err != nil {
		cleanUp()
		return "", nil, fmt.Errorf("write the example configuration: %w", err)
	}
	return dir, cleanUp, nil
}

// demoAdvertiser is the advertiser of the examples that reports what people do.
const demoAdvertiser = "Example Motors"

// addAdvertiser lets an advertiser of the examples report what people do. Its keys
// are made here: what stands in the examples, everybody knows. A file that names
// advertisers already keeps those.
func addAdvertiser(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var process campaign.ProcessFile
	new(conf.Problems).Decode(file, text, &process) // whoever loads it reports what is wrong with it
	if process.Has("advertisers") {
		return nil
	}
	text = fmt.Appendf(text, `
# An advertiser whose servers and pages report what people do there.
advertisers:
  %s: {key: %q, pixel_key: %q, conversions: [order, test-drive]}
`, demoAdvertiser, rand.Text(), rand.Text())
	return os.WriteFile(file, text, 0o644)
}

// demoSender returns the keys of the demo's advertiser. The error says what to add
// where a configuration of one's own lacks them.
func demoSender(s *campaign.Snapshot) (*campaign.SenderSpec, error) {
	for i := range s.Process.Senders {
		e := &s.Process.Senders[i]
		if of := &e.Value; e.Key == demoAdvertiser && of.PixelKey != "" &&
			slices.Contains(of.Conversions, "order") && slices.Contains(of.Conversions, "test-drive") {
			return of, nil
		}
	}
	return nil, fmt.Errorf("advertisers in %s has no %s with a pixel and its conversions; write there\n"+
		"  %s: {key: A-LONG-RANDOM-WORD, pixel_key: ANOTHER-ONE, conversions: [order, test-drive]}", campaign.ProcessFileName, demoAdvertiser, demoAdvertiser)
}

// populate generates the people and those of the examples, and imports both.
func (d *demo) populate(ctx context.Context, m *Main, population loadtest.People) (time.Duration, error) {
	started := time.Now()
	r, w := io.Pipe()
	go func() { w.CloseWithError(loadtest.GeneratePeople(population, w)) }()
	_, err := importer.Run(ctx, m.profiles, r, importer.Options{Name: "generated people", Now: started})
	r.Close()
	if err != nil {
		return 0, err
	}
	f, err := configs.Files().Open("people/automobile.ndjson")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	_, err = importer.Run(ctx, m.profiles, f, importer.Options{Name: "example people", Now: started})
	return time.Since(started), err
}

// trade runs bidder and exchange until the time is over or ctx is done.
func (d *demo) trade(ctx context.Context, m *Main, population loadtest.People, out io.Writer) error {
	traffic, err := loadtest.NewTraffic(d.seed, loadtest.Options{People: population, Start: time.Now(), Sites: 60})
	if err != nil {
		return err
	}
	exchange, err := loadtest.NewExchange(loadtest.Config{
		Target: "http://" + m.Addr(), Public: m.engine.Snapshot().Process.URLs.Public,
		Exchange: demoExchange, Traffic: traffic, Rate: d.rate, Seed: d.seed,
	})
	if err != nil {
		return err
	}
	serving, stopServing := context.WithCancel(context.Background())
	defer stopServing()
	served := make(chan error, 1)
	go func() { served <- m.Run(serving) }()
	trading := ctx
	if d.duration > 0 {
		var cancel context.CancelFunc
		trading, cancel = context.WithTimeout(ctx, d.duration)
		defer cancel()
	}
	watching, stopWatching := context.WithCancel(trading)
	go watchExchange(watching, exchange, out)
	err = exchange.Run(trading)
	stopWatching()
	stopServing()
	err = errors.Join(err, <-served)
	fmt.Fprintln(out)
	return errors.Join(err, exchange.Report().WriteText(out), d.remains(m, out))
}

// remains says what the bidder's own books hold and what is left on disk.
func (d *demo) remains(m *Main, out io.Writer) error {
	now := time.Now()
	s := m.engine.Snapshot()
	figures := m.spent(now)
	fmt.Fprintf(out, "\nthe bidder's books, in %s\n", s.Rates.Base())
	for _, c := range s.Campaigns {
		f := figures[c.ID]
		fmt.Fprintf(out, "  %-20s spent %10s  reserved for bids under way %10s  of a daily budget of %s\n",
			c.Name, f.Confirmed, f.Reserved, c.Daily)
	}
	if d.dir == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "\nkept in %s: run it on with\n  %s serve --config %s --data %s\n",
		d.dir, program(), m.Config, m.Data)
	return err
}
