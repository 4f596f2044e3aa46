package campaign

import "bidwell/ad"

// Paced is how line items bid as pacing has it at one moment: by what factor each is
// lowered and, for a search, the most that it and those around it bid. It is immutable,
// and all of it is of the same moment.
type Paced struct {
	lines  []bound
	words  []ad.Money // the most of each 64 line items
	rest   []ad.Money // the most of each 64 and of all that follow
	kappas []kappa    // of lines; apart, because a search looks at few of them
}

// bound is a line item's Reach, paced.
type bound struct{ most, unraised ad.Money }

// kappa is what lowers a line item's bids.
type kappa struct {
	factor float64
	level  int
}

// Most returns the most that a line item bids.
func (p *Paced) Most(line int) ad.Money { return p.lines[line].most }

// Unraised returns the most that a line item bids if its Reach.Raise does not
// hold.
func (p *Paced) Unraised(line int) ad.Money { return p.lines[line].unraised }

// Word returns the most that any of the line items 64·w to 64·w+63 bids.
func (p *Paced) Word(w int) ad.Money { return p.words[w] }

// Rest returns the most that any line item from 64·w on bids.
func (p *Paced) Rest(w int) ad.Money { return p.rest[w] }

// Kappa returns the factor that pacing lowers a line item's bids with, and the level
// that decides it.
func (p *Paced) Kappa(line int) (factor float64, level int) {
	k := &p.kappas[line]
	return k.factor, k.level
}

// Paced returns how line items bid as of the last Pace.
func (s *Snapshot) Paced() *Paced { return s.paced.Load() }

// Pace takes over what pacing has come to: whoever moves κ calls it then, one at a
// time. Requests that are under way go on with what was before. It takes about a
// millisecond for 100,000 line items.
func (s *Snapshot) Pace() {
	words := s.Index.words
	p := &Paced{
		lines: make([]bound, len(s.Lines)), kappas: make([]kappa, len(s.Lines)),
		words: make([]ad.Money, words), rest: make([]ad.Money, words),
	}
	for i := range s.Lines {
		factor, level := s.Lines[i].Kappa()
		b := bound{s.Reach[i].Most, s.Reach[i].Unraised}
		if factor < 1 {
			b = bound{b.most.Mul(factor), b.unraised.Mul(factor)}
		}
		p.lines[i], p.kappas[i] = b, kappa{factor, level}
		p.words[i>>6] = max(p.words[i>>6], b.most)
	}
	most := ad.Money(0)
	for w := words - 1; w >= 0; w-- {
		most = max(most, p.words[w])
		p.rest[w] = most
	}
	s.paced.Store(p)
}
