//go:build linux

package main

import (
	"context"
	"fmt"
	"time"
)

// extra is a measurement of the bidder in a situation of its own, with load
// shedding as it is in production.
type extra struct {
	Name string `json:"name"`
	phase
	Highest    float64       `json:"highest_per_second"` // just before, as many as it takes
	Goodput    float64       `json:"goodput"`            // decided within tmax, as a share of the highest
	CacheBytes float64       `json:"cache_bytes"`
	Bound      float64       `json:"goodput_bound,omitempty"` // the most that is possible with what a shed request costs
	Resident   int64         `json:"resident_bytes"`
	CycleCPU   time.Duration `json:"gc_cycle_cpu_ns,omitempty"` // of one cycle of the collector
	CycleShare float64       `json:"gc_cycle_share,omitempty"`  // of the CPU, if cycles come as often as this allocates
}

// Names of the extra measurements.
const (
	bareRun     = "bare server, 70% of its own"
	quietRun    = "70%, nothing else"
	busyRun     = "70%, notices, reloads"
	overloadRun = "150%, overload"
	manyRun     = "highest, many cached, notices, import"
	manyCalm    = "70%, many cached"
)

// won is the share of bids that win where notices are sent.
const won = 0.1

// special measures what is no cell: overload, life beside the requests, the
// collector with many people cached, and a cold start.
func (b *bench) special(ctx context.Context, o *outcome) error {
	for _, part := range []struct {
		name string
		run  func(context.Context, *outcome) error
	}{{"life", b.live}, {"overload", b.overload}, {"many", b.many}, {"cold", b.coldStarts}} {
		if !b.which.MatchString(part.name) {
			continue
		}
		if err := part.run(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// highest is the most requests that a server takes, each decided on, while it lasts: a
// machine that is a virtual one may do a third more for a second or two.
func (b *bench) highest(ctx context.Context, t *target) (float64, error) {
	r, err := t.sender.run(ctx, load{d: 5 * b.round})
	if err != nil {
		return 0, err
	}
	return float64(r.Requests) / r.Elapsed.Seconds(), nil
}

// extra measures a load on a bidder.
func (b *bench) extra(ctx context.Context, o *outcome, name string, t *target, highest float64, l load) (*extra, error) {
	p, err := t.measure(ctx, l)
	if err != nil {
		return nil, err
	}
	e := extra{Name: name, phase: p, Highest: highest}
	good := 1 - float64(p.Late+p.Errors)/float64(p.Requests)
	e.Goodput = p.PerSecond * good * (1 - max(p.Shed, 0)) / highest // as if those that are shed were late as often
	f, err := t.figures(ctx)
	if err != nil {
		return nil, err
	}
	e.CacheBytes = f[cacheBytesMetric]
	e.Resident, _, err = t.resident()
	o.Extras = append(o.Extras, e)
	progress("%s: %.0f requests per second, p99 %s, p99.9 %s, GC %s", name, p.PerSecond, millis(p.P99), millis(p.P999), known(p.GC, "%.1f%%", 100))
	return &o.Extras[len(o.Extras)-1], err
}

// live measures a bidder at 70 % with nothing beside it, then with notices and
// reloads. First of all it measures the bare server at 70 % of what
// that takes: no answer of a bidder that shares the machine with its sender comes
// sooner than the machine lets it.
func (b *bench) live(ctx context.Context, o *outcome) error {
	c := usualCell
	s, err := b.startWhole(ctx, &c, b.bidwell, b.stored, true)
	if err != nil {
		return err
	}
	defer s.stop()
	floor, err := b.warm(ctx, &c, s.target)
	if err != nil {
		return err
	}
	all, err := b.beside(ctx, &c, floor, s.target)
	if err != nil {
		return err
	}
	var highest float64
	steady := load{d: 10 * b.round}
	for _, of := range []struct {
		name string
		*target
	}{{bareRun, all[0]}, {quietRun, s.target}} {
		if highest, err = b.highest(ctx, of.target); err != nil {
			return err
		}
		steady.rate = mostLoad * highest
		if _, err := b.extra(ctx, o, of.name, of.target, highest, steady); err != nil {
			return err
		}
	}
	if err := s.sender.follow(won); err != nil {
		return err
	}
	// Notices take their part of the machine: of what is left for requests.
	if highest, err = b.highest(ctx, s.target); err != nil {
		return err
	}
	steady.rate = mostLoad * highest
	end := b.reload(ctx, s, 5*time.Second)
	_, err = b.extra(ctx, o, busyRun, s.target, highest, steady)
	if failed := end(); err == nil {
		err = failed
	}
	return err
}

// reload changes the bidder's configuration every so often until what it returns
// is called.
func (b *bench) reload(ctx context.Context, s *server, every time.Duration) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		var err error
		for i := 0; err == nil && ctx.Err() == nil; i++ {
			err = editCampaign(s.dir, i)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		done <- err
	}()
	return func() error {
		cancel()
		return <-done
	}
}
