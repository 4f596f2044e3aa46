package pricing

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"bidwell/ad"
)

func TestStateIsWhatWasSeen(t *testing.T) {
	for name, tell := range map[string]telling{"prices": tellsPrices, "outcomes": tellsOutcomes, "wins": tellsWins} {
		t.Run(name, func(t *testing.T) {
			a, _ := learned(3000, tell)
			b, _ := learned(3000, tell)
			a.Publish()
			state := a.AppendState(nil)
			if !bytes.Equal(state, b.AppendState(nil)) {
				t.Error("the same observations give other bytes")
			}
			var c Rates
			if err := c.Restore(state); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(state, c.AppendState(nil)) {
				t.Error("a state comes back as another")
			}
			for i := range 500 {
				o := Observation{Exchange: 1, Bid: ad.Money(1e6 + i), Won: i%3 == 0, At: 1e18 + 9000e9 + int64(i)*1e9}
				b.Observe(&o)
				c.Observe(&o)
			}
			if !bytes.Equal(b.AppendState(nil), c.AppendState(nil)) {
				t.Error("what was restored learns otherwise")
			}
			x, y := b.Publish().Curve(1, 0), c.Publish().Curve(1, 0)
			for u := ad.Money(1e5); u < 1e8; u += u / 3 {
				bx, _ := x.Shade(u, 0)
				if by, _ := y.Shade(u, 0); bx != by {
					t.Fatalf("willing %d: bids %d and %d", u, bx, by)
				}
			}
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	r, _ := learned(300, tellsPrices)
	state := r.AppendState(nil)
	before := bytes.Clone(state)
	for n := 0; n < len(state); n += 1 + n/50 {
		if err := r.Restore(state[:n]); !errors.Is(err, ErrState) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if err := r.Restore(append(bytes.Clone(state), 0)); !errors.Is(err, ErrState) {
		t.Errorf("a byte too many: %v", err)
	}
	poisoned := bytes.Clone(state)
	nan := le.AppendUint64(nil, math.Float64bits(math.NaN()))
	copy(poisoned[len(poisoned)-8:], nan)
	if err := r.Restore(poisoned); !errors.Is(err, ErrState) {
		t.Errorf("not a number: %v", err)
	}
	if !bytes.Equal(r.AppendState(nil), before) {
		t.Error("what was refused changed something")
	}
}

// FuzzRestore takes any bytes: an error, or rates that learn and publish numbers.
func FuzzRestore(f *testing.F) {
	for _, tell := range []telling{tellsPrices, tellsOutcomes} {
		r, _ := learned(3, tell)
		f.Add(r.AppendState(nil))
	}
	f.Add([]byte{stateVersion})
	f.Fuzz(func(t *testing.T, state []byte) {
		var r Rates
		if r.Restore(state) != nil {
			return
		}
		if !bytes.Equal(r.AppendState(nil), state) {
			t.Fatal("a state comes back as another")
		}
		for i := range 3 {
			r.Observe(&Observation{Exchange: 1, Segment: 1<<16 | 1, Bid: 1e6, Least: ad.Money(i * 700_000), Won: i == 1, At: 1e18 + int64(i)})
		}
		m := r.Publish()
		for k := range r.nodes {
			c := m.Curve(k.exchange, k.segment)
			for _, u := range []ad.Money{0, 1, 1e6, 1e9, ad.MaxMoney} {
				bid, win := c.Shade(u, 0)
				if bid > u || c.Known() && !(win >= 0 && win <= 1) {
					t.Fatalf("willing %d: bid %d with a chance of %g", u, bid, win)
				}
			}
		}
	})
}
