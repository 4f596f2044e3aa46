package simulate

import (
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
	"bidwell/pacing"
	"bidwell/pricing"
)

// market is one exchange with its people and its rivals, and the bidder on it.
type market struct {
	o        *MarketOptions
	snap     *campaign.Snapshot
	exchange *campaign.Exchange
	people   *people
	traffic  *loadtest.Traffic
	rivals   *rivals
	crowd    *crowd
	began    time.Time
	length   time.Duration

	engine  *bidder.Engine
	engines uint64 // that there have been
	ledger  *memory
	pupil   *pupil           // nil where there is nothing to learn
	states  map[ad.ID][]byte // of pacing, as the ledger would keep them
	late    ad.Money

	topics map[ad.ID]string // names of conversions

	scratch bidder.Scratch
	body    []byte
	offers  []bidder.Offer
	best    []ad.Money // rival bids by impression, below 0 where not drawn yet
	price   []byte
	least   []byte

	buyers  []*buyer
	of      map[*campaign.Campaign]*buyer
	chance  *rand.Rand // of notices
	due     map[int][]posted
	request uint64
	every   uint64 // the request of which is noted what could have been bought
	imps    int
	sold    hindsight
	prices  prices
}

// posted is a notice on its way, or a conversion that an advertiser reports.
type posted struct {
	token      notice.Token
	detail     uint8
	price      ad.Money // response currency
	least      ad.Money // that would have won, response currency; 0 where nobody says
	context    string   // of an impression, what response models saw
	conversion *ad.Event
}

// mostNoted is of how many requests is noted what could have been bought. Of more, every
// second one is, or third, and so on, with as small a part of the budgets.
const mostNoted = 600_000

// note makes every so manyth request one of which is noted what could have been bought.
func (m *market) note(every int) {
	m.every = uint64(every)
	for _, b := range m.buyers {
		b.every = ad.Money(every)
	}
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
		o: o, snap: snap, rivals: newRivals(o), crowd: newCrowd(o.Seed), ledger: newMemory(), length: time.Duration(o.Days) * 24 * time.Hour,
		of: map[*campaign.Campaign]*buyer{}, due: map[int][]posted{}, chance: rand.New(rand.NewPCG(o.Seed, chanceNotices)),
	}
	if m.exchange, err = exchangeOf(snap, o.Exchange); err != nil {
		return nil, err
	}
	m.exchange.PriceKeys = nil // prices are plain here
	m.began = midnight(snap, o.Start)
	if o.zone != nil {
		m.began = dayIn(o.Start, o.zone)
	}
	prepare(snap, o)
	m.learns()
	who := loadtest.People{Seed: o.Seed, N: o.People, Exchange: m.exchange.Name}
	m.traffic, err = loadtest.NewTraffic(o.Seed, loadtest.Options{People: who, Start: m.began, Sites: 60, Alike: 0.1, Deals: dealsOf(snap, o.Deals)})
	if err != nil {
		return nil, fmt.Errorf("generate traffic: %w", err)
	}
	if m.people, err = openPeople(who, m.began); err != nil {
		return nil, err
	}
	for _, c := range snap.Campaigns {
		b := newBuyer(c, len(m.buyers), m.began)
		m.buyers, m.of[c] = append(m.buyers, b), b
	}
	m.note(1 + (o.Days*o.Requests-1)/mostNoted)
	m.forecast()
	m.start(m.began)
	m.bind()
	return m, nil
}

// learns makes the bidder learn where there is anything to learn: campaigns with goals,
// or bids to shade.
func (m *market) learns() {
	m.exchange.Auction = ad.NoAuction // what the requests say
	m.exchange.Shade = m.exchange.Shade && m.o.Policy.Shading == ByMarket
	m.topics = map[ad.ID]string{}
	goals := false
	for _, c := range m.snap.Campaigns {
		if g := goalOf(c); g.pays != pricing.PerImpression {
			goals = true
			m.topics[g.topic] = c.File.Goal.Conversion
		}
	}
	if !m.o.Policy.Unlearnt && (goals || m.o.Auction == FirstPrice) {
		m.pupil = newPupil()
		m.ledger.hear = m.pupil.hear
	}
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
	return dayIn(day, loc)
}

// dayIn returns the midnight with which a day begins somewhere.
func dayIn(day time.Time, loc *time.Location) time.Time {
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

// forecast teaches pacing what is known of traffic beforehand.
func (m *market) forecast() {
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
		m.of[l.Campaign].gauge = l.Gauges[campaign.OfCampaign]
	}
}
