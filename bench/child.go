//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a server under measurement, in a process of its own.
type child struct {
	name  string
	cmd   *exec.Cmd
	addr  string // host:port of the server
	admin string // host:port of its metrics
	ended chan struct{}
}

// watch waits for the process in the background. It is called once.
func (c *child) watch() {
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait() // how it ends is of no interest
	}()
}

// startSelf starts one of this program's own servers.
func startSelf(ctx context.Context, kind string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, exe)
	cmd.Env = append(os.Environ(), childEnv+"="+kind)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s server: %w", kind, err)
	}
	c := &child{name: kind, cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	c.watch()
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("the %s server gave no address: %w", kind, err)
	}
	c.addr, c.admin, _ = strings.Cut(strings.TrimSpace(line), " ")
	return c, nil
}

// command is a process that ends when ctx does or when this process ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// stop ends the process and waits for it.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	<-c.ended
	kill.Stop()
}

// cpu returns the CPU time that the process has used, to the nanosecond: its CPU
// clock is one that others may read.
func (c *child) cpu() (time.Duration, error) {
	const processClock = 2 // CPUCLOCK_SCHED of the whole process, see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^c.cmd.Process.Pid<<3|processClock), &t); err != nil {
		return 0, fmt.Errorf("CPU time of the %s: %w", c.name, err)
	}
	return time.Duration(t.Nano()), nil
}

// ticks returns the CPU time in user and in kernel mode, in hundredths of a
// second: good for their shares.
func (c *child) ticks() (user, kernel float64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("CPU time of the %s: %w", c.name, err)
	}
	_, after, ok := bytes.Cut(stat, []byte(") ")) // the name may hold spaces
	fields := strings.Fields(string(after))
	if !ok || len(fields) < 13 {
		return 0, 0, fmt.Errorf("CPU time of the %s: cannot read %q", c.name, stat)
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	kernel, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("CPU time of the %s: cannot read %q", c.name, stat)
	}
	return user, kernel, nil
}

// resident returns the bytes that the process holds in memory, and the most it
// ever held.
func (c *child) resident() (now, most int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory of the %s: %w", c.name, err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kb << 10
		case "VmHWM":
			most = kb << 10
		}
	}
	return now, most, nil
}

// Metrics that are read from every server.
const (
	mallocsMetric = "go_memstats_mallocs_total"
	gcMetric      = "go_cpu_classes_gc_total_cpu_seconds_total"
)

// Metrics that only the bidder has.
const (
	allocatedMetric  = "go_memstats_alloc_bytes_total"
	heapMetric       = "go_memstats_heap_alloc_bytes"
	nextMetric       = "go_memstats_next_gc_bytes"
	cyclesMetric     = "go_gc_duration_seconds_count"
	reloadsMetric    = `bidwell_reloads_total{outcome="ok"}`
	shedMetric       = `bidwell_no_bids_total{reason="overloaded"}`
	cacheBytesMetric = "bidwell_profile_cache_bytes"
	readsMetric      = "bidwell_profile_reads_total{"
	noticesMetric    = "bidwell_notices_total{"
	candidatesMetric = "bidwell_candidates_total{"
)

// figures are the metrics of a server, by name with labels. Names that it does
// not have are missing.
type figures map[string]float64

func (c *child) figures(ctx context.Context) (figures, error) {
	body, err := get(ctx, "http://"+c.admin+"/metrics")
	if err != nil {
		return nil, fmt.Errorf("metrics of the %s: %w", c.name, err)
	}
	f := figures{}
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		at := bytes.LastIndexByte(line, ' ')
		if v, err := strconv.ParseFloat(string(line[at+1:]), 64); at > 0 && err == nil {
			f[string(line[:at])] = v
		}
	}
	return f, nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	return getWithin(ctx, url, 5*time.Second)
}

func getWithin(ctx context.Context, url string, patience time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.200s", resp.StatusCode, body)
	}
	return body, nil
}
