//go:build linux

package main

import (
	"cmp"
	"slices"
	"time"
)

// summary is the median of several phases of one server, with the spread of what
// matters most. Ratios are made within a round, whose phases are neighbours in
// time, and only then put in order: what the machine does to a whole round is in
// none of them.
type summary struct {
	phase
	Rounds   int           `json:"rounds"`
	LeastCPU time.Duration `json:"least_cpu_per_request_ns"`
	MostCPU  time.Duration `json:"most_cpu_per_request_ns"`
	ToBare   spread        `json:"ratio_to_bare"`
	ToDecode spread        `json:"ratio_to_decode"`
}

// spread is the middle of some values, with the least and the greatest.
type spread struct {
	Mid   float64 `json:"median"`
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// spreadOf returns the spread of values, at least one.
func spreadOf(values []float64) spread {
	v := slices.Clone(values)
	slices.Sort(v)
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (mid + v[len(v)/2-1]) / 2
	}
	return spread{mid, v[0], v[len(v)-1]}
}

// summarise returns the medians for each server, in the order of the first round.
func summarise(rounds [][]phase) []summary {
	var all []summary
	for at := range rounds[0] {
		var of []phase
		var toBare, toDecode, cpu []float64
		for _, r := range rounds {
			of = append(of, r[at])
			cpu = append(cpu, float64(r[at].CPU))
			toBare = append(toBare, float64(r[at].CPU)/float64(max(cpuOf(r, bare), 1)))
			toDecode = append(toDecode, float64(r[at].CPU)/float64(max(cpuOf(r, decode), 1)))
		}
		c := spreadOf(cpu)
		s := summary{phase: middle(of), Rounds: len(rounds), LeastCPU: time.Duration(c.Least), MostCPU: time.Duration(c.Most)}
		s.ToBare, s.ToDecode = spreadOf(toBare), spreadOf(toDecode)
		all = append(all, s)
	}
	return all
}

func cpuOf(round []phase, server string) time.Duration {
	for i := range round {
		if round[i].Server == server {
			return round[i].CPU
		}
	}
	return 0
}

// middle returns the median of every figure, and the sum of those that count
// mishaps.
func middle(of []phase) phase {
	p := of[0]
	p.Requests = median(of, func(p *phase) uint64 { return p.Requests })
	p.Errors, p.Late, p.Unsent, p.Calls, p.CallErrors = 0, 0, 0, 0, 0
	for i := range of {
		p.Errors += of[i].Errors
		p.Late += of[i].Late
		p.Unsent += of[i].Unsent
		p.Calls += of[i].Calls
		p.CallErrors += of[i].CallErrors
	}
	durations(func(f func(*phase) *time.Duration) {
		*f(&p) = median(of, func(p *phase) time.Duration { return *f(p) })
	})
	floats(func(f func(*phase) *float64) {
		*f(&p) = median(of, func(p *phase) float64 { return *f(p) })
	})
	return p
}

func durations(each func(func(*phase) *time.Duration)) {
	each(func(p *phase) *time.Duration { return &p.CPU })
	each(func(p *phase) *time.Duration { return &p.SenderCPU })
	each(func(p *phase) *time.Duration { return &p.P50 })
	each(func(p *phase) *time.Duration { return &p.P99 })
	each(func(p *phase) *time.Duration { return &p.P999 })
	each(func(p *phase) *time.Duration { return &p.Max })
	each(func(p *phase) *time.Duration { return &p.BidP99 })
	each(func(p *phase) *time.Duration { return &p.LagP99 })
	each(func(p *phase) *time.Duration { return &p.CallP99 })
}

func floats(each func(func(*phase) *float64)) {
	each(func(p *phase) *float64 { return &p.PerSecond })
	each(func(p *phase) *float64 { return &p.Kernel })
	each(func(p *phase) *float64 { return &p.Others })
	each(func(p *phase) *float64 { return &p.Bids })
	each(func(p *phase) *float64 { return &p.BidBytes })
	each(func(p *phase) *float64 { return &p.Allocs })
	each(func(p *phase) *float64 { return &p.GC })
	each(func(p *phase) *float64 { return &p.Cycles })
	each(func(p *phase) *float64 { return &p.Looked })
	each(func(p *phase) *float64 { return &p.Shed })
	each(func(p *phase) *float64 { return &p.Hits })
	each(func(p *phase) *float64 { return &p.Stored })
	each(func(p *phase) *float64 { return &p.Unread })
	each(func(p *phase) *float64 { return &p.Reloads })
}

// median returns the middle value, or the lower of the two in the middle.
func median[T cmp.Ordered](of []phase, value func(*phase) T) T {
	values := make([]T, len(of))
	for i := range of {
		values[i] = value(&of[i])
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
