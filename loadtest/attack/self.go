package attack

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// self is what the generator itself has used: since it was started, or between
// two moments.
type self struct {
	at       time.Time
	cpu      time.Duration // of this process; 0 if not known
	gc       time.Duration // of it, for collecting garbage
	pauses   time.Duration // for which everything stood still
	busy     time.Duration // of all cores of the machine; 0 if not known
	total    time.Duration // busy and idle
	duration time.Duration
}

func readSelf() self {
	s := self{at: time.Now(), cpu: processTime()}
	s.busy, s.total = machineTime()
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() == metrics.KindFloat64 {
		s.gc = time.Duration(sample[0].Value.Float64() * 1e9)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.pauses = time.Duration(m.PauseTotalNs)
	return s
}

func (s self) since(before self) self {
	return self{
		cpu: s.cpu - before.cpu, gc: s.gc - before.gc, pauses: s.pauses - before.pauses,
		busy: s.busy - before.busy, total: s.total - before.total, duration: s.at.Sub(before.at),
	}
}
