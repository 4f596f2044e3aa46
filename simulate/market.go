package simulate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/bidder"
	"bidwell/campaign"
	"bidwell/loadtest"
	"bidwell/notice"
	"bidwell/openrtb"
	"bidwell/pacing"
)

// market is one exchange with its people and its rivals, and the bidder on it.
type market struct {
	o        *MarketOptions
	snap     *campaign.Snapshot
	exchange *campaign.Exchange
	people   *people
	traffic  *loadtest.Traffic
	rivals   *rivals
	began    time.Time
	length   time.Duration

	engine *bidder.Engine
	ledger *memory
	states map[ad.ID][]byte // of pacing, as the ledger would keep them
	late   ad.Money

	scratch bidder.Scratch
	body    []byte
	offers  []bidder.Offer
	best    []ad.Money // rival bids by impression, below 0 where not drawn yet
	price   []byte

	buyers  []*buyer
	of      map[*campaign.Campaign]*buyer
	chance  *rand.Rand // of notices
	due     map[int][]posted
	request uint64
	imps    int
}

// posted is a notice on its way.
type posted struct {
	token notice.Token
	price ad.Money // response currency
}

// never is a deadline that nothing reaches: in virtual time, everything is in time.
var never = time.Unix(1<<33, 0)

// Market lets a configuration trade on a synthetic market: the bidder itself decides,
// with its accounts, books and pacing, on generated requests of generated people,
// against rivals whose bids are drawn from distributions. Time is virtual. The same
// snapshot and options give the same report.
//
// The snapshot is the simulation's from then on: its budgets are scaled, and it must
// not be published elsewhere.
func Market(snap *campaign.Snapshot, o MarketOptions) (*MarketReport, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	m, err := newMarket(snap, &o)
	if err != nil {
		return nil, err
	}
	defer m.people.close()
	if err := m.run(); err != nil {
		return nil, err
	}
	return m.report(), nil
}

func newMarket(snap *campaign.Snapshot, o *MarketOptions) (m *market, err error) {
	m = &market{
		o: o, snap: snap, rivals: newRivals(o), ledger: newMemory(), length: time.Duration(o.Days) * 24 * time.Hour,
		of: map[*campaign.Campaign]*buyer{}, due: map[int][]posted{}, chance: rand.New(rand.NewPCG(o.Seed, chanceNotices)),
	}
	if m.exchange, err = exchangeOf(snap, o.Exchange); err != nil {
		return nil, err
	}
	m.exchange.PriceKeys = nil // prices are plain here
	m.began = midnight(snap, o.Start)
	prepare(snap, o)
	who := loadtest.People{Seed: o.Seed, N: o.People, Exchange: m.exchange.Name}
	m.traffic, err = loadtest.NewTraffic(o.Seed, loadtest.Options{People: who, Start: m.began, Sites: 60, Deals: dealsOf(snap, o.Deals)})
	if err != nil {
		return nil, fmt.Errorf("generate traffic: %w", err)
	}
	if m.people, err = openPeople(who, m.began); err != nil {
		return nil, err
	}
	for _, c := range snap.Campaigns {
		b := newBuyer(c, m.began)
		m.buyers, m.of[c] = append(m.buyers, b), b
	}
	m.learn()
	m.start(m.began)
	m.bind()
	return m, nil
}

// exchangeOf returns the exchange of that name, the first for no name.
func exchangeOf(snap *campaign.Snapshot, name string) (*campaign.Exchange, error) {
	if name == "" {
		return snap.Exchanges[0], nil
	}
	if ex := snap.Exchange([]byte(name)); ex != nil {
		return ex, nil
	}
	var known []string
	for _, ex := range snap.Exchanges {
		known = append(known, ex.Name)
	}
	return nil, fmt.Errorf("%w: there is no exchange %q; there are %s", ErrOptions, name, strings.Join(known, ", "))
}

// midnight returns the beginning of a day in the time zone of most campaigns.
func midnight(snap *campaign.Snapshot, day time.Time) time.Time {
	counts := make([]int, len(snap.Zones))
	for _, c := range snap.Campaigns {
		counts[c.Zone]++
	}
	loc := time.UTC
	if len(counts) > 0 {
		loc = snap.Zones[slices.Index(counts, slices.Max(counts))]
	}
	y, month, d := day.Date()
	return time.Date(y, month, d, 0, 0, 0, 0, loc)
}

