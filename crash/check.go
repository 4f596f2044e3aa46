//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// checkCopy checks a copy of the data directory, so that the next start finds
// what the kill left.
func (s *stage) checkCopy(ctx context.Context) error {
	copied := filepath.Join(s.dir, "copy")
	if err := os.RemoveAll(copied); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(copied, "ledger"), os.DirFS(filepath.Join(s.bidder.data, "ledger"))); err != nil {
		return fmt.Errorf("copy the ledger: %w", err)
	}
	return s.check(ctx, copied)
}

// check verifies and replays the ledger of a data directory, and holds its
// events against the record and the budgets.
func (s *stage) check(ctx context.Context, data string) error {
	_, err := s.bidder.ledger(ctx, data, "verify")
	_, err2 := s.bidder.ledger(ctx, data, "replay")
	out, err3 := s.bidder.ledger(ctx, data, "export", "--format", "ndjson")
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	events, err := readEvents(bytes.NewReader(out))
	if err != nil {
		return err
	}
	f := s.x.rec.compare(events)
	s.events, s.figures.Last, s.figures.Events = events, f, len(events)
	errs := s.x.rec.faults()
	if f.bad() > 0 {
		errs = append(errs, fmt.Errorf("the ledger is not what was acknowledged: lost %d, doubled %d, invented %d, at another price %d: %v",
			f.Lost, f.Doubled, f.Invented, f.Mispriced, f.First))
	}
	for _, b := range s.limits.all() {
		if u := b.usedBy(events, s.x.rec.late); u.Spent > b.most+u.Bound {
			errs = append(errs, fmt.Errorf("%s: %d was spent of at most %d, and only %d may be above it", b, u.Spent, b.most, u.Bound))
		}
	}
	return errors.Join(errs...)
}

// compareAccounts compares the accounts of a bidder that has just started with
// the sums of the ledger's prices.
func (s *stage) compareAccounts(ctx context.Context) error {
	want := map[string]int64{}
	for i := range s.events {
		want[s.events[i].Campaign] += s.events[i].Price
		want[s.events[i].Line] += s.events[i].Price
	}
	accounts, err := s.bidder.accounts(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for name, a := range accounts {
		if a.Total != want[name] {
			errs = append(errs, fmt.Errorf("after the restart %s has spent %d, and the ledger's prices add up to %d", name, a.Total, want[name]))
		}
	}
	return errors.Join(errs...)
}
