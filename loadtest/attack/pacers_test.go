package attack

import (
	"math"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"pgregory.net/rapid"
)

// walk returns when everything of a schedule is due.
func walk(s Schedule) []time.Duration {
	d := dues{Schedule: s}
	var all []time.Duration
	for at, ok := d.next(); ok; at, ok = d.next() {
		all = append(all, at)
	}
	return all
}

func parsed(t *testing.T, text string, length time.Duration) Schedule {
	t.Helper()
	s, err := ParseSchedule(text, length)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// until counts what is due up to a moment.
func until(all []time.Duration, at time.Duration) int {
	n := 0
	for _, d := range all {
		if d <= at {
			n++
		}
	}
	return n
}

func TestSchedulesAskForWhatTheySay(t *testing.T) {
	f := func(text string, length, at time.Duration, want, total int) {
		t.Helper()
		all := walk(parsed(t, text, length))
		if got := until(all, at); got != want {
			t.Errorf("%s: %d requests are due within %v, want %d", text, got, at, want)
		}
		if len(all) != total {
			t.Errorf("%s: %d requests are due in all, want %d", text, len(all), total)
		}
	}
	f("1000", 10*time.Second, 3*time.Second, 3000, 10_000)
	f("90000", 2*time.Second, time.Second, 90_000, 180_000) // not a whole number of nanoseconds apart
	f("700000", time.Second, 500*time.Millisecond, 350_000, 700_000)
	f("0.5", 10*time.Second, 5*time.Second, 2, 5)
	f("0..1000", 10*time.Second, 5*time.Second, 1250, 5000)
	f("2000..0", 10*time.Second, 5*time.Second, 7500, 10_000)
	f("100..100", 2*time.Second, time.Second, 100, 200)
	f("100:1s,0:1s,300:2s", 0, 2*time.Second, 100, 700)
	// vegeta's sine, which rounds: 2000 + 2·500·4/2π up to the middle
	f("1000~500/4s", 8*time.Second, 2*time.Second, 2636, 7999)
	f("1000~500/4s", 8*time.Second, 6*time.Second, 6636, 7999)
}

func TestVegetasPacersAreSchedulesToo(t *testing.T) {
	f := func(name string, p vegeta.Pacer, want int) {
		t.Helper()
		all := walk(Schedule{Pacer: p, For: 5 * time.Second})
		if len(all) < want-2 || len(all) > want+2 {
			t.Errorf("%s: %d requests are due, want %d", name, len(all), want)
		}
	}
	f("constant", vegeta.ConstantPacer{Freq: 200, Per: time.Second}, 1000)
	f("linear", vegeta.LinearPacer{StartAt: vegeta.Rate{Freq: 100, Per: time.Second}, Slope: 40}, 1000)
	f("sine", vegeta.SinePacer{Period: time.Second, Mean: vegeta.Rate{Freq: 200, Per: time.Second}, Amp: vegeta.Rate{Freq: 100, Per: time.Second}}, 1000)
	f("stops by itself", stopping{}, 10)
}

// stopping is a pacer that ends after ten requests.
type stopping struct{}

func (stopping) Pace(_ time.Duration, n uint64) (time.Duration, bool) {
	return time.Millisecond, n == 10
}
func (stopping) Rate(time.Duration) float64 { return 1000 }

// What is due follows the integral of the rate, whatever the rates are, to
// within one request; and it never goes back.
func TestRatesFollowTheirIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := []Point{{0, rapid.Float64Range(0, 500).Draw(t, "rate")}}
		at := time.Duration(0)
		for range rapid.IntRange(1, 6).Draw(t, "points") {
			at += time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
			points = append(points, Point{at, rapid.Float64Range(0, 500).Draw(t, "rate")})
		}
		r, err := NewRates(points...)
		if err != nil {
			t.Skip(err)
		}
		last := time.Duration(0)
		all := walk(Schedule{Pacer: r, For: at})
		for i, due := range all {
			if due < last {
				t.Fatalf("request %d is due at %v, after one at %v", i, due, last)
			}
			last = due
			if got := integral(points, due); math.Abs(got-float64(i+1)) > 1e-3 {
				t.Fatalf("request %d is due at %v, when %v should have been", i+1, due, got)
			}
		}
		if total := int(integral(points, at) + 1e-6); len(all) != total {
			t.Fatalf("%d requests are due, want %d", len(all), total)
		}
	})
}

// integral adds up trapezes in the plainest way.
func integral(points []Point, at time.Duration) float64 {
	sum := 0.0
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if b.At <= a.At || at <= a.At {
			continue
		}
		end := min(at, b.At)
		rate := a.Rate + (b.Rate-a.Rate)*float64(end-a.At)/float64(b.At-a.At)
		sum += (a.Rate + rate) / 2 * (end - a.At).Seconds()
	}
	return sum
}

