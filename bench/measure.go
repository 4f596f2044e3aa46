//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"bidwell/loadtest"
)

// phase is one measurement of one server.
type phase struct {
	Server    string        `json:"server"`
	Rate      float64       `json:"rate"` // requests per second to send; 0 for as many as it takes
	Requests  uint64        `json:"requests"`
	PerSecond float64       `json:"per_second"`
	CPU       time.Duration `json:"cpu_per_request_ns"`
	SenderCPU time.Duration `json:"sender_cpu_per_request_ns"`
	Kernel    float64       `json:"kernel_share"` // of the CPU time
	Others    float64       `json:"others_cpus"`  // how many processors everything else on the machine took
	Stolen    float64       `json:"stolen_cpus"`  // how many the machine itself was without, as it is a virtual one
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	P999      time.Duration `json:"p999_ns"`
	Max       time.Duration `json:"max_ns"`
	BidP99    time.Duration `json:"bid_p99_ns"` // of answers with bids
	LagP99    time.Duration `json:"lag_p99_ns"` // how late the requests were sent
	Bids      float64       `json:"bid_share"`
	BidBytes  float64       `json:"bytes_per_bid"`
	Errors    uint64        `json:"errors"`
	Late      uint64        `json:"late"`   // answered after tmax
	Unsent    uint64        `json:"unsent"` // given up on, as no connection was free within tmax

	// What the server says of itself; -1 if it does not.
	Allocs  float64 `json:"allocs_per_request"`
	GC      float64 `json:"gc_share_of_cpu"`
	Cycles  float64 `json:"gc_cycles"`
	Looked  float64 `json:"line_items_per_request"` // that were looked at one by one
	Shed    float64 `json:"shed_share"`
	Hits    float64 `json:"cache_hit_share"` // of requests whose person's profile may be read
	Stored  float64 `json:"store_hit_share"`
	Unread  float64 `json:"unread_share"` // whose profile did not come in time
	Reloads float64 `json:"reloads"`

	Calls      uint64        `json:"calls,omitempty"` // notices and impressions
	CallErrors uint64        `json:"call_errors,omitempty"`
	CallP99    time.Duration `json:"call_p99_ns,omitempty"`

	Refused map[string]float64 `json:"refused_calls,omitempty"` // by kind and outcome, as the bidder counts them
}

// target is a server with a sender that posts to it.
type target struct {
	*child
	sender *sender
}

// reading is everything that is read of a server before and after a phase.
type reading struct {
	figures      figures
	cpu          time.Duration
	user, kernel float64
	sender       time.Duration
	machine      time.Duration
	stolen       time.Duration
	at           time.Time
}

func (t *target) read(ctx context.Context) (r reading, err error) {
	if r.figures, err = t.figures(ctx); err != nil {
		return r, err
	}
	if r.user, r.kernel, err = t.ticks(); err != nil {
		return r, err
	}
	if r.machine, r.stolen, err = machineCPU(); err != nil {
		return r, err
	}
	r.sender, r.at = ownCPU(), time.Now()
	r.cpu, err = t.cpu()
	return r, err
}

// readAfter is read in the opposite order, so that reading itself is not in what
// is read.
func (t *target) readAfter(ctx context.Context) (r reading, err error) {
	if r.cpu, err = t.cpu(); err != nil {
		return r, err
	}
	r.sender, r.at = ownCPU(), time.Now()
	if r.machine, r.stolen, err = machineCPU(); err != nil {
		return r, err
	}
	if r.user, r.kernel, err = t.ticks(); err != nil {
		return r, err
	}
	r.figures, err = t.figures(ctx)
	return r, err
}

// measure sends a load and reads the server's figures before and after.
func (t *target) measure(ctx context.Context, l load) (phase, error) {
	first, err := t.figures(ctx)
	if err != nil {
		return phase{}, err
	}
	before, err := t.read(ctx)
	if err != nil {
		return phase{}, err
	}
	reading := grown(first, before.figures, mallocsMetric) // what one look at the metrics allocates
	calls := t.sender.calls.counted()
	r, err := t.sender.run(ctx, l)
	if err != nil {
		return phase{}, fmt.Errorf("%s: %w", t.name, err)
	}
	after, err := t.readAfter(ctx)
	if err != nil {
		return phase{}, err
	}
	if r.Requests == 0 {
		return phase{}, fmt.Errorf("%s: no request was answered", t.name)
	}
	p := phase{Server: t.name, Rate: l.rate}
	p.seen(&r)
	p.spent(before, after)
	p.said(before.figures, after.figures)
	if p.Allocs >= 0 {
		p.Allocs = max(p.Allocs-max(reading, 0)/float64(r.Requests), 0)
	}
	if p.GC >= 0 {
		p.GC /= (after.cpu - before.cpu).Seconds()
	}
	if c := t.sender.calls; c != nil {
		p.Calls, p.CallErrors, p.CallP99 = c.Answered-calls.Answered, c.Failed-calls.Failed, c.latency.Quantile(0.99)
		p.Refused = refused(before.figures, after.figures)
	}
	return p, nil
}

