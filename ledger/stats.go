package ledger

import (
	"sync/atomic"

	"bidwell/ad"
)

// Stats are counters since Open, and gauges.
type Stats struct {
	Events   uint64 // written
	Replayed uint64 // that were there already
	Failed   uint64 // of which whoever waited got an error after they were taken
	Late     uint64 // written after their Append had failed
	Dropped  uint64 // async ones for which there was no room
	Clamped  uint64 // with an absurd time
	Damaged  uint64 // times that something in the files could not be read because it is damaged
	Groups   uint64 // batches written
	Waiting  int    // requests that the committer has not taken
}

type counters struct {
	events, replayed, failed, late, dropped, clamped, damaged, groups atomic.Uint64
}

// request counts an answer.
func (c *counters) request(r *request) {
	switch {
	case r.err != nil:
		c.failed.Add(1)
	case r.write != nil:
	case r.reason == ad.OK:
		c.events.Add(1)
	default:
		c.replayed.Add(1)
	}
}

// Stats returns the counters. Each is exact; they are read one after the other.
func (l *Ledger) Stats() Stats {
	c := &l.stats
	return Stats{
		Events:   c.events.Load(),
		Replayed: c.replayed.Load(),
		Failed:   c.failed.Load(),
		Late:     c.late.Load(),
		Dropped:  c.dropped.Load(),
		Clamped:  c.clamped.Load(),
		Damaged:  c.damaged.Load(),
		Groups:   c.groups.Load(),
		Waiting:  l.queue.len(),
	}
}
