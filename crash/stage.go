//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

// stage is one bidder on one data directory, killed again and again.
type stage struct {
	name    string
	dir     string // of everything below
	bidder  *bidder
	x       *exchange
	limits  *budgets
	flight  time.Time // end of the paced campaign
	rnd     *rand.Rand
	disk    *disk              // that the data are on, nil for the machine's own
	events  []event            // of the ledger, as of the last check
	live    map[string]account // of the bidder when nothing was under way any more, for the next check
	quiet   bool               // nothing is asked
	touched bool               // profiles are held against the events
	figures figures
}

// figures are what a stage measured.
type figures struct {
	Kills, InReload, InStart, WhileFull int
	Reloads                             int
	Stopped                             map[string]bool // accounts that were seen stopped by a budget
	Filled, Recovered                   int             // disks
	Starts                              []time.Duration
	Freed                               time.Duration // until nothing was reserved, at most
	Last                                findings
	Events                              int
	Touches                             int    // that profiles have
	Deeds                               int    // visits and conversions that profiles have
	Damaged                             int    // copies of the data that were damaged
	Carried                             int    // sales that outlived a kill and were settled in time
	StartedFull                         string // what a start on a full disk led to
}

// newStage prepares a stage in a directory of its own below dir.
func newStage(name, dir string, o *options, d *disk) (*stage, error) {
	dir = filepath.Join(dir, name)
	listen, admin, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if d != nil {
		data = filepath.Join(d.dir, "data")
	}
	conf := filepath.Join(dir, "config")
	s := &stage{
		figures: figures{Stopped: map[string]bool{}},
		name:    name, dir: dir, disk: d, limits: newBudgets(), flight: time.Now().Add(15 * time.Minute),
		rnd:     rand.New(rand.NewPCG(o.seed, 0x9E3779B97F4A7C15)),
		bidder:  &bidder{exe: o.exe, config: filepath.Join(conf, "bidwell.yaml"), data: data, listen: listen, admin: admin},
		x:       newExchange(listen, o.rate),
		touched: o.touches,
	}
	if err := errors.Join(writeProcess(conf, listen, admin, data), s.limits.write(conf, s.flight)); err != nil {
		return nil, err
	}
	s.bidder.log, err = os.Create(filepath.Join(dir, "bidwell.log"))
	return s, err
}

// freeAddresses returns two addresses on which nobody listens.
func freeAddresses() (a, b string, err error) {
	var names [2]string
	for i := range names {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer ln.Close()
		names[i] = ln.Addr().String()
	}
	return names[0], names[1], nil
}

// run lets the exchange ask and send while work starts and kills bidders. The
// gate is locked when work begins, and has to be when it ends.
func (s *stage) run(ctx context.Context, seed uint64, work func() error) error {
	defer s.bidder.log.Close()
	defer s.bidder.kill()
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	s.x.gate.Lock()
	go func() {
		defer close(ended)
		s.x.run(working, seed)
	}()
	err := work()
	stop()
	s.x.gate.Unlock()
	<-ended
	return err
}

// cycles kills the bidder so many times, so many of them around a full disk.
func (s *stage) cycles(ctx context.Context, kills, fills int) error {
	for n := range kills {
		full := n < fills
		if err := s.cycle(ctx, n, full); err != nil {
			return fmt.Errorf("%s, kill %d: %w", s.name, n+1, err)
		}
		say("%s: kill %d of %d, %d events acknowledged", s.name, n+1, kills, s.figures.Last.Acknowledged)
	}
	return s.last(ctx)
}

// cycle starts the bidder, checks it, loads it, kills it in one way or another,
// and checks what it left.
func (s *stage) cycle(ctx context.Context, n int, full bool) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	s.x.gate.Unlock()
	err := s.load(ctx, n, full)
	s.kill()
	s.resume()
	if err == nil && full && n%2 == 1 {
		err = s.startFull(ctx)
	}
	if err == nil && !full && s.rnd.IntN(4) == 0 {
		err = s.killStarting(ctx)
	}
	if err != nil {
		return err
	}
	return s.checkCopy(ctx)
}

