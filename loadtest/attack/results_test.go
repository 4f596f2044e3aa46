package attack

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/valyala/fasthttp"
)

// someHits are one of each outcome.
func someHits() []hit {
	var all []hit
	for o := range outcomes {
		h := hit{seq: uint64(o), due: time.Duration(o) * time.Second, done: time.Duration(o)*time.Second + time.Millisecond, out: 2000, in: 100, outcome: o}
		switch o {
		case Bid, Late, Garbage, Invalid:
			h.status = 200
		case NoBid:
			h.status = 204
		case Status:
			h.status = 503
		}
		all = append(all, h)
	}
	return all
}

func TestResultsAreVegetas(t *testing.T) {
	for _, ext := range []string{".bin", ".gob", ".json", ".csv"} {
		name := filepath.Join(t.TempDir(), "out"+ext)
		r, err := CreateResults(name, Target{URL: "http://127.0.0.1:1/bid"})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Unix(1_790_000_000, 0)
		for _, h := range someHits() {
			r.write(started, &h)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		checkResults(t, name, started)
	}
}

// checkResults reads a file of someHits with vegeta's own decoder and metrics.
func checkResults(t *testing.T, name string, started time.Time) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decode := vegeta.DecoderFor(f)
	if decode == nil {
		t.Fatalf("%s: vegeta does not know the format", name)
	}
	var m vegeta.Metrics
	for i, h := range someHits() {
		var v vegeta.Result
		if err := decode.Decode(&v); err != nil {
			t.Fatalf("%s: result %d: %v", name, i, err)
		}
		if v.Seq != h.seq || !v.Timestamp.Equal(started.Add(h.due)) || v.Latency != time.Millisecond || v.BytesOut != 2000 || v.Method != http.MethodPost || v.URL != "http://127.0.0.1:1/bid" {
			t.Errorf("%s: result %d is %+v", name, i, v)
		}
		if h.outcome.failed() != (v.Error != "") {
			t.Errorf("%s: outcome %v has the error %q", name, h.outcome, v.Error)
		}
		m.Add(&v)
	}
	if err := decode.Decode(new(vegeta.Result)); !errors.Is(err, io.EOF) {
		t.Errorf("%s: %v after the last result", name, err)
	}
	m.Close()
	if want := 2.0 / float64(outcomes); m.Success != want || m.StatusCodes["200"] != 1 || m.StatusCodes["204"] != 1 || m.StatusCodes["503"] != 1 {
		t.Errorf("%s: vegeta sees a success of %v, want %v; %v", name, m.Success, want, m.StatusCodes)
	}
}

func TestResultsErrors(t *testing.T) {
	if _, err := CreateResults(filepath.Join(t.TempDir(), "out.txt"), Target{}); err == nil || !strings.Contains(err.Error(), ".bin, .json or .csv") {
		t.Errorf("%v, want an error that says how a file may be called", err)
	}
	if _, err := CreateResults(filepath.Join(t.TempDir(), "none", "out.csv"), Target{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want one that the directory does not exist", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no full device to try")
	}
	r, err := CreateResults(filepath.Join(t.TempDir(), "out.csv"), Target{})
	if err != nil {
		t.Fatal(err)
	}
	r.file.Close()
	r.file = full
	r.buf.Reset(full)
	h := hit{status: 204, outcome: NoBid}
	r.write(time.Now(), &h)
	r.flush()
	r.write(time.Now(), &h)
	if err := r.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v, want one that says that the disk is full", err)
	}
}

// A whole attack's files agree with its report.
func TestFilesAgreeWithTheReport(t *testing.T) {
	dir := t.TempDir()
	cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) { c.SetStatusCode(204) }))
	var err error
	if cfg.Results, err = CreateResults(filepath.Join(dir, "out.bin"), cfg.Target); err != nil {
		t.Fatal(err)
	}
	if cfg.Thresholds, err = ParseThresholds("bids<5%,errors>0.1%"); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), cfg)
	if err := errors.Join(err, cfg.Results.Close()); err != nil {
		t.Fatal(err)
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
		t.Errorf("the file has %d results of %d", n, r.Due)
	}
	if !r.Failed() || !r.Checks[0].Failed || r.Checks[1].Failed {
		t.Errorf("checks %+v", r.Checks)
	}
	hdr := filepath.Join(dir, "out.hgrm")
	if err := r.WriteHDR(hdr); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(hdr)
	if err != nil || !strings.Contains(string(text), "Total count    =          200]") {
		t.Errorf("histogram %v:\n%s", err, text)
	}
}
