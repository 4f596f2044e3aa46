package pricing

import "bidwell/ad"

// Responses is the response models as of one moment. It is immutable and safe for
// concurrent use.
type Responses struct {
	models   [NumTasks]*weights // nil of a task of which nothing has been learned
	rates    *rates
	verdicts map[ad.ID]*verdict // by campaign
	house    [NumTasks]struct{ used bool }
	credits  map[creativeKey]*credit
}

// weights are one task's model.
type weights struct {
	main  [mainPages]*page
	cross *[crossPages]*page // nil pages for none
	unit  [2]float64         // of a main weight and of a campaign's, in log-odds
}

// maxRatio is by how much a chance differs at most from the prior, either way. It
// bounds what a model gone wrong can do, and what a search among candidates has to
// reckon with.
const maxRatio = 16

// Scorer tells chances. Responses is the one that comes with the engine; a team
// may have its own. A Scorer must be safe for concurrent use, must not allocate,
// and must keep to the bounds of the view: Least ≤ chance ≤ Most.
type Scorer interface {
	// Chance returns how likely an impression that is shown brings what the
	// campaign pays for. The context x is the request's, b is what Begin prepared
	// for it, l the view of the subject's line item.
	Chance(x *Context, b *Bases, l *LineView, s *Subject) float64
}

var _ Scorer = (*Responses)(nil)

// LineKey is a line item as its view is asked for.
type LineKey struct {
	Advertiser, Campaign, Line ad.ID
	Goal                       Goal
	Prior                      float64 // the chance that the campaign manager states: bid.price ÷ worth; 0 for none
	Creatives                  []ad.ID
}

// LineView is what models know of a line item whatever the impression. It is made
// when a model is taken over, so that the request path looks nothing up, and goes
// with the Responses that made it.
type LineView struct {
	Goal        Goal
	Rate        float64   // the prior: the chance where no model is used
	Least, Most float64   // no chance is outside
	Shares      []float64 // how often each creative is to be drawn, in the order of LineKey.Creatives; they add up to 1

	at    crossing
	key   uint64 // of the campaign, for sums that its line items share
	parts [maxTasks]part
}

// part is a task's part of a chance.
type part struct {
	used   bool
	offset float64 // log-odds of the prior, and what is the same for all impressions
	rate   float64 // the prior
	least  float64 // chance, and
	most   float64
	factor float64 // of calibration
	cross  *page
}

// Line returns the view of a line item.
func (r *Responses) Line(k LineKey) LineView {
	l := LineView{Goal: k.Goal, Rate: 1, Least: 1, Most: 1, at: crossingOf(k.Campaign), key: hash64(uint64(k.Campaign))}
	stated := [NumTasks]float64{}
	if k.Prior > 0 {
		stated = r.stated(&k)
	}
	for i, t := range k.Goal.Tasks() {
		l.parts[i] = r.part(t, &k, stated[t], l.at)
	}
	clicked := 1.0
	switch k.Goal {
	case PerImpression:
	case PerAcquisition:
		click, convert, view := l.parts[0].rate, l.parts[1].rate, l.parts[2].rate
		l.Rate = click*convert + (1-click)*view
		clicked = click * convert / l.Rate
		l.bound()
	default:
		l.Rate = l.parts[0].rate
		l.bound()
	}
	l.Shares = r.shares(&k, clicked)
	return l
}

// bound sets the bounds: where no model is used, every chance is the prior, and a search
// need not reckon with another one.
func (l *LineView) bound() {
	l.Least, l.Most = l.Rate, l.Rate
	for i := range l.parts {
		if l.parts[i].used {
			l.Least, l.Most = l.Rate/maxRatio, min(l.Rate*maxRatio, 1)
		}
	}
}

// stated shares what is stated of a goal out among its tasks. Of acquisitions as
// many follow clicks as the house's do.
func (r *Responses) stated(k *LineKey) (out [NumTasks]float64) {
	prior := min(max(k.Prior, minRate), maxRate)
	if k.Goal != PerAcquisition {
		for _, t := range k.Goal.Tasks() {
			out[t] = prior
		}
		return out
	}
	click := r.rates.rate(Clicking, k.Advertiser, k.Campaign, k.Line, 0)
	clicked, viewed := click*r.rates.houseRate(ClickConverting), (1-click)*r.rates.houseRate(ViewConverting)
	scale := prior / (clicked + viewed)
	out[ClickConverting] = min(scale*r.rates.houseRate(ClickConverting), maxRate)
	out[ViewConverting] = min(scale*r.rates.houseRate(ViewConverting), maxRate)
	return out
}

// part returns a task's part of a line item's chances.
func (r *Responses) part(t Task, k *LineKey, stated float64, at crossing) part {
	p := part{factor: 1, cross: &nothing}
	p.rate = r.rates.rate(t, k.Advertiser, k.Campaign, k.Line, stated)
	p.least, p.most = p.rate/maxRatio, min(p.rate*maxRatio, maxRate)
	p.used = r.house[t].used
	prior := p.rate
	if v := r.verdicts[k.Campaign]; v != nil {
		p.used, p.factor = v.tasks[t].used, v.tasks[t].factor
		if v.tasks[t].known { // what it has shown, it has shown with this one
			prior = r.rates.rate(t, k.Advertiser, k.Campaign, k.Line, 0)
		}
	}
	p.offset = logit(prior)
	if m := r.models[t]; m != nil && m.cross[at.page] != nil {
		p.cross = m.cross[at.page]
		fixed := unvarying(t, k.Line)
		p.offset += float64(p.sum(at, fixed[:])) * m.unit[1]
	}
	p.used = p.used && r.models[t] != nil
	return p
}

