//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// server is the whole bidder, started for a cell.
type server struct {
	*target
	dir   string
	ready time.Duration // from its start until it said that it was ready
}

// startWhole starts a bidder for a cell, in a directory of its own, with a
// sender that has no requests yet.
func (b *bench) startWhole(ctx context.Context, c *cell, bidwell, store string, shed bool) (*server, error) {
	s, err := b.place(c, store, shed)
	if err != nil {
		return nil, err
	}
	if s.ready, err = s.startBidwell(ctx, bidwell); err != nil {
		return nil, err
	}
	s.sender, err = newSender(s.addr, b.conns, nil)
	if err != nil {
		s.child.stop()
		return nil, err
	}
	return s, nil
}

// place makes the directory of a bidder: its configuration and its own copy of
// the store.
func (b *bench) place(c *cell, store string, shed bool) (*server, error) {
	dir, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		return nil, err
	}
	listen, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := process{listen: listen, admin: admin, cacheMB: c.cacheMB(b.people), shed: shed}
	if err := writeConfig(dir, p, c.size()); err != nil {
		return nil, err
	}
	if err := os.CopyFS(dataPath(dir), os.DirFS(store)); err != nil {
		return nil, fmt.Errorf("copying the store: %w", err)
	}
	unix.Sync() // or the kernel would write it to disk while the bidder is measured
	return &server{target: &target{child: &child{name: whole, addr: listen, admin: admin}}, dir: dir}, nil
}

// startBidwell starts the process and waits until it is ready.
func (s *server) startBidwell(ctx context.Context, bidwell string) (time.Duration, error) {
	// Flags win over environment variables that may be set here.
	s.cmd = command(ctx, bidwell, "serve", "--config", processPath(s.dir),
		"--listen", s.addr, "--admin", s.admin, "--data", dataPath(s.dir))
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", bidwell, err)
	}
	s.watch()
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := get(ctx, "http://"+s.admin+"/readyz")
		if err == nil {
			return time.Since(start), nil
		}
		select {
		case <-again.C:
		case <-s.ended:
			text, _ := os.ReadFile(log.Name()) // as much as there is
			return 0, fmt.Errorf("%s serve ended before it was ready: %s\n%s", bidwell, s.cmd.ProcessState, text)
		case <-patience.C:
			s.child.stop()
			return 0, fmt.Errorf("%s serve is not ready: %w", bidwell, err)
		case <-ctx.Done():
			s.child.stop()
			return 0, ctx.Err()
		}
	}
}

// stop ends the bidder and deletes what it had.
func (s *server) stop() {
	s.sender.close()
	s.child.stop()
	os.RemoveAll(s.dir) // below a directory that is deleted anyway
}

// freeAddr returns a loopback address that was free a moment ago.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
