package loadtest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/prebid/openrtb/v20/openrtb3"

	"bidwell/ad"
)

// Rivals are the other bidders of an auction. Each one's bid is drawn from a
// log-normal distribution around a median; who bids below the floor is out.
type Rivals struct {
	Most   int     // an auction has 0 to Most of them
	Median float64 // of their bids for a banner: a CPM in the house currency
	Sigma  float64 // of the logarithm; 0 makes all bid the median
}

// usualRivals is what a Config has that says nothing of rivals.
var usualRivals = Rivals{Most: 4, Median: 1.2, Sigma: 0.7}

// mediaWorth is how much more than a banner rivals bid for other media.
var mediaWorth = map[string]float64{"banner": 1, "native": 1.2, "audio": 2, "video": 4}

// verdict is what became of one bid. Prices are CPMs in the bid's currency.
type verdict struct {
	bid      *openrtb2.Bid
	imp      *openrtb2.Imp // nil if it was not offered
	seat     string
	media    string
	won      bool
	clearing float64 // if won
	rival    float64 // the best other bid, 0 if there was none
	minToWin float64 // what would have been enough
	loss     openrtb3.LossReason
	fault    string // what is wrong with the bid, "" if nothing
}

// auctioneer clears auctions. It is immutable.
type auctioneer struct {
	rates  *ad.Rates
	rivals Rivals
}

// clear decides on all bids of a response. Currencies that the rates do not
// know are a fault of the bid.
func (a *auctioneer) clear(o *offer, resp *openrtb2.BidResponse, rnd *rand.Rand) []verdict {
	var all []verdict
	cur, known := ad.CurrencyOf(currencyOr(resp.Cur, "USD"))
	house, rated := a.rates.Factor(cur, a.rates.Base())
	broken := o.checkResponse(resp)
	if broken == "" && (!known || !rated) {
		broken = "the exchange has no rate for the response's currency"
	}
	byImp := map[*openrtb2.Imp][]int{}
	for i := range resp.SeatBid {
		for k := range resp.SeatBid[i].Bid {
			v := verdict{bid: &resp.SeatBid[i].Bid[k], seat: resp.SeatBid[i].Seat, fault: broken, loss: openrtb3.LossInvalidResponse}
			v.imp = o.imps[v.bid.ImpID]
			if broken == "" {
				f := o.check(v.bid)
				v.fault, v.loss = f.text, f.loss
			}
			if v.imp != nil {
				v.media = mediaOf(v.imp, v.bid)
			}
			all = append(all, v)
			if v.fault == "" {
				byImp[v.imp] = append(byImp[v.imp], len(all)-1)
			}
		}
	}
	for i := range o.req.Imp { // in the request's order, so that a seed decides
		imp := &o.req.Imp[i]
		bids := byImp[imp]
		slices.SortStableFunc(bids, func(x, y int) int { return cmp.Compare(all[y].bid.Price, all[x].bid.Price) })
		for n, at := range bids {
			v := &all[at]
			if n >= slots(imp) {
				v.loss, v.rival, v.minToWin = openrtb3.LossLostToHigherBid, all[bids[0]].bid.Price, all[bids[0]].bid.Price
				continue
			}
			a.slot(o, v, cur, house, rnd)
		}
	}
	return all
}

// slot decides on one valid bid for one slot against fresh rivals. house is
// what a unit of the bid's currency is worth in the house currency.
func (a *auctioneer) slot(o *offer, v *verdict, cur ad.Currency, house float64, rnd *rand.Rand) {
	floor, at, ok := a.terms(o, v, cur)
	rival := a.bestRival(v.media, floor*house, rnd) / house
	v.rival = rival
	v.minToWin = max(floor, rival)
	switch {
	case !ok:
		v.fault, v.loss = "the exchange has no rate for the floor's currency", openrtb3.LossInternalError
	case v.bid.Price < floor-1e-9:
		v.loss = openrtb3.LossBelowAuctionFloor
		if v.bid.DealID != "" {
			v.loss = openrtb3.LossBelowDealFloor
		}
		v.fault = "the bid is below the floor"
	case v.bid.Price <= rival:
		v.loss = openrtb3.LossLostToHigherBid
	default:
		v.won = true
		v.clearing = v.bid.Price
		switch at {
		case 2:
			v.clearing = min(v.bid.Price, v.minToWin+0.01)
		case 3:
			v.clearing = floor
		}
	}
}

// terms returns the floor in the bid's currency and the kind of auction: 1
// first price, 2 second price, 3 the floor is the price. ok is false if there
// is no rate for the floor.
func (a *auctioneer) terms(o *offer, v *verdict, cur ad.Currency) (floor float64, at int64, ok bool) {
	floor, floorCur, at := v.imp.BidFloor, v.imp.BidFloorCur, o.req.AT
	if d := dealOf(v.imp, v.bid.DealID); d != nil && v.bid.DealID != "" {
		floor, floorCur = d.BidFloor, d.BidFloorCur
		if d.AT != 0 {
			at = d.AT
		}
	}
	if at == 0 {
		at = 2
	}
	if floor <= 0 {
		return 0, at, true
	}
	from, known := ad.CurrencyOf(currencyOr(floorCur, "USD"))
	f, rated := a.rates.Factor(from, cur)
	return floor * f, at, known && rated
}

// bestRival draws the rivals' bids and returns the highest that is at least the
// floor, else 0; in the house currency.
func (a *auctioneer) bestRival(media string, floor float64, rnd *rand.Rand) float64 {
	best := 0.0
	median := max(a.rivals.Median*mediaWorth[media], 1.3*floor)
	for range rnd.IntN(a.rivals.Most + 1) {
		bid := median * math.Exp(a.rivals.Sigma*rnd.NormFloat64())
		if bid >= floor {
			best = max(best, bid)
		}
	}
	return best
}
