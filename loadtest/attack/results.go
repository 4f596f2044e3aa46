package attack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Results writes every request to a file that vegeta's report, plot and encode
// read. It is written out every second, so that a file is of use whatever ends
// the attack. A nil Results takes everything and writes nothing.
type Results struct {
	name   string
	url    string
	file   io.WriteCloser
	buf    *bufio.Writer
	encode vegeta.Encoder
	err    error // the first; nothing is written after it
	result vegeta.Result
}

// CreateResults creates a results file. Its format follows from its name: .csv,
// .json (a line for each request), and vegeta's own for .bin and .gob.
func CreateResults(name string, t Target) (*Results, error) {
	r := &Results{name: name, url: t.URL}
	var encoder func(io.Writer) vegeta.Encoder
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".csv":
		encoder = vegeta.NewCSVEncoder
	case ".json", ".ndjson", ".jsonl":
		encoder = vegeta.NewJSONEncoder
	case ".bin", ".gob":
		encoder = vegeta.NewEncoder
	default:
		return nil, fmt.Errorf("results file %s: the name must end with .bin, .json or .csv", name)
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("results file: %w", err)
	}
	r.file, r.buf = f, bufio.NewWriterSize(f, 256<<10)
	r.encode = encoder(r.buf)
	return r, nil
}

// write adds one request, with its latency from when it was due. vegeta takes
// every status from 200 to 399 for a success; what is an error here gets
// status 0 then, and its reason.
func (r *Results) write(started time.Time, h *hit) {
	if r == nil || r.err != nil {
		return
	}
	v := &r.result
	*v = vegeta.Result{
		Attack: "bidwell", Seq: h.seq, Code: h.status, Timestamp: started.Add(h.due), Latency: max(h.done-h.due, 0),
		BytesOut: uint64(h.out), BytesIn: uint64(h.in), Method: "POST", URL: r.url,
	}
	if h.outcome.failed() {
		v.Error = h.outcome.String() + ": " + says[h.outcome]
		if h.outcome == Status {
			v.Error = fmt.Sprintf("status %d", h.status)
		}
		if v.Code < 400 {
			v.Code = 0
		}
	}
	r.err = r.encode(v)
}

func (r *Results) flush() {
	if r != nil && r.err == nil {
		r.err = r.buf.Flush()
	}
}

// Close writes out the rest. It returns the first error of all writing.
func (r *Results) Close() error {
	if r == nil {
		return nil
	}
	r.flush()
	if err := errors.Join(r.err, r.file.Close()); err != nil {
		return fmt.Errorf("results file %s: %w; what was written before is kept", r.name, err)
	}
	return nil
}
