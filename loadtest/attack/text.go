package attack

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"bidwell/internal/prose"
)

// rateText writes a rate; below ten with a decimal.
func rateText(r float64) string {
	if r < 10 && r != math.Trunc(r) {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return prose.Number(int64(math.Round(r)))
}

// percent writes a share with as many digits as a share needs that is small, or
// nearly all, and never rounds to none or to all.
func percent(part, whole uint64) string {
	if whole == 0 {
		return "0 %"
	}
	p := 100 * float64(part) / float64(whole)
	digits := 1
	for _, edge := range []float64{p, 100 - p} {
		for d := 1; d <= 6 && edge > 0 && edge < 10; d++ {
			if edge >= 0.95*math.Pow(10, float64(-d)) || d == 6 {
				digits = max(digits, d)
				break
			}
		}
	}
	if part == 0 || part == whole {
		digits = 0
	}
	return strconv.FormatFloat(p, 'f', digits, 64) + " %"
}

// short writes a duration with about three digits.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 100*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d >= 100*time.Microsecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
