//go:build !linux

package attack

import "time"

func processTime() time.Duration { return 0 }

func machineTime() (busy, total time.Duration) { return 0, 0 }
