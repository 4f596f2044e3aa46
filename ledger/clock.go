package ledger

import "time"

// clock decides which time may be believed when something is deleted for being
// old. A clock that jumps forward must not delete marks of notices that may
// still be repeated when it has jumped back. So the believed time goes on at the
// pace of the process's own uptime from where it was when the ledger was last
// open, and takes the clock's word once that has gone steadily for as long as a
// notice can be late.
type clock struct {
	believed int64 // unix milliseconds
	wall     int64 // at the last tick, unix milliseconds
	uptime   time.Duration
	steady   time.Duration // for how long the clock went like the uptime
}

// maxDrift is by how much clock and uptime may differ between two ticks.
const maxDrift = time.Minute

// newClock returns a clock that believed a time when it last ran, 0 for one that
// never has.
func newClock(believed, wall int64, uptime time.Duration) clock {
	if believed == 0 {
		believed = wall
	}
	return clock{believed: believed, wall: wall, uptime: uptime}
}

// tick takes a reading and returns the time to believe.
func (c *clock) tick(wall int64, uptime, lifetime time.Duration) int64 {
	passed := max(0, uptime-c.uptime)
	drift := time.Duration(wall-c.wall)*time.Millisecond - passed
	c.steady += passed
	if drift < -maxDrift || drift > maxDrift {
		c.steady = 0
	}
	c.believed += passed.Milliseconds()
	if c.steady >= lifetime {
		c.believed = wall
	}
	c.wall, c.uptime = wall, uptime
	return c.believed
}