// start starts the bidder and compares its accounts with the ledger of before.
func (s *stage) start(ctx context.Context) error {
	if err := s.bidder.start(); err != nil {
		return err
	}
	took, err := s.bidder.ready(ctx)
	if err != nil {
		return err
	}
	s.figures.Starts = append(s.figures.Starts, took)
	for _, b := range s.limits.all() {
		b.loaded(time.Now())
	}
	s.x.rec.started()
	if s.x.forger == nil {
		if s.x.forger, err = newForger(s.bidder.data); err != nil {
			return err
		}
	}
	accounts, err := s.bidder.accounts(ctx)
	if err != nil {
		return err
	}
	if err := s.compareAccounts(accounts, "after the start"); err != nil || !s.touched {
		return err
	}
	return s.compareTouches(ctx)
}

// load lets the bidder work until it is time to kill it.
func (s *stage) load(ctx context.Context, n int, full bool) error {
	if s.rnd.IntN(2) == 0 {
		if err := s.reload(ctx); err != nil {
			return err
		}
		if err := s.reloaded(ctx); err != nil {
			return err
		}
	}
	s.work(ctx, 20+s.rnd.IntN(400), 4*time.Second)
	switch {
	case full:
		return s.fillUp(ctx, n%2 == 0)
	case n%4 == 3: // long enough that budgets are reached
		s.work(ctx, 10_000, noticeWindow+time.Second)
		if err := s.note(ctx); err != nil || n%8 == 3 {
			return err
		}
		return s.settle(ctx)
	case s.rnd.IntN(3) == 0:
		s.figures.InReload++
		if err := s.reload(ctx); err != nil {
			return err
		}
		return pause(ctx, time.Duration(s.rnd.IntN(400))*time.Millisecond)
	}
	return pause(ctx, time.Duration(s.rnd.IntN(20))*time.Millisecond)
}

// kill kills the bidder and keeps the exchange back.
func (s *stage) kill() {
	s.x.rec.killed(time.Now())
	s.bidder.kill()
	s.x.gate.Lock()
	s.figures.Kills++
}

// pause waits for a moment that is drawn: when to kill.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// work waits for so many acknowledgements, though not for ever: budgets may be
// spent.
func (s *stage) work(ctx context.Context, acknowledgements int, longest time.Duration) {
	until := s.x.rec.acknowledgements() + acknowledgements
	_ = poll(ctx, "acknowledgements", longest, func() (bool, error) {
		return s.x.rec.acknowledgements() >= until, nil
	})
}

// reload writes other budgets, which the bidder notices.
func (s *stage) reload(ctx context.Context) error {
	s.figures.Reloads++
	accounts, err := s.bidder.accounts(ctx)
	if err != nil {
		return err
	}
	s.limits.move(s.rnd, func(b *budget) int64 {
		switch {
		case b.impressions || b.of == ofAdvertiser || b.daily:
			return b.usedBy(s.events, s.x.rec.late).Spent
		default:
			return accounts[b.name].Total
		}
	})
	return s.limits.write(filepath.Dir(s.bidder.config), s.flight)
}

// reloaded waits until the bidder goes by the files as they are.
func (s *stage) reloaded(ctx context.Context) error {
	written := time.Now()
	err := poll(ctx, "the configuration to be loaded", 30*time.Second, func() (bool, error) {
		loaded, err := s.bidder.loaded(ctx)
		return loaded.After(written), err
	})
	for _, b := range s.limits.all() {
		if err == nil {
			b.loaded(time.Now())
		}
	}
	return err
}

// note notes which accounts are stopped by a budget.
func (s *stage) note(ctx context.Context) error {
	accounts, err := s.bidder.accounts(ctx)
	for name, a := range accounts {
		if a.Stopped {
			s.figures.Stopped[name] = true
		}
	}
	return err
}

// killStarting kills the bidder once more, while it starts.
func (s *stage) killStarting(ctx context.Context) error {
	if err := s.bidder.start(); err != nil {
		return err
	}
	usual := s.figures.Starts[len(s.figures.Starts)-1]
	err := pause(ctx, time.Duration(s.rnd.Int64N(int64(usual)+1)))
	s.bidder.kill()
	s.figures.Kills++
	s.figures.InStart++
	return err
}

// last lets the bidder finish its work and end in order, and checks everything
// once more.
func (s *stage) last(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	s.x.gate.Unlock()
	s.work(ctx, 100, 4*time.Second)
	err := s.settle(ctx)
	s.x.gate.Lock()
	s.resume()
	if err != nil {
		return err
	}
	if err := s.bidder.stop(ctx); err != nil {
		return fmt.Errorf("the end, when told to: %w", err)
	}
	if err := errors.Join(s.check(ctx, s.bidder.data), s.checkUsed()); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil { // the accounts, once more
		return err
	}
	s.bidder.kill()
	return nil
}
