//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// fillUp fills the disk and looks how the bidder stops spending; and, if it is
// to be freed, how it goes on by itself.
func (s *stage) fillUp(ctx context.Context, free bool) error {
	s.x.full.Store(true)
	s.figures.Filled++
	if err := s.disk.fill(); err != nil {
		return err
	}
	var reason string
	err := poll(ctx, "/readyz to say that the disk is full", 30*time.Second, func() (bool, error) {
		status, body, err := s.bidder.get(ctx, "/readyz")
		reason = string(body)
		return status == http.StatusServiceUnavailable && strings.Contains(reason, "full"), err
	})
	if err != nil {
		return fmt.Errorf("%w; it says %.300q", err, reason)
	}
	err = poll(ctx, "bid requests to be answered with 204", 10*time.Second, func() (bool, error) {
		status, err := s.x.probe(s.rnd)
		return status == http.StatusNoContent, err
	})
	if err != nil {
		return err
	}
	before := s.x.rec.putOffs()
	err = poll(ctx, "a notice to be put off with 429", 10*time.Second, func() (bool, error) {
		return s.x.rec.putOffs() > before, nil
	})
	if err != nil || !free {
		s.figures.WhileFull++
		return err
	}
	if err := s.disk.free(); err != nil {
		return err
	}
	if _, err := s.bidder.ready(ctx); err != nil {
		return fmt.Errorf("after there was space again: %w", err)
	}
	s.x.full.Store(false)
	s.figures.Recovered++
	before = s.x.rec.acknowledgements()
	err = poll(ctx, "notices to be acknowledged again", 30*time.Second, func() (bool, error) {
		return s.x.rec.acknowledgements() > before, nil
	})
	if err != nil {
		return err
	}
	return s.settle(ctx)
}

// startFull starts the bidder on a disk that is full, notes what it makes of it,
// and makes space.
func (s *stage) startFull(ctx context.Context) error {
	starts, err := s.tryStart(ctx, s.bidder, "free some space")
	s.figures.StartedFull = "ended with an advice"
	if starts {
		s.figures.StartedFull = "serves"
	}
	s.x.full.Store(false)
	return errors.Join(err, s.disk.free())
}