// cachedSums is how many campaigns' sums are remembered during a request.
const cachedSums = 32

// Bases is what models make of a request, whoever bids. It belongs to the request
// and is used again and again without allocating.
type Bases struct {
	done    uint8 // bit t: main[t] is made
	main    [NumTasks]int32
	crossed [MaxFeatures]feature // of the context
	n       uint8
	keys    [cachedSums]uint64
	sums    [cachedSums]int32
	parts   subjectParts
}

// Begin prepares for the chances of a request. The context must not change after
// it.
func (r *Responses) Begin(x *Context, b *Bases) {
	b.done, b.n = 0, 0
	for _, f := range x.features() {
		if f.matters() != alone {
			b.crossed[b.n] = f
			b.n++
		}
	}
	clear(b.keys[:])
}

// Chance returns how likely an impression that is shown brings what the campaign
// pays for: a number from l.Least to l.Most, calibrated. The view is one that r
// has made.
func (r *Responses) Chance(x *Context, b *Bases, l *LineView, s *Subject) float64 {
	b.parts.of(s)
	switch l.Goal {
	case PerImpression:
		return 1
	case PerAcquisition:
		click := r.chance(Clicking, &l.parts[0], x, b, l)
		convert, view := r.chance(ClickConverting, &l.parts[1], x, b, l), r.chance(ViewConverting, &l.parts[2], x, b, l)
		return bounded(click*convert+(1-click)*view, l.Least, l.Most)
	}
	return bounded(r.chance(l.Goal.Tasks()[0], &l.parts[0], x, b, l), l.Least, l.Most)
}

// chance returns a task's.
func (r *Responses) chance(t Task, p *part, x *Context, b *Bases, l *LineView) float64 {
	if !p.used {
		return p.rate
	}
	return p.chance(r.logOdds(t, p, x, b, l))
}

// chance makes log-odds a chance.
func (p *part) chance(z float64) float64 {
	return bounded(sigmoid(z)*p.factor, p.least, p.most)
}

// bounded holds x within bounds; what is no number is the lower one.
func bounded(x, low, high float64) float64 {
	switch {
	case !(x > low):
		return low
	case x > high:
		return high
	}
	return x
}

func (r *Responses) logOdds(t Task, p *part, x *Context, b *Bases, l *LineView) float64 {
	m := r.models[t]
	if b.done>>t&1 == 0 {
		b.main[t] = m.sum(x.features())
		b.done |= 1 << t
	}
	main, own := b.main[t]+m.sum(b.parts.shared()), l.campaignSum(t, p, b)+p.sum(l.at, b.parts.own())
	return p.offset + float64(main)*m.unit[0] + float64(own)*m.unit[1]
}

// sum returns the sum of the weights of features, whatever the campaign.
func (m *weights) sum(of []feature) (sum int32) {
	for _, f := range of {
		p, i := mainSlot(f)
		sum += int32(m.main[p][i])
	}
	return sum
}

// sum returns the sum of what features weigh for a campaign.
func (p *part) sum(at crossing, of []feature) (sum int32) {
	for _, f := range of {
		sum += int32(p.cross[at.slot(f)])
	}
	return sum
}

// campaignSum returns what the context weighs for the campaign, which is the same for
// all its line items.
func (l *LineView) campaignSum(t Task, p *part, b *Bases) int32 {
	t = crossOf(t)
	key := l.key&^7 | uint64(t) | 1<<63
	i := (l.key>>3 + uint64(t)) % cachedSums
	if b.keys[i] != key {
		b.keys[i], b.sums[i] = key, p.sum(l.at, b.crossed[:b.n])
	}
	return b.sums[i]
}

// Estimate is how a task's part of a chance comes about, for people.
type Estimate struct {
	Task   Task
	Prior  float64 // how often it happens, whatever the impression
	Model  float64 // what the model says, calibrated and bounded
	Used   bool    // the model; else the prior
	Held   bool    // at 16 times the prior, or a 16th, for the model says more, or less
	Why    string
	Chance float64
}

// Explain returns how a chance comes about, by task.
func (r *Responses) Explain(x *Context, b *Bases, l *LineView, campaign ad.ID, s *Subject) []Estimate {
	var out []Estimate
	q, _ := r.Quality(campaign)
	b.parts.of(s)
	for i, t := range l.Goal.Tasks() {
		p := &l.parts[i]
		e := Estimate{Task: t, Prior: p.rate, Model: p.rate, Used: p.used, Chance: r.chance(t, p, x, b, l), Why: "nothing has been learned yet"}
		if r.models[t] != nil {
			raw := sigmoid(r.logOdds(t, p, x, b, l)) * p.factor
			e.Model = bounded(raw, p.least, p.most)
			e.Held = raw < p.least || raw > p.most && p.most < maxRate
			e.Why = "it has not been shown yet"
		}
		for _, found := range q.Tasks {
			if found.Task == t {
				e.Why = found.Why
			}
		}
		out = append(out, e)
	}
	return out
}
