package pacing

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
)

// Gauge is where the request path and the controller of one budget meet: κ one
// way, counts the other. The request path keeps the pointer in its snapshot; it
// stays valid for as long as the process runs. Safe for concurrent use; nothing
// allocates or locks.
type Gauge struct {
	kappa    atomic.Uint64 // float64 bits
	_        [56]byte      // read with every request; what follows is written
	eligible atomic.Uint64
	refused  atomic.Uint64
	bids     atomic.Uint64
	offered  atomic.Int64
	_        [32]byte
}

// Kappa returns the factor to multiply values with.
func (g *Gauge) Kappa() float64 { return math.Float64frombits(g.kappa.Load()) }

// Eligible counts n opportunities on which the budget could have paid for a bid.
func (g *Gauge) Eligible(n uint32) { g.eligible.Add(uint64(n)) }

// Refuse counts one of these on which the budget, or a wider one, had no room.
func (g *Gauge) Refuse() { g.refused.Add(1) }

// Bid counts one bid for which money is reserved.
func (g *Gauge) Bid(amount ad.Money) {
	g.bids.Add(1)
	g.offered.Add(int64(amount))
}

// Pacer holds the controllers of all campaigns, and of the line items and advertisers
// that have a budget of their own. It outlives every configuration.
// The zero value is ready for use; methods are safe for concurrent use.
type Pacer struct {
	mu   sync.Mutex // guards the map and the controllers in it
	byID map[ad.ID]*paced
}

type paced struct {
	account    *Account
	controller *Controller
	gauge      Gauge
	since      counts // as of the last tick
}

type counts struct {
	eligible, refused, bids uint64
	offered                 int64
}

// Set begins to pace a campaign, line item or advertiser by its account, or changes
// its plan, and returns its gauge, which is always the same for the same id.
func (p *Pacer) Set(id ad.ID, plan Plan, account *Account) *Gauge {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.byID[id]; c != nil {
		c.account = account
		c.controller.SetPlan(plan)
		c.publish()
		return &c.gauge
	}
	if p.byID == nil {
		p.byID = make(map[ad.ID]*paced)
	}
	c := &paced{account: account, controller: NewController(plan)}
	c.publish()
	p.byID[id] = c
	return &c.gauge
}

// Restore puts a controller's state back after a restart. It has to be
// set before; one that is not known is an error, as is a state that is damaged. It
// is paced from the plan's beginning then.
func (p *Pacer) Restore(id ad.ID, state []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.byID[id]
	if c == nil {
		return fmt.Errorf("restore pacing of %d: it is not known", id)
	}
	err := c.controller.Restore(state)
	c.publish()
	return err
}

// Tick moves every controller and publishes its κ.
func (p *Pacer) Tick(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.byID {
		c.tick(now)
		c.publish()
	}
}

// Responses tells what the impressions of a campaign have cost and brought so far.
// It is called before Tick, for each campaign with a target for its average cost;
// others, and campaigns that are not known, do not mind.
func (p *Pacer) Responses(id ad.ID, r Responses) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.byID[id]; c != nil {
		c.controller.Responses(r)
	}
}

// States calls fn with the state of every controller, in no order, until it
// returns false. The bytes are fn's to keep.
func (p *Pacer) States(fn func(id ad.ID, state []byte) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, c := range p.byID {
		if !fn(id, c.controller.State()) {
			return
		}
	}
}

// Status returns what the controller of a campaign, line item or advertiser thinks.
func (p *Pacer) Status(id ad.ID) (Status, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.byID[id]
	if c == nil {
		return Status{}, false
	}
	return c.controller.Status(), true
}

// Progress returns how far the budget of a campaign, line item or advertiser is spent.
func (p *Pacer) Progress(id ad.ID, now time.Time) (Progress, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.byID[id]
	if c == nil {
		return Progress{}, false
	}
	f := c.account.Figures(now)
	return c.controller.Progress(now, &f), true
}

// tick reads the account before the counts: a bid in between then shows as offered
// and not yet as reserved, which only makes the share that is paid look a little
// smaller for one tick.
func (c *paced) tick(now time.Time) {
	in := Inputs{Account: c.account.Figures(now)}
	next := counts{c.gauge.eligible.Load(), c.gauge.refused.Load(), c.gauge.bids.Load(), c.gauge.offered.Load()}
	in.Eligible = next.eligible - c.since.eligible
	in.Refused = next.refused - c.since.refused
	in.Bids = next.bids - c.since.bids
	in.Offered = ad.Money(next.offered - c.since.offered)
	c.since = next
	c.controller.Tick(now, in)
}

// publish shows κ to the request path. A campaign that is not paced bids its
// whole value from the first moment on, before any tick.
func (c *paced) publish() {
	kappa := c.controller.Kappa()
	if plan := c.controller.Plan(); plan.Curve == ASAP {
		kappa = c.controller.goal.limit(plan.Max)
	}
	c.gauge.kappa.Store(math.Float64bits(kappa))
}
