package attack

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config says what an attack does. Fields left at zero have the default that
// their comment names.
type Config struct {
	Target        Target
	Source        Source // what is sent; the attack has it for itself
	Schedule      Schedule
	TMax          time.Duration // an answer that takes longer, from when the request was due, is an error; 120 ms
	Connections   int           // the most requests in flight; 128
	ValidateEvery int           // every how manieth answer with a bid is checked; 0 for none
	Thresholds    []Threshold
	Results       *Results       // takes every request, for vegeta; none
	Progress      func(Progress) // called about once a second; none

	portable bool // for tests: the sender of other systems
}

// patience is how long after tmax an answer is waited for, to tell a late one
// from none.
const patience = time.Second

func (c *Config) complete() error {
	switch {
	case c.Target.URL == "":
		return errors.New("an attack needs a target")
	case c.Source == nil:
		return errors.New("an attack needs requests to send")
	case c.Schedule.Pacer == nil || c.Schedule.For <= 0:
		return errors.New("an attack needs a schedule")
	case c.TMax < 0 || c.Connections < 0 || c.ValidateEvery < 0:
		return errors.New("tmax, connections and every how manieth answer is checked cannot be negative")
	case c.Connections > 60_000:
		return fmt.Errorf("%d connections are more than there are ports", c.Connections)
	}
	if c.TMax == 0 {
		c.TMax = 120 * time.Millisecond
	}
	if c.Connections == 0 {
		c.Connections = 128
	}
	return nil
}

// Run attacks until the schedule ends or ctx is done, and waits for the answers
// to what was sent. It returns an error if the attack could not begin, as when
// nobody listens at the target; whatever happens later is in the report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &shot{
		target: cfg.Target, source: cfg.Source, tmax: cfg.TMax, patience: patience,
		conns: cfg.Connections, every: cfg.ValidateEvery, sink: newSink(),
	}
	from := sender(newPortable(s))
	if !cfg.portable {
		var err error
		if from, err = newSender(s); err != nil {
			return nil, err
		}
	}
	if err := from.warm(ctx); err != nil {
		return nil, err
	}
	t := newTally(&cfg, time.Now())
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		t.run(s.sink)
	}()
	before := readSelf()
	use := from.run(ctx, &dues{Schedule: cfg.Schedule})
	after := readSelf()
	s.sink.close()
	<-counted
	r := t.report(use, after.since(before))
	r.Interrupted = ctx.Err() != nil
	return r, nil
}
