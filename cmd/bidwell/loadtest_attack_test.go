package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/valyala/fasthttp"

	"bidwell/loadtest/attack"
)

// bidderOf starts a server that answers every request so, and returns its URL.
func bidderOf(t *testing.T, answer fasthttp.RequestHandler) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: answer}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Shutdown()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String() + "/openrtb2/bid/example"
}

func noBid(c *fasthttp.RequestCtx) { c.SetStatusCode(fasthttp.StatusNoContent) }

func TestAttackWritesItsFiles(t *testing.T) {
	dir := t.TempDir()
	out, status := bidwell(t, dir, "", "loadtest", "attack", bidderOf(t, noBid), "--rate", "100:500ms,500:500ms", "--poisson", "--tmax", "10s",
		"--requests", "50", "--json", "--results", "out.bin", "--hdr", "out.hgrm", "--html", "out.html", "--fail-if", "errors>0,rate<1")
	var r attack.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 || r.Due < 200 || r.NoBids != r.Due {
		t.Fatalf("exit %d, %v:\n%s", status, err, out)
	}
	f, err := os.Open(filepath.Join(dir, "out.bin"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := uint64(0)
	for decode := vegeta.DecoderFor(f); decode.Decode(new(vegeta.Result)) == nil; n++ {
	}
	if n != r.Due {
		t.Errorf("%d results of %d requests", n, r.Due)
	}
	if !strings.Contains(read(t, filepath.Join(dir, "out.hgrm")), "Total count") || !strings.Contains(read(t, filepath.Join(dir, "out.html")), "</html>") {
		t.Error("the histogram or the page is not whole")
	}
}

func TestAttackExitsWith99AboveAThreshold(t *testing.T) {
	out, status := bidwell(t, t.TempDir(), "", "loadtest", "attack", bidderOf(t, noBid), "--rate", "200", "--for", "500ms", "--requests", "50",
		"--fail-if", "errors>0.1%", "--fail-if", "p99>1h,bids<5%")
	if status != exitThreshold || !strings.Contains(out, "bids<5%        FAILED  bids are 0 %, 0") || !strings.Contains(out, "p99>1h         ok") || strings.Contains(out, "bidwell:") {
		t.Errorf("exit %d:\n%s", status, out)
	}
}

// Conditions may follow --fail-if one by one, before the URL or after it.
func TestAttackTakesConditionsOneByOne(t *testing.T) {
	url := bidderOf(t, noBid)
	for _, args := range [][]string{
		{url, "--fail-if", "p99>1h", "errors>0.1%", "bids<5%"},
		{"--fail-if", "p99>1h", "errors>0.1%", "bids<5%", url},
		{"--fail-if", "p99>1h", url, "--fail-if", "errors>0.1%,bids<5%"},
	} {
		out, status := bidwell(t, t.TempDir(), "", append([]string{"loadtest", "attack", "--rate", "200", "--for", "200ms", "--requests", "50", "--tmax", "10s"}, args...)...)
		if status != exitThreshold || !strings.Contains(out, "bids<5%        FAILED") || !strings.Contains(out, "errors>0.1%    ok") || !strings.Contains(out, "p99>1h         ok") {
			t.Errorf("%v: exit %d:\n%s", args, status, out)
		}
	}
}

func TestAttackFindsAMaximum(t *testing.T) {
	out, status := bidwell(t, t.TempDir(), "", "loadtest", "attack", bidderOf(t, func(c *fasthttp.RequestCtx) { c.SetStatusCode(503) }),
		"--rate", "64", "--for", "100ms", "--requests", "50", "--find-max")
	if status != exitThreshold || !strings.Contains(out, "no rate was found that does not fail at p99>10ms, errors>0.1%") {
		t.Errorf("exit %d:\n%s", status, out)
	}
}

// Ctrl-C ends an attack with its report, its exit status, and its file.
func TestAttackIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answered := make(chan bool, 1)
	url := bidderOf(t, func(c *fasthttp.RequestCtx) {
		noBid(c)
		select {
		case answered <- true:
		default:
		}
	})
	cmd := command(ctx, dir, "loadtest", "attack", url, "--rate", "1000", "--for", "1h", "--tmax", "10s", "--requests", "50", "--results", "out.csv", "--fail-if", "bids<1%")
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-answered
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	out := b.String()
	if cmd.ProcessState.ExitCode() != exitThreshold || !strings.Contains(out, "interrupted after") || !strings.Contains(out, "latency") {
		t.Errorf("exit %d:\n%s", cmd.ProcessState.ExitCode(), out)
	}
	if lines := strings.Count(read(t, filepath.Join(dir, "out.csv")), "\n"); lines == 0 {
		t.Error("the results are lost")
	}
}

func TestAttackSaysWhatIsWrong(t *testing.T) {
	oneByOne(t)
	dir := t.TempDir()
	write(t, dir, "bad.csv", "time,rate\n0,10\nlater,20\n")
	write(t, dir, "bad.jsonl", "{\"id\":\"1\"}\nnothing\n")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String() + "/bid"
	l.Close()
	f := func(status int, want string, args ...string) {
		t.Helper()
		out, got := bidwell(t, dir, "", append([]string{"loadtest", "attack"}, args...)...)
		if got != status || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, want %d and %q:\n%s", args, got, status, want, out)
		}
	}
	f(exitFailed, "connection refused", nobody)
	f(exitUsage, "the URL of the bidder is missing")
	f(exitUsage, "load goes to loopback addresses only", "http://192.0.2.1/bid")
	f(exitUsage, "bad.csv:3: time \"later\" is neither", nobody, "--trace", "bad.csv")
	f(exitFailed, "bad.jsonl:2: the line is no JSON object", nobody, "--corpus", "bad.jsonl")
	f(exitFailed, "open the recorded requests", nobody, "--corpus", "none.jsonl")
	f(exitUsage, "there is more than one URL", nobody, "p99>10ms")
	f(exitUsage, "give one of them", nobody, "--target", nobody+"/2")
	f(exitFailed, "connection refused", "--target", nobody)
	f(exitFailed, "connection refused", nobody, "--target", nobody)
	f(exitUsage, "the URL of the bidder is missing", "--fail-if", "p99>10ms", "errors>0")
	f(exitUsage, `threshold "errors>many"`, nobody, "--fail-if", "p99>10ms", "errors>many")
	f(exitUsage, `threshold "p99=10ms"`, nobody, "--fail-if", "p99=10ms")
	f(exitUsage, `rate "fast"`, nobody, "--rate", "fast")
	f(exitUsage, "without --for", nobody, "--rate", "10:1s", "--for", "5s")
	f(exitUsage, "--trace has its own rates", nobody, "--rate", "10", "--trace", "bad.csv")
	f(exitUsage, "begins with a constant --rate", nobody, "--rate", "1..10", "--find-max")
	f(exitUsage, "header", nobody, "-H", "nonsense")
	f(exitUsage, "less than a millisecond", nobody, "--tmax", "0s")
	f(exitFailed, ".bin, .json or .csv", nobody, "--results", "out.txt")
	f(exitUsage, "at least 8 people", nobody, "--people", "1")
}
