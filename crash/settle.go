//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// freeLimit is how long budgets may stay reserved after the last bid: the window
// of its notices, and after a kill the time ahead for which the bidder before had
// leave to bid.
const freeLimit = longestWindow + 20*time.Second

// settle waits until every notice is sent and nothing is reserved any more, and
// notes the accounts as they are then. Nothing is asked until resume is called.
func (s *stage) settle(ctx context.Context) error {
	s.x.asking.Lock()
	s.quiet = true
	err := poll(ctx, "all notices to be sent", time.Minute, func() (bool, error) { return s.x.due.pending() == 0, nil })
	if err != nil {
		return err
	}
	begun := time.Now()
	var left string
	err = poll(ctx, "reservations to end", freeLimit, func() (bool, error) {
		left = ""
		accounts, err := s.bidder.accounts(ctx)
		if err != nil {
			return false, err
		}
		for name, a := range accounts {
			if a.Reserved != 0 || a.Awaited != 0 {
				left += fmt.Sprintf(" %s %d and %d impressions,", name, a.Reserved, a.Awaited)
			}
		}
		s.live = accounts
		open, err := s.bidder.metric(ctx, "bidwell_open_reservations")
		if open != 0 {
			left += fmt.Sprintf(" open %v", open)
		}
		return left == "", err
	})
	if err != nil {
		return fmt.Errorf("%w: reserved:%s", err, left)
	}
	s.figures.Freed = max(s.figures.Freed, time.Since(begun))
	counted, err := s.bidder.outcomes(ctx)
	return errors.Join(err, s.x.rec.compareRefusals(counted))
}

// resume lets the exchange ask again after settle.
func (s *stage) resume() {
	if s.quiet {
		s.quiet = false
		s.x.asking.Unlock()
	}
}
