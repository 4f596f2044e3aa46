//go:build linux

package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// measured is one cell with what was measured in it.
type measured struct {
	cell
	Name      string    `json:"cell"`
	Floor     float64   `json:"floor_cpm"`
	Ready     float64   `json:"ready_s"`        // of the bidder
	Resident  int64     `json:"resident_bytes"` // of the bidder, at the end
	Saturated []summary `json:"saturated"`      // as many requests as each server takes
	Half      []summary `json:"half"`           // half of the most that the bidder took, to each
	Most      []summary `json:"most"`           // 70 % of it
}

// Shares of the highest rate at which latency is measured.
const (
	halfLoad = 0.5
	mostLoad = 0.7
)

// cell measures one cell: the bare servers and the bidder by turns, so that what
// else happens on the machine hits all of them.
func (b *bench) cell(ctx context.Context, c cell) (m measured, err error) {
	m = measured{cell: c, Name: c.name()}
	progress("%s: starting the bidder", m.Name)
	s, err := b.startWhole(ctx, &c, b.bidwell, b.stored, false)
	if err != nil {
		return m, err
	}
	defer s.stop()
	m.Ready = s.ready.Seconds()
	if m.Floor, err = b.warm(ctx, &c, s.target); err != nil {
		return m, err
	}
	targets, err := b.beside(ctx, &c, m.Floor, s.target)
	if err != nil {
		return m, err
	}
	if m.Saturated, err = b.take(ctx, m.Name, targets, 0); err != nil {
		return m, err
	}
	most := last(m.Saturated).PerSecond
	if m.Half, err = b.take(ctx, m.Name, targets, halfLoad*most); err != nil {
		return m, err
	}
	if m.Most, err = b.take(ctx, m.Name, targets, mostLoad*most); err != nil {
		return m, err
	}
	m.Resident, _, err = s.resident()
	if err == nil && b.profile != "" {
		err = b.saveProfile(ctx, s, filepath.Join(b.profile, fileName(&c)))
	}
	return m, err
}

func last(s []summary) *summary { return &s[len(s)-1] }

// warm finds the floor and lets the cache fill: while it does, each request that
// is answered from the store costs an allocation and a place in the cache's queue,
// which is what a bidder does in its first minute and not what it does all day.
func (b *bench) warm(ctx context.Context, c *cell, t *target) (float64, error) {
	floor, err := b.findFloor(ctx, c, t)
	if err != nil {
		return 0, err
	}
	for held, i := 0.0, 0; i < mostWarming; i++ {
		if _, err := t.sender.run(ctx, load{d: 2 * b.round}); err != nil {
			return 0, fmt.Errorf("warming up: %w", err)
		}
		f, err := t.figures(ctx)
		if err != nil {
			return 0, err
		}
		if f[cacheBytesMetric] <= held*fills {
			break
		}
		held = f[cacheBytesMetric]
	}
	return floor, nil
}

// The cache is full when it grows by less than fills from one look to the next,
// and is not waited for any longer after mostWarming looks.
const (
	fills       = 1.01
	mostWarming = 15
)

// beside gives the bare servers the traffic of the bidder, which comes last.
func (b *bench) beside(ctx context.Context, c *cell, floor float64, bidder *target) (all []*target, err error) {
	r, err := bidder.sender.run(ctx, load{d: b.round / 4})
	if err != nil {
		return nil, err
	}
	share := float64(r.Bids) / float64(max(r.Requests, 1))
	for _, t := range b.bares {
		if t.sender.corpus, err = c.corpus(t.addr, b.people, b.bodies, floor); err != nil {
			return nil, err
		}
		if _, err := get(ctx, "http://"+t.admin+"/?"+url.Values{"bids": {strconv.FormatFloat(share, 'f', 6, 64)}}.Encode()); err != nil {
			return nil, fmt.Errorf("telling the %s server how much to bid on: %w", t.name, err)
		}
		if _, err := t.sender.run(ctx, load{d: b.round / 4}); err != nil {
			return nil, fmt.Errorf("warming up the %s server: %w", t.name, err)
		}
		all = append(all, t)
	}
	return append(all, bidder), nil
}

// take measures every server in turn, again and again, in alternating order.
func (b *bench) take(ctx context.Context, name string, targets []*target, rate float64) ([]summary, error) {
	rounds := make([][]phase, b.rounds)
	for i := range rounds {
		rounds[i] = make([]phase, len(targets))
		for k := range targets {
			if i%2 == 1 {
				k = len(targets) - 1 - k
			}
			p, err := targets[k].measure(ctx, load{rate: rate, d: b.round})
			if err != nil {
				return nil, err
			}
			rounds[i][k] = p
			b.phases = append(b.phases, named{name, p})
		}
	}
	s := summarise(rounds)
	w := last(s)
	if rate == 0 {
		progress("%s: %s a request, %.2f × bare, %.0f requests per second", name, micros(w.CPU), w.ToBare.Mid, w.PerSecond)
	} else {
		progress("%s: at %.0f requests per second: p50 %s, p99 %s, p99.9 %s", name, rate, millis(w.P50), millis(w.P99), millis(w.P999))
	}
	return s, nil
}

// named is a phase with the name of the cell that it was measured in.
type named struct {
	Cell string `json:"cell"`
	phase
}

// fileName is a cell's name as files are called: 1000x10-mixed-30.pprof.
func fileName(c *cell) string {
	return strings.NewReplacer("/", "-", " ", "-", "%", "").Replace(c.name()) + ".pprof"
}

// saveProfile has the bidder profile itself while it takes as many requests as
// it can. Nothing else is measured meanwhile.
func (b *bench) saveProfile(ctx context.Context, s *server, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		profile, err := getWithin(ctx, "http://"+s.admin+"/debug/pprof/profile?seconds=10", 20*time.Second)
		if err == nil {
			err = os.WriteFile(path, profile, 0o644)
		}
		done <- err
	}()
	if _, err := s.sender.run(ctx, load{d: 11 * time.Second}); err != nil {
		return err
	}
	return <-done
}
