package pricing_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
	"bidwell/pricing"
)

// history is examples as they might come, good and bad.
func history(w *world, n int) []func(*pricing.Trainer) {
	out := make([]func(*pricing.Trainer), n)
	for i := range out {
		var x pricing.Context
		s := pricing.Subject{Goal: pricing.Goal(w.rng.IntN(5)), Advertiser: ad.ID(w.rng.IntN(3)), Campaign: ad.ID(w.rng.IntN(9)), Line: ad.ID(w.rng.IntN(20)), Creative: ad.ID(w.rng.IntN(40)), Adjust: uint32(w.rng.IntN(4))}
		w.show("c", "d", &x)
		e := pricing.Example{Task: pricing.Task(w.rng.IntN(int(pricing.NumTasks))), Context: &x, Subject: &s, Yes: w.rng.IntN(9) == 0, Weight: 1, Day: int64(20_000 + i/500*(i/500))}
		if w.rng.IntN(4) == 0 {
			e.Weight = w.rng.Float64()
		}
		if e.Yes && w.rng.IntN(2) == 0 {
			e.Taken = w.rng.Float64()
		}
		out[i] = func(t *pricing.Trainer) { t.Learn(&e) }
	}
	return out
}

// TestStateIsWhatWasLearned restores a state at random moments: it gives the same
// bytes, and goes on to the same bytes.
func TestStateIsWhatWasLearned(t *testing.T) {
	w := newWorld(t, 3, 500)
	examples := history(w, 8000) // so that strengths are reckoned
	straight, broken := pricing.NewTrainer(), pricing.NewTrainer()
	for i, learn := range examples {
		learn(straight)
		learn(broken)
		if w.rng.IntN(400) != 0 && i != len(examples)-1 {
			continue
		}
		state := broken.AppendState(nil)
		broken = pricing.NewTrainer()
		if err := broken.Restore(state); err != nil {
			t.Fatalf("after %d examples: %v", i, err)
		}
		if !bytes.Equal(broken.AppendState(nil), state) {
			t.Fatalf("after %d examples the state is another when it is restored", i)
		}
	}
	if !bytes.Equal(broken.AppendState(nil), straight.AppendState(nil)) {
		t.Fatal("a trainer that was restored now and then has learned something else")
	}
}

// TestDamagedStateIsRefused cuts a state and changes bytes of it: it is refused, or
// what comes of it still gives chances.
func TestDamagedStateIsRefused(t *testing.T) {
	w := newWorld(t, 4, 500)
	tr := pricing.NewTrainer()
	for _, learn := range history(w, 1000) {
		learn(tr)
	}
	state := tr.AppendState(nil)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		if err := pricing.NewTrainer().Restore(state[:rng.IntN(len(state))]); !errors.Is(err, pricing.ErrResponses) {
			t.Fatalf("a state that was cut short gives %v", err)
		}
		bad := bytes.Clone(state)
		for range 1 + rng.IntN(4) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		other := pricing.NewTrainer()
		if err := other.Restore(bad); err != nil {
			continue
		}
		var x pricing.Context
		var b pricing.Bases
		w.show("c", "d", &x)
		m := other.Publish(nil)
		l := m.Line(pricing.LineKey{Campaign: 1, Line: 1, Goal: pricing.PerClick})
		m.Begin(&x, &b)
		if c := m.Chance(&x, &b, &l, &pricing.Subject{Goal: pricing.PerClick, Campaign: 1, Line: 1}); !(c > 0 && c <= 1) {
			t.Fatalf("chance %v", c)
		}
	}
}
