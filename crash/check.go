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
		if e, before := b.overbid(events); e != nil {
			errs = append(errs, fmt.Errorf("%s: %d was spent, and yet %d was bid within the limit of %d: %+v", b, before, e.Offer, b.allowed(e.BidTime), *e))
		}
	}
	if s.live != nil {
		errs = append(errs, s.compareAccounts(s.live, "in the bidder that ran"))
		s.live = nil
	}
	return errors.Join(errs...)
}

// checkUsed makes sure that there was something to check: events of every kind,
// and spend of every campaign.
func (s *stage) checkUsed() error {
	kinds, spent := map[string]int{}, map[string]int64{}
	for i := range s.events {
		kinds[s.events[i].Kind]++
		spent[s.events[i].Campaign] += s.events[i].Price
	}
	var errs []error
	for _, kind := range [...]string{"win", "billing", "loss", "impression", "view", "click", "visit", "conversion", "tally"} {
		if kinds[kind] == 0 {
			errs = append(errs, fmt.Errorf("the run proves nothing: there was no %s", kind))
		}
	}
	for _, name := range sites {
		if name != everywhere && spent[name] == 0 {
			errs = append(errs, fmt.Errorf("the run proves nothing: campaign %s spent nothing", name))
		}
	}
	return errors.Join(errs...)
}

// compareAccounts compares accounts with the sums over the ledger's events.
func (s *stage) compareAccounts(accounts map[string]account, when string) error {
	want := map[string]account{}
	for i := range s.events {
		e := &s.events[i]
		for _, name := range [...]string{e.Campaign, e.Line} {
			a := want[name]
			a.Total += e.Price
			if e.Kind == "impression" {
				a.Shown++
			}
			want[name] = a
		}
	}
	var errs []error
	for name, a := range accounts {
		if w := want[name]; a.Total != w.Total || a.Shown != w.Shown {
			errs = append(errs, fmt.Errorf("%s %s has spent %d in %d impressions, and the ledger says %d in %d", when, name, a.Total, a.Shown, w.Total, w.Shown))
		}
	}
	return errors.Join(errs...)
}
