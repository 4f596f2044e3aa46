//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// rounds kills bidders that have bid for some tenths of a second, when every
// budget is reserved and hardly anything is settled. All is sold at the price
// that was bid, and told within the notice window, to the bidder after. If that
// one did not know what was reserved, each budget would be spent twice.
func (s *stage) rounds(ctx context.Context, n int) error {
	s.x.prompt = true
	for _, b := range s.limits.all() {
		b.most, b.spans = 0, nil // no bidder has seen them
	}
	for i := range n {
		if err := s.round(ctx); err != nil {
			return fmt.Errorf("%s, round %d: %w", s.name, i+1, err)
		}
		say("%s: round %d of %d, %d events acknowledged", s.name, i+1, n, s.figures.Last.Acknowledged)
	}
	return s.proveTight()
}

// round gives every budget a little more and spends it, over two kills. It ends
// the bidder in order, so that the next one begins with nothing reserved.
func (s *stage) round(ctx context.Context) error {
	for _, b := range s.limits.all() {
		little := int64(30_000_000)
		if b.impressions {
			little = 6
		}
		b.set(b.usedBy(s.events, s.x.rec.late).Spent+little, time.Now())
	}
	if err := s.limits.write(filepath.Dir(s.bidder.config), s.flight); err != nil {
		return err
	}
	for range 2 {
		if err := s.start(ctx); err != nil {
			return err
		}
		s.x.gate.Unlock()
		err := pause(ctx, time.Duration(50+s.rnd.IntN(650))*time.Millisecond)
		s.kill()
		if err := errors.Join(err, s.checkCopy(ctx)); err != nil {
			return err
		}
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	s.x.gate.Unlock()
	err := errors.Join(pause(ctx, time.Second), s.note(ctx), s.settle(ctx))
	s.x.gate.Lock()
	s.resume()
	if err != nil {
		return err
	}
	if err := s.bidder.stop(ctx); err != nil {
		return fmt.Errorf("the end, when told to: %w", err)
	}
	return s.check(ctx, s.bidder.data)
}

// proveTight makes sure that the kills mattered: there were events of bids from
// before a kill, in time, and budgets were reached.
func (s *stage) proveTight() error {
	for i := range s.events {
		if e := &s.events[i]; e.Price > 0 && s.x.rec.killedBetween(e) && !s.x.rec.late(e) {
			s.figures.Carried++
		}
	}
	if s.figures.Carried == 0 || len(s.figures.Stopped) == 0 {
		return fmt.Errorf("the run proves nothing: %d sales outlived a kill, and %d accounts were stopped by a budget", s.figures.Carried, len(s.figures.Stopped))
	}
	return nil
}
