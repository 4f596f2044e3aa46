package simulate

import (
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

const (
	// Bids go by what was published last, publishEvery or a tick ago.
	publishEvery = time.Minute

	// Prices move after shiftAt of the log.
	shiftAt = 0.5
)

// ShadingReport is what shaded bids gain on every auction of a log, at first price and
// without a budget, beside other ways to bid. Surplus is Σ (value − bid) of what was
// won, in the currency of the log's prices.
type ShadingReport struct {
	Told      string  `json:"told"`      // by the exchange
	Worth     float64 `json:"worth"`     // of a click
	Oracle    float64 `json:"oracle"`    // Σ (value − price)⁺: who knows each price beforehand
	Hindsight float64 `json:"hindsight"` // who knows how the log's prices are spread, those before and after a shift apart
	Ways      []Way   `json:"ways"`      // ours first

	Explored    int     `json:"explored"`     // bids that tried another price
	ExploreCost float64 `json:"explore_cost"` // what that was expected to gain less

	Windows  []Window `json:"after_shift,omitempty"`
	Recovery *float64 `json:"recovery_share,omitempty"` // of a day's auctions after a shift, until ours gains 0.9 of hindsight again

	Curve []Chance `json:"curve"` // at the end
}

// Way is one way to bid.
type Way struct {
	Name        string  `json:"name"`
	Surplus     float64 `json:"surplus"`
	OfOracle    float64 `json:"of_oracle"`
	OfHindsight float64 `json:"of_hindsight"`
	Spend       float64 `json:"spend"`
	Wins        int     `json:"wins"`
}

// Window is a part of the auctions after a shift, in shares of a day's.
type Window struct {
	From        float64 `json:"from"`
	To          float64 `json:"to"`
	OfHindsight float64 `json:"of_hindsight"`
}

// Chance is how likely a bid wins.
type Chance struct {
	CPM     float64 `json:"cpm"`
	Learned float64 `json:"learned"`
	Log     float64 `json:"log"` // since the shift, if there was one
}

// shading is one evaluation.
type shading struct {
	o     *Options
	log   *priceLog
	worth float64 // of a click, nano-units
	from  int     // the auction at which prices move
	known [2]*pricing.Curve
	gains []float64 // of each auction, ours, nano-units
	rep   *ShadingReport
}

// shade evaluates shading on a log.
func shade(o *Options, log *priceLog) *ShadingReport {
	s := &shading{o: o, log: log, worth: watch(log).worth(), rep: &ShadingReport{Told: o.Told.String()}}
	if o.Worth > 0 {
		s.worth = o.Worth * float64(ad.Unit)
	}
	s.rep.Worth = s.worth / float64(ad.Unit)
	s.from = len(log.auctions)
	if o.Shift != 1 {
		s.from = log.after(shiftAt)
	}
	s.known[0] = empirical(log.auctions[:s.from])
	s.known[1] = empirical(log.auctions[s.from:])
	s.hindsight()
	s.rep.Ways = []Way{s.ours(), s.unshaded(), s.constantFactor(), s.lastValue(), s.fixed()}
	for i := range s.rep.Ways {
		w := &s.rep.Ways[i]
		w.OfOracle, w.OfHindsight = quotient(w.Surplus, s.rep.Oracle), quotient(w.Surplus, s.rep.Hindsight)
	}
	s.recovery()
	return s.rep
}

func empirical(auctions []auction) *pricing.Curve {
	prices := make([]ad.Money, len(auctions))
	for i := range auctions {
		prices[i] = auctions[i].price
	}
	return pricing.Empirical(prices)
}

func (s *shading) value(a *auction) ad.Money { return ad.Money(1).Mul(s.worth * a.pctr) }

// gain returns what a bid on an auction gains, in nano-units.
func (s *shading) gain(a *auction, bid ad.Money) float64 {
	if bid < a.price || bid <= 0 {
		return 0
	}
	return float64(s.value(a) - bid)
}

// best returns what hindsight bids on auction i.
func (s *shading) best(i int) ad.Money {
	c := s.known[0]
	if i >= s.from {
		c = s.known[1]
	}
	bid, _ := c.Shade(s.value(&s.log.auctions[i]), 0)
	return bid
}

func (s *shading) hindsight() {
	for i := range s.log.auctions {
		a := &s.log.auctions[i]
		s.rep.Oracle += max(0, float64(s.value(a)-a.price)) / float64(ad.Unit)
		s.rep.Hindsight += s.gain(a, s.best(i)) / float64(ad.Unit)
	}
}

// ours shades bids by what is learned on the way.
func (s *shading) ours() Way {
	var rates pricing.Rates
	market := rates.Publish()
	news := mail{s: s, chance: rand.New(rand.NewPCG(s.o.Seed, chanceTold))}
	explore := rand.New(rand.NewPCG(s.o.Seed, chanceExplore))
	s.gains = make([]float64, len(s.log.auctions))
	every := max(publishEvery, s.o.Tick)
	next := every
	w := s.bidding("shaded", func(i int, a *auction, value ad.Money) ad.Money {
		news.deliver(&rates, a.at)
		if a.at >= next {
			market, next = rates.Publish(), a.at+every
		}
		curve := market.Curve(shadingExchange, a.segment)
		bid, _ := curve.Shade(value, 0)
		other, cost, tried := curve.Explore(value, bid, 0, explore.Uint64())
		if tried {
			bid = other
			s.rep.Explored++
			s.rep.ExploreCost += cost.Units()
		}
		news.send(a, bid)
		s.gains[i] = s.gain(a, bid)
		return bid
	})
	s.curve(rates.Publish().Curve(shadingExchange, 0))
	return w
}

const shadingExchange = ad.ID(1)

const curvePoints = 60

// curve keeps what was learned, beside what the log says.
func (s *shading) curve(learned *pricing.Curve) {
	truth := s.known[0]
	if s.from < len(s.log.auctions) {
		truth = s.known[1]
	}
	if !learned.Known() || !truth.Known() {
		return
	}
	prices := s.prices(curvePoints)
	for _, p := range prices {
		s.rep.Curve = append(s.rep.Curve, Chance{p.CPM(), learned.Win(p), truth.Win(p)})
	}
}

// recovery tells how soon after a shift bids gain what they did.
func (s *shading) recovery() {
	if s.from == len(s.log.auctions) {
		return
	}
	day := float64(len(s.log.auctions)) * min(1, float64(hoursPerDay*time.Hour)/float64(s.log.length))
	share := func(from, to float64) float64 {
		return s.share(s.from+int(from*day), s.from+int(to*day))
	}
	left := float64(len(s.log.auctions)-s.from) / day
	for _, w := range [][2]float64{{0, 0.01}, {0.01, 0.02}, {0.02, 0.05}, {0.05, 0.1}, {0.1, 1}} {
		if to := min(w[1], left); to > w[0] {
			s.rep.Windows = append(s.rep.Windows, Window{w[0], to, share(w[0], to)})
		}
	}
	for from := 0.0; from+recoveredFor <= left; from += recoveryStep {
		if share(from, from+recoveredFor) >= recovered {
			s.rep.Recovery = &from
			return
		}
	}
}

const (
	recovered    = 0.9  // of hindsight
	recoveredFor = 0.05 // of a day's auctions
	recoveryStep = 0.0025
)

// share returns what ours gained of hindsight's on a part of the auctions.
func (s *shading) share(from, to int) float64 {
	var ours, best float64
	for i := from; i < min(to, len(s.log.auctions)); i++ {
		ours += s.gains[i]
		best += s.gain(&s.log.auctions[i], s.best(i))
	}
	return quotient(ours, best)
}
