package openrtb

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// A sample is one request of a corpus: a line {"note":…,"body":…}.
type sample struct {
	name string
	body []byte
}

// samples returns the requests of testdata.
func samples(t testing.TB) []sample {
	t.Helper()
	return readSamples(t, "testdata/requests.jsonl")
}

// allSamples returns the requests of testdata and of the files that the
// environment variable BIDWELL_CORPUS names, separated by commas or colons.
func allSamples(t testing.TB) []sample {
	t.Helper()
	all := samples(t)
	for _, file := range strings.FieldsFunc(os.Getenv("BIDWELL_CORPUS"), func(r rune) bool { return r == ',' || r == ':' }) {
		all = append(all, readSamples(t, file)...)
	}
	return all
}

func readSamples(t testing.TB, file string) []sample {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []sample
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var line struct {
			Note, Source string
			Body         json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(line.Body) == 0 {
			t.Fatalf("%s: a line without a body", file)
		}
		list = append(list, sample{name: line.Source + line.Note, body: bytes.Clone(line.Body)})
	}
	if err := lines.Err(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list
}