func TestPoissonKeepsTheRateAndNothingElse(t *testing.T) {
	s := parsed(t, "0..2000", 20*time.Second).AtRandom(7)
	all := walk(s)
	n, half := float64(len(all)), float64(until(all, 10*time.Second))
	if math.Abs(n-20_000) > 5*math.Sqrt(20_000) || math.Abs(half-5000) > 5*math.Sqrt(5000) {
		t.Errorf("%v requests in all and %v in the first half, want about 20,000 and 5,000", n, half)
	}
	again := walk(parsed(t, "0..2000", 20*time.Second).AtRandom(7))
	if len(again) != len(all) || again[100] != all[100] {
		t.Error("the same seed gives other moments")
	}
	// At a constant rate the gaps are exponential: their deviation is their mean.
	all = walk(parsed(t, "1000", 20*time.Second).AtRandom(1))
	var sum, squares float64
	for i := 1; i < len(all); i++ {
		gap := (all[i] - all[i-1]).Seconds()
		sum, squares = sum+gap, squares+gap*gap
	}
	mean := sum / float64(len(all)-1)
	deviation := math.Sqrt(squares/float64(len(all)-1) - mean*mean)
	if math.Abs(deviation/mean-1) > 0.05 {
		t.Errorf("gaps have a mean of %v and a deviation of %v", mean, deviation)
	}
	sine := walk(parsed(t, "1000~900/2s", 10*time.Second).AtRandom(3))
	if up := until(sine, time.Second); math.Abs(float64(up)-1573) > 5*math.Sqrt(1573) {
		t.Errorf("%d requests in the first half of a sine, want about 1573", up)
	}
	steps := walk(Schedule{Pacer: vegeta.ConstantPacer{Freq: 100, Per: time.Second}, For: 10 * time.Second}.AtRandom(3))
	if len(steps) < 800 || len(steps) > 1200 {
		t.Errorf("%d requests at random of a pacer of vegeta's, want about 1000", len(steps))
	}
}

func TestScheduleErrors(t *testing.T) {
	f := func(text string, length time.Duration, want string) {
		t.Helper()
		if _, err := ParseSchedule(text, length); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
	f("fast", time.Second, `"fast" is not a number of requests per second`)
	f("-5", time.Second, "not a number of requests")
	f("NaN", time.Second, "not a number of requests")
	f("1e99", time.Second, "not a number of requests")
	f("0", time.Second, "not one request is due")
	f("100", 0, "too short")
	f("1..", time.Second, "not a number of requests")
	f("100~200/1s", time.Second, "less than its average")
	f("100~20", time.Second, "needs a period")
	f("100~20/soon", time.Second, "no period")
	f("100:1s,200", 0, "not a rate and a length")
	f("100:-1s", 0, "not a rate and a length")
}

func TestTrace(t *testing.T) {
	f := func(text string, length time.Duration, total int) {
		t.Helper()
		s, err := ReadTrace(strings.NewReader(text), "day.csv")
		if err != nil {
			t.Errorf("%q: %v", text, err)
			return
		}
		if all := walk(s); s.For != length || len(all) != total {
			t.Errorf("%q: %d requests in %v, want %d in %v", text, len(all), s.For, total, length)
		}
	}
	f("time,rate\n0,100\n10,100\n", 10*time.Second, 1000)
	f("# of Monday\n0,0\n10,200\n", 10*time.Second, 1000)
	f("1700000000,100\n1700000010,100\n1700000010,200\n1700000020,200\n", 20*time.Second, 3000)
	f("0s,100\n1m30s,100\n", 90*time.Second, 9000)
	f("2026-11-01T20:00:00Z, 10\n2026-11-01T20:00:10Z, 10\n", 10*time.Second, 100)
	bad := func(text, want string) {
		t.Helper()
		if _, err := ReadTrace(strings.NewReader(text), "day.csv"); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	bad("", "day.csv: a trace needs at least two rows of time and rate")
	bad("time,rate\n0,100\n", "day.csv: a trace needs at least two rows of time and rate")
	bad("0,100\n10,many\n", `day.csv:2: "many" is not a number of requests per second from 0 to 10,000,000`)
	bad("0,100\n\n10\n", "day.csv:3: 1 column instead of time and rate")
	bad("0,100\n10,100\n5,100\n", "day.csv:3: time 5 is before the row above")
	bad("0,100\n\"10,100\n", "day.csv:2: extraneous or missing \" in quoted-field")
	bad("0,100\nsoon,100\n", `day.csv:2: time "soon" is neither seconds, nor a duration such as 90s, nor a date and time such as 2026-11-01T20:00:00Z`)
	bad("0,0\n10,0\n", "day.csv: at this rate not one request is due")
}
