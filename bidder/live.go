package bidder

import (
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"bidwell/campaign"
)

// live is what serves now: a snapshot and the state of its exchanges. It is
// published with one pointer, so that a request never sees a mixture.
type live struct {
	*campaign.Snapshot
	exchanges []*exchangeState // by campaign.Exchange.Index, then those that are configured no more
	tally     *tally
	clickable func() map[clicked]*campaign.Line // made when the first conversion asks
}

// exchangeState is what outlives a reload of an exchange: its rate limiter and
// its counters.
type exchangeState struct {
	name    string
	limiter *rate.Limiter
	bids    atomic.Uint64 // responses with a bid
	offers  atomic.Uint64 // bids in them
	status  [numStatuses]atomic.Uint64
}

// goLive makes the state for a snapshot out of what served before.
func goLive(s *campaign.Snapshot, before *live) *live {
	l := &live{Snapshot: s, tally: newTally(s), clickable: sync.OnceValue(func() map[clicked]*campaign.Line { return clickable(s) })}
	old := map[string]*exchangeState{}
	if before != nil {
		for _, x := range before.exchanges {
			old[x.name] = x
		}
	}
	for _, ex := range s.Exchanges {
		x := old[ex.Name]
		delete(old, ex.Name)
		if x == nil {
			x = &exchangeState{name: ex.Name, limiter: rate.NewLimiter(rate.Inf, 0)}
		}
		x.limit(ex.QPS)
		l.exchanges = append(l.exchanges, x)
	}
	for _, x := range old {
		l.exchanges = append(l.exchanges, x)
	}
	return l
}

// limit sets the requests per second that are answered. A tenth of a second's
// worth may come at once.
func (x *exchangeState) limit(qps float64) {
	if qps == 0 {
		x.limiter.SetLimit(rate.Inf)
		return
	}
	x.limiter.SetBurst(max(1, int(min(qps/10, 1e9))))
	x.limiter.SetLimit(rate.Limit(qps))
}
