package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bidwell/configs"
	"bidwell/profile"
	"bidwell/profile/importer"
)

var update = flag.Bool("update", false, "rewrite what the files in testdata want")

// asBidwell makes the test binary behave as the command, in a process of its own.
const asBidwell = "BIDWELL_TESTS_RUN_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asBidwell) != "" {
		os.Unsetenv(asBidwell)
		main()
	}
	os.Exit(m.Run())
}

// moment is when the tests with fixed times take place: a Monday morning in
// Berlin.
var moment = time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)

// patience is longer than anything may take that a test waits for.
const patience = 60 * time.Second

// command returns a command line of bidwell that is to run in dir.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BIDWELL_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asBidwell+"=1")
	return cmd
}

// bidwell runs a command line in dir and returns what it wrote, standard output
// and errors as they came, and its exit status.
func bidwell(t *testing.T, dir, stdin string, args ...string) (out string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := command(ctx, dir, args...)
	var b bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &b, &b
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("bidwell %s: %v, %v\n%s", strings.Join(args, " "), err, ctx.Err(), b.String())
	}
	if strings.Contains(b.String(), "goroutine ") {
		t.Errorf("bidwell %s panics:\n%s", strings.Join(args, " "), b.String())
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

// workDir returns a directory with a copy of the example configuration in
// configs, and of the test data that is broken in broken.
func workDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, err := range map[string]error{
		"configs": os.CopyFS(filepath.Join(dir, "configs"), configs.Files()),
		"broken":  os.CopyFS(filepath.Join(dir, "broken"), os.DirFS("testdata/broken")),
	} {
		if err != nil {
			t.Fatalf("copy %s: %v", name, err)
		}
	}
	return dir
}

// importPeople imports the people of the examples into a data directory, as of
// a moment.
func importPeople(t *testing.T, data string, at time.Time) {
	t.Helper()
	store, err := openStore(data, 0)
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := profile.Open(store, profile.Config{CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	f, err := configs.Files().Open("people/automobile.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	_, err = importer.Run(t.Context(), profiles, f, importer.Options{Now: at, Workers: 1})
	if err := errors.Join(err, profiles.Close(), store.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// oneByOne skips a test that only runs commands one after the other when the
// race detector is in, which makes processes slow to start and has nothing to
// detect.
func oneByOne(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("nothing runs at the same time here")
	}
}

// write writes a file below dir.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// example returns a file of the example configuration.
func example(t *testing.T, name string) string {
	t.Helper()
	f, err := configs.Files().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("in %v it never came true that %s", patience, what)
		}
		<-tick.C
	}
}
