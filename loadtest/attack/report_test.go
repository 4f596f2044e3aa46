package attack

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"bidwell/internal/prose"
)

// counted returns the report of an attack of one of each outcome and, in a
// hundred seconds, a hundred thousand no-bids that took 1 to 100 ms.
func counted(t *testing.T) *Report {
	t.Helper()
	cfg := Config{Target: Target{URL: "http://127.0.0.1:1/<bid>"}, Schedule: parsed(t, "1000", 100*time.Second), TMax: 120 * time.Millisecond, Connections: 16}
	if th, err := ParseThresholds("p99>10ms,errors>50%"); err != nil {
		t.Fatal(err)
	} else {
		cfg.Thresholds = th
	}
	ta := newTally(&cfg, time.Date(2026, 11, 1, 20, 0, 0, 0, time.UTC))
	for _, h := range someHits() {
		ta.add(&h)
	}
	for i := range 100_000 {
		due := time.Duration(i+1) * time.Millisecond
		ta.add(&hit{due: due, sent: due + 20*time.Microsecond, lag: 10 * time.Microsecond, done: due + time.Duration(i%100+1)*time.Millisecond, status: 204, outcome: NoBid})
	}
	return ta.report(usage{elapsed: 101 * time.Second, waited: 50 * time.Second, opened: 16}, self{cpu: 30 * time.Second, gc: 100 * time.Millisecond, busy: 100 * time.Second, total: 200 * time.Second, duration: 100 * time.Second})
}

func TestReportText(t *testing.T) {
	var b bytes.Buffer
	if err := counted(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"http://127.0.0.1:1/<bid>",
		"1,000/s for 100 s: 100,011 requests; answers within 120 ms; at most 16 connections",
		"100,010 requests (99.999 %), 1,000/s; 1,000/s answered in time",
		"p50 50.0 ms, p90 90.0 ms, p99 99.0 ms, p99.9 100 ms, max 100 ms   from when each request was due",
		"the generator's own: p99 10 µs",
		"1 bid (0.001 %), 100,001 no-bids (99.99 %), 9 errors (0.009 %)",
		"1  late: answered after tmax",
		"1  status: a status other than 200 and 204: 1 × 503",
		"0.30 cores, sender busy 50 %, whole machine busy 50 %, garbage collection 0.3 % of its time",
		"nothing speaks against these figures",
		"1 of 100,011 requests could not be sent within tmax: all connections were waiting",
		"p99>10ms       FAILED  p99 is 99.0 ms",
		"errors>50%     ok      errors are 0.009 %, 9",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, b.String())
		}
	}
}

