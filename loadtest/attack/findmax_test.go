package attack

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// The bidder refuses to answer more than 100 requests of an attack. So an
// attack of a second with a limit of no errors passes up to 100/s.
func TestFindMax(t *testing.T) {
	var n atomic.Int64
	cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) {
		c.SetStatusCode(204)
		if n.Add(1) > 100 {
			c.SetStatusCode(503)
		}
	}))
	cfg.Thresholds, _ = ParseThresholds("errors>0")
	at := func(rate float64) (Schedule, error) {
		n.Store(0)
		s, err := Constant(rate*20, 50*time.Millisecond) // a twentieth of the time at twenty times the rate
		return s, err
	}
	var told []float64
	m, err := FindMax(t.Context(), cfg, 30, at, func(s Stair) { told = append(told, s.Rate) })
	if err != nil || m.Rate < 96 || m.Rate > 100 || m.Best() == nil || m.Best().Due != uint64(m.Rate) {
		t.Fatalf("%v: %+v", err, m)
	}
	if want := []float64{30, 60, 120, 90, 105, 98}; len(told) < len(want) || told[2] != want[2] || told[3] != want[3] || told[5] != want[5] {
		t.Errorf("tried %v, want %v", told, want)
	}
	var b bytes.Buffer
	if err := m.WriteText(&b); err != nil || !strings.Contains(b.String(), "maximum 98/s without errors>0") || !strings.Contains(b.String(), "failed: errors are") {
		t.Errorf("%v:\n%s", err, b.String())
	}
}

func TestFindMaxOfNothing(t *testing.T) {
	cfg := config(t, serve(t, func(c *fasthttp.RequestCtx) { c.SetStatusCode(500) }))
	cfg.Thresholds, _ = ParseThresholds("errors>0")
	at := func(rate float64) (Schedule, error) { return Constant(rate*100, 10*time.Millisecond) }
	m, err := FindMax(t.Context(), cfg, 20, at, func(Stair) {})
	if err != nil || m.Rate != 0 || m.Best() != nil || len(m.Stairs) < 3 {
		t.Errorf("%v: %+v", err, m)
	}
	var b bytes.Buffer
	if err := m.WriteText(&b); err != nil || !strings.Contains(b.String(), "no rate was found that does not fail at errors>0") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m, err := FindMax(ctx, cfg, 20, at, func(Stair) {}); err != nil || len(m.Stairs) != 0 {
		t.Errorf("after the end: %v, %+v", err, m)
	}
}
