//go:build linux

package main

import (
	"context"
	"os"
	"time"
)

// coldStart is what passes from the start of the process with everybody in its
// store and ten thousand line items.
type coldStart struct {
	Lines    int           `json:"line_items"`
	Ready    time.Duration `json:"ready_ns"`
	FirstBid time.Duration `json:"first_bid_ns"`
}

func (b *bench) coldStarts(ctx context.Context, o *outcome) error {
	for range b.rounds {
		c, err := b.coldStart(ctx)
		if err != nil {
			return err
		}
		progress("cold start: ready after %.2f s, first bid after %.2f s", c.Ready.Seconds(), c.FirstBid.Seconds())
		o.ColdStarts = append(o.ColdStarts, c)
	}
	return nil
}

func (b *bench) coldStart(ctx context.Context) (cold coldStart, err error) {
	c := cell{10_000, 10, mixed, nearly}
	s, err := b.place(&c, b.stored, true)
	if err != nil {
		return cold, err
	}
	defer os.RemoveAll(s.dir)
	corpus, err := c.corpus(s.addr, b.people, 64, lowFloor)
	if err != nil {
		return cold, err
	}
	cold.Lines = c.Lines
	start := time.Now()
	if cold.Ready, err = s.startBidwell(ctx, b.bidwell); err != nil {
		return cold, err
	}
	defer s.child.stop()
	if s.sender, err = newSender(s.addr, 1, corpus); err != nil {
		return cold, err
	}
	defer s.sender.close()
	for {
		r, err := s.sender.run(ctx, load{d: time.Microsecond})
		if err != nil {
			return cold, err
		}
		if r.Bids > 0 {
			cold.FirstBid = time.Since(start)
			return cold, nil
		}
	}
}
