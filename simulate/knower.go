package simulate

import (
	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/pricing"
)

// knower is a scorer that tells true chances, which no bidder knows: for what is lost by
// having to learn them, and for what would be lost all the same.
type knower struct {
	market    *market
	creatives map[ad.ID]*campaign.Creative
}

func newKnower(m *market) *knower {
	k := &knower{market: m, creatives: map[ad.ID]*campaign.Creative{}}
	for i := range m.snap.Lines {
		for _, c := range m.snap.Lines[i].Creatives {
			k.creatives[c.ID] = c
		}
	}
	return k
}

// Chance implements pricing.Scorer, for the impression that the bidder looks at.
func (k *knower) Chance(_ *pricing.Context, _ *pricing.Bases, _ *pricing.LineView, s *pricing.Subject) float64 {
	r := k.market.crowd.response(k.market.scratch.Impression(), k.creatives[s.Creative])
	return chanceOf(s.Goal, &r)
}
