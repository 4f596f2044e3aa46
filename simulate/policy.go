package simulate

import (
	"fmt"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/notice"
)

// Policy is how bids on a simulated market are priced: as a bidder does that learns, or
// in another way that it is compared with. The zero value is the bidder itself.
type Policy struct {
	Name     string
	Knows    bool // chances are the true ones
	Unlearnt bool // goals are bid for with the price that is stated, as long as nothing is learned
	Shading  Shading
	Factor   float64 // of bids, for ByFactor
}

// Shading is how bids are lowered at first price.
type Shading uint8

// The ways to lower bids.
const (
	ByMarket Shading = iota // by what is learned of the market
	NotAtAll
	ByFactor    // all by the same factor
	ByLastPrice // to what would have won the last auction of the segment
)

func (p *Policy) String() string {
	if p.Name == "" {
		return "this bidder"
	}
	return p.Name
}

// policies are what a bidder is compared with. What cannot make a difference at second
// price is left out.
func policies(a Auction) []Policy {
	list := []Policy{{}, {Name: trueChances, Knows: true}}
	if a == FirstPrice {
		list = append(list, Policy{Name: "no shading", Shading: NotAtAll})
		for _, f := range [...]float64{0.4, 0.55, 0.7, 0.85} {
			list = append(list, Policy{Name: fmt.Sprintf("factor %.2f", f), Shading: ByFactor, Factor: f})
		}
		list = append(list, Policy{Name: "last value", Shading: ByLastPrice})
	}
	return append(list, Policy{Name: fixedPrices, Unlearnt: true, Shading: NotAtAll})
}

const (
	trueChances = "true chances"
	fixedPrices = "fixed prices"
)

// lower makes a bid as low as the policy has it, at least the floor, and its token with
// it.
func (m *market) lower(bid *bidder.Bid, t *notice.Token, floor ad.Money) ad.Money {
	amount := bid.Amount
	if m.o.Auction != FirstPrice || t.Auction != ad.FirstPrice {
		return amount
	}
	to := amount
	switch m.o.Policy.Shading {
	case ByFactor:
		to = amount.Mul(m.o.Policy.Factor)
	case ByLastPrice:
		if last, known := m.prices.lastOf(t.Segment); known {
			to = last
		}
	default:
		return amount
	}
	if to = max(to, floor, 1); to >= amount {
		return amount
	}
	t.BidPrice = inAnswer(t, to)
	t.Price = to
	return to
}
