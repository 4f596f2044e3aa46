//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bidwell/internal/catalogue"
	"bidwell/internal/prose"
	"bidwell/loadtest"
	"bidwell/profile"
)

// imported is what importing the people took.
type imported struct {
	People     int           `json:"people"`
	Elapsed    time.Duration `json:"elapsed_ns"`
	CPU        time.Duration `json:"cpu_ns"`
	PerSecond  float64       `json:"per_second"`
	MaxRSS     int64         `json:"max_resident_bytes"`
	StoreBytes int64         `json:"store_bytes"`
	Kept       bool          `json:"kept,omitempty"` // from an earlier run
}

// store returns a data directory with everybody in it, which must not be written
// to: servers take copies. It is kept in the user's cache directory for the day,
// since what people did ages.
func (b *bench) store(ctx context.Context, bidwell string) (dir string, imp imported, err error) {
	people := b.population()
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", imp, fmt.Errorf("where to keep people between runs: %w", err)
	}
	cache = filepath.Join(cache, "bidwell-bench")
	today := time.Now().UTC().Format(time.DateOnly)
	dir = filepath.Join(cache, fmt.Sprintf("%s-%d-%s", today, people.N, fingerprint(people)))
	if text, err := os.ReadFile(filepath.Join(dir, "import.json")); err == nil && json.Unmarshal(text, &imp) == nil {
		imp.Kept = true
		return dataPath(dir), imp, nil
	}
	progress("importing %s people", prose.Number(people.N))
	if err := discardOld(cache, today); err != nil {
		return "", imp, err
	}
	work, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return "", imp, err
	}
	defer os.RemoveAll(work)
	if imp, err = importPeople(ctx, bidwell, work, people); err != nil {
		return "", imp, err
	}
	text, err := json.Marshal(imp)
	if err != nil {
		return "", imp, err
	}
	err = errors.Join(os.WriteFile(filepath.Join(work, "import.json"), text, 0o644), os.RemoveAll(dir), os.Rename(work, dir))
	return dataPath(dir), imp, err
}

// population is everybody in the store.
func (b *bench) population() loadtest.People {
	return loadtest.People{Seed: 1, N: b.people, Exchange: exchange}
}

// fingerprint changes with what is generated of people and with how it is
// stored.
func fingerprint(people loadtest.People) string {
	var facts []byte
	for i := range min(people.N, 1000) {
		facts = people.AppendFacts(facts, i)
	}
	sum := sha256.Sum256(facts)
	return fmt.Sprintf("%x-v%d", sum[:4], profile.Version)
}

// discardOld makes room: it deletes what was kept on other days.
func discardOld(cache, today string) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	kept, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, e := range kept {
		if strings.HasPrefix(e.Name(), today) || strings.HasPrefix(e.Name(), "new-") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(cache, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// importPeople writes the people to a file and has the bidder import it.
func importPeople(ctx context.Context, bidwell, dir string, people loadtest.People) (imp imported, err error) {
	if err := writeConfig(dir, process{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}, catalogue.Size{Campaigns: 1, Lines: 1, Audiences: 1}); err != nil {
		return imp, err
	}
	path := filepath.Join(dir, "people.ndjson")
	if err := writePeople(path, people); err != nil {
		return imp, err
	}
	defer os.Remove(path)
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

func writePeople(path string, people loadtest.People) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(loadtest.GeneratePeople(people, f), f.Close())
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
