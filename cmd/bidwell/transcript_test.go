package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestTranscripts runs the commands in testdata/transcripts, in a directory with
// the example configuration, and compares what they write. A line that begins
// with `$ bidwell` is a command, its output follows, and its exit status unless
// that is 0. Words are divided by blanks; $NAME=value before a command sets a
// variable. The people of the examples were imported into data/cars on Monday,
// 2 March 2026. Run with -update to rewrite the output, and review the
// difference.
func TestTranscripts(t *testing.T) {
	oneByOne(t)
	names, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d transcripts, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			want := read(t, name)
			got := transcript(t, want)
			switch {
			case got == want:
			case *update:
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s differs; got\n%s", name, firstDifference(got, want))
			}
		})
	}
}

// transcript runs the commands in a text and returns it with their output.
func transcript(t *testing.T, text string) string {
	dir := workDir(t)
	importPeople(t, filepath.Join(dir, "data", "cars"), moment)
	var b strings.Builder
	begun := false
	for line := range strings.Lines(text) {
		args, isCommand := strings.CutPrefix(line, "$ bidwell ")
		if !isCommand {
			if !begun || strings.HasPrefix(line, "# ") {
				b.WriteString(line)
			}
			continue
		}
		begun = true
		b.WriteString(line)
		out, status := bidwell(t, dir, "", strings.Fields(args)...)
		b.WriteString(masked(out, dir))
		if status != 0 {
			b.WriteString("exit " + strconv.Itoa(status) + "\n")
		}
	}
	return b.String()
}

var masks = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`in [0-9.]+ s \([0-9,]+ per second\)`), "in N s (N per second)"},
	{regexp.MustCompile(`\[::\]:[0-9]+`), "[::]:PORT"},
}

// masked replaces what differs from run to run.
func masked(out, dir string) string {
	out = strings.ReplaceAll(out, dir, "DIR")
	for _, m := range masks {
		out = m.pattern.ReplaceAllString(out, m.with)
	}
	return out
}

// firstDifference returns the lines around the first that differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < len(g) && i < len(w) && g[i] == w[i] {
		i++
	}
	around := func(l []string) string { return strings.Join(l[max(0, i-3):min(len(l), i+4)], "\n") }
	return around(g) + "\nwant\n" + around(w) + "\n(line " + strconv.Itoa(i+1) + ")"
}
