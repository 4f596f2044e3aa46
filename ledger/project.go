package ledger

import (
	"github.com/cockroachdb/pebble/v2"

	"bidwell/ad"
)

// projections are the figures that events add up to. The committer, Trim and
// Replay use the same code: the committer on the figures that everybody reads,
// Trim on the base, and Replay in memory, beginning with the base.
type projections struct {
	store
	accounts table[accountKey, Figure, *Figure]
	rollups  table[rollupKey, Counts, *Counts]
	proofs   table[proofKey, proof, *proof]
	prove    bool // make proofs
}

// cachedFigures is how many figures of a kind the committer remembers.
const cachedFigures = 1 << 16

// apply adds an event, or fails and adds nothing.
func (p *projections) apply(e *ad.Event) error {
	var figures [6]*kept[accountKey, Figure]
	n := 0
	if chargesAccounts(e) {
		for _, id := range [...]ad.ID{e.Line, e.Campaign, e.Advertiser} {
			if id == 0 {
				continue
			}
			for _, k := range [...]accountKey{{id: id}, {id, true, e.Day}} {
				f, err := p.accounts.get(&p.store, k)
				if err != nil {
					return err
				}
				figures[n] = f
				n++
			}
		}
	}
	proven := p.prove && marked(e)
	var marks *kept[proofKey, proof]
	if proven {
		var err error
		if marks, err = p.proofs.get(&p.store, proofKey(hourOfMarks(e))); err != nil {
			return err
		}
	}
	if e.Kind != ad.EventBid {
		counts, err := p.rollups.get(&p.store, rollupOf(e))
		if err != nil {
			return err
		}
		counts.v.add(e)
		p.rollups.touch(counts)
	}
	// Nothing fails any more.
	for _, f := range figures[:n] {
		f.v.add(e)
		p.accounts.touch(f)
	}
	if proven {
		marks.v.addEvent(e)
		p.proofs.touch(marks)
	}
	return nil
}

// chargesAccounts reports whether an event changes the figures of accounts.
func chargesAccounts(e *ad.Event) bool {
	switch e.Kind {
	case ad.EventWin, ad.EventBilling, ad.EventImpression:
		return true
	}
	return e.Price > 0
}

func rollupOf(e *ad.Event) rollupKey {
	return rollupKey{
		hour: uint32(e.Time / hourMS), campaign: e.Campaign, line: e.Line, creative: e.Creative, exchange: e.Exchange, deal: e.Deal,
	}
}

// write puts what has changed into a batch.
func (p *projections) write(b *pebble.Batch) error {
	if err := p.accounts.write(&p.store, b); err != nil {
		return err
	}
	if err := p.rollups.write(&p.store, b); err != nil {
		return err
	}
	return p.proofs.write(&p.store, b)
}

// forget drops figures from memory when there are many. They must be in the
// store.
func (p *projections) forget() {
	p.accounts.forget(cachedFigures)
	p.rollups.forget(cachedFigures)
}
