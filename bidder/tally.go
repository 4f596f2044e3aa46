package bidder

import (
	"sync"
	"sync/atomic"
	"time"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// tally counts the bids of one snapshot until they are written to the ledger. On
// the request path a bid costs one addition; only what is through a deal takes a lock.
type tally struct {
	snap  *campaign.Snapshot
	first []int           // by line item: where its creatives begin
	width int             // creatives of all line items
	bids  []atomic.Uint32 // by exchange and creative
	seen  []atomic.Uint32 // impressions that could have been bid on, by exchange and line item

	deals dealTally
}

func newTally(s *campaign.Snapshot) *tally {
	t := &tally{snap: s, first: make([]int, len(s.Lines)), deals: newDealTally()}
	for i := range s.Lines {
		t.first[i] = t.width
		t.width += len(s.Lines[i].Creatives)
	}
	t.bids = make([]atomic.Uint32, t.width*len(s.Exchanges))
	t.seen = make([]atomic.Uint32, len(s.Lines)*len(s.Exchanges))
	return t
}

// see counts impressions that a line item could have bid on, through a deal or none.
func (t *tally) see(ex *campaign.Exchange, line int, deal *openrtb.Deal, n uint32) {
	slot := ex.Index*len(t.first) + line
	if deal == nil {
		t.seen[slot].Add(n)
		return
	}
	t.deals.see(slot, deal, n)
}

// add counts a bid of the line item with that index.
func (t *tally) add(ex *campaign.Exchange, line int, b *Bid) {
	slot := ex.Index*t.width + t.first[line] + b.Nth
	if b.Deal == nil {
		t.bids[slot].Add(1)
		return
	}
	t.deals.bid(slot, b.Deal)
}

// flush hands what was counted to fn, after the names of deals to name, and begins
// anew.
func (t *tally) flush(now time.Time, name func(ad.ID, string), fn func(*ad.Event)) {
	for e, ex := range t.snap.Exchanges {
		for i := range t.snap.Lines {
			if seen := &t.seen[e*len(t.first)+i]; seen.Load() > 0 {
				ev := t.event(ex, i, 0, now)
				ev.Requests = seen.Swap(0)
				fn(ev)
			}
			for k := range t.snap.Lines[i].Creatives {
				slot := e*t.width + t.first[i] + k
				if t.bids[slot].Load() > 0 {
					fn(t.bid(ex, i, k, 0, t.bids[slot].Swap(0), now))
				}
			}
		}
	}
	bids, seen, names := t.deals.take()
	for id, text := range names {
		name(id, text)
	}
	for key, n := range bids {
		ex, line, k := t.place(key.slot)
		fn(t.bid(ex, line, k, key.deal, n, now))
	}
	for key, n := range seen {
		ev := t.event(t.snap.Exchanges[key.slot/len(t.first)], key.slot%len(t.first), key.deal, now)
		ev.Requests = n
		fn(ev)
	}
}

// place finds what a slot stands for.
func (t *tally) place(slot int) (ex *campaign.Exchange, line, nth int) {
	ex, slot = t.snap.Exchanges[slot/t.width], slot%t.width
	line = len(t.first) - 1
	for t.first[line] > slot {
		line--
	}
	return ex, line, slot - t.first[line]
}

func (t *tally) event(ex *campaign.Exchange, line int, deal ad.ID, now time.Time) *ad.Event {
	l := &t.snap.Lines[line]
	return &ad.Event{
		Kind: ad.EventTally, Time: now.UnixMilli(), BidTime: now.Unix(), Deal: deal,
		Day: l.Accounts[campaign.OfCampaign].Day(now.Unix()), Exchange: ex.ID, Advertiser: l.Campaign.AdvertiserID, Campaign: l.Campaign.ID, Line: l.ID,
	}
}

func (t *tally) bid(ex *campaign.Exchange, line, nth int, deal ad.ID, bids uint32, now time.Time) *ad.Event {
	ev := t.event(ex, line, deal, now)
	cr := t.snap.Lines[line].Creatives[nth]
	ev.Creative, ev.Media, ev.Bids = cr.ID, cr.Media, bids
	return ev
}

// tallies are the tallies of snapshots that serve no more, whose last requests
// may still be counting.
type tallies struct {
	mu      sync.Mutex
	retired []retired
}

type retired struct {
	tally *tally
	left  int // flushes until it is dropped
}

// retirement is for how many flushes a tally outlives its snapshot.
const retirement = 10

func (ts *tallies) retire(l *live) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.retired = append(ts.retired, retired{l.tally, retirement})
}

// count counts the bids of a response, and samples some.
func (e *Engine) count(sc *Scratch) {
	if sc.tally == nil {
		return
	}
	for i := range sc.Bids {
		b := &sc.Bids[i]
		sc.tally.add(sc.exchange, b.line, b)
		e.Metrics.priced.add(b)
	}
	if sc.seed%sampleOneIn == 0 {
		for i := range sc.Bids {
			e.sample(sc, &sc.Bids[i])
		}
	}
}

// One bid request in so many has its bids kept one by one.
const sampleOneIn = 100

func (e *Engine) sample(sc *Scratch, b *Bid) {
	ev := ad.Event{
		Kind: ad.EventBid, Bid: b.ID, Time: sc.clock.now.UnixMilli(), BidTime: sc.clock.now.Unix(),
		Exchange: sc.exchange.ID, Advertiser: b.Line.Campaign.AdvertiserID, Campaign: b.Line.Campaign.ID,
		Line: b.Line.ID, Creative: b.Creative.ID, Media: b.Creative.Media, Deal: dealID(b.Deal), Offer: b.Amount,
		Segment: uint32(b.shade.segment), Auction: b.auction(),
		Day: b.Line.Accounts[campaign.OfCampaign].Day(sc.clock.now.Unix()),
	}
	if sc.Person.May.Emit {
		ev.Person = sc.Person.ID
	}
	e.Ledger.AppendAsync(&ev)
}

// Flush writes what was counted since the last call to the ledger. It is called
// about once a second, and before the ledger is closed.
func (e *Engine) Flush(now time.Time) {
	write := func(ev *ad.Event) { e.Ledger.AppendAsync(ev) }
	e.tallies.mu.Lock()
	defer e.tallies.mu.Unlock()
	kept := e.tallies.retired[:0]
	for _, r := range e.tallies.retired {
		r.tally.flush(now, e.nameDeal, write)
		if r.left--; r.left > 0 {
			kept = append(kept, r)
		}
	}
	clear(e.tallies.retired[len(kept):])
	e.tallies.retired = kept
	if l := e.live.Load(); l != nil {
		l.tally.flush(now, e.nameDeal, write)
	}
}

// CheckLedger looks whether events can be made durable. While they cannot,
// nothing is bid. It returns the reason, and is called about once a second.
func (e *Engine) CheckLedger() error {
	err := e.Ledger.Health()
	e.unsafe.Store(err != nil)
	return err
}
