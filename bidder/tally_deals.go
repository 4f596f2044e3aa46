package bidder

import (
	"sync"

	"bidwell/ad"
	"bidwell/ledger"
	"bidwell/openrtb"
)

// Exchanges make up the names of deals, and the ledger keeps each for good: it gets none
// when it has mostDealNames. mostNewDeals is how many of one snapshot are asked about.
const (
	mostDealNames = 20_000
	mostNewDeals  = 10_000
)

// nameDeal hands the name of a deal to the ledger if that has room for it. It is called
// by one goroutine at a time.
func (e *Engine) nameDeal(id ad.ID, text string) {
	if e.Ledger.Named(ledger.DealName) < mostDealNames && e.Ledger.NameOf(ledger.DealName, id) == "" {
		e.Ledger.Name(ledger.DealName, id, text)
	}
}

// dealTally counts what is through deals. There is no telling beforehand which deals
// will be offered, so it is maps below a lock.
type dealTally struct {
	mu    sync.Mutex // guards all below
	bids  map[dealKey]uint32
	seen  map[dealKey]uint32
	known map[ad.ID]struct{} // whose name was handed on, or will be
	names map[ad.ID]string   // that are to be handed on
}

type dealKey struct {
	slot int // of the tally's bids or seen
	deal ad.ID
}

func newDealTally() dealTally {
	return dealTally{bids: map[dealKey]uint32{}, seen: map[dealKey]uint32{}, known: map[ad.ID]struct{}{}, names: map[ad.ID]string{}}
}

// bid counts a bid through a deal.
func (t *dealTally) bid(slot int, deal *openrtb.Deal) {
	id := dealID(deal)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bids[dealKey{slot, id}]++
	t.name(id, deal)
}

// see counts impressions that could have been bid on through a deal.
func (t *dealTally) see(slot int, deal *openrtb.Deal, n uint32) {
	id := dealID(deal)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[dealKey{slot, id}] += n
	t.name(id, deal)
}

// name notes the name of a deal that is met for the first time. It is called with the
// lock.
func (t *dealTally) name(id ad.ID, deal *openrtb.Deal) {
	if _, known := t.known[id]; known || len(t.known) >= mostNewDeals {
		return
	}
	t.known[id] = struct{}{}
	t.names[id] = string(deal.ID[:min(len(deal.ID), ledger.MaxName+1)]) // one more: the ledger cuts between runes
}

// take returns what was counted, and the names of deals that are new, and begins anew.
func (t *dealTally) take() (bids, seen map[dealKey]uint32, names map[ad.ID]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bids, seen, names = t.bids, t.seen, t.names
	t.bids, t.seen, t.names = map[dealKey]uint32{}, map[dealKey]uint32{}, map[ad.ID]string{}
	return bids, seen, names
}
