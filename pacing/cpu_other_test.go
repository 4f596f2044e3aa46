//go:build !unix

package pacing

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
