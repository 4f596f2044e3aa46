//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Deadlines of what is waited for.
const (
	startLimit   = 60 * time.Second
	commandLimit = 2 * time.Minute
)

// bidder is the bidwell that is killed, one process after the other.
type bidder struct {
	exe, config, data string
	listen, admin     string // addresses
	log               *os.File

	cmd   *exec.Cmd
	said  int64         // the size of the log when the process started
	ended chan struct{} // closed when the process has
	err   error         // how it ended
}

// start starts the process.
func (b *bidder) start() error {
	info, err := b.log.Stat()
	if err != nil {
		return err
	}
	b.said = info.Size()
	b.cmd = exec.Command(b.exe, "serve", "--config", b.config, "--data", b.data)
	b.cmd.Stderr = b.log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		return fmt.Errorf("start the bidder: %w", err)
	}
	b.ended = make(chan struct{})
	go func() {
		defer close(b.ended)
		b.err = b.cmd.Wait()
	}()
	return nil
}

// ready waits until the process serves, and returns how long that took. It is an
// error if the process ends.
func (b *bidder) ready(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	err := poll(ctx, "the bidder to be ready", startLimit, func() (bool, error) {
		select {
		case <-b.ended:
			return false, fmt.Errorf("the bidder ended while it started: %w", errors.Join(b.err, errors.New("see "+b.log.Name())))
		default:
		}
		status, _, err := b.get(ctx, "/readyz")
		return err == nil && status == http.StatusOK, nil
	})
	return time.Since(begun), err
}

// kill ends the process without warning.
func (b *bidder) kill() {
	if b.cmd == nil {
		return
	}
	_ = b.cmd.Process.Kill() // it may have ended by itself
	<-b.ended
}

// stop asks the process to end, and returns how it did.
func (b *bidder) stop(ctx context.Context) error {
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-b.ended:
		return b.err
	case <-time.After(startLimit):
		return errors.New("the bidder does not end when told to")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// words returns what the process has said, or the end of it.
func (b *bidder) words() string {
	text, err := os.ReadFile(b.log.Name())
	if err != nil {
		return err.Error()
	}
	text = text[min(b.said, int64(len(text))):]
	return string(text[max(0, len(text)-2000):])
}

// endedWell makes sure that a process that could not start has ended as one does
// that gives up: with status 1 and an advice, not with a panic.
func (b *bidder) endedWell(advice string) error {
	said, status := b.words(), b.cmd.ProcessState.ExitCode()
	if status != 1 || strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") || !strings.Contains(said, advice) {
		return fmt.Errorf("the bidder ends with status %d, and should with 1 and %q: %s", status, advice, said)
	}
	return nil
}

// get asks the admin port.
func (b *bidder) get(ctx context.Context, path string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.admin+path, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// account is one account in /status: money in nano-units, and impressions.
type account struct {
	Total, Reserved int64
	Shown, Awaited  int64
	Stopped         bool // by a budget
}

// accounts returns the accounts of campaigns, and those of line items as
// campaign/line.
func (b *bidder) accounts(ctx context.Context) (map[string]account, error) {
	_, body, err := b.get(ctx, "/status")
	if err != nil {
		return nil, err
	}
	type spend struct {
		Total, Reserved float64

		StoppedBy   string `json:"stopped_by"`
		Impressions struct{ Total, Reserved int64 }
	}
	var st struct {
		Campaigns []struct {
			Campaign string
			Spend    spend
			Lines    []struct {
				Line  string `json:"line_item"`
				Spend spend
			} `json:"line_items"`
		}
	}
	if err := json.Unmarshal(body, &st); err != nil {
		return nil, fmt.Errorf("/status: %w", err)
	}
	of := func(s *spend) account {
		return account{nanos(s.Total), nanos(s.Reserved), s.Impressions.Total, s.Impressions.Reserved, s.StoppedBy != ""}
	}
	all := map[string]account{}
	for _, c := range st.Campaigns {
		all[c.Campaign] = of(&c.Spend)
		for _, l := range c.Lines {
			all[c.Campaign+"/"+l.Line] = of(&l.Spend)
		}
	}
	return all, nil
}

// loaded returns when the configuration was loaded that serves.
func (b *bidder) loaded(ctx context.Context) (time.Time, error) {
	_, body, err := b.get(ctx, "/status")
	var st struct {
		Loaded time.Time `json:"config_loaded"`
	}
	if err == nil {
		err = json.Unmarshal(body, &st)
	}
	return st.Loaded, err
}

// metric returns the value of a metric without labels.
func (b *bidder) metric(ctx context.Context, name string) (float64, error) {
	_, body, err := b.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// noticeLine is a line of the metric of notices.
var noticeLine = regexp.MustCompile(`(?m)^bidwell_notices_total\{.*outcome="(\w+)".*\} (\S+)$`)

// outcomes returns how many notices had which outcome since the process started.
func (b *bidder) outcomes(ctx context.Context) (map[string]int, error) {
	_, body, err := b.get(ctx, "/metrics")
	sums := map[string]int{}
	for _, m := range noticeLine.FindAllSubmatch(body, -1) {
		n, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return nil, fmt.Errorf("the metric of notices: %w", err)
		}
		sums[string(m[1])] += int(n)
	}
	return sums, err
}

// ledger runs a command on the ledger of a data directory, and returns what it
// printed.
func (b *bidder) ledger(ctx context.Context, data string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var out, problem bytes.Buffer
	cmd := exec.CommandContext(ctx, b.exe, append([]string{"ledger", "--config", b.config, "--data", data}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("bidwell ledger %s: %w: %.2000s%.2000s", strings.Join(args, " "), err, out.Bytes(), problem.Bytes())
	}
	return out.Bytes(), nil
}

// poll asks until the answer is yes, or an error, or the time is over.
func poll(ctx context.Context, what string, limit time.Duration, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %v for %s, in vain", limit, what))
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
