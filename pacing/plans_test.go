package pacing

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bidwell/ad"
)

// flights is a bidder of one budget whose plan and limits change while it runs.
type flights struct {
	accounts Accounts
	pacer    Pacer
	book     *Book
	account  *Account
	gauge    *Gauge
	plan     Plan
	now      time.Time
	serial   uint64
	late     []sent // notices on their way
}

type sent struct {
	bid ad.BidID
	pay ad.Money
	at  time.Time
}

func newFlights(now time.Time) *flights {
	f := &flights{now: now}
	f.book = NewBook(&f.accounts, 48*time.Hour)
	f.account = f.accounts.Get(7)
	return f
}

// reload changes plan and limits as a new configuration does.
func (f *flights) reload(plan Plan, total, daily ad.Money) {
	f.plan = plan
	f.account.SetLimits(total, daily, plan.Zone)
	f.gauge = f.pacer.Set(7, plan, f.account)
}

// bid bids on an opportunity of some worth.
func (f *flights) bid(worth ad.Money) (held bool) {
	f.gauge.Eligible(1)
	amount := Cut(worth.Mul(f.gauge.Kappa()), f.account.Headroom(f.now))
	if amount <= 0 {
		f.gauge.Refuse()
		return false
	}
	var id ad.BidID
	f.serial++
	binary.LittleEndian.PutUint64(id[:], f.serial)
	if f.book.Reserve(id, []*Account{f.account}, amount, f.now, 2*time.Hour) != ad.OK {
		f.gauge.Refuse()
		return false
	}
	f.gauge.Bid(amount)
	pay := ad.Money(0)
	if f.serial%2 == 0 {
		pay = amount.Mul(0.7)
	}
	f.late = append(f.late, sent{id, pay, f.now})
	return true
}

// tick lets time pass; notices of bids that are older than delay come.
func (f *flights) tick(d, delay time.Duration) {
	f.now = f.now.Add(d)
	kept := f.late[:0]
	for _, n := range f.late {
		switch {
		case f.now.Sub(n.at) < delay:
			kept = append(kept, n)
		case n.pay > 0:
			f.book.Settle(n.bid, []*Account{f.account}, n.pay, n.at, f.now)
		default:
			f.book.Release(n.bid)
		}
	}
	f.late = kept
	f.book.Expire(f.now)
	f.pacer.Tick(f.now)
}

// TestAnyPlans lets plans change at any time: flights with and without beginning and
// end, in zones that turn their clocks, daily and total budgets, raised and lowered.
// κ stays a number within its bounds, and no bid is held beyond a limit.
func TestAnyPlans(t *testing.T) {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	begins := []time.Time{ // close to where clocks are turned, and not
		flightStart, time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC),
		time.Date(2026, 3, 8, 3, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 10, 0, 0, 0, time.UTC),
	}
	rapid.Check(t, func(t *rapid.T) {
		f := newFlights(rapid.SampledFrom(begins).Draw(t, "begin"))
		reload := func() {
			hours := func(name string) time.Duration {
				return time.Duration(rapid.IntRange(-60, 200).Draw(t, name)) * time.Hour
			}
			plan := Plan{Curve: Curve(rapid.IntRange(0, 3).Draw(t, "curve")), Zone: rapid.SampledFrom(zones).Draw(t, "zone")}
			if rapid.Bool().Draw(t, "begins") {
				plan.Start = f.now.Add(hours("start"))
			}
			if rapid.Bool().Draw(t, "ends") {
				plan.End = f.now.Add(hours("end"))
			}
			limit := func(name string) ad.Money {
				return ad.Money(rapid.Int64Range(0, 40).Draw(t, name)) * ad.Unit
			}
			f.reload(plan, limit("total"), limit("daily"))
		}
		reload()
		for range rapid.IntRange(1, 60).Draw(t, "ticks") {
			if rapid.IntRange(0, 9).Draw(t, "event") == 0 {
				reload()
			}
			for range rapid.IntRange(0, 8).Draw(t, "opportunities") {
				if !f.bid(ad.Unit) {
					continue
				}
				a := f.account.Figures(f.now)
				if a.Limit > 0 && a.Confirmed+a.Reserved > a.Limit || a.Today.Limit > 0 && a.Today.Confirmed+a.Today.Reserved > a.Today.Limit {
					t.Fatalf("a bid is held beyond a limit: %+v", a)
				}
			}
			f.tick(time.Duration(rapid.IntRange(-600, 5000).Draw(t, "seconds"))*time.Second, time.Duration(rapid.IntRange(0, 4000).Draw(t, "delay"))*time.Second)
			k, st := f.gauge.Kappa(), Status{}
			st, _ = f.pacer.Status(7)
			if !(k >= defaultMin && k <= defaultMax) || math.IsNaN(st.Planned) || st.Planned < 0 || st.Planned > 1 || st.Target < 0 || math.IsNaN(st.Used) {
				t.Fatalf("κ is %g, %+v", k, st)
			}
			if p, _ := f.pacer.Progress(7, f.now); p.Planned < 0 || p.Planned > p.Budget || p.Spent < 0 || p.Expected < p.Spent {
				t.Fatalf("progress is %+v", p)
			}
		}
	})
}

// TestTargetFollowsThePlan changes a plan in the middle of an even flight of two
// days: what is to be spent each tick changes as it should, at once.
func TestTargetFollowsThePlan(t *testing.T) {
	const budget = 1000 * ad.Unit
	day := 24 * time.Hour
	plan := Plan{Curve: Even, Start: flightStart, End: flightStart.Add(2 * day), Zone: time.UTC}
	for name, tt := range map[string]struct {
		change       func(*Plan)
		total, daily ad.Money
		factor       float64 // on the target
	}{
		"the same":          {func(*Plan) {}, budget, 0, 1},
		"raised":            {func(*Plan) {}, 2 * budget, 0, 3},
		"lowered":           {func(*Plan) {}, 3 * budget / 4, 0, 0.5},
		"below what is":     {func(*Plan) {}, budget / 4, 0, 0},
		"extended by a day": {func(p *Plan) { p.End = p.End.Add(day) }, budget, 0, 0.5},
		"cut to half a day": {func(p *Plan) { p.End = p.End.Add(-day / 2) }, budget, 0, 2},
		"a day's limit":     {func(*Plan) {}, budget, budget / 4, 0.5},
		"without an end":    {func(p *Plan) { p.End = time.Time{} }, 0, budget, 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFlights(flightStart)
			f.reload(plan, budget, 0)
			f.account.Restore(budget / 2)
			f.now = flightStart.Add(day)
			f.tick(time.Second, 0) // begins to compare
			step := func() float64 {
				f.gauge.Eligible(1)
				f.tick(10*time.Second, 0)
				st, _ := f.pacer.Status(7)
				return st.Target.Units()
			}
			before := step()
			changed := plan
			tt.change(&changed)
			f.reload(changed, tt.total, tt.daily)
			if got := step() / before; math.Abs(got-tt.factor) > 0.01 {
				t.Errorf("the target is %.3f times what it was, want %g", got, tt.factor)
			}
		})
	}
}
