package attack

import (
	"bufio"
	"bytes"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// saturate sends n requests as fast as the connections take them and returns
// how often memory was allocated meanwhile, by a server in this process too.
func saturate(t testing.TB, cfg Config, n int) (allocations uint64) {
	t.Helper()
	if err := cfg.complete(); err != nil {
		t.Fatal(err)
	}
	s := &shot{target: cfg.Target, source: cfg.Source, tmax: time.Hour, conns: 32, sink: newSink()}
	from, err := newSender(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := from.warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := make(chan uint64)
	go func() {
		good := uint64(0)
		for batch := range s.sink.out {
			for i := range batch {
				if batch[i].outcome == NoBid {
					good++
				}
			}
			s.sink.recycle(batch)
		}
		done <- good
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	from.run(t.Context(), &dues{Schedule: Schedule{Pacer: atOnce(n), For: time.Hour}})
	runtime.ReadMemStats(&after)
	s.sink.close()
	if good := <-done; good != uint64(n) {
		t.Fatalf("%d of %d requests were answered", good, n)
	}
	return after.Mallocs - before.Mallocs
}

// atOnce is a pacer of so many requests that are all due at the beginning.
type atOnce uint64

func (n atOnce) Pace(_ time.Duration, hits uint64) (time.Duration, bool) { return 0, hits >= uint64(n) }
func (n atOnce) Rate(time.Duration) float64                              { return 0 }

// refuse answers each request on a connection with 204 and allocates nothing
// for it.
func refuse(c net.Conn) {
	length, answer := []byte("Content-Length: "), []byte("HTTP/1.1 204 No Content\r\n\r\n")
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		body := 0
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			line = bytes.TrimSpace(line)
			if len(line) == 0 {
				break
			}
			if digits, ok := bytes.CutPrefix(line, length); ok {
				body, _ = fasthttp.ParseUint(digits)
			}
		}
		if _, err := r.Discard(body); err != nil {
			return
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	cfg := config(t, misbehave(t, func(_ int, c net.Conn) { refuse(c) }))
	// Connections cost some hundred allocations, however many requests there
	// are; 256 hits that wait to be counted cost one.
	const n = 100_000
	if got := saturate(t, cfg, n); got > n/50 {
		t.Errorf("%d allocations for %d requests", got, n)
	}
}

// BenchmarkSender measures a request with its answer on the wall clock, the
// work of a bare server in the same process included.
func BenchmarkSender(b *testing.B) {
	cfg := config(b, serve(b, func(c *fasthttp.RequestCtx) { c.SetStatusCode(204) }))
	b.ReportAllocs()
	b.ResetTimer()
	saturate(b, cfg, b.N)
}

// BenchmarkTally measures the counting of a request.
func BenchmarkTally(b *testing.B) {
	cfg := config(b, "http://127.0.0.1:1/")
	t := newTally(&cfg, time.Now())
	h := hit{outcome: NoBid, status: 204}
	b.ReportAllocs()
	for i := range b.N {
		h.due = time.Duration(i) * 10 * time.Microsecond
		h.sent, h.done = h.due+time.Microsecond, h.due+time.Duration(i%1000)*time.Microsecond
		t.add(&h)
	}
}

// BenchmarkPace measures how long it takes to know when the next request is due.
func BenchmarkPace(b *testing.B) {
	for _, text := range []string{"90000", "1000..90000", "50000~20000/10s"} {
		s, err := ParseSchedule(text, 100*time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		for name, s := range map[string]Schedule{text: s, text + " at random": s.AtRandom(1)} {
			b.Run(name, func(b *testing.B) {
				d := dues{Schedule: s}
				b.ReportAllocs()
				for range b.N {
					d.next()
				}
			})
		}
	}
}
