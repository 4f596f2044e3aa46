package simulate

import (
	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
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

// Chance implements pricing.Scorer.
func (k *knower) Chance(x *pricing.Context, _ *pricing.Bases, _ *pricing.LineView, s *pricing.Subject) float64 {
	r := k.market.crowd.response(k.imp(x), k.creatives[s.Creative])
	return chanceOf(s.Goal, &r)
}

// imp returns the impression of the request that a context is of. Of several that models
// see alike it is the first.
func (k *knower) imp(x *pricing.Context) *openrtb.Imp {
	req := &k.market.scratch.Req
	best, most := &req.Imps[0], -1
	for i := range req.Imps {
		imp, n := &req.Imps[i], 0
		for _, has := range [...]bool{
			x.Has(pricing.Placement, uint64(ad.HashID(imp.TagID))^uint64(ad.HashID(place(req)))),
			x.Has(pricing.Viewability, uint64(min(imp.Viewability, 1)*10)),
			imp.Has[ad.Banner] && x.Has(pricing.Position, uint64(imp.Banner.Pos)),
		} {
			if has {
				n++
			}
		}
		if n > most {
			best, most = imp, n
		}
	}
	return best
}
