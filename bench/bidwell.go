//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"bidwell/loadtest"
)

// imported is what importing the people took.
type imported struct {
	People     int           `json:"people"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	CPU        time.Duration `json:"cpu_ns"`
	PerSecond  float64       `json:"per_second"`
	MaxRSS     int64         `json:"max_resident_bytes"`
	StoreBytes int64         `json:"store_bytes"`
	FileBytes  int64         `json:"file_bytes"`
}

// processPath and dataPath are where a run's directory has its configuration
// and its data: apart, since the bidder watches the former for changes.
func processPath(dir string) string { return filepath.Join(dir, "config", "bidwell.yaml") }
func dataPath(dir string) string    { return filepath.Join(dir, "data") }

// importPeople writes the people to a file and has the bidder import it.
func importPeople(ctx context.Context, bidwell, dir string, people loadtest.People) (imp imported, err error) {
	path := filepath.Join(dir, "people.ndjson")
	f, err := os.Create(path)
	if err != nil {
		return imp, err
	}
	if err := errors.Join(loadtest.GeneratePeople(people, f), f.Close()); err != nil {
		return imp, err
	}
	defer os.Remove(path)
	if info, err := os.Stat(path); err == nil {
		imp.FileBytes = info.Size()
	}
	cmd := command(ctx, bidwell, "profile", "import", "--config", processPath(dir), "--data", dataPath(dir), path)
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return imp, fmt.Errorf("importing %d people: %w\n%s", people.N, err, out)
	}
	imp.People, imp.Elapsed = people.N, time.Since(start)
	imp.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	imp.PerSecond = float64(imp.People) / imp.Elapsed.Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		imp.MaxRSS = usage.Maxrss << 10
	}
	imp.StoreBytes, err = sizeOf(dataPath(dir))
	return imp, err
}

func sizeOf(dir string) (n int64, err error) {
	err = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// freeAddr returns a loopback address that was free a moment ago.
func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// startBidwell starts the bidder on a generated configuration and waits until
// it is ready.
func startBidwell(ctx context.Context, bidwell, dir, listen, admin string) (*child, time.Duration, error) {
	// Flags win over environment variables that may be set here.
	cmd := command(ctx, bidwell, "serve", "--config", processPath(dir),
		"--listen", listen, "--admin", admin, "--data", dataPath(dir))
	cmd.Stdout = os.Stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("starting %s: %w", bidwell, err)
	}
	c := &child{name: whole, cmd: cmd, addr: listen, admin: admin}
	c.watch()
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		_, err := get(ctx, "http://"+admin+"/readyz")
		if err == nil {
			return c, time.Since(start), nil
		}
		select {
		case <-again.C:
		case <-c.ended:
			return nil, 0, fmt.Errorf("%s serve ended before it was ready: %s", bidwell, cmd.ProcessState)
		case <-patience.C:
			c.stop()
			return nil, 0, fmt.Errorf("%s serve is not ready: %w", bidwell, err)
		case <-ctx.Done():
			c.stop()
			return nil, 0, ctx.Err()
		}
	}
}
