//go:build linux

package main

import (
	"context"
	"path/filepath"
	"time"

	"bidwell/loadtest"
)

// many measures a bidder with as many people in its cache as can be met in a
// while, with notices and an import going on.
func (b *bench) many(ctx context.Context, o *outcome) error {
	c := cell{usualCell.Lines, usualCell.Audiences, everyone, usual}
	s, err := b.startWhole(ctx, &c, b.bidwell, b.stored, true)
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := b.findFloor(ctx, &c, s.target); err != nil {
		return err
	}
	meet := 8 * b.round
	if b.full {
		meet = 60 * b.round
	}
	if _, err := s.sender.run(ctx, load{d: meet}); err != nil {
		return err
	}
	highest, err := b.highest(ctx, s.target)
	if err != nil {
		return err
	}
	if _, err := b.extra(ctx, o, manyCalm, s.target, highest, load{rate: mostLoad * highest, d: 2 * b.round}); err != nil {
		return err
	}
	cycle, room, err := s.collect(ctx)
	if err != nil {
		return err
	}
	before, err := s.figures(ctx)
	if err != nil {
		return err
	}
	if err := s.sender.follow(won); err != nil {
		return err
	}
	end := b.importBeside(ctx, s)
	e, err := b.extra(ctx, o, manyRun, s.target, highest, load{d: 8 * b.round})
	if failed := end(); err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	after, err := s.figures(ctx)
	if err != nil {
		return err
	}
	// A run is too short for many cycles, if for any: what one costs, and how
	// many there would be, say more than how many there were.
	cycles := grown(before, after, allocatedMetric) / room
	e.CycleCPU = cycle
	e.CycleShare = cycles * cycle.Seconds() / (time.Duration(e.Requests) * e.CPU).Seconds()
	return nil
}

// collect makes the bidder's collector run. It returns the CPU time of one cycle
// and how many bytes may be allocated until the next.
func (s *server) collect(ctx context.Context) (cycle time.Duration, room float64, err error) {
	const times = 3 // the first one may have more to do
	var before, after figures
	for range times {
		if before, err = s.figures(ctx); err != nil {
			return 0, 0, err
		}
		if _, err := get(ctx, "http://"+s.admin+"/debug/pprof/heap?gc=1"); err != nil {
			return 0, 0, err
		}
		if after, err = s.figures(ctx); err != nil {
			return 0, 0, err
		}
	}
	cycle = time.Duration(grown(before, after, gcMetric) * float64(time.Second))
	return cycle, max(after[nextMetric]-after[heapMetric], 1<<20), nil
}

// importBeside imports people into a bidder that runs, who were not known to it,
// until what it returns is called.
func (b *bench) importBeside(ctx context.Context, s *server) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error)
	path := filepath.Join(s.dir, "more.ndjson")
	go func() {
		err := writePeople(path, loadtest.People{Seed: 2, N: b.people / 5, Exchange: exchange})
		if err == nil && ctx.Err() == nil {
			err = command(ctx, b.bidwell, "profile", "import", "--bidder", "http://"+s.admin, path).Run()
		}
		if ctx.Err() != nil {
			err = nil // it was told to stop
		}
		done <- err
	}()
	return func() error {
		cancel()
		return <-done
	}
}
