package loadtest

import (
	"slices"
	"testing"
	"time"

	"github.com/prebid/openrtb/v20/openrtb2"
)

func TestResolve(t *testing.T) {
	f := func(remote bool, raw, want, host string, ok bool) {
		t.Helper()
		o, err := newOutlet("http://127.0.0.1:8080/", "https://bid.example", remote)
		if err != nil {
			t.Fatal(err)
		}
		if got, gotHost, gotOK := o.resolve(raw); got != want || gotHost != host || gotOK != ok {
			t.Errorf("%s: got %q, %q, %v; want %q, %q, %v", raw, got, gotHost, gotOK, want, host, ok)
		}
	}
	f(false, "https://bid.example/e/imp?t=1", "http://127.0.0.1:8080/e/imp?t=1", "bid.example", true)
	f(false, "https://bid.example?t=1", "http://127.0.0.1:8080?t=1", "bid.example", true)
	f(false, "https://bid.example.evil.example/e/imp", "https://bid.example.evil.example/e/imp", "", false)
	f(false, "https://bid.example:9/e/imp", "https://bid.example:9/e/imp", "", false)
	f(false, "http://127.0.0.1:99/e/win", "http://127.0.0.1:99/e/win", "", true)
	f(false, "http://[::1]:99/e/win", "http://[::1]:99/e/win", "", true)
	f(false, "http://192.0.2.1/e/win", "http://192.0.2.1/e/win", "", false)
	f(true, "http://192.0.2.1/e/win", "http://192.0.2.1/e/win", "", true)
	f(true, "file:///etc/passwd", "", "", false)
	f(true, "javascript:alert(1)", "", "", false)
	f(true, "http://%zz", "", "", false)
	f(true, "", "", "", false)
}

func TestMacros(t *testing.T) {
	req, resp := &openrtb2.BidRequest{ID: "a b"}, &openrtb2.BidResponse{BidID: "x", Cur: "EUR"}
	at := time.UnixMilli(1_700_000_000_123)
	f := func(v verdict, in, want string) {
		t.Helper()
		v.bid = &openrtb2.Bid{ImpID: "1", AdID: "ad", Price: 4}
		if got := (&macros{v: &v, req: req, resp: resp, at: at}).fill(in); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
	won := verdict{won: true, clearing: 2.5, minToWin: 1.2345678, seat: "s"}
	f(won, "${AUCTION_ID}/${AUCTION_BID_ID}/${AUCTION_IMP_ID}/${AUCTION_SEAT_ID}/${AUCTION_AD_ID}", "a+b/x/1/s/ad")
	f(won, "p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}&l=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}", "p=2.5&c=EUR&l=0&m=1.234568")
	f(won, "${AUCTION_MBR}|${AUCTION_MULTIPLIER}|${OTHER}|${AUCTION_IMP_TS}", "0.625|1|${OTHER}|1700000000123")
	f(won, "${AUCTION_PRICE:B64}&${AUCTION_ID:B64}&${AUCTION_PRICE:XYZ}", "Mi41&YSBi&${AUCTION_PRICE:XYZ}")
	f(won, "${AUCTION_NEW}${AUCTION_PRICE", "${AUCTION_NEW}${AUCTION_PRICE")
	f(won, "no macro", "no macro")
	f(verdict{loss: 102, minToWin: 3}, "p=${AUCTION_PRICE}&l=${AUCTION_LOSS}&m=${AUCTION_MINIMUM_BID_TO_WIN}", "p=&l=102&m=3")
	f(verdict{loss: 3}, "m=${AUCTION_MIN_TO_WIN}&r=${AUCTION_MBR}", "m=&r=")
}

func TestScheduleHandsOutInOrder(t *testing.T) {
	s := newSchedule()
	start := time.Unix(1000, 0)
	for _, second := range []int{5, 1, 4, 2, 3} {
		s.add(errand{due: start.Add(time.Duration(second) * time.Second), tries: second})
	}
	if _, wait, ok := s.pop(start); ok || wait != time.Second {
		t.Errorf("before the first: %v, wait %v; want none, 1s", ok, wait)
	}
	var got []int
	for range 3 {
		if e, _, ok := s.pop(start.Add(3 * time.Second)); ok {
			got = append(got, e.tries)
		}
	}
	if _, wait, ok := s.pop(start.Add(3 * time.Second)); ok || wait != time.Second || !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("at 3 s: handed out %v, then %v, wait %v; want 1 2 3, then none, 1s", got, ok, wait)
	}
}

// TestScheduleEnds checks that what is left in the end is handed out at once, that
// what is put back then is handed out when it is due, and what is never taken is
// given up.
func TestScheduleEnds(t *testing.T) {
	run := func(wait time.Duration, putBack time.Duration) (kinds []message, dropped []message) {
		s := newSchedule()
		s.add(errand{due: time.Now().Add(time.Hour), kind: click})
		out, stop := make(chan errand), make(chan struct{})
		close(stop)
		go s.run(out, stop, wait, func(m message) { dropped = append(dropped, m) })
		for e := range out {
			kinds = append(kinds, e.kind)
			if e.tries == 0 {
				s.add(errand{due: time.Now().Add(putBack), kind: winNotice, tries: 1})
			}
			s.done()
		}
		return kinds, dropped
	}
	if kinds, dropped := run(time.Hour, time.Millisecond); !slices.Equal(kinds, []message{click, winNotice}) || dropped != nil {
		t.Errorf("handed out %v, gave up %v; want the click and what was put back", kinds, dropped)
	}
	if kinds, dropped := run(time.Millisecond, time.Hour); !slices.Equal(kinds, []message{click}) || !slices.Equal(dropped, []message{winNotice}) {
		t.Errorf("handed out %v, gave up %v; want the click, and what was put off for long given up", kinds, dropped)
	}
}

// TestScheduleEndsWithoutTakers checks that errands that nobody has time for are
// given up in the end.
func TestScheduleEndsWithoutTakers(t *testing.T) {
	s := newSchedule()
	for range 3 {
		s.add(errand{kind: click})
	}
	out, stop, dropped := make(chan errand), make(chan struct{}), 0
	close(stop)
	s.run(out, stop, time.Millisecond, func(message) { dropped++ })
	if _, open := <-out; open || dropped != 3 || !s.idle() {
		t.Errorf("open %v, %d given up, idle %v; want 3 given up", open, dropped, s.idle())
	}
}

func TestScheduleIsBounded(t *testing.T) {
	s := newSchedule()
	s.heap = make(errandHeap, maxErrands)
	if s.add(errand{}) {
		t.Error("took one errand too many")
	}
}
