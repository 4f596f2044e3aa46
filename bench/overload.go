//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// overload sends half as much again as the bidder takes, as an exchange would:
// over many connections, so that it is the bidder where requests queue, and it
// gives up on those for which no connection is free for a while. The sender has a
// processor of its own, if there are two: what it takes for sending more must not be
// what the bidder is short of.
func (b *bench) overload(ctx context.Context, o *outcome) (err error) {
	c := usualCell
	all, last, others, err := processors()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, use(&all)) }()
	if err := use(&others); err != nil {
		return err
	}
	s, err := b.startWhole(ctx, &c, b.bidwell, b.stored, true)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := use(&last); err != nil {
		return err
	}
	if _, err := b.warm(ctx, &c, s.target); err != nil {
		return err
	}
	most, err := s.measure(ctx, load{d: 4 * b.round})
	if err != nil {
		return err
	}
	corpus := s.sender.corpus
	s.sender.close()
	if s.sender, err = newSender(s.addr, 2048, corpus); err != nil {
		return err
	}
	over := load{rate: 1.5 * most.PerSecond, d: b.round, giveUp: 10 * time.Millisecond}
	for _, l := range []load{{d: b.round / 4}, over} { // each connection once; until it has found out
		if _, err := s.sender.run(ctx, l); err != nil {
			return err
		}
	}
	over.d = 4 * b.round
	e, err := b.extra(ctx, o, overloadRun, s.target, most.PerSecond, over)
	if err != nil {
		return err
	}
	e.Bound = goodputBound(float64(most.CPU), float64(e.CPU), e.Shed, e.PerSecond/most.PerSecond)
	return nil
}

// goodputBound returns the most goodput that is possible where so many times the requests
// arrive that can be decided on. Deciding takes decided for one, and with a share of them
// shed it takes mixed for each, so that a shed one takes c. So many are decided that all
// the time is used: x × decided + (arrive − x) × c = decided.
func goodputBound(decided, mixed, shed, arrive float64) float64 {
	if !(shed > 0) {
		return 1
	}
	c := (mixed - (1-shed)*decided) / shed
	if arrive*c >= decided {
		return 0
	}
	return min((decided-arrive*c)/(decided-c), 1)
}

// processors returns those that this thread may use: all, the last one, and the others,
// which with a single one are it too.
func processors() (all, last, others unix.CPUSet, err error) {
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return all, all, all, fmt.Errorf("processors of this thread: %w", err)
	}
	if all.Count() < 2 {
		return all, all, all, nil
	}
	cpu := 0
	for n := 0; n < all.Count(); cpu++ {
		if all.IsSet(cpu) {
			n++
		}
	}
	last.Set(cpu - 1)
	others = all
	others.Clear(cpu - 1)
	return all, last, others, nil
}

// use makes this thread use some processors, and those that it starts.
func use(set *unix.CPUSet) error {
	if err := unix.SchedSetaffinity(0, set); err != nil {
		return fmt.Errorf("processors of this thread: %w", err)
	}
	return nil
}
