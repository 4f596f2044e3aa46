package pricing_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/pricing"
)

// TestNothingKnowsPriors checks what is bid while nothing has been learned: the
// chance that the campaign manager states.
func TestNothingKnowsPriors(t *testing.T) {
	m := pricing.Nothing().Responses
	for _, g := range []pricing.Goal{pricing.PerViewable, pricing.PerClick, pricing.PerCompletedView, pricing.PerAcquisition} {
		k := pricing.LineKey{Campaign: 1, Line: 2, Goal: g, Prior: 0.0031, Creatives: []ad.ID{3, 4}}
		l := m.Line(k)
		var x pricing.Context
		var b pricing.Bases
		m.Begin(&x, &b)
		got := m.Chance(&x, &b, &l, &pricing.Subject{Goal: g, Campaign: 1, Line: 2, Creative: 3})
		if math.Abs(got-k.Prior) > 1e-9 {
			t.Errorf("%v: chance %v, want the stated %v", g, got, k.Prior)
		}
		if len(l.Shares) != 2 || l.Shares[0] != 0.5 || l.Shares[1] != 0.5 {
			t.Errorf("%v: shares %v, want halves", g, l.Shares)
		}
	}
	if l := m.Line(pricing.LineKey{Goal: pricing.PerImpression, Prior: 0.5}); l.Rate != 1 || l.Most != 1 || l.Least != 1 {
		t.Errorf("an impression is certain: %+v", l)
	}
}

// TestChancesAreChances teaches anything whatever, and checks that every chance is
// within its view's bounds, and shares are shares.
func TestChancesAreChances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := pricing.NewTrainer()
		ids := rapid.SampledFrom([]ad.ID{0, 1, 2, 3})
		for range rapid.IntRange(0, 60).Draw(t, "examples") {
			x, s := someContext(t), someSubject(t)
			s.Campaign, s.Line, s.Creative = ids.Draw(t, "campaign"), ids.Draw(t, "line"), ids.Draw(t, "creative")
			e := pricing.Example{
				Task: pricing.Task(rapid.Uint8Range(0, 6).Draw(t, "task")), Context: &x, Subject: &s, Yes: rapid.Bool().Draw(t, "yes"),
				Weight: rapid.Float64().Draw(t, "weight"), Taken: rapid.Float64().Draw(t, "taken"), Day: rapid.Int64().Draw(t, "day"),
			}
			if rapid.Bool().Draw(t, "usual") {
				e.Weight, e.Taken = 1, 0
			}
			for range rapid.IntRange(1, 400).Draw(t, "times") {
				tr.Learn(&e)
			}
		}
		m := tr.Publish(nil)
		for range 10 {
			x, s := someContext(t), someSubject(t)
			s.Campaign, s.Line, s.Creative = ids.Draw(t, "campaign"), ids.Draw(t, "line"), ids.Draw(t, "creative")
			l := m.Line(pricing.LineKey{Campaign: s.Campaign, Line: s.Line, Goal: s.Goal, Prior: rapid.Float64Range(0, 2).Draw(t, "prior"), Creatives: []ad.ID{1, 2, 3}})
			var b pricing.Bases
			m.Begin(&x, &b)
			c := m.Chance(&x, &b, &l, &s)
			if !(0 < l.Least && l.Least <= c && c <= l.Most && l.Most <= 1) {
				t.Fatalf("chance %v is not within %v and %v", c, l.Least, l.Most)
			}
			sum := 0.0
			for _, share := range l.Shares {
				if sum += share; !(share >= 0.05) && s.Goal != pricing.PerImpression {
					t.Fatalf("shares %v", l.Shares)
				}
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Fatalf("shares %v", l.Shares)
			}
		}
	})
}

// BenchmarkChances prepares a request and asks for the chances of 20 line items, each
// of another campaign: of 100, whose weights stay in the processor's cache, and of 2,000,
// whose do not.
func BenchmarkChances(b *testing.B) {
	for _, goal := range []pricing.Goal{pricing.PerClick, pricing.PerAcquisition} {
		for _, campaigns := range []int{100, 2000} {
			b.Run(fmt.Sprint(goal, "/", campaigns), func(b *testing.B) { benchmarkChances(b, goal, campaigns) })
		}
	}
}

