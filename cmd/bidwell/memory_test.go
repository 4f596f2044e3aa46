package main

import (
	"runtime"
	"runtime/debug"
	"testing"

	"bidwell/campaign"
)

// TestMemoryFollowsWhatIsInUse fills more memory than the caches are said to take:
// the limit must leave the collector room beyond that.
func TestMemoryFollowsWhatIsInUse(t *testing.T) {
	if _, ok := containerMemory(); ok {
		t.Skip("a container's limit stands, whatever is in use")
	}
	before := debug.SetMemoryLimit(-1)
	percent := debug.SetGCPercent(100)
	defer func() {
		debug.SetMemoryLimit(before)
		debug.SetGCPercent(percent)
	}()
	limitMemory(t.Context(), campaign.StoreSpec{CacheMB: 1, BlockMB: 1})
	lowest := debug.SetMemoryLimit(-1)
	held := make([]byte, 400<<20)
	runtime.GC()
	eventually(t, "the limit follows what is in use", func() bool { return debug.SetMemoryLimit(-1) >= 512<<20+2*int64(len(held)) })
	if lowest >= int64(len(held))+512<<20 {
		t.Errorf("the limit was %d from the beginning", lowest)
	}
	runtime.KeepAlive(held)
}
