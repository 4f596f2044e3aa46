package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pacing"
)

// TestPacedBounds paces campaigns at random and holds the bounds of a search against
// the line items. They change with Pace, all at once, and by nothing else.
func TestPacedBounds(t *testing.T) {
	s := compiled(t, 1000)
	b := &campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)}
	s.Bind(b)
	chance := rand.New(rand.NewPCG(1, 1))
	before := s.Paced()
	for range 20 {
		for _, c := range s.Campaigns {
			plan := c.Plan
			plan.Min = min(1, 1.2*chance.Float64())
			plan.Max = plan.Min
			b.Pacer.Set(c.ID, plan, b.Money.Get(c.ID))
		}
		b.Pacer.Tick(today)
		if s.Paced() != before {
			t.Fatal("the bounds changed before Pace")
		}
		s.Pace(campaign.Prices{})
		before = s.Paced()
		wantBounds(t, s, before)
	}
}

func wantBounds(t *testing.T, s *campaign.Snapshot, p *campaign.Paced) {
	t.Helper()
	words := make([]ad.Money, (len(s.Lines)+63)/64)
	for i := range s.Lines {
		l := &s.Lines[i]
		kappa, level := l.Kappa()
		if k, at := p.Kappa(i); k != kappa || at != level {
			t.Fatalf("line item %d: κ %g of level %d, want %g of %d", i, k, at, kappa, level)
		}
		if got, want := p.Most(i), l.MaxBid.Mul(kappa); got != want {
			t.Fatalf("line item %d: bids at most %v, want %v", i, got, want)
		}
		if got, want := p.Unraised(i), s.Reach[i].Unraised.Mul(kappa); got != want {
			t.Fatalf("line item %d: bids at most %v if not raised, want %v", i, got, want)
		}
		words[i/64] = max(words[i/64], p.Most(i))
	}
	rest := ad.Money(0)
	for w := len(words) - 1; w >= 0; w-- {
		rest = max(rest, words[w])
		if p.Word(w) != words[w] || p.Rest(w) != rest {
			t.Fatalf("word %d: %v and %v of the rest, want %v and %v", w, p.Word(w), p.Rest(w), words[w], rest)
		}
	}
}

func BenchmarkPace(b *testing.B) {
	for _, lines := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			s := compiled(b, lines)
			s.Bind(&campaign.Books{Money: new(pacing.Accounts), Counts: new(pacing.Accounts), Pacer: new(pacing.Pacer)})
			b.ReportAllocs()
			for b.Loop() {
				s.Pace(campaign.Prices{})
			}
		})
	}
}