func benchmarkChances(b *testing.B, goal pricing.Goal, campaigns int) {
	w := newWorld(b, 1, 1000)
	tr := pricing.NewTrainer()
	contexts := make([]pricing.Context, 1000)
	for i := range contexts {
		w.show("c", "c", &contexts[i])
	}
	for i := range 400_000 {
		n := i / 7 % len(contexts)
		s := pricing.Subject{Goal: goal, Campaign: ad.ID(i % campaigns), Line: ad.ID(i % campaigns), Creative: 7}
		for _, t := range goal.Tasks() {
			tr.Learn(&pricing.Example{Task: t, Context: &contexts[n], Subject: &s, Yes: n%50 == 0, Weight: 1})
		}
	}
	m := tr.Publish(nil)
	views := make([]pricing.LineView, campaigns)
	for i := range views {
		views[i] = m.Line(pricing.LineKey{Campaign: ad.ID(i), Line: ad.ID(i), Goal: goal})
		if q, _ := m.Quality(ad.ID(i)); !q.Tasks[0].Used {
			b.Fatalf("the model of campaign %d is not used: %s", i, q.Tasks[0].Why)
		}
	}
	var bases pricing.Bases
	var sum float64
	n := 0
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		x := &contexts[i%len(contexts)]
		m.Begin(x, &bases)
		for range 20 {
			n = (n + 37) % campaigns
			s := pricing.Subject{Goal: goal, Campaign: ad.ID(n), Line: ad.ID(n), Creative: 7, Frequency: uint8(n & 3)}
			sum += m.Chance(x, &bases, &views[n], &s)
		}
	}
	if !(sum > 0) {
		b.Fatal("no chances")
	}
}

// TestChancesAllocateNothing counts what a request costs the collector.
func TestChancesAllocateNothing(t *testing.T) {
	w := newWorld(t, 1, 50)
	tr := pricing.NewTrainer()
	var x pricing.Context
	s := pricing.Subject{Goal: pricing.PerAcquisition, Campaign: 1, Line: 1, Creative: 7, Adjust: 5}
	for i := range 20_000 {
		w.show("c", "c", &x)
		for _, task := range s.Goal.Tasks() {
			tr.Learn(&pricing.Example{Task: task, Context: &x, Subject: &s, Yes: i%50 == 0, Weight: 1})
		}
	}
	m := tr.Publish(nil)
	l := m.Line(pricing.LineKey{Campaign: 1, Line: 1, Goal: s.Goal})
	var b pricing.Bases
	packed := make([]byte, 0, pricing.MaxPacked)
	got := testing.AllocsPerRun(100, func() {
		m.Begin(&x, &b)
		m.Chance(&x, &b, &l, &s)
		packed = x.Append(packed[:0], &s)
	})
	if got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// TestHeldChances lets everybody respond in one place and nobody elsewhere: the chances
// are held at the bounds, and it is said.
func TestHeldChances(t *testing.T) {
	tr := pricing.NewTrainer()
	s := pricing.Subject{Goal: pricing.PerClick, Campaign: 1, Line: 1, Creative: 7}
	at := func(good bool) *pricing.Context {
		x, n := new(pricing.Context), uint64(0)
		if good {
			n = 1
		}
		for _, f := range []pricing.Field{pricing.Place, pricing.Device, pricing.Hour} {
			x.Add(f, n)
		}
		return x
	}
	for i := range 200_000 {
		good := i%500 == 0
		tr.Learn(&pricing.Example{Task: pricing.Clicking, Context: at(good), Subject: &s, Yes: good, Weight: 1})
	}
	m := tr.Publish(nil)
	l := m.Line(pricing.LineKey{Campaign: 1, Line: 1, Goal: s.Goal})
	var b pricing.Bases
	for _, good := range []bool{true, false} {
		x := at(good)
		m.Begin(x, &b)
		e, want := m.Explain(x, &b, &l, 1, &s)[0], l.Rate/16
		if good {
			want = l.Rate * 16
		}
		if !e.Held || e.Model != want {
			t.Errorf("where everybody clicks (%v) the chance is %v, held %v; want it held at %v", good, e.Model, e.Held, want)
		}
	}
}
