package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"bidwell/campaign"
)

// containerLimit says how much memory a container may take, if there is one.
const containerLimit = "/sys/fs/cgroup/memory.max"

// limitMemory makes the collector run seldom, because nothing is allocated on the
// request path, and keeps it from ever growing the process past its container, or
// else, until ctx is done, past twice of what the process needs. GOGC and GOMEMLIMIT
// are left as they are given.
func limitMemory(ctx context.Context, c campaign.StoreSpec) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if most, ok := containerMemory(); ok {
		debug.SetMemoryLimit(most / 10 * 9)
		return
	}
	caches := int64(orDefault(c.CacheMB, 256)+orDefault(c.BlockMB, 64)) << 20
	debug.SetMemoryLimit(memoryLimit(caches, 0))
	go func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for set := int64(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			// To set it stops the world for a moment: not for every megabyte.
			if limit := memoryLimit(caches, liveHeap()); limit-set > set/16 || set-limit > set/16 {
				debug.SetMemoryLimit(limit)
				set = limit
			}
		}
	}()
}

func containerMemory() (bytes int64, ok bool) {
	text, err := os.ReadFile(containerLimit)
	if err != nil {
		return 0, false
	}
	bytes, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return bytes, err == nil // "max" where there is no limit
}

// memoryLimit returns the limit for a process whose caches may take so much, and
// that held so much when the collector last looked: line items take their share too,
// and with less than twice of it the collector would do nothing but collect.
func memoryLimit(caches, live int64) int64 { return 512<<20 + 2*max(caches, live) }

// liveHeap returns the bytes that were in use when the collector last looked.
func liveHeap() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}
