package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

// Told is what an exchange tells of the auctions that were bid on.
type Told uint8

// What may be told. Of a loss of which nothing is told, a sample of the bids stands in.
const (
	TellsPrices    Told = iota // the lowest bid that would have won
	TellsWonPrices             // the same, of auctions that were won
	TellsOutcomes              // whether the bid won
	TellsWins                  // that a bid won; never that it lost
)

var toldNames = []string{"prices", "won-prices", "outcomes", "wins"}

// ParseTold reads prices, won-prices, outcomes or wins.
func ParseTold(s string) (Told, error) {
	if i := slices.Index(toldNames, s); i >= 0 {
		return Told(i), nil
	}
	return 0, fmt.Errorf("told %q: it is prices, won-prices, outcomes or wins", s)
}

// String returns the name that ParseTold reads.
func (t Told) String() string { return toldNames[t] }

// One in standIns bids of an exchange that tells no losses is kept, and counts for as
// many if nothing is heard of it.
const standIns = 20

// mail is what the exchange tells, on its way.
type mail struct {
	s        *shading
	chance   *rand.Rand
	told     []letter // in the order of their time
	standing []letter // in for losses that are not told, in the order of their time
}

type letter struct {
	at time.Duration
	pricing.Observation
}

// send puts what is told of a bid on its way.
func (m *mail) send(a *auction, bid ad.Money) {
	if bid <= 0 {
		return
	}
	o := m.s.o
	l := letter{at: a.at + time.Duration(o.NoticeDelay)*o.Tick, Observation: pricing.Observation{
		Exchange: shadingExchange, Segment: a.segment, Bid: bid, Won: bid >= a.price, At: m.s.log.start.Add(a.at).UnixNano(),
	}}
	lost, sample := m.chance.Float64() < o.NoticeLoss, m.chance.IntN(standIns) == 0
	wrong, by := m.chance.Float64() < o.ToldWrong, m.chance.Float64()
	if lost {
		return
	}
	if o.Told == TellsWins && !l.Won {
		if !sample {
			return
		}
		l.at, l.Weight = a.at+o.NoticeWindow, standIns
	}
	if o.Told == TellsPrices || o.Told == TellsWonPrices && l.Won {
		l.Least = a.price
		if wrong {
			l.Least = ad.Money(1).Mul(math.Exp(by * math.Log(1e4*float64(max(1, bid)))))
		}
	}
	if l.Weight > 0 {
		m.standing = append(m.standing, l)
		return
	}
	m.told = append(m.told, l)
}

// deliver lets rates learn what has come by now.
func (m *mail) deliver(rates *pricing.Rates, now time.Duration) {
	for _, list := range []*[]letter{&m.told, &m.standing} {
		i := 0
		for ; i < len(*list) && (*list)[i].at <= now; i++ {
			rates.Observe(&(*list)[i].Observation)
		}
		*list = (*list)[i:]
	}
}
