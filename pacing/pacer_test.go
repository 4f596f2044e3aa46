package pacing

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"bidwell/ad"
)

func TestPacerSteersACampaign(t *testing.T) {
	var accounts Accounts
	var p Pacer
	book := NewBook(&accounts, time.Hour)
	account := accounts.Get(7)
	account.SetLimits(1000*ad.Unit, 0, nil)
	plan := Plan{Curve: Even, Start: flightStart, End: flightStart.Add(time.Hour), Initial: 1}
	g := p.Set(7, plan, account)
	p.Tick(flightStart)
	var serial uint64
	for now := flightStart; now.Before(plan.End); {
		for range 50 {
			g.Eligible(1)
			bid := ad.Unit.Mul(g.Kappa())
			serial++
			var id ad.BidID
			binary.LittleEndian.PutUint64(id[:], serial)
			if book.Reserve(id, []*Account{account}, bid, now, time.Minute) != ad.OK {
				g.Refuse()
				continue
			}
			g.Bid(bid)
			book.Settle(id, nil, bid, now, now)
		}
		now = now.Add(10 * time.Second)
		p.Tick(now)
	}
	f := account.Figures(plan.End)
	if f.Confirmed > f.Limit || f.Confirmed < f.Limit*98/100 {
		t.Errorf("spent %s of %s, want nearly all and not more", f.Confirmed, f.Limit)
	}
	s, ok := p.Status(7)
	if !ok || s.Steps == 0 || s.Kappa != g.Kappa() {
		t.Errorf("status: got %+v", s)
	}
	want := Progress{Budget: f.Limit, Spent: f.Confirmed, Expected: f.Confirmed, Planned: f.Limit}
	if got, ok := p.Progress(7, plan.End); !ok || got != want {
		t.Errorf("progress: got %+v, want %+v", got, want)
	}
}

// TestProgressIsMoney asks in the middle of a day and of a flight how far budgets are
// spent that are to be spent evenly: the flight's, or the day's where no other is paced.
func TestProgressIsMoney(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	flight := Plan{Curve: Even, Start: noon.Add(-36 * time.Hour), End: noon.Add(36 * time.Hour)}
	for name, c := range map[string]struct {
		plan         Plan
		total, daily ad.Money
		want         Progress
	}{
		"a flight":               {flight, 80 * ad.Unit, 0, Progress{Budget: 80 * ad.Unit, Spent: 8 * ad.Unit, Expected: 9 * ad.Unit, Planned: 40 * ad.Unit}},
		"a flight and its days":  {flight, 80 * ad.Unit, 30 * ad.Unit, Progress{Budget: 80 * ad.Unit, Spent: 8 * ad.Unit, Expected: 9 * ad.Unit, Planned: 40 * ad.Unit}},
		"days":                   {flight, 0, 30 * ad.Unit, Progress{true, 30 * ad.Unit, 3 * ad.Unit, 4 * ad.Unit, 15 * ad.Unit}},
		"a total without an end": {Plan{Curve: Even}, 80 * ad.Unit, 30 * ad.Unit, Progress{true, 30 * ad.Unit, 3 * ad.Unit, 4 * ad.Unit, 15 * ad.Unit}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Figures{
				Limit: c.total, Confirmed: 8 * ad.Unit, Reserved: 2 * ad.Unit,
				Today: DayFigures{Limit: c.daily, Confirmed: 3 * ad.Unit, Reserved: 2 * ad.Unit},
			}
			// As long as nothing is known, half of what is reserved is taken to be paid.
			if got := NewController(c.plan).Progress(noon, &f); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPacerKeepsAndRestores(t *testing.T) {
	var accounts Accounts
	var p Pacer
	plan := Plan{Start: flightStart, End: flightStart.Add(time.Hour), Initial: 0.3}
	g := p.Set(1, plan, accounts.Get(1))
	if got := g.Kappa(); got != 0.3 {
		t.Fatalf("κ begins with %g, want 0.3", got)
	}
	plan.Initial = 0.9
	if p.Set(1, plan, accounts.Get(1)) != g || g.Kappa() != 0.3 {
		t.Error("a new plan began the campaign anew")
	}
	var next Pacer
	if err := next.Restore(1, nil); err == nil {
		t.Error("a campaign that is not set was restored")
	}
	h := next.Set(1, plan, accounts.Get(1))
	if err := next.Restore(1, []byte("nonsense")); !errors.Is(err, ErrState) || h.Kappa() != 0.9 {
		t.Errorf("nonsense: got %v and κ %g, want an error and the plan's κ", err, h.Kappa())
	}
	p.States(func(id ad.ID, state []byte) bool {
		if err := next.Restore(id, state); err != nil {
			t.Error(err)
		}
		return true
	})
	if h.Kappa() != 0.3 {
		t.Errorf("restored κ is %g, want 0.3", h.Kappa())
	}
	if _, ok := next.Status(2); ok {
		t.Error("there is a status of a campaign that is not set")
	}
}

// TestPacerConcurrently ticks while requests count and configurations change. It is
// for the race detector; what it holds is that no count is lost.
func TestPacerConcurrently(t *testing.T) {
	var accounts Accounts
	var p Pacer
	plan := Plan{Start: flightStart, End: flightStart.Add(time.Hour)}
	g := p.Set(1, plan, accounts.Get(1))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				g.Eligible(1)
				g.Bid(1)
				g.Refuse()
				if k := g.Kappa(); !(k > 0 && k <= 1) {
					t.Errorf("κ = %g", k)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 200 {
			p.Set(ad.ID(i%3), plan, accounts.Get(ad.ID(i%3)))
			p.Tick(flightStart.Add(time.Duration(i) * time.Second))
			p.States(func(ad.ID, []byte) bool { return true })
		}
	})
	wg.Wait()
	if e, b, o := g.eligible.Load(), g.bids.Load(), g.offered.Load(); e != 4000 || b != 4000 || o != 4000 {
		t.Errorf("counted %d opportunities, %d bids of %d in sum, want 4000 each", e, b, o)
	}
}

func TestPacingDoesNotAllocate(t *testing.T) {
	var accounts Accounts
	var p Pacer
	account := accounts.Get(1)
	account.SetLimits(1000*ad.Unit, 100*ad.Unit, nil)
	g := p.Set(1, Plan{Start: flightStart, End: flightStart.Add(100 * time.Hour)}, account)
	now := flightStart
	allocs := testing.AllocsPerRun(500, func() {
		g.Eligible(1)
		g.Bid(ad.Unit.Mul(g.Kappa()))
		now = now.Add(10 * time.Second)
		p.Tick(now)
	})
	if allocs != 0 {
		t.Errorf("a bid and a tick allocate %g times, want 0", allocs)
	}
}

func BenchmarkGauge(b *testing.B) {
	var g Gauge
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g.Eligible(1)
			g.Bid(ad.Unit.Mul(g.Kappa()))
		}
	})
}

func BenchmarkPacerTick(b *testing.B) {
	var accounts Accounts
	var p Pacer
	const campaigns = 1000
	for id := range ad.ID(campaigns) {
		a := accounts.Get(id)
		a.SetLimits(1000*ad.Unit, 100*ad.Unit, nil)
		p.Set(id, Plan{Start: flightStart, End: flightStart.Add(30 * 24 * time.Hour)}, a)
	}
	now := flightStart
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		p.Tick(now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/campaigns, "ns/campaign")
}
