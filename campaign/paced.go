package campaign

import (
	"math"
	"sync"

	"bidwell/ad"
	"bidwell/pricing"
)

// Paced is how line items bid as pacing and what is learned have it at one moment: what
// a chance is worth to each, by what factor each is lowered and, for a search, the most
// that it and those around it bid. It is immutable, and all of it is of the same moment.
type Paced struct {
	lines  []bound
	words  []ad.Money // the most of each 64 line items
	rest   []ad.Money // the most of each 64 and of all that follow
	kappas []kappa    // of lines; apart, because a search looks at few of them

	prices    Prices
	views     []pricing.LineView // of line items with a goal, by Line.view
	unlowered []ad.Money         // the most that line items would bid if they were not lowered; nil where none has a goal
}

// bound is a line item's Reach, paced.
type bound struct{ most, unraised ad.Money }

// kappa is what lowers a line item's bids.
type kappa struct {
	factor float64
	level  int
}

// Prices is what prices are made of besides configuration and pacing.
type Prices struct {
	Model  *pricing.Model // what is learned; nil for nothing
	Scorer pricing.Scorer // tells chances in the place of the model's own; nil for none
}

// nothing is the model that knows nothing.
var nothing = sync.OnceValue(pricing.Nothing)

// Most returns the most that a line item bids.
func (p *Paced) Most(line int) ad.Money { return p.lines[line].most }

// Unraised returns the most that a line item bids if its Reach.Raise does not
// hold.
func (p *Paced) Unraised(line int) ad.Money { return p.lines[line].unraised }

// Unlowered returns the most that a line item would bid if pacing did not lower it. Its
// reach is r.
func (p *Paced) Unlowered(line int, r *Reach) ad.Money {
	if p.unlowered == nil {
		return r.Most
	}
	return p.unlowered[line]
}

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

// Model returns what was learned by that moment.
func (p *Paced) Model() *pricing.Model { return p.prices.Model }

// Own reports whether a team's own scorer tells chances.
func (p *Paced) Own() bool { return p.prices.Scorer != nil }

// View returns what models know of a line item with a goal.
func (p *Paced) View(l *Line) *pricing.LineView { return &p.views[l.view] }

// Begin prepares for the chances of an impression of which models see x. It must not
// change after that.
func (p *Paced) Begin(x *pricing.Context, b *pricing.Bases) { p.prices.Model.Responses.Begin(x, b) }

// Chance returns how likely an impression that is shown brings what a line item with a
// goal pays for. Begin has prepared b for the context x. Whatever tells it, it is within
// the bounds of the line item's view, which those of a search are made of.
func (p *Paced) Chance(l *Line, x *pricing.Context, b *pricing.Bases, s *pricing.Subject) float64 {
	v := &p.views[l.view]
	if p.prices.Scorer == nil {
		return p.prices.Model.Responses.Chance(x, b, v, s)
	}
	c := p.prices.Scorer.Chance(x, b, v, s)
	if math.IsNaN(c) {
		c = p.prices.Model.Responses.Chance(x, b, v, s)
	}
	return min(max(c, v.Least), v.Most)
}

// Paced returns how line items bid as of the last Pace.
func (s *Snapshot) Paced() *Paced { return s.paced.Load() }

// Pace takes over what pacing has come to, and what is learned: whoever moves κ calls
// it then, one at a time. Requests that are under way go on with what was before. It
// takes about a millisecond for 100,000 line items, and more for those with a goal
// where the model is another one.
func (s *Snapshot) Pace(prices Prices) {
	if prices.Model == nil {
		prices.Model = nothing()
	}
	words := s.Index.words
	p := &Paced{
		lines: make([]bound, len(s.Lines)), kappas: make([]kappa, len(s.Lines)),
		words: make([]ad.Money, words), rest: make([]ad.Money, words),
		prices: prices,
	}
	s.view(p)
	for i := range s.Lines {
		factor, level := s.Lines[i].Kappa()
		b := bound{s.Reach[i].Most, s.Reach[i].Unraised}
		if s.Lines[i].Goal != nil {
			b = p.bound(&s.Lines[i])
			p.unlowered[i] = b.most
		}
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

// view makes the views of line items with a goal, or takes those of before where the
// model is the same.
func (s *Snapshot) view(p *Paced) {
	if s.goals == 0 {
		return
	}
	p.unlowered = make([]ad.Money, len(s.Lines))
	for i := range s.Reach {
		p.unlowered[i] = s.Reach[i].Most
	}
	before := s.paced.Load()
	if before != nil && before.prices.Model == p.prices.Model && (before.prices.Scorer == nil) == (p.prices.Scorer == nil) {
		p.views = before.views
		return
	}
	p.views = make([]pricing.LineView, s.goals)
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Goal != nil {
			p.views[l.view] = p.viewOf(l)
		}
	}
}

// viewOf makes the view of a line item. What another scorer may say is not bounded by
// what ours has learned.
func (p *Paced) viewOf(l *Line) pricing.LineView {
	k := pricing.LineKey{
		Advertiser: l.Campaign.AdvertiserID, Campaign: l.Campaign.ID, Line: l.ID,
		Goal: l.Goal.PayPer, Prior: l.Prior, Creatives: make([]ad.ID, len(l.Creatives)),
	}
	for i, c := range l.Creatives {
		k.Creatives[i] = c.ID
	}
	v := p.prices.Model.Responses.Line(k)
	if p.prices.Scorer != nil {
		v.Least, v.Most = 0, 1
	}
	return v
}

// bound returns the most that a line item with a goal bids before it is paced. It is
// worked out as the bid is, so that rounding makes it no less.
func (p *Paced) bound(l *Line) bound {
	most := p.views[l.view].Most
	return bound{
		most:     min(l.Goal.Worth.Mul(most*l.raiseAll), l.AtMost),
		unraised: min(l.Goal.Worth.Mul(most*l.raiseLess), l.AtMost),
	}
}
