package simulate

import (
	"math"
	"time"

	"bidwell/ad"
	"bidwell/pacing"
)

// Factors that are tried for the best constant κ: steps of a quarter of a doubling,
// from a sixteenth to four times the one that buys the optimum.
const (
	constantSteps = 4
	constantFrom  = -4 * constantSteps
	constantTo    = 2 * constantSteps
)

// bestConstant returns the most value that one κ buys from the first auction to the
// last, in hindsight, with notices as late as they are, of which none is lost: what
// a controller that had nothing to learn would come to. Whoever knows the rivals' bids
// as well needs no room for bids that lose, and comes to the optimum.
func (r *replay) bestConstant(marginal float64) float64 {
	if !(marginal > 0) {
		return 0
	}
	best, open := 0.0, make([]held, 0, len(r.log.auctions))
	for i := constantFrom; i <= constantTo; i++ {
		kappa := marginal * math.Exp2(float64(i)/constantSteps)
		best = max(best, r.constant(min(kappa, r.plan.Max), open))
	}
	return best
}

// held is money that is reserved for a bid until its notice comes.
type held struct {
	until time.Duration
	bid   ad.Money
	price ad.Money // what is paid then, 0 if the bid lost
}

// constant returns the value that one κ buys under the gate that all bids meet. It
// appends to open, which is empty.
func (r *replay) constant(kappa float64, open []held) (value float64) {
	left, first, changed := r.first, 0, false
	for i := range r.log.auctions {
		a := &r.log.auctions[i]
		if !changed && a.at >= r.tick*time.Duration(r.changeTick()) {
			left, changed = left+r.last-r.first, true
		}
		for ; first < len(open) && open[first].until <= a.at; first++ {
			left += open[first].bid - open[first].price
		}
		worth := r.worth * a.pctr
		bid := pacing.Cut(min(ad.Money(1).Mul(worth*kappa), r.ceiling), left)
		if bid <= 0 {
			continue
		}
		h := held{until: a.at, bid: bid}
		if r.o.NoticeDelay > 0 { // notices come at the end of a tick
			h.until = (a.at/r.tick + 1 + time.Duration(r.o.NoticeDelay)) * r.tick
		}
		if bid >= a.price {
			h.price = a.price
			bought := a.pctr
			if r.o.Auction == FirstPrice {
				h.price, bought = bid, (worth-float64(bid))/float64(ad.Unit)
			}
			value += bought
		}
		left -= bid
		open = append(open, h)
	}
	return value
}
