package pricing_test

import (
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/pricing"
)

func someContext(t *rapid.T) (x pricing.Context) {
	for range rapid.IntRange(0, pricing.MaxFeatures+2).Draw(t, "features") {
		x.Add(pricing.Field(rapid.IntRange(0, int(pricing.Behaviour)).Draw(t, "field")), rapid.Uint64().Draw(t, "value"))
	}
	return x
}

func someSubject(t *rapid.T) (s pricing.Subject) {
	s.Goal = pricing.Goal(rapid.IntRange(0, int(pricing.PerAcquisition)).Draw(t, "goal"))
	if s.Goal == pricing.PerAcquisition {
		s.Conversion = pricing.ConversionOf(ad.ID(rapid.Uint64().Draw(t, "topic")))
	}
	s.Step, s.Frequency, s.Recency = rapid.Uint8().Draw(t, "step"), rapid.Uint8().Draw(t, "frequency"), rapid.Uint8().Draw(t, "recency")
	s.Adjust = rapid.Uint32().Draw(t, "adjust")
	return s
}

func TestUnpackReadsWhatAppendWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, s := someContext(t), someSubject(t)
		packed := x.Append(nil, &s)
		if len(packed) > pricing.MaxPacked {
			t.Fatalf("%d bytes, at most %d are promised", len(packed), pricing.MaxPacked)
		}
		y, u := someContext(t), someSubject(t)
		if !pricing.Unpack(string(packed), &y, &u) || u != s || string(y.Append(nil, &u)) != string(packed) {
			t.Fatalf("%x is read as %+v, want %+v", packed, u, s)
		}
		for _, other := range [...][]byte{packed[:len(packed)-1], append(packed, 0)} {
			if pricing.Unpack(string(other), &y, &u) {
				t.Fatalf("%x is read", other)
			}
		}
	})
}

// FuzzUnpack checks that nothing is read that Append would not write.
func FuzzUnpack(f *testing.F) {
	var x pricing.Context
	x.Add(pricing.Place, 7)
	f.Add(string(x.Append(nil, &pricing.Subject{Goal: pricing.PerClick, Step: 2})))
	f.Add("")
	f.Fuzz(func(t *testing.T, packed string) {
		var x pricing.Context
		var s pricing.Subject
		if pricing.Unpack(packed, &x, &s) && string(x.Append(nil, &s)) != packed {
			t.Errorf("%x is written %x", packed, x.Append(nil, &s))
		}
	})
}

func TestConversionOfIsHalfOfTheTopic(t *testing.T) {
	if got := pricing.ConversionOf(0xAAAABBBB_CCCCDDDD); got != 0xCCCCDDDD {
		t.Errorf("ConversionOf = %x", got)
	}
	if pricing.ConversionOf(1<<40) == 0 {
		t.Error("a topic has the conversion 0, which is none")
	}
}
