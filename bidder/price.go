package bidder

import (
	"math"

	"bidwell/ad"
	"bidwell/audience"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// money is the currency of the answer to one request.
type money struct {
	cur    ad.Currency
	factor float64 // response currency per house currency
	rates  *ad.Rates
}

// choose takes the house currency if the exchange accepts it, else the first
// accepted one for which there is a rate. A request that names none accepts US
// dollars, OpenRTB's default.
func (m *money) choose(rates *ad.Rates, accepted [][]byte) bool {
	m.rates = rates
	if len(accepted) == 0 {
		return m.use(ad.USD)
	}
	for _, c := range accepted {
		if cur, ok := ad.CurrencyOf(c); ok && cur == rates.Base() {
			return m.use(cur)
		}
	}
	for _, c := range accepted {
		if cur, ok := ad.CurrencyOf(c); ok && m.use(cur) {
			return true
		}
	}
	return false
}

func (m *money) use(cur ad.Currency) bool {
	f, ok := m.rates.Factor(m.rates.Base(), cur)
	m.cur, m.factor = cur, f
	return ok
}

// offer returns what an amount in house currency is in the response currency,
// rounded down so that never more is offered than reserved.
func (m *money) offer(house ad.Money) ad.Money {
	if m.factor == 1 {
		return house
	}
	return ad.Money(math.Floor(float64(house)*m.factor + 1e-6))
}

// cost returns what an amount in response currency is in house currency,
// rounded up.
func (m *money) cost(offer ad.Money) ad.Money {
	if m.factor == 1 {
		return offer
	}
	return ad.Money(math.Ceil(float64(offer)/m.factor - 1e-6))
}

// floor returns a bid floor in the response currency, rounded up. It returns
// false if there is no rate for its currency.
func (m *money) floor(cpm float64, currency []byte) (ad.Money, bool) {
	if !(cpm > 0) {
		return 0, true
	}
	cur := ad.USD
	if len(currency) > 0 {
		c, ok := ad.CurrencyOf(currency)
		if !ok {
			return 0, false
		}
		cur = c
	}
	f, ok := m.rates.Factor(cur, m.cur)
	if !ok {
		return 0, false
	}
	if cpm *= f; cpm > 1e9 {
		return ad.MaxMoney, true
	}
	floor := ad.Money(math.Round(cpm * 1e6))
	if floor.CPM() < cpm {
		floor++
	}
	return floor, true
}

// value returns what an impression is worth to a line item: its price, or what the
// goal's event is worth times the chance of it, times every modifier whose condition
// holds and that of the step of its conversation, at most its limit. It is not paced
// yet. Of a goal, the creative is known.
func (sc *Scratch) value(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Money {
	if len(l.Adjust) == 0 && l.Talk == nil && l.Goal == nil {
		return l.Price
	}
	factor := 1.0
	c.held = 0
	for i := range l.Adjust {
		if sc.holds(&l.Adjust[i]) {
			factor *= l.Adjust[i].Factor
			c.held |= 1 << i // of the first 32
		}
	}
	if l.Talk != nil {
		factor *= l.Talk.Steps[c.step].Factor
	}
	if l.Goal == nil {
		return min(l.Price.Mul(factor), l.AtMost)
	}
	return min(l.Goal.Worth.Mul(sc.chance(l, imp, c)*factor), l.AtMost)
}

// holds reports whether a modifier's condition is known to hold.
func (sc *Scratch) holds(a *campaign.Adjust) bool { return sc.eval.Is(a.If) == audience.True }

// terms are on what a line item could buy an impression: openly or by a deal.
type terms struct {
	deal  *openrtb.Deal
	floor ad.Money // response currency
	fixed bool     // the floor is the price
}

// fixedPrice is the auction type of a deal whose floor is the price.
const fixedPrice = 3

// terms finds the best terms for a line item: the deal with the lowest floor
// among those that it may use, else the open auction where both allow it.
func (sc *Scratch) terms(l *campaign.Line, imp *openrtb.Imp, t *terms) ad.Reason {
	*t = terms{}
	why := ad.NotThisDeal
	if l.Deals != campaign.OpenAuction {
		for i := range imp.Deals {
			d := &imp.Deals[i]
			if !buysDeal(l, d) {
				continue
			}
			floor, ok := sc.money.floor(d.BidFloor, d.BidFloorCur)
			switch {
			case !sc.dealTakes(l, d):
				why = ad.SeatBlocked
			case !ok:
				why = ad.FloorCurrencyUnknown
			case t.deal == nil || floor < t.floor:
				*t = terms{deal: d, floor: floor, fixed: d.At == fixedPrice && floor > 0}
			}
		}
		if t.deal != nil {
			return ad.OK
		}
		if l.Deals == campaign.ListedDeals {
			return why
		}
	}
	if imp.PrivateAuction && why != ad.NotThisDeal {
		return why
	}
	return sc.openTerms(imp, t)
}

// openTerms sets the terms of the open auction. Without one they stay as they
// are.
func (sc *Scratch) openTerms(imp *openrtb.Imp, t *terms) ad.Reason {
	if imp.PrivateAuction {
		return ad.DealNotOffered
	}
	floor, ok := sc.money.floor(imp.BidFloor, imp.BidFloorCur)
	if !ok {
		return ad.FloorCurrencyUnknown
	}
	*t = terms{floor: floor}
	return ad.OK
}

func buysDeal(l *campaign.Line, d *openrtb.Deal) bool {
	if len(d.ID) == 0 {
		return false
	}
	if l.Deals == campaign.AnyDeal {
		return true
	}
	for _, id := range l.DealIDs {
		if id == string(d.ID) {
			return true
		}
	}
	return false
}

// dealTakes reports whether a deal is open to our seat and to the advertiser.
func (sc *Scratch) dealTakes(l *campaign.Line, d *openrtb.Deal) bool {
	if len(d.WSeat) > 0 && !contains(d.WSeat, sc.exchange.Seat) {
		return false
	}
	for _, domain := range l.Campaign.File.Advertiser.Domains {
		if len(d.WADomain) > 0 && !contains(d.WADomain, domain) {
			return false
		}
	}
	return true
}

func contains(list [][]byte, word string) bool {
	for _, w := range list {
		if string(w) == word {
			return true
		}
	}
	return false
}
