//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// outcome is what one run measured.
type outcome struct {
	Time       time.Time   `json:"time"`
	Commit     string      `json:"commit"`
	Go         string      `json:"go"`
	Machine    string      `json:"machine"`
	CPUs       int         `json:"cpus"`
	Elapsed    float64     `json:"elapsed_s"`
	People     int         `json:"people"`
	Conns      int         `json:"connections"`
	Round      float64     `json:"round_s"`
	Rounds     int         `json:"rounds"`
	Import     imported    `json:"import"`
	Noise      noise       `json:"noise"`
	Cells      []measured  `json:"cells"`
	Extras     []extra     `json:"extras"`
	ColdStarts []coldStart `json:"cold_starts"`
	Goals      []goal      `json:"goals"`
	Phases     []named     `json:"phases"` // every single measurement
}

// noise is how far the machine itself went up and down: the CPU time per request
// of the bare server at saturation, which does the same all the time; and what
// everything else that runs here took of the processors.
type noise struct {
	Bare   spread `json:"bare_cpu_ns"`
	Rounds int    `json:"rounds"`
	Others spread `json:"others_cpus"`
}

// quiet is how much of a processor others may take before latencies say more of
// them than of the bidder.
const quiet = 0.1

func newOutcome(ctx context.Context, b *bench) *outcome {
	return &outcome{
		Time: time.Now(), Commit: commit(ctx, "--dirty"), Go: runtime.Version(), Machine: machine(), CPUs: runtime.NumCPU(),
		People: b.people, Conns: b.conns, Round: b.round.Seconds(), Rounds: b.rounds,
	}
}

// machine names the processor, as far as the system tells.
func machine() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// finish works out what follows from the single measurements.
func (o *outcome) finish(phases []named) {
	o.Phases = phases
	var cpu, others []float64
	for i := range phases {
		others = append(others, phases[i].Others)
		if p := &phases[i]; p.Server == bare && p.Rate == 0 {
			cpu = append(cpu, float64(p.CPU))
		}
	}
	for i := range o.Extras {
		others = append(others, o.Extras[i].Others)
	}
	if len(cpu) > 0 {
		o.Noise.Bare, o.Noise.Rounds = spreadOf(cpu), len(cpu)
	}
	if len(others) > 0 {
		o.Noise.Others = spreadOf(others)
	}
	o.Goals = goals(o)
	o.Elapsed = time.Since(o.Time).Seconds()
}

// save writes the outcome for people and for machines.
func (o *outcome) save(text, machine string) error {
	var b bytes.Buffer
	if err := o.writeText(&b); err != nil {
		return err
	}
	j, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(text, b.Bytes(), 0o644), os.WriteFile(machine, append(j, '\n'), 0o644))
}

// readOutcome reads what save wrote for machines.
func readOutcome(path string) (*outcome, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var o outcome
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, fmt.Errorf("%s is not what this measurement writes: %w", path, err)
	}
	return &o, nil
}
