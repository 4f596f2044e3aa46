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
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// bench is what one run does.
type bench struct {
	people  int // in the store
	quick   bool
	full    bool
	which   *regexp.Regexp // cells, and what is no cell
	round   time.Duration
	rounds  int
	conns   int
	bodies  int    // different requests to send
	profile string // where to write CPU profiles
	out     string

	dir     string // for this run's files
	bidwell string // path of the binary
	stored  string // the data directory with everybody
	bares   []*target
	phases  []named
}

func main() {
	if kind := os.Getenv(childEnv); kind != "" {
		exit(serve(kind))
	}
	// Children die with the thread that started them.
	runtime.LockOSThread()
	var b bench
	flag.BoolVar(&b.quick, "quick", false, "a look, in a minute: few cells, 50,000 people, short rounds")
	flag.BoolVar(&b.full, "full", false, "every cell of line items × audiences × people")
	only := flag.String("only", "", "only the cells whose name matches, such as ^1000x10/mixed, and of life, overload, many and cold those that do")
	flag.IntVar(&b.people, "people", 1_000_000, "people in the store")
	flag.DurationVar(&b.round, "round", 1500*time.Millisecond, "time for each measurement")
	flag.IntVar(&b.rounds, "rounds", 3, "measurements of each server")
	flag.IntVar(&b.conns, "connections", 64, "connections")
	flag.IntVar(&b.bodies, "bodies", 2048, "different requests to send")
	flag.StringVar(&b.profile, "profile", "", "directory for CPU profiles of the bidder, one of each cell")
	flag.StringVar(&b.out, "out", "bench", "directory for latest.txt and latest.json")
	flag.Usage = usage
	flag.Parse()
	if b.quick {
		b.hurry()
	}
	var err error
	if b.which, err = regexp.Compile(*only); err != nil {
		exit(fmt.Errorf("which cells: %w", err))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch args := flag.Args(); {
	case len(args) == 3 && args[0] == "compare":
		exit(b.compare(ctx, args[1], args[2]))
	case len(args) == 0:
		exit(b.run(ctx))
	default:
		usage()
		os.Exit(2)
	}
}

func usage() {
	fmt.Fprint(flag.CommandLine.Output(), `Measure what a request costs the bidder, beside what HTTP itself costs.

  go run ./bench [flags]              measure, and write bench/latest.txt and latest.json
  go run ./bench [flags] compare A B  compare two latest.json, or two commits (. is the working tree)

`)
	flag.PrintDefaults()
}

// hurry makes a short run of what the flags leave open.
func (b *bench) hurry() {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["people"] {
		b.people = 50_000
	}
	if !given["round"] {
		b.round = 500 * time.Millisecond
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

func (b *bench) check() error {
	switch {
	case b.rounds < 1 || b.conns < 1 || b.bodies < 1 || b.round <= 0:
		return errors.New("rounds, their time, connections and bodies must be positive")
	case b.people < 1000:
		return fmt.Errorf("%d people are too few: take 1,000 at least", b.people)
	}
	return nil
}

// cells are those that the flags ask for.
func (b *bench) cells() []cell {
	of := usualCells()
	switch {
	case b.full:
		of = everyCell()
	case b.quick && b.which.String() == "":
		of = quickCells()
	}
	return only(of, b.which)
}

func (b *bench) run(ctx context.Context) (err error) {
	if err := b.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil { // now, not after all is measured
		return err
	}
	o := newOutcome(ctx, b)
	if err := b.open(ctx); err != nil {
		return err
	}
	defer b.close()
	progress("building bidwell")
	b.bidwell = filepath.Join(b.dir, "bidwell")
	if err := build(ctx, ".", b.bidwell); err != nil {
		return err
	}
	if b.stored, o.Import, err = b.store(ctx, b.bidwell); err != nil {
		return err
	}
	for _, c := range b.cells() {
		m, err := b.cell(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
		o.Cells = append(o.Cells, m)
	}
	if err := b.special(ctx, o); err != nil {
		return err
	}
	if len(o.Cells)+len(o.Extras)+len(o.ColdStarts) == 0 {
		return fmt.Errorf("nothing is called %s", b.which)
	}
	o.finish(b.phases)
	fmt.Fprintln(os.Stderr)
	if err := o.writeText(os.Stdout); err != nil {
		return err
	}
	return o.save(filepath.Join(b.out, "latest.txt"), filepath.Join(b.out, "latest.json"))
}

// open makes the run's directory and starts the bare servers.
func (b *bench) open(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "bidwell-bench-"); err != nil {
		return err
	}
	for _, kind := range []string{bare, decode} {
		c, err := startSelf(ctx, kind)
		if err != nil {
			b.close()
			return err
		}
		s, err := newSender(c.addr, b.conns, nil)
		if err != nil {
			c.stop()
			b.close()
			return err
		}
		b.bares = append(b.bares, &target{c, s})
	}
	return nil
}

// close stops what open started and deletes the run's files.
func (b *bench) close() {
	for _, t := range b.bares {
		t.sender.close()
		t.stop()
	}
	os.RemoveAll(b.dir) // in the system's directory for what may be lost
}

// build builds the bidder of a source directory, as it is delivered.
func build(ctx context.Context, source, to string) error {
	cmd := command(ctx, "go", "build", "-trimpath", "-o", to, "./cmd/bidwell")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building bidwell: %w", err)
	}
	return nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// commit names the commit that is measured, as far as git knows.
func commit(ctx context.Context, rev string) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--tags", rev).Output()
	if err != nil {
		return "unknown commit"
	}
	return strings.TrimSpace(string(out))
}
