//go:build linux

package main

import (
	"testing"
	"time"
)

// TestGoals checks that what was measured is held against its limit, in the
// right direction, and that what was not measured is not reported as met.
func TestGoals(t *testing.T) {
	at := func(c cell, ratio float64) measured {
		s := []summary{{phase: phase{Server: bare}}, {phase: phase{Server: decode}}, {phase: phase{Server: whole}, ToBare: spread{Mid: ratio}, ToDecode: spread{Mid: 1.2}}}
		most := []summary{{phase: phase{Server: whole}, ToBare: spread{Mid: ratio - 0.2}, ToDecode: spread{Mid: 1.4}}}
		return measured{cell: c, Name: c.name(), Saturated: s, Most: most}
	}
	o := &outcome{
		Cells:  []measured{at(usualCell, 1.8), at(cell{100, 10, mixed, usual}, 1.5), at(cell{100_000, 10, mixed, usual}, 1.8), at(cell{1000, 10, cached, usual}, 1.5)},
		People: 10_000_000,
		Extras: []extra{
			{Name: quietRun, phase: phase{P99: 2 * time.Millisecond}}, {Name: manyCalm, phase: phase{P99: 3 * time.Millisecond}},
			{Name: busyRun, phase: phase{P99: 4 * time.Millisecond, P999: 11 * time.Millisecond, Late: 1}},
			{Name: overloadRun, phase: phase{P99: 30 * time.Millisecond}, Goodput: 0.95},
			{Name: manyRun, phase: phase{GC: 0.01}, CycleShare: 0.03},
		},
		ColdStarts: []coldStart{{Lines: 1, FirstBid: 3 * time.Second}, {Lines: 1, FirstBid: time.Second}, {Lines: 1, FirstBid: time.Second}},
	}
	want := map[string]bool{
		"1,000 line items, the same load, of bare":                 true,
		"1,000 line items, the same load, of decode only":          false,
		"1,000 line items, all that each takes, of bare":           false,
		"allocations per request":                                  true,
		"100,000 line items, of 100":                               true,
		busyRun + ": p99":                                          true,
		busyRun + ": p99.9":                                        false,
		busyRun + ": answers after tmax, errors":                   false,
		overloadRun + ": goodput":                                  true,
		overloadRun + ": p99 of what is answered":                  false,
		"collector's share with many cached, notices, import":      false,
		"cold start to first bid, 1 line items, 10,000,000 people": true,
		"the same, cache hit: nothing read from the store":         true,
		"10,000,000 people, resident":                              false,
		"70%: p99 with many cached, of with few":                   false,
	}
	o.Cells[0].Resident, o.Cells[1].Resident = 5<<30, 1<<30
	got := goals(o)
	for _, g := range got {
		met, ok := want[g.What]
		if !ok || g.met() != met {
			t.Errorf("%s: %v of %v, met: %v; want %v", g.What, g.Got, g.Limit, g.met(), met)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d goals, want %d", len(got), len(want))
	}
}
