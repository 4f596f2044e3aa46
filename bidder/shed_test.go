package bidder

import (
	"runtime"
	"testing"
	"time"
)

// TestProbe checks what a byte tells that nobody takes for a while: how long it
// waits already, and, once it is taken, how long it has waited.
func TestProbe(t *testing.T) {
	p, err := newProbe()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if w := p.least(); w != 0 {
		t.Errorf("nothing was sent, and it waits for %v", w)
	}
	p.mu.Lock() // the receiver waits for it once it has the byte
	p.send()
	sent := p.sent.Load()
	if sent == 0 {
		t.Fatal("nothing is under way")
	}
	p.send()
	if p.sent.Load() != sent {
		t.Error("a second byte was sent while the first is under way")
	}
	p.mu.Unlock()
	waited := p.least()
	if waited <= 0 {
		t.Errorf("a byte is under way, and it waits for %v", waited)
	}
	for p.sent.Load() != 0 {
		runtime.Gosched()
	}
	p.took(time.Hour)
	p.took(time.Minute)
	if w := p.least(); w > time.Minute {
		t.Errorf("the least wait is %v, want a minute at most", w)
	}
	if w := p.least(); w != 0 {
		t.Errorf("the least wait is told twice, now as %v", w)
	}
}

func TestShedderFollowsTheWait(t *testing.T) {
	s := &shedder{target: 10 * time.Millisecond}
	f := func(wait time.Duration, want float64) {
		t.Helper()
		s.adjust(wait)
		if got := s.share(); got < want-0.001 || got > want+0.001 {
			t.Errorf("%v are shed at a wait of %v, want %v", got, wait, want)
		}
	}
	for wait, want := range map[time.Duration]time.Duration{0: probeCalm, 4 * time.Millisecond: probeCalm, 5 * time.Millisecond: probeTense, time.Hour: probeTense} {
		if got := s.interval(wait); got != want {
			t.Errorf("at a wait of %v it is probed every %v, want %v", wait, got, want)
		}
	}
	f(time.Hour, shedMost)
	f(18*time.Millisecond, 0.8)
	f(12*time.Millisecond, 0.2)
	f(10*time.Millisecond, 0)
	f(0, 0)
	if s.full() {
		t.Error("a request is shed while nothing waits")
	}
}
