package simulate

import (
	"fmt"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/notice"
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
	m.engine.Pace(now)
	return nil
}

// tell brings the bidder a notice.
func (m *market) tell(p *posted, now time.Time) error {
	m.price = p.price.AppendCPM(m.price[:0])
	if _, err := m.engine.Notice(&p.token, bidder.Said{Price: m.price}, now); err != nil {
		return fmt.Errorf("account for a notice: %w", err)
	}
	return nil
}

// auction puts one request to the bidder and holds the auctions of its impressions.
func (m *market) auction(now time.Time, k int) error {
	m.body = m.traffic.Append(m.body[:0])
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
	m.engine.Decide(sc, m.snap, m.exchange, now, never, nil)
	m.best = m.best[:0]
	for range sc.Req.Imps {
		m.best = append(m.best, -1)
	}
	m.offers = sc.AppendOffers(m.offers[:0])
	for i := range m.offers {
		m.meet(&m.offers[i], now)
	}
	for i := range sc.Bids {
		if err := m.settle(&sc.Bids[i], now, k); err != nil {
			return err
		}
	}
	return nil
}

// rival returns the highest rival bid for an impression, in the house currency.
func (m *market) rival(imp *openrtb.Imp) ad.Money {
	nth := 0
	for &m.scratch.Req.Imps[nth] != imp {
		nth++
	}
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
	b := m.of[o.Line.Campaign]
	b.meet(m.request, o, price, m.o.Auction == FirstPrice, m.dayOf(o.Line.Campaign, now))
}

// leastPrice is what an impression costs that nobody else wants: a hundredth of a
// currency unit for a thousand.
const leastPrice = ad.Unit / 100 / 1000

func (m *market) dayOf(c *campaign.Campaign, now time.Time) int32 {
	return m.engine.Books.Money.Get(c.ID).Day(now.Unix())
}

// settle holds the auction for a bid and sends its notices on their way.
func (m *market) settle(bid *bidder.Bid, now time.Time, k int) error {
	b, worth, floor := m.of[bid.Line.Campaign], bid.Amount, ad.Money(0)
	for i := range m.offers {
		if o := &m.offers[i]; o.Imp == bid.Imp && o.Line == bid.Line {
			worth, floor = o.Worth, o.Floor
		}
	}
	b.Bids++
	if id := m.scratch.Person.ID; !id.IsZero() {
		b.people[id] = struct{}{}
	}
	token := m.scratch.Token(bid)
	rival := m.rival(bid.Imp)
	if bid.Amount < rival {
		token.Kind = ad.Loss
		_, err := m.send(posted{token: token}, now, k)
		return err
	}
	b.Wins++
	cost := min(bid.Amount, max(floor, rival, leastPrice))
	b.Value += worth.Units()
	if m.o.Auction == FirstPrice {
		cost = bid.Amount
		b.Value -= cost.Units()
	}
	return m.bill(b, bid.Line, token, cost, now, k)
}

// bill sends the notices of a bid that won.
func (m *market) bill(b *buyer, line *campaign.Line, token notice.Token, cost ad.Money, now time.Time, k int) error {
	price := token.BidPrice
	if cost < token.Price {
		price = min(price, token.BidPrice.Mul(float64(cost)/float64(token.Price)))
	}
	token.Kind = m.exchange.SettleOn
	arrives, err := m.send(posted{token, price}, now, k)
	if err != nil {
		return err
	}
	if arrives {
		b.made += cost
	} else {
		b.miss(line, m.dayOf(b.campaign, now), cost)
	}
	if token.Kind == ad.Impression {
		return nil
	}
	token.Kind = ad.Impression
	_, err = m.send(posted{token, price}, now, k)
	return err
}

// send delivers a notice at once, or at the end of a later tick, or twice, or never:
// then it returns false.
func (m *market) send(p posted, now time.Time, k int) (arrives bool, err error) {
	lost, twice := m.chance.Float64() < m.o.NoticeLoss, m.chance.Float64() < m.o.NoticeDuplicates
	if lost {
		return false, nil
	}
	if twice {
		at := k + m.o.NoticeDelay + 1
		m.due[at] = append(m.due[at], p)
	}
	if m.o.NoticeDelay == 0 {
		return true, m.tell(&p, now)
	}
	at := k + m.o.NoticeDelay
	m.due[at] = append(m.due[at], p)
	return true, nil
}
