package attack

import (
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestThresholds(t *testing.T) {
	latency, lag := hdrhistogram.New(1, longest, 3), hdrhistogram.New(1, longest, 3)
	for i := range 1000 {
		latency.RecordValue(int64(i+1) * int64(time.Millisecond) / 10) // 0.1 to 100 ms
		lag.RecordValue(int64(time.Millisecond))
	}
	r := &Report{Due: 2000, Bids: 60, NoBids: 1938, Errors: 2, Timeouts: 1, Reasons: map[string]uint64{"invalid": 1}, GoodRate: 199.8}
	r.Latency = quantilesOf(latency)
	f := func(text string, failed bool, is string) {
		t.Helper()
		all, err := ParseThresholds(text)
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v, %v", text, all, err)
			return
		}
		if c := all[0].check(r, latency, lag); c.Failed != failed || c.Is != is {
			t.Errorf("%s: failed %v, %q; want %v, %q", text, c.Failed, c.Is, failed, is)
		}
	}
	f("p99>98ms", true, "p99 is 99.0 ms")
	f("p99>100ms", false, "p99 is 99.0 ms")
	f("p50<60ms", true, "p50 is 50.0 ms")
	f("p99.9 > 1s", false, "p99.9 is 99.9 ms")
	f("max>=100ms", true, "max is 100 ms")
	f("mean>51ms", false, "mean is 50.0 ms")
	f("lag>0.5ms", true, "lag is 1.00 ms")
	f("errors>0.1%", false, "errors are 0.1 %, 2")
	f("errors>=0.1%", true, "errors are 0.1 %, 2")
	f("errors>1", true, "errors are 0.1 %, 2")
	f("timeouts>1", false, "timeouts are 0.05 %, 1")
	f("invalid>0", true, "invalid are 0.05 %, 1")
	f("bids<5%", true, "bids are 3.0 %, 60")
	f("bids<3%", false, "bids are 3.0 %, 60")
	f("nobids<1900", false, "nobids are 96.9 %, 1,938")
	f("rate<200", true, "rate is 200/s")

	empty := hdrhistogram.New(1, longest, 3)
	all, _ := ParseThresholds("p99<10ms")
	if c := all[0].check(&Report{}, empty, empty); !c.Failed {
		t.Errorf("a percentile of nothing is met: %+v", c)
	}
}

func TestThresholdErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := ParseThresholds(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
	}
	f("", "write a figure, < or >")
	f("p99=10ms", "write a figure, < or >")
	f("p99>10", `"10" is no duration such as 10ms`)
	f("p99>-10ms", "is no duration")
	f("p101>10ms", `"p101" is not one of p50`)
	f("speed>10ms", `"speed" is not one of p50`)
	f("errors>10ms", "neither a number nor a share")
	f("errors>101%", "neither a number nor a share")
	f("errors>NaN", "neither a number nor a share")
	f("rate<5%", "a rate is a number")
	f("p99>10ms,,errors>1", `threshold ""`)
}

func FuzzParseThresholds(f *testing.F) {
	for _, s := range []string{"p99>10ms,errors>0.1%,bids<5%", "max>=1h", "rate<", "p0.1<5us", "lag > 1ms"} {
		f.Add(s)
	}
	h := hdrhistogram.New(1, longest, 3)
	h.RecordValue(5)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseThresholds(text)
		if err != nil {
			return
		}
		for _, th := range all {
			c := th.check(&Report{Due: 1}, h, h)
			if c.Is == "" || c.Threshold == "" {
				t.Errorf("%q: %+v", text, c)
			}
			again, err := ParseThresholds(c.Threshold)
			if err != nil || len(again) != 1 || again[0] != th {
				t.Errorf("%q does not read back as itself: %+v, %v", c.Threshold, again, err)
			}
		}
	})
}
