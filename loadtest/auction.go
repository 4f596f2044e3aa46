package loadtest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/prebid/openrtb/v20/openrtb2"
	"github.com/prebid/openrtb/v20/openrtb3"

	"bidwell/ad"
)

// verdict is what became of one bid. Prices are CPMs in the bid's currency.
type verdict struct {
	bid      *openrtb2.Bid
	imp      *openrtb2.Imp // nil if it was not offered
	seat     string
	media    string
	segment  string // format and category, if it was offered
	won      bool
	met      bool     // it met rivals, and minToWin would have won
	clearing float64  // if won
	cost     ad.Money // the same of one impression, in the house currency
	rival    float64  // the best other bid, 0 if there was none
	minToWin float64  // what would have been enough
	house    float64  // what a unit of the bid's currency is worth in the house currency
	chance   uint64   // decides on what follows, whoever wins
	loss     openrtb3.LossReason
	fault    string // what is wrong with the bid, "" if nothing

	// What happens if its ad is won; known of every bid that met rivals.
	shown    bool
	response Response
	outcome  Outcome
}

// auctioneer clears auctions. What rivals do in an auction follows from the seed
// and from the request, not from the bids. It is immutable.
type auctioneer struct {
	rates  *ad.Rates
	rivals Rivals
	seed   uint64
}

// clear decides on all bids of a response. Currencies that the rates do not
// know are a fault of the bid.
func (a *auctioneer) clear(o *offer, resp *openrtb2.BidResponse) []verdict {
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
	auction := mix(a.seed, nameOf(o.req.ID))
	category := categoryOf(o.req)
	for i := range o.req.Imp {
		imp := &o.req.Imp[i]
		bids := byImp[imp]
		slices.SortStableFunc(bids, func(x, y int) int { return cmp.Compare(all[y].bid.Price, all[x].bid.Price) })
		for n, at := range bids {
			v := &all[at]
			v.house, v.chance = house, mix(auction, uint64(i)<<16|uint64(n))
			format := formatOf(imp, v.media)
			v.segment = format + "/" + category
			if n >= slots(imp) {
				v.loss, v.rival, v.minToWin = openrtb3.LossLostToHigherBid, all[bids[0]].bid.Price, all[bids[0]].bid.Price
				continue
			}
			a.slot(o, v, cur, format, category)
		}
	}
	return all
}

// slot decides on one valid bid for one slot against fresh rivals. A bid that
// equals the highest rival bid wins.
func (a *auctioneer) slot(o *offer, v *verdict, cur ad.Currency, format, category string) {
	floor, at, ok := a.terms(o, v, cur)
	rnd := rand.New(rand.NewPCG(v.chance, chanceRivals))
	rival := ceilCPM(a.rivals.best(v.media, format, category, floor*v.house, rnd) / v.house)
	v.rival = rival
	v.minToWin = max(ceilCPM(floor), rival)
	v.met = ok
	switch {
	case !ok:
		v.fault, v.loss = "the exchange has no rate for the floor's currency", openrtb3.LossInternalError
	case v.bid.Price < floor-1e-9:
		v.loss = openrtb3.LossBelowAuctionFloor
		if v.bid.DealID != "" {
			v.loss = openrtb3.LossBelowDealFloor
		}
		v.fault = "the bid is below the floor"
	case v.bid.Price < rival-1e-9:
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
		price, _ := ad.FromCPM(v.clearing)
		v.clearing = price.CPM() // to the digits that can be told
		v.cost = price.Mul(v.house)
	}
}

// ceilCPM rounds a price up to six digits after the point, which is what notices
// tell, so that a bid of just that wins.
func ceilCPM(cpm float64) float64 { return math.Ceil(cpm*1e6-1e-3) / 1e6 }

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

// What numbers are drawn for, so that each has its own.
const (
	chanceRivals = iota + 0x2545F4914F6CDD1D
	chanceDelays
	chancePeople
)

// formatOf names the format of an impression: the first size of a banner, else
// the kind of media.
func formatOf(imp *openrtb2.Imp, media string) string {
	b := imp.Banner
	switch {
	case media != "banner" || b == nil:
		return media
	case len(b.Format) > 0:
		return sizeName(b.Format[0].W, b.Format[0].H)
	case b.W != nil && b.H != nil:
		return sizeName(*b.W, *b.H)
	}
	return media
}

func sizeName(w, h int64) string { return strconv.FormatInt(w, 10) + "x" + strconv.FormatInt(h, 10) }

// categoryOf returns the first category of the site or app, "-" without one.
func categoryOf(req *openrtb2.BidRequest) string {
	switch {
	case req.Site != nil && len(req.Site.Cat) > 0:
		return req.Site.Cat[0]
	case req.App != nil && len(req.App.Cat) > 0:
		return req.App.Cat[0]
	}
	return "-"
}
