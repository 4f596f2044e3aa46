package simulate

import (
	"math/rand/v2"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/loadtest"
	"bidwell/notice"
	"bidwell/pricing"
	"bidwell/profile"
)

// settle holds the auction for a bid and sends its notices on their way.
func (m *market) settle(bid *bidder.Bid, now time.Time, k int) error {
	b, worth, floor := m.of[bid.Line.Campaign], bid.Willing, ad.Money(0)
	for i := range m.offers {
		if o := &m.offers[i]; o.Imp == bid.Imp && o.Line == bid.Line {
			worth, floor = o.Worth, o.Floor
		}
	}
	if id := m.scratch.Person.ID; !id.IsZero() {
		b.people[id] = struct{}{}
	}
	token := m.scratch.Token(bid)
	least := max(floor, m.rival(bid.Imp), leastPrice)
	amount := m.lower(bid, &token, floor)
	response := m.crowd.response(bid.Imp, bid.Creative)
	b.bid(bid, amount, least, token.Auction)
	m.prices.see(&token, least)
	if amount < m.rival(bid.Imp) {
		token.Kind = ad.Loss
		_, err := m.send(posted{token: token, detail: lostToHigher, least: inAnswer(&token, least)}, now, k)
		return err
	}
	outcome := m.crowd.outcome(&response, m.request, uint64(m.nth(bid.Imp)))
	cost := m.cost(&token, amount, least, floor)
	b.buy(bid.Chance, worth, cost, &response, &outcome)
	if err := m.bill(b, bid, token, cost, least, now, k); err != nil {
		return err
	}
	return m.respond(b, token, &outcome, now, k)
}

// lostToHigher is the reason of a loss, as exchanges number them.
const lostToHigher = 102

// cost returns what a bid that won costs.
func (m *market) cost(t *notice.Token, amount, least, floor ad.Money) ad.Money {
	switch {
	case t.Auction == ad.FixedPrice:
		return min(amount, floor)
	case m.o.Auction == FirstPrice && t.Auction != ad.SecondPrice:
		return amount
	}
	return min(amount, least)
}

// bill sends the notices of a bid that won, and shows its ad.
func (m *market) bill(b *buyer, bid *bidder.Bid, token notice.Token, cost, least ad.Money, now time.Time, k int) error {
	price := min(token.BidPrice, inAnswer(&token, cost))
	token.Kind = m.exchange.SettleOn
	seen := string(m.scratch.Context(bid))
	arrives, err := m.send(posted{token: token, price: price, least: inAnswer(&token, least), context: seen}, now, k)
	if err != nil {
		return err
	}
	if arrives {
		b.made += cost
	} else {
		b.miss(bid.Line, m.dayOf(b.campaign, now), cost)
	}
	if token.Kind == ad.Impression {
		return nil
	}
	token.Kind = ad.Impression
	_, err = m.send(posted{token: token, price: price, context: seen}, now, k)
	return err
}

// inAnswer returns what an amount in house currency is in that of the answer.
func inAnswer(t *notice.Token, amount ad.Money) ad.Money {
	if amount == t.Price {
		return t.BidPrice
	}
	return t.BidPrice.Mul(float64(amount) / float64(t.Price))
}

// How long it takes on average until somebody responds to an ad.
const (
	viewedAfter    = 2 * time.Second
	clickedAfter   = 20 * time.Second
	completedAfter = 30 * time.Second
	boughtAfter    = 2 * time.Hour // after a click
	returnedAfter  = 6 * time.Hour // and bought, after an ad that was seen
)

// Details of views.
const viewable, completed = 1, 6

// respond sends what somebody does with an ad that is shown to them. What is lost on
// the way, and what comes twice, is as with notices; a conversion is told by a server
// and arrives.
func (m *market) respond(b *buyer, token notice.Token, o *loadtest.Outcome, now time.Time, k int) error {
	chance := m.crowd.delays()
	after := func(d time.Duration) time.Time { return now.Add(time.Duration(chance.ExpFloat64() * float64(d))) }
	seen, clicked, ended := after(viewedAfter), after(clickedAfter), now.Add(completedAfter)
	for _, e := range [...]struct {
		comes  bool
		kind   ad.Notice
		detail uint8
		at     time.Time
	}{{o.Seen, ad.View, viewable, seen}, {o.Completed, ad.View, completed, ended}, {o.Clicked, ad.Click, 0, clicked}} {
		if !e.comes {
			continue
		}
		token.Kind = e.kind
		if err := m.sendAt(posted{token: token, detail: e.detail}, e.at, k); err != nil {
			return err
		}
	}
	g := b.goal
	if g.pays != pricing.PerAcquisition || token.Person.IsZero() {
		return nil // nobody reports it, or could say of whom
	}
	switch bought, returned := clicked.Add(after(boughtAfter).Sub(now)), after(returnedAfter); {
	case o.ClickConverted:
		m.convert(&g, token, token.Bid, bought)
	case o.ViewConverted:
		m.convert(&g, token, ad.BidID{}, returned)
	}
	return nil
}

// convert lets an advertiser report a conversion, of which it may know the bid whose
// click led to it. What comes after the last day is never told.
func (m *market) convert(g *goal, t notice.Token, cause ad.BidID, at time.Time) {
	if !at.Before(m.began.Add(m.length)) {
		return
	}
	ref := t.Bid
	ref[0] ^= 0xff // the advertiser's own
	k := int(at.Sub(m.began) / m.o.Tick)
	m.due[k] = append(m.due[k], posted{conversion: &ad.Event{
		Kind: ad.EventConversion, Detail: uint8(profile.Conversion), Day: int32(at.Unix() / 86400), Bid: ref, BidTime: at.Unix(),
		Advertiser: t.Advertiser, Person: t.Person, Topic: g.topic, Value: g.worth, Cause: cause,
	}})
}

// sendAt delivers a notice at the end of the tick in which it comes, as late as
// notices are.
func (m *market) sendAt(p posted, at time.Time, k int) error {
	lost, twice := m.chance.Float64() < m.o.NoticeLoss, m.chance.Float64() < m.o.NoticeDuplicates
	if lost {
		return nil
	}
	k = max(k, int(at.Sub(m.began)/m.o.Tick)) + m.o.NoticeDelay
	m.due[k] = append(m.due[k], p)
	if twice {
		m.due[k+1] = append(m.due[k+1], p)
	}
	return nil
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

// delays returns the chance that decides how long the response to the outcome drawn
// last takes.
func (c *crowd) delays() *rand.Rand { return rand.New(c.source) }
