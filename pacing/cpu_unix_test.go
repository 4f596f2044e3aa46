//go:build unix

package pacing

import (
	"syscall"
	"time"
)

// cpuTime is what the process has used of all cores, in which waiting for another
// core's cache line is included and waiting for other processes is not.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
