package simulate

import (
	"fmt"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/openrtb"
)

// run lets all the days pass.
func (m *market) run() error {
	arrivals := newArrivals(m.o, m.length)
	at, more := arrivals.take()
	ticks := int((m.length + m.o.Tick - 1) / m.o.Tick)
	restart := -1
	if m.o.Restart > 0 {
		restart = int(m.o.Restart * float64(ticks))
	}
	every := max(1, int(sampleEvery/m.o.Tick))
	m.sample(m.began)
	for k := range ticks {
		if k == restart {
			m.restart(m.began.Add(m.o.Tick * time.Duration(k)))
			m.bind()
		}
		end := m.o.Tick * time.Duration(k+1)
		for ; more && at < end; at, more = arrivals.take() {
			if err := m.auction(m.began.Add(at), k); err != nil {
				return err
			}
		}
		now := m.began.Add(end)
		if err := m.pass(k, now); err != nil {
			return err
		}
		if (k+1)%every == 0 || k+1 == ticks {
			m.sample(now)
		}
	}
	for k := ticks; len(m.due) > 0; k++ {
		if err := m.pass(k, m.began.Add(m.o.Tick*time.Duration(k+1))); err != nil {
			return err
		}
	}
	return nil
}

// sampleEvery is between two points of a curve.
const sampleEvery = 5 * time.Minute

func (m *market) sample(now time.Time) {
	for _, b := range m.buyers {
		b.sample(m.began, now)
	}
}

// pass does what is done at the end of a tick.
func (m *market) pass(k int, now time.Time) error {
	for i := range m.due[k] {
		if err := m.tell(&m.due[k][i], now); err != nil {
			return err
		}
	}
	delete(m.due, k)
	m.engine.Money.Expire(now)
	m.engine.Counts.Expire(now)
	m.engine.Exposures.Expire(now.Unix())
	if m.pupil != nil {
		m.pupil.recall(now)
	}
	m.engine.Pace(now)
	return nil
}

// tell brings the bidder a notice.
func (m *market) tell(p *posted, now time.Time) error {
	var err error
	if p.conversion != nil {
		p.conversion.Time = now.UnixMilli()
		_, err = m.ledger.Append(p.conversion)
	} else {
		m.price, m.least = p.price.AppendCPM(m.price[:0]), p.least.AppendCPM(m.least[:0])
		_, err = m.engine.Notice(&p.token, bidder.Said{Detail: p.detail, Price: m.price, Least: m.least, Context: []byte(p.context)}, now)
	}
	if err != nil {
		return fmt.Errorf("account for a notice: %w", err)
	}
	return nil
}

// auction puts one request to the bidder and holds the auctions of its impressions.
func (m *market) auction(now time.Time, k int) error {
	var who loadtest.Posting
	m.body, who = m.traffic.Next(m.body[:0])
	m.request++
	sc := &m.scratch
	if err := sc.Req.Decode(m.body); err != nil {
		return fmt.Errorf("decode generated request %d: %w", m.request, err)
	}
	sc.Req.At = 2
	if m.o.Auction == FirstPrice {
		sc.Req.At = 1
	}
	m.imps += len(sc.Req.Imps)
	m.crowd.meet(who.Person, &sc.Req)
	m.engine.Decide(sc, m.snap, m.exchange, now, never, nil)
	m.best = m.best[:0]
	for range sc.Req.Imps {
		m.best = append(m.best, -1)
	}
	if m.request%m.every == 0 {
		m.offers = sc.AppendOffers(m.offers[:0])
		for i := range m.offers {
			m.meet(&m.offers[i], now)
		}
		m.sold.close()
	} else {
		m.offers = sc.AppendBids(m.offers[:0])
	}
	for i := range sc.Bids {
		if err := m.settle(&sc.Bids[i], now, k); err != nil {
			return err
		}
	}
	return nil
}

// nth returns which impression of the request one is.
func (m *market) nth(imp *openrtb.Imp) int {
	nth := 0
	for &m.scratch.Req.Imps[nth] != imp {
		nth++
	}
	return nth
}

// rival returns the highest rival bid for an impression, in the house currency.
func (m *market) rival(imp *openrtb.Imp) ad.Money {
	nth := m.nth(imp)
	if m.best[nth] < 0 {
		cur, _ := ad.CurrencyOf(imp.BidFloorCur)
		if len(imp.BidFloorCur) == 0 {
			cur = ad.USD
		}
		rate, _ := m.snap.Rates.Factor(cur, m.snap.Rates.Base()) // without a rate there is no bid
		cpm := m.rivals.best(m.request, uint64(nth), &m.scratch.Req, imp, m.scratch.Person.ID, imp.BidFloor*rate)
		m.best[nth], _ = ad.FromCPM(cpm)
	}
	return m.best[nth]
}

// meet notes what a line item could have bought at what price.
func (m *market) meet(o *bidder.Offer, now time.Time) {
	rival := m.rival(o.Imp)
	price := max(o.Floor, rival, leastPrice)
	if o.Fixed && rival > o.Floor {
		price = ad.MaxMoney // it bids the fixed price and no more
	}
	b, worth := m.of[o.Line.Campaign], m.worthOf(o)
	b.meet(m.request, o.Imp, chance{offer{worth, price}, o.Line, m.dayOf(o.Line.Campaign, now)})
	m.sold.meet(o.Imp, b.number, worth, price)
}

// leastPrice is what an impression costs that nobody else wants: a hundredth of a
// currency unit for a thousand.
const leastPrice = ad.Unit / 100 / 1000

func (m *market) dayOf(c *campaign.Campaign, now time.Time) int32 {
	return m.engine.Books.Money.Get(c.ID).Day(now.Unix())
}
