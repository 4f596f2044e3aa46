//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// phase is one measurement of one server.
type phase struct {
	Server    string        `json:"server"`
	Rate      float64       `json:"rate"` // requests per second to send; 0 for as many as it takes
	Requests  uint64        `json:"requests"`
	PerSecond float64       `json:"per_second"`
	CPU       time.Duration `json:"cpu_per_request_ns"`
	SenderCPU time.Duration `json:"sender_cpu_per_request_ns"`
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	P999      time.Duration `json:"p999_ns"`
	Max       time.Duration `json:"max_ns"`
	Bids      float64       `json:"bid_share"`
	Errors    uint64        `json:"errors"`
	Allocs    float64       `json:"allocs_per_request"` // -1 if the server does not say
	GC        float64       `json:"gc_share_of_cpu"`    // -1 if the server does not say
	CacheHits float64       `json:"cache_hit_share"`    // of requests whose person's profile may be read; -1 if there are none
}

// target is a server with a sender that posts to it.
type target struct {
	*child
	label  string // what the measurements are called
	sender *sender
}

// measure sends for the time d and reads the server's figures before and after.
func (t *target) measure(ctx context.Context, rate float64, d time.Duration) (phase, error) {
	p := phase{Server: t.label, Rate: rate}
	before, err := t.figures(ctx)
	if err != nil {
		return p, err
	}
	cpu, err := t.cpu()
	if err != nil {
		return p, err
	}
	own := ownCPU()
	r, err := t.sender.run(ctx, rate, d)
	if err != nil {
		return p, fmt.Errorf("%s: %w", t.label, err)
	}
	own = ownCPU() - own
	after, err := t.cpu()
	if err != nil {
		return p, err
	}
	now, err := t.figures(ctx)
	if err != nil {
		return p, err
	}
	if r.Requests == 0 {
		return p, fmt.Errorf("%s: no request was answered", t.label)
	}
	n := time.Duration(r.Requests)
	p.Requests, p.Errors = r.Requests, r.Errors
	p.PerSecond = float64(r.Requests) / r.Elapsed.Seconds()
	p.CPU, p.SenderCPU = (after-cpu)/n, own/n
	p.P50, p.P99, p.P999, p.Max = r.latency.Quantile(0.5), r.latency.Quantile(0.99), r.latency.Quantile(0.999), r.latency.Max()
	p.Bids = float64(r.Bids) / float64(r.Requests)
	p.Allocs = delta(before, now, mallocsMetric) / float64(r.Requests)
	p.GC = delta(before, now, gcMetric) / (after - cpu).Seconds()
	p.CacheHits = cacheHits(before, now)
	return p, nil
}

// delta returns by how much a metric grew, or a negative number if the server
// does not have it.
func delta(before, after figures, name string) float64 {
	b, ok1 := before[name]
	a, ok2 := after[name]
	if !ok1 || !ok2 {
		return -1
	}
	return a - b
}

// profileReads is the metric of the bidder that says where profiles came from.
const profileReads = "bidwell_profile_reads_total{"

// cacheHits returns the share of reads of a profile that the cache answered,
// among those who are in the store.
func cacheHits(before, after figures) float64 {
	hits, reads := 0.0, 0.0
	for name, v := range after {
		if !strings.HasPrefix(name, profileReads) {
			continue
		}
		switch v -= before[name]; {
		case strings.Contains(name, `outcome="hit"`):
			hits += v
			reads += v
		case strings.Contains(name, `outcome="store`):
			reads += v
		}
	}
	if reads == 0 {
		return -1
	}
	return hits / reads
}

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// summary is the median of several phases of one server, with the spread of
// what matters most.
type summary struct {
	phase
	Ratio    float64       `json:"ratio_to_bare"`
	LeastCPU time.Duration `json:"least_cpu_per_request_ns"`
	MostCPU  time.Duration `json:"most_cpu_per_request_ns"`
	Rounds   int           `json:"rounds"`
}

// summarise returns the medians for each server, in the given order, and their
// ratios to the first.
func summarise(servers []string, phases []phase) []summary {
	var all []summary
	for _, name := range servers {
		var of []phase
		for _, p := range phases {
			if p.Server == name {
				of = append(of, p)
			}
		}
		if len(of) == 0 {
			continue
		}
		s := summary{phase: phase{
			Server: name, Rate: of[0].Rate,
			Requests:  median(of, func(p *phase) uint64 { return p.Requests }),
			PerSecond: median(of, func(p *phase) float64 { return p.PerSecond }),
			CPU:       median(of, func(p *phase) time.Duration { return p.CPU }),
			SenderCPU: median(of, func(p *phase) time.Duration { return p.SenderCPU }),
			P50:       median(of, func(p *phase) time.Duration { return p.P50 }),
			P99:       median(of, func(p *phase) time.Duration { return p.P99 }),
			P999:      median(of, func(p *phase) time.Duration { return p.P999 }),
			Max:       median(of, func(p *phase) time.Duration { return p.Max }),
			Bids:      median(of, func(p *phase) float64 { return p.Bids }),
			Allocs:    median(of, func(p *phase) float64 { return p.Allocs }),
			GC:        median(of, func(p *phase) float64 { return p.GC }),
			CacheHits: median(of, func(p *phase) float64 { return p.CacheHits }),
		}, Rounds: len(of), LeastCPU: of[0].CPU}
		for _, p := range of {
			s.Errors += p.Errors
			s.LeastCPU, s.MostCPU = min(s.LeastCPU, p.CPU), max(s.MostCPU, p.CPU)
		}
		all = append(all, s)
	}
	for i := range all {
		all[i].Ratio = float64(all[i].CPU) / float64(max(all[0].CPU, 1))
	}
	return all
}

// median returns the middle value, or the lower of the two in the middle.
func median[T uint64 | float64 | time.Duration](of []phase, value func(*phase) T) T {
	values := make([]T, len(of))
	for i := range of {
		values[i] = value(&of[i])
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