func TestReportJSON(t *testing.T) {
	var b bytes.Buffer
	if err := counted(t).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(b.Bytes(), &r); err != nil || r.Due != 100_011 || r.Latency.P50 < 49*time.Millisecond || len(r.Over) != 100 || r.Reasons["garbage"] != 1 || len(r.Checks) != 2 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestReportHTML(t *testing.T) {
	var b bytes.Buffer
	if err := counted(t).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<bid>") || !strings.Contains(page, "&lt;bid&gt;") {
		t.Error("the target is not escaped")
	}
	if outside := regexp.MustCompile(`(src|href|url\()`).FindString(page); outside != "" {
		t.Errorf("the page needs something from elsewhere: %s", outside)
	}
	charts := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1)
	if len(charts) != 4 || strings.Contains(page, "NaN") || strings.Contains(page, "Inf") || strings.Contains(page, "ZgotmplZ") {
		t.Errorf("%d charts", len(charts))
	}
	for _, c := range charts {
		d := xml.NewDecoder(strings.NewReader(c))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, c)
			}
		}
	}
	// A report of nothing is a page, too.
	cfg := Config{Schedule: parsed(t, "1000", time.Second)}
	if err := newTally(&cfg, time.Now()).report(usage{}, self{}).WriteHTML(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestDoubtsAreSaid(t *testing.T) {
	f := func(r Report, want string) {
		t.Helper()
		r.Due, r.Sent = 10_000, 10_000
		r.judge(usage{})
		if got := strings.Join(r.Warnings, "; "); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
	f(Report{}, "")
	f(Report{OwnLag: Quantiles{P99: time.Millisecond}, Latency: Quantiles{P99: 2 * time.Millisecond}}, "the generator itself was late")
	f(Report{OwnLag: Quantiles{P99: time.Millisecond}, Latency: Quantiles{P99: 20 * time.Millisecond}}, "")
	f(Report{Self: Self{Busy: 0.95}}, "about the most that one generator sends")
	f(Report{Self: Self{Machine: 0.97}}, "took time from each other")
	f(Report{Self: Self{GC: 0.06}}, "collecting the generator's own garbage")
	f(Report{Elapsed: time.Second, Self: Self{Pauses: 20 * time.Millisecond}}, "stopped it for 20.0 ms")
	f(Report{Bids: 298, Checked: 3, Reasons: map[string]uint64{"invalid": 2}}, "invalid: 2 of 3 checked answers; of the 297 with bids that were not checked")
	f(Report{Bids: 1, Checked: 3, Reasons: map[string]uint64{"invalid": 2}}, "")
}

// However long an attack is, its figures over time stay few and add up.
func TestIntervalsAddUp(t *testing.T) {
	const n = 5000
	v := intervals{width: time.Second, end: n * time.Second}
	var unsent uint64
	var longest time.Duration
	for i := range n {
		o := Outcome(i % int(outcomes))
		if o == Unsent {
			unsent++
		}
		if waited(o) {
			longest = time.Duration(i)
		}
		v.add(&hit{due: time.Duration(i) * time.Second, outcome: o}, time.Duration(i))
	}
	var sum Interval
	all := v.summary()
	for _, i := range all {
		sum.Due += i.Due
		sum.Sent += i.Sent
		sum.Bids += i.Bids
		sum.NoBids += i.NoBids
		sum.Errors += i.Errors
		sum.Max = max(sum.Max, i.Max)
	}
	last := all[len(all)-1]
	if len(all) > mostIntervals || sum.Due != n || sum.Bids+sum.NoBids+sum.Errors != n || sum.Due-sum.Sent != unsent || sum.Max != longest {
		t.Errorf("%d intervals, in all %+v", len(all), sum)
	}
	if last.At > n*time.Second || last.At+last.For < n*time.Second {
		t.Errorf("the last interval is %v from %v", last.For, last.At)
	}
}

// A request that is due right at the end is drawn with those before it, not as an
// interval without a length.
func TestWhatIsDueAtTheEndIsInTheLastInterval(t *testing.T) {
	v := intervals{width: time.Second, end: 2 * time.Second}
	for _, due := range []time.Duration{0, time.Second, 2*time.Second - 1, 2 * time.Second} {
		v.add(&hit{due: due, outcome: NoBid}, time.Millisecond)
	}
	if all := v.summary(); len(all) != 2 || all[1].Due != 3 {
		t.Errorf("%+v, want two intervals, with three requests in the second", all)
	}
}

func TestLatencyOfNoAnswerIsNone(t *testing.T) {
	tl := newTally(&Config{Schedule: Schedule{For: time.Second}}, time.Now())
	tl.add(&hit{outcome: Closed, done: time.Millisecond})
	r := tl.report(usage{elapsed: time.Second}, self{})
	var text, page strings.Builder
	if err := errors.Join(r.WriteText(&text), r.WriteHTML(&page)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "latency    none: there is no answer to measure") || !strings.Contains(page.String(), "<b>none</b><span>latency, p99</span>") {
		t.Errorf("the text says\n%s\nthe page says\n%s", &text, &page)
	}
}

func TestNumbersForPeople(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(percent(0, 5), "0 %")
	f(percent(5, 5), "100 %")
	f(percent(1, 3), "33.3 %")
	f(percent(99_999, 100_000), "99.999 %")
	f(percent(1, 1_000_000), "0.0001 %")
	f(percent(0, 0), "0 %")
	f(prose.Number(1234567), "1,234,567")
	f(rateText(0.5), "0.5")
	f(short(1234*time.Nanosecond), "1 µs")
	f(short(1234*time.Microsecond), "1.23 ms")
	f(short(2340*time.Millisecond), "2.34 s")
	f(seconds(3600*time.Second), "3600 s")
	f(seconds(1500*time.Millisecond), "1.5 s")
}
