package campaign

import (
	"bidwell/ad"
)

// Paced is how far line items reach as they are paced now: what a search bounds
// bids with. It is immutable.
type Paced struct {
	lines []bound
	words []ad.Money // the most of each 64 line items
	rest  []ad.Money // the most of each 64 and of all that follow
	epoch uint64     // of the pacer
}

// bound is a line item's Reach, paced.
type bound struct{ most, unraised ad.Money }

// Most returns the most that a line item bids.
func (p *Paced) Most(line int) ad.Money { return p.lines[line].most }

// Unraised returns the most that a line item bids if its Reach.Raise does not
// hold.
func (p *Paced) Unraised(line int) ad.Money { return p.lines[line].unraised }

// Word returns the most that any of the line items 64·w to 64·w+63 bids.
func (p *Paced) Word(w int) ad.Money { return p.words[w] }

// Rest returns the most that any line item from 64·w on bids.
func (p *Paced) Rest(w int) ad.Money { return p.rest[w] }

// Paced returns the bounds of a snapshot that is bound. Pacing moves every some
// seconds; whoever comes first then works them out anew, in about a millisecond
// for 100,000 line items, while others go on with the last ones.
func (s *Snapshot) Paced() *Paced {
	p := s.paced.Load()
	if p.epoch == s.pacer.Epoch() || !s.pacing.TryLock() {
		return p
	}
	defer s.pacing.Unlock()
	p = s.pace()
	s.paced.Store(p)
	return p
}

func (s *Snapshot) pace() *Paced {
	words := s.Index.words
	p := &Paced{
		lines: make([]bound, len(s.Lines)), words: make([]ad.Money, words), rest: make([]ad.Money, words),
		epoch: s.pacer.Epoch(), // before κ: what changes meanwhile is looked at again
	}
	for i := range s.Lines {
		b := bound{s.Reach[i].Most, s.Reach[i].Unraised}
		if kappa, _ := s.Lines[i].Kappa(); kappa < 1 {
			b = bound{b.most.Mul(kappa), b.unraised.Mul(kappa)}
		}
		p.lines[i] = b
		p.words[i>>6] = max(p.words[i>>6], b.most)
	}
	most := ad.Money(0)
	for w := words - 1; w >= 0; w-- {
		most = max(most, p.words[w])
		p.rest[w] = most
	}
	return p
}