// counted returns what was counted so far.
func (c *calls) counted() calls {
	if c == nil {
		return calls{}
	}
	c.latency = new(loadtest.Histogram)
	return calls{Answered: c.Answered, Failed: c.Failed}
}

// seen takes over what the sender saw.
func (p *phase) seen(r *result) {
	n := float64(r.Requests)
	p.Requests, p.Errors, p.Late, p.Unsent = r.Requests, r.Errors, r.Late, r.Unsent
	p.PerSecond = n / r.Elapsed.Seconds()
	p.P50, p.P99, p.P999, p.Max = r.latency.Quantile(0.5), r.latency.Quantile(0.99), r.latency.Quantile(0.999), r.latency.Max()
	p.BidP99, p.LagP99 = r.bids.Quantile(0.99), r.lag.Quantile(0.99)
	p.Bids, p.BidBytes = float64(r.Bids)/n, float64(r.Bytes)/float64(max(r.Bids, 1))
}

// spent takes over the CPU times.
func (p *phase) spent(before, after reading) {
	n := time.Duration(p.Requests)
	p.CPU, p.SenderCPU = (after.cpu-before.cpu)/n, (after.sender-before.sender)/n
	others := after.machine - before.machine - (after.cpu - before.cpu) - (after.sender - before.sender)
	took := after.at.Sub(before.at).Seconds()
	p.Others, p.Stolen = max(others.Seconds(), 0)/took, (after.stolen-before.stolen).Seconds()/took
	kernel := after.kernel - before.kernel
	p.Kernel = kernel / max(kernel+after.user-before.user, 1)
}

// said takes over what the server counted.
func (p *phase) said(before, after figures) {
	n := float64(p.Requests)
	per := func(v, of float64) float64 {
		if v < 0 || of <= 0 {
			return -1
		}
		return v / of
	}
	p.Allocs = per(grown(before, after, mallocsMetric), n)
	p.GC = grown(before, after, gcMetric)
	p.Cycles = grown(before, after, cyclesMetric)
	p.Reloads = grown(before, after, reloadsMetric)
	p.Shed = per(after[shedMetric]-before[shedMetric], n)
	p.Looked = per(total(before, after, candidatesMetric, ""), n)
	reads := total(before, after, readsMetric, "")
	p.Hits = per(total(before, after, readsMetric, `outcome="hit"`), reads)
	p.Unread = per(total(before, after, readsMetric, `outcome="timeout"`), reads)
	p.Stored = per(total(before, after, readsMetric, `outcome="store`), reads)
}

// refused returns how many calls the bidder did not take.
func refused(before, after figures) map[string]float64 {
	of := map[string]float64{}
	for name, v := range after {
		labels, ok := strings.CutPrefix(name, noticesMetric)
		if v -= before[name]; ok && v > 0 && !strings.Contains(labels, `outcome="ok"`) {
			of[strings.TrimSuffix(labels, "}")] = v
		}
	}
	return of
}

// grown returns by how much a metric grew, or -1 if the server does not have it.
func grown(before, after figures, name string) float64 {
	a, ok := after[name]
	if !ok {
		return -1
	}
	return a - before[name]
}

// total returns by how much the metrics whose name begins with prefix and holds
// part grew together.
func total(before, after figures, prefix, part string) (sum float64) {
	for name, v := range after {
		if strings.HasPrefix(name, prefix) && strings.Contains(name, part) {
			sum += v - before[name]
		}
	}
	return sum
}

// machineCPU returns the CPU time that all processes have used, and that in which a
// virtual machine would have run and could not.
func machineCPU() (used, stolen time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	const tick = 10 * time.Millisecond // of every Linux that Go runs on
	var user, nice, system, idle, wait, hard, soft, steal int64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &wait, &hard, &soft, &steal); err != nil {
		return 0, 0, fmt.Errorf("CPU time of the machine: %w", err)
	}
	return time.Duration(user+nice+system) * tick, time.Duration(steal) * tick, nil
}

// ownCPU returns the CPU time of this process, which is the sender.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
