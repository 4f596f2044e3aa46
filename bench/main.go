//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bidwell/loadtest"
)

// bench is what one run does.
type bench struct {
	scale
	bidwell string // path of the binary; built if empty
	skip    bool   // leave the whole bidder out
	round   time.Duration
	rounds  int
	conns   int
	load    float64 // of the whole bidder's highest rate, for the steady rounds
	rate    float64 // for the steady rounds, instead of load
	floor   float64 // average floors, CPM
	high    float64
	bodies  int
	out     string
}

func main() {
	if kind := os.Getenv(childEnv); kind != "" {
		exit(serve(kind))
	}
	// Children die with the thread that started them.
	runtime.LockOSThread()
	var b bench
	flag.IntVar(&b.Lines, "lines", 1000, "line items")
	flag.IntVar(&b.Campaigns, "campaigns", 50, "campaigns")
	flag.IntVar(&b.Audiences, "audiences", 10, "audiences")
	flag.IntVar(&b.People, "people", 1_000_000, "people in the store")
	flag.Float64Var(&b.Cached, "cached", 0.1, "share of the people for whom the cache has room")
	flag.IntVar(&b.CacheMB, "cache-mb", 0, "size of the cache, instead of -cached")
	flag.BoolVar(&b.Uniform, "uniform", false, "meet everybody equally often, instead of a few very often")
	flag.StringVar(&b.bidwell, "bidwell", "", "path of the bidwell binary (default: build it)")
	flag.BoolVar(&b.skip, "bare", false, "measure the two bare servers only")
	flag.DurationVar(&b.round, "round", 5*time.Second, "time for each measurement")
	flag.IntVar(&b.rounds, "rounds", 5, "measurements of each server")
	flag.IntVar(&b.conns, "connections", 64, "connections")
	flag.Float64Var(&b.load, "load", 0.7, "steady rate, as a share of the whole bidder's highest")
	flag.Float64Var(&b.rate, "rate", 0, "steady rate in requests per second, instead of -load")
	flag.Float64Var(&b.floor, "floor", 0.4, "average floor of the impressions, CPM")
	flag.Float64Var(&b.high, "high-floor", 6, "average floor where few bids are wanted, CPM; 0 leaves that measurement out")
	flag.IntVar(&b.bodies, "bodies", 2048, "different requests to send")
	flag.StringVar(&b.out, "out", "bench", "directory for latest.txt and latest.json")
	quick := flag.Bool("quick", false, "a short run: 50,000 people, 2 rounds of a second")
	flag.Parse()
	if *quick {
		b.hurry()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(b.run(ctx))
}

// hurry makes a short run of what the flags leave open.
func (b *bench) hurry() {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["people"] {
		b.People = 50_000
	}
	if !given["round"] {
		b.round = time.Second
	}
	if !given["rounds"] {
		b.rounds = 2
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context) error {
	if err := b.complete(); err != nil {
		return err
	}
	if b.rounds < 1 || b.conns < 1 || b.bodies < 1 || b.round <= 0 {
		return errors.New("rounds, their time, connections and bodies must be positive")
	}
	dir, err := os.MkdirTemp("", "bidwell-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o := outcome{Time: time.Now(), Commit: commit(ctx), Go: runtime.Version(), CPUs: runtime.NumCPU(), Scale: b.scale}
	targets, err := b.start(ctx, dir, &o)
	defer func() {
		for _, t := range targets {
			t.sender.close()
			t.stop() // again does no harm
		}
	}()
	if err != nil {
		return err
	}
	if err := b.measure(ctx, targets, &o); err != nil {
		return err
	}
	last := targets[len(targets)-1]
	if o.Resident, o.MostMemory, err = last.resident(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr)
	if err := o.writeText(os.Stdout); err != nil {
		return err
	}
	return o.save(filepath.Join(b.out, "latest.txt"), filepath.Join(b.out, "latest.json"))
}

// start starts the servers, each with its sender. What was started is returned
// with an error, too.
func (b *bench) start(ctx context.Context, dir string, o *outcome) (targets []*target, err error) {
	people := loadtest.People{Seed: 1, N: b.People, Exchange: exchange}
	add := func(c *child, label string, floor float64) error {
		s, err := b.sender(c.addr, people, floor)
		if err != nil {
			c.stop()
			return err
		}
		targets = append(targets, &target{c, label, s})
		return nil
	}
	for _, kind := range []string{bare, decode} {
		c, err := startSelf(ctx, kind)
		if err != nil {
			return targets, err
		}
		if err := add(c, kind, b.floor); err != nil {
			return targets, err
		}
	}
	if b.skip {
		return targets, nil
	}
	listen, err := freeAddr()
	if err != nil {
		return targets, err
	}
	admin, err := freeAddr()
	if err != nil {
		return targets, err
	}
	if b.bidwell == "" {
		progress("building bidwell")
		b.bidwell = filepath.Join(dir, "bidwell")
		build := command(ctx, "go", "build", "-o", b.bidwell, "./cmd/bidwell")
		if err := build.Run(); err != nil {
			return targets, fmt.Errorf("building bidwell: %w", err)
		}
	}
	if err := writeConfig(dir, listen, admin, b.scale); err != nil {
		return targets, err
	}
	progress("importing %d people", b.People)
	if o.Import, err = importPeople(ctx, b.bidwell, dir, people); err != nil {
		return targets, err
	}
	c, took, err := startBidwell(ctx, b.bidwell, dir, listen, admin)
	if err != nil {
		return targets, err
	}
	o.Start = took
	if err := add(c, whole, b.floor); err != nil || b.high == 0 {
		return targets, err
	}
	return targets, add(c, picky, b.high)
}

// sender prepares a sender with the same requests as every other one.
func (b *bench) sender(addr string, people loadtest.People, floor float64) (*sender, error) {
	traffic, err := loadtest.NewTraffic(1, loadtest.Options{People: people, Start: time.Now(), Uniform: b.Uniform, BidFloor: floor})
	if err != nil {
		return nil, err
	}
	corpus := loadtest.NewCorpus(traffic, b.bodies, 1, func(dst, body []byte) []byte {
		dst = append(dst, "POST /openrtb2/bid/"+exchange+" HTTP/1.1\r\nHost: "+addr+
			"\r\nContent-Type: application/json\r\nX-Openrtb-Version: 2.6\r\nContent-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(body)), 10)
		return append(append(dst, "\r\n\r\n"...), body...)
	})
	return newSender(addr, b.conns, corpus)
}

// measure takes turns between the servers, so that what else happens on the
// machine hits all of them.
func (b *bench) measure(ctx context.Context, targets []*target, o *outcome) error {
	var names []string
	for _, t := range targets {
		names = append(names, t.label)
		progress("warming up: %s", t.label)
		warm := b.round
		if t.label == whole {
			warm = 6 * b.round // the cache has to fill
		}
		if _, err := t.sender.run(ctx, 0, warm); err != nil {
			return fmt.Errorf("warming up the %s: %w", t.label, err)
		}
	}
	rounds := func(rate float64) ([]summary, error) {
		var phases []phase
		for i := range b.rounds {
			for _, t := range targets {
				p, err := t.measure(ctx, rate, b.round)
				if err != nil {
					return nil, err
				}
				progress("round %d of %d: %s: %s of CPU per request, %.0f requests per second", i+1, b.rounds, t.label, micros(p.CPU), p.PerSecond)
				phases = append(phases, p)
			}
		}
		o.Phases = append(o.Phases, phases...)
		return summarise(names, phases), nil
	}
	var err error
	if o.Saturated, err = rounds(0); err != nil {
		return err
	}
	rate := b.rate
	if rate == 0 {
		last := min(2, len(o.Saturated)-1) // the whole bidder, if it is there
		rate = b.load * o.Saturated[last].PerSecond
	}
	o.Steady, err = rounds(rate)
	return err
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// commit names the commit that is measured, as far as git knows.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown commit"
	}
	return strings.TrimSpace(string(out))
}
