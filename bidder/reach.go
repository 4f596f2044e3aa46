package bidder

import (
	"cmp"
	"slices"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/inventory"
	"bidwell/openrtb"
)

// Buyable is how much of some inventory a line item could buy from whoever may be
// in its audience.
type Buyable struct {
	Requests int      `json:"requests"` // that were looked at
	Buyable  int      `json:"buyable"`  // of these, with an impression that it could bid on
	Missed   []Missed `json:"missed,omitempty"`
}

// Missed is why a line item could not bid on some requests: what stopped it on the
// impression on which it came farthest.
type Missed struct {
	Reason   string `json:"reason"`
	Text     string `json:"text"`
	Requests int    `json:"requests"`
}

// BuyableBy tells how much of the inventory in sampled requests a line item of a
// snapshot could buy: by where, when and what is offered, by the floor at the bid
// without anything known of the person, and by its creatives. Flight, budgets,
// pacing and frequency are left aside, and of the audience is asked what the
// request alone rules out.
func BuyableBy(s *campaign.Snapshot, line int, requests []inventory.Request) *Buyable {
	b := &Buyable{}
	missed := map[ad.Reason]int{}
	e, sc := new(Engine), new(Scratch)
	for i := range requests {
		r := &requests[i]
		ex := s.Exchange([]byte(r.Exchange))
		if sc.Req.Decode(r.Body) != nil {
			continue
		}
		b.Requests++
		why := ad.UnknownExchange
		if ex != nil {
			e.reset(sc, s, ex, r.At, new(Trace))
			why = sc.couldBuy(line)
		}
		if why == ad.OK {
			b.Buyable++
			continue
		}
		missed[why]++
	}
	for why, n := range missed {
		b.Missed = append(b.Missed, Missed{why.String(), why.Text(), n})
	}
	slices.SortFunc(b.Missed, func(x, y Missed) int {
		return cmp.Or(cmp.Compare(y.Requests, x.Requests), cmp.Compare(x.Reason, y.Reason))
	})
	return b
}

// couldBuy tests whether a line item could buy any impression of the request, from
// somebody of whom nothing is known.
func (sc *Scratch) couldBuy(line int) ad.Reason {
	if r := sc.admissible(); r != ad.OK {
		return r
	}
	sc.facts.Reset(&sc.Req)
	sc.query.ForRequest(sc.snap.Index, sc.exchange, &sc.facts, &sc.Req)
	sc.blocks.Reset(sc.snap.Brands, &sc.Req)
	sc.eval.Reset(sc.snap.Audiences, nil, &sc.Req, sc.clock.now)
	farthest := ad.OK
	for i := range sc.Req.Imps {
		imp := &sc.Req.Imps[i]
		if !offers(&imp.Has) {
			continue
		}
		r := sc.couldBuyImp(line, imp)
		if r == ad.OK {
			return ad.OK
		}
		if rank(r) > rank(farthest) {
			farthest = r
		}
	}
	return farthest
}

func (sc *Scratch) couldBuyImp(line int, imp *openrtb.Imp) ad.Reason {
	l := &sc.snap.Lines[line]
	sc.lookAt(imp)
	if r := sc.query.Miss(line, imp, &sc.Req); r != ad.OK {
		return r
	}
	if l.Spans != nil && !l.Runs(sc.clock.minuteOfWeek(sc.snap, l.Campaign.Zone)) {
		return ad.OutsideHours
	}
	if r := l.Target.Allows(&sc.facts, &sc.Req); r != ad.OK {
		return r
	}
	if r := l.Target.AllowsImp(imp); r != ad.OK {
		return r
	}
	c := candidate{line: line, fit: &sc.fitting[0]}
	if r := sc.terms(l, imp, &c.terms); r != ad.OK {
		return r
	}
	if l.HasAudience && sc.eval.Is(l.Audience) == audience.False {
		return ad.AudienceNotMatched
	}
	if r := sc.worth(l, imp, &c); r != ad.OK {
		return r
	}
	if r := sc.fit(l, imp, &c); r != ad.OK {
		return r
	}
	return sc.perSecond(imp, &c)
}
