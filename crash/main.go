//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// diskSize is the size of the disk that is filled.
const diskSize = 24 << 20

// options are the command line.
type options struct {
	exe                 string
	seed                uint64
	kills, fills, tight int
	rate                float64
	keep, touches       bool
}

func main() {
	var o options
	flag.StringVar(&o.exe, "bin", "bin/bidwell", "the binary to kill")
	flag.Uint64Var(&o.seed, "seed", 1, "of the moments and of what becomes of bids")
	flag.IntVar(&o.kills, "kills", 32, "how often the bidder is killed; on a full disk besides")
	flag.IntVar(&o.fills, "fills", 4, "how often its disk is filled")
	flag.Float64Var(&o.rate, "rate", 400, "bid requests per second")
	flag.IntVar(&o.tight, "tight", 4, "how many rounds of kills while hardly any budget is left")
	flag.BoolVar(&o.touches, "touches", true, "hold profiles against the events, too")
	flag.BoolVar(&o.keep, "keep", false, "keep the working directory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

// run runs both stages. The working directory stays after an error.
func run(ctx context.Context, o *options) (err error) {
	exe, err := filepath.Abs(o.exe)
	if err != nil {
		return err
	}
	if _, err := os.Stat(exe); err != nil {
		return fmt.Errorf("%w: make build", err)
	}
	dir, err := os.MkdirTemp("", "bidwell-crash-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil || o.keep {
			say("what was at work is in %s", dir)
			return
		}
		err = os.RemoveAll(dir)
	}()
	o.exe = exe
	var stages []*stage
	defer func() { printTable(os.Stdout, o.seed, stages) }()
	for _, run := range [...]func(context.Context, string, *options) (*stage, error){runDisk, runTight, runFull} {
		s, err := run(ctx, dir, o)
		if s != nil {
			stages = append(stages, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// runDisk runs the stage in which the bidder is killed at any moment.
func runDisk(ctx context.Context, dir string, o *options) (*stage, error) {
	if o.kills == 0 {
		return nil, nil
	}
	s, err := newStage("disk", dir, o, nil)
	if err != nil {
		return nil, err
	}
	return s, s.run(ctx, o.seed, func() error { return errors.Join(s.cycles(ctx, o.kills, 0), s.damaged(ctx)) })
}

// runTight runs the stage in which the budgets are tight when it is killed.
func runTight(ctx context.Context, dir string, o *options) (*stage, error) {
	if o.tight == 0 {
		return nil, nil
	}
	s, err := newStage("tight budgets", dir, o, nil)
	if err != nil {
		return nil, err
	}
	return s, s.run(ctx, o.seed, func() error { return s.rounds(ctx, o.tight) })
}

// runFull runs the stage on a disk that is filled.
func runFull(ctx context.Context, dir string, o *options) (s *stage, err error) {
	if o.fills == 0 {
		return nil, nil
	}
	d, err := mountDisk(filepath.Join(dir, "mount"), diskSize)
	if errors.Is(err, errNoMount) {
		say("full disk: left out, %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.unmount()) }()
	if s, err = newStage("full disk", dir, o, d); err != nil {
		return nil, err
	}
	return s, s.run(ctx, o.seed, func() error { return s.cycles(ctx, o.fills, o.fills) })
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