// prepare scales the budgets, and lets all campaigns have one curve if that is asked
// for.
func prepare(snap *campaign.Snapshot, o *MarketOptions) {
	scale := func(b *campaign.Budget) {
		for _, m := range []*ad.Money{&b.Total, &b.Daily} {
			if *m > 0 {
				*m = max(1, m.Mul(o.BudgetScale))
			}
		}
		for _, n := range []*int64{&b.Impressions, &b.DailyImpressions} {
			if *n > 0 {
				*n = max(1, int64(float64(*n)*o.BudgetScale))
			}
		}
	}
	for i := range snap.Advertisers {
		scale(&snap.Advertisers[i].Budget)
	}
	for _, c := range snap.Campaigns {
		scale(&c.Budget)
		if o.Curve != nil {
			c.Plan.Curve = *o.Curve
		}
	}
	for i := range snap.Lines {
		scale(&snap.Lines[i].Budget)
	}
}

// usualDeals are on offer whatever the line items name.
var usualDeals = []string{"deal-premium", "deal-tv"}

// dealsOf returns the ids of deals on offer, in order.
func dealsOf(snap *campaign.Snapshot, more []string) []string {
	all := slices.Concat(usualDeals, more)
	for i := range snap.Lines {
		all = append(all, snap.Lines[i].DealIDs...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// learn teaches pacing what is known of traffic beforehand.
func (m *market) learn() {
	m.states = map[ad.ID][]byte{}
	if m.o.Forecast == KnowsPrior {
		return
	}
	chance := rand.New(rand.NewPCG(m.o.Seed, chanceForecast))
	counts := wrong(hourCounts(m.o.Days), m.o.ForecastError, chance)
	show := func(f *pacing.Forecast, zone *time.Location) { teach(f, counts, m.began, m.length, zone) }
	for _, b := range m.buyers {
		c := pacing.NewController(b.campaign.Plan)
		show(c.Forecast(), b.campaign.Plan.Zone)
		m.states[b.campaign.ID] = c.State()
		b.plan.learn(show)
	}
}

// bind gives the campaigns the gauges of the bidder that runs.
func (m *market) bind() {
	for i := range m.snap.Lines {
		l := &m.snap.Lines[i]
		m.of[l.Campaign].gauge = l.Gauge
	}
}

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
	m.engine.Books.Pacer.Tick(now)
	return nil
}

// tell brings the bidder a notice.
func (m *market) tell(p *posted, now time.Time) error {
	m.price = p.price.AppendCPM(m.price[:0])
	if _, err := m.engine.Notice(&p.token, m.price, now); err != nil {
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

// report finishes the campaigns, those that spent most first.
func (m *market) report() *MarketReport {
	r := &MarketReport{
		Auction: m.o.Auction.String(), Seed: m.o.Seed, Start: m.began.Format(time.RFC3339), Days: m.o.Days,
		Requests: int(m.request), Impressions: m.imps, Currency: m.snap.Rates.Base().String(),
		BudgetScale: m.o.BudgetScale, Rivals: m.o.Rivals, Replayed: m.ledger.replayed,
		Late: (m.late + m.engine.Money.Stats().LateSpend).Units(), start: m.began,
	}
	everybody := map[ad.PersonID]struct{}{}
	for _, b := range m.buyers {
		b.finish(m.ledger.account(b.campaign.ID))
		b.Overspend = max(b.Overspend, m.overLines(b.campaign).Units())
		r.Campaigns = append(r.Campaigns, b.MarketResult)
		for id := range b.people {
			everybody[id] = struct{}{}
		}
	}
	slices.SortStableFunc(r.Campaigns, func(a, b MarketResult) int { return cmp.Compare(b.Spend, a.Spend) })
	r.Total = sumOf(r.Campaigns)
	r.Total.People = len(everybody)
	r.notes(m)
	return r
}

// overLines returns by how much a campaign's line items are above their own budgets.
func (m *market) overLines(c *campaign.Campaign) (sum ad.Money) {
	for i := range m.snap.Lines {
		if l := &m.snap.Lines[i]; l.Campaign == c {
			sum += m.ledger.account(l.ID).over(l.Budget.Total, l.Budget.Daily)
		}
	}
	return sum
}
