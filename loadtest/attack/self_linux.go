package attack

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func processTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime reads the first line of /proc/stat: hundredths of seconds of all
// cores, of which the fourth and fifth are idle.
func machineTime() (busy, total time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for i, f := range bytes.Fields(line) {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil || i > 8 { // 9 and 10, guests, are in the first two already
			continue
		}
		d := time.Duration(n) * 10 * time.Millisecond
		total += d
		if i != 4 && i != 5 {
			busy += d
		}
	}
	return busy, total
}
