package pricing

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestStrengthIsLearned teaches what is decided by places, and not at all by placements:
// weights of the one are taken to be large, of the other small, about as they are.
func TestStrengthIsLearned(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const sigma, values = 0.8, 200
	effects := make([]float64, values)
	for i := range effects {
		effects[i] = sigma * rng.NormFloat64()
	}
	tr := NewTrainer()
	s := Subject{Goal: PerViewable, Advertiser: 1, Campaign: 2, Line: 3, Creative: 4}
	for range 1 << 17 {
		var x Context
		place := rng.IntN(values)
		x.Add(Place, uint64(place))
		x.Add(Placement, rng.Uint64N(values))
		p := sigmoid(effects[place])
		tr.Learn(&Example{Task: Viewing, Context: &x, Subject: &s, Yes: rng.Float64() < p, Weight: 1, Day: 20_000})
	}
	of := func(f Field) float64 { return 1 / math.Sqrt(float64(tr.models[Viewing].strength[f])) }
	if got := of(Place); got < 0.8*sigma || got > 1.2*sigma {
		t.Errorf("weights of places are expected to differ by %.3f, and they do by %.3f", got, sigma)
	}
	if got := of(Placement); got > 0.1 {
		t.Errorf("weights of placements are expected to differ by %.3f, and they do not", got)
	}
}

// TestReckoningKeepsWhatWasSeen changes a strength by hand: a weight moves to what it
// would be if it had been learned with the other.
func TestReckoningKeepsWhatWasSeen(t *testing.T) {
	c := &cells{}
	c.w[0], c.n[0], c.kind[0] = 0.1, 50, kind(Place)
	s := newMainStrength()
	s[Place] = 1000 // so far
	s.reckon([]*cells{nil, c}, newMainStrength())
	want := float32(0.1) * (1000 + 50) / (s[Place] + 50)
	if got := c.w[0]; math.Abs(float64(got-want)) > 1e-6 || s[Place] >= 100 {
		t.Errorf("weight %v, want %v with a strength of %v", got, want, s[Place])
	}
	if got := s[Category]; got != mainStrength {
		t.Errorf("a kind without weights has a strength of %v, want %v", got, mainStrength)
	}
}

// TestKinds checks that attributes of different names may be of different kinds, those of
// one name are of one, and that what somebody did is none with how often.
func TestKinds(t *testing.T) {
	var key Key
	found := map[kind]bool{}
	for name := range uint64(100) {
		k := key.kindOf(Attribute, name<<32|7)
		if k != key.kindOf(Attribute, name<<32|8) {
			t.Fatalf("values of attribute %d are of two kinds", name)
		}
		found[k] = true
	}
	if len(found) != attributeKinds+1 {
		t.Errorf("attributes are of %d kinds, want %d", len(found), attributeKinds+1)
	}
	if key.kindOf(Behaviour, 5) == key.kindOf(Behaviour, 5|HowOften) {
		t.Error("how often is of the kind of what")
	}
	all := map[kind]Field{}
	for f := range numFields {
		k := key.feature(f, 1<<40).kind()
		if other, taken := all[k]; taken {
			t.Errorf("fields %d and %d are of kind %d", f, other, k)
		}
		all[k] = f
	}
}
