package pricing

import (
	"math"
	"math/bits"

	"bidwell/ad"
)

// A response model is a logistic regression: the log-odds of a chance are an
// offset, which is the prior of the line item, plus one weight for every feature
// that is present, and one for every feature as it matters to the campaign. Weights
// are found by hashes, so that memory is bounded whatever comes.
//
// Weights are learned by FTRL-Proximal (McMahan et al., "Ad Click Prediction: a
// View from the Trenches", 2013) without its L1 part, for hashing bounds memory
// already. Then the algorithm's state z is -w·(λ+n), and a step is
//
//	w ← w − g / (λ+n)
//
// with g the gradient of the loss, λ the strength of regularisation and n the sum
// of proximal strengths. The paper takes for n the root of the sum of squared
// gradients, which presumes nothing; here n is the sum of the loss's curvature
// p·(1−p), which makes 1/(λ+n) the variance of the weight by Laplace's
// approximation and λ the precision of a normal prior. Features that come together
// share a step, as in a Kalman filter, for each explains a part of the surprise
// only (Graepel et al., "Web-Scale Bayesian Click-Through Rate Prediction", 2010).
const (
	pageBits = 10
	pageSize = 1 << pageBits

	mainBits  = 18 // of slots for features
	mainPages = 1 << (mainBits - pageBits)

	crossPageBits = 12 // of pages for campaigns
	crossPages    = 1 << crossPageBits
)

// Bounds on what anything that is learned can do.
const (
	maxWeight = 4.0  // of a weight, and
	maxStep   = 0.5  // of one change of it, as log-odds
	maxMemory = 4000 // of n: what is learned is forgotten after some thousand responses
	maxOdds   = 20.0 // of log-odds
)

// page is weights as they are published, in 1/weightUnit. Main pages are parts of one
// table for all; of the others each campaign uses the one that its id leads to, so that
// all that is asked of it lies together.
type page [pageSize]int16

const weightUnit = 32767 / maxWeight

// nothing is the page of those that have none.
var nothing page

func mainSlot(f feature) (pageNo, slot uint32) {
	h := uint32(f) * 0x9E3779B1 >> (32 - mainBits)
	return h >> pageBits, h & (pageSize - 1)
}

// crossing tells where the weights of a campaign are: in which page, and in which
// of its slots. Campaigns that share a page have them in other slots.
type crossing struct {
	page uint32
	salt uint32
}

func crossingOf(campaign ad.ID) crossing {
	h := hash64(uint64(campaign))
	return crossing{page: uint32(h >> (64 - crossPageBits)), salt: uint32(h) | 1}
}

func (c crossing) slot(f feature) uint32 { return uint32(f) * c.salt >> (32 - pageBits) }

// cells are a page that learns.
type cells struct {
	w, n      [pageSize]float32 // weights, and sums of curvature
	kind      [pageSize]kind    // of the feature that was learned last
	published *page
}

// regression is one task's model as it learns.
type regression struct {
	main     [mainPages]*cells
	strength strength
	cross    *cross
	scale    scale

	examples uint64
}

// cross is what matters to campaigns.
type cross struct {
	pages    [crossPages]*cells
	strength strength
}

// crossOf is the task whose weights for campaigns a task uses: who likes what a campaign
// offers buys it, after a click or without one.
func crossOf(t Task) Task {
	if t == ViewConverting {
		return ClickConverting
	}
	return t
}

// slot is a weight that is present in an example.
type slot struct {
	in     *cells
	i      uint32
	lambda float32
	kind   kind
}

// maxSlots is how many weights an example has at most: two for each feature, and
// those of the subject.
const maxSlots = 2*MaxFeatures + 4 + maxParts

// example is the weights that are present.
type example struct {
	slots [maxSlots]slot
	n     int
	own   int // the first slot of what matters to the campaign
	parts subjectParts
}

func (m *regression) gather(t Task, x *Context, s *Subject, e *example) {
	e.n = 0
	for _, f := range x.features() {
		m.addMain(e, f, f.kind())
	}
	e.parts.of(s)
	for i, f := range e.parts.shared() {
		m.addMain(e, f, e.parts.kind(i))
	}
	e.own = e.n
	at := crossingOf(s.Campaign)
	c := cellsAt(&m.cross.pages[at.page])
	of := &m.cross.strength
	for _, f := range x.features() {
		if f.matters() != alone {
			e.add(c, at.slot(f), of, f.kind())
		}
	}
	for i, f := range unvarying(t, s.Line) {
		e.add(c, at.slot(f), of, [...]kind{invariable, ofALine}[i])
	}
	for i, f := range e.parts.own() {
		e.add(c, at.slot(f), of, e.parts.kind(i))
	}
}

// unvarying are the features that are present in all impressions of a line item. Tasks
// have their own.
func unvarying(t Task, line ad.ID) [2]feature {
	return [...]feature{bidderFeature(always, uint64(t)), bidderFeature(ofLine, uint64(line)*uint64(NumTasks)+uint64(t))}
}

// subjectParts are the features of a subject that differ from bid to bid.
type subjectParts struct {
	n uint8
	f [maxParts]feature
}

const (
	maxParts    = 4 + 32
	sharedParts = 2 // the first ones matter for all campaigns as well
)

func (p *subjectParts) of(s *Subject) {
	p.f[0] = bidderFeature(ofFrequency, uint64(s.Frequency))
	p.f[1] = bidderFeature(ofRecency, uint64(s.Recency))
	p.f[2] = bidderFeature(ofStep, uint64(s.Step))
	p.f[3] = bidderFeature(ofCreative, uint64(s.Creative))
	p.n = 4
	for held := s.Adjust; held != 0; held &= held - 1 {
		k := uint64(bits.TrailingZeros32(held))
		p.f[p.n] = bidderFeature(ofModifier, uint64(s.Line)^k)
		p.n++
	}
}

func (p *subjectParts) shared() []feature { return p.f[:sharedParts] }

func (p *subjectParts) own() []feature { return p.f[:p.n] }

// kind returns the kind of the ith feature.
func (p *subjectParts) kind(i int) kind {
	return [...]kind{ofContact, sinceThen, ofAStep, ofACreative, ofAModifier}[min(i, 4)]
}

func (m *regression) addMain(e *example, f feature, k kind) {
	p, i := mainSlot(f)
	e.add(cellsAt(&m.main[p]), i, &m.strength, k)
}

func (e *example) add(c *cells, i uint32, of *strength, k kind) {
	e.slots[e.n] = slot{c, i, of[k], k}
	e.n++
}

func cellsAt(c **cells) *cells {
	if *c == nil {
		*c = new(cells)
	}
	return *c
}

// sums returns the sum of the weights that all campaigns share, and that of the
// campaign's own.
func (e *example) sums() (z [2]float64) {
	for i := range e.slots[:e.n] {
		s, of := &e.slots[i], 0
		if i >= e.own {
			of = 1
		}
		z[of] += float64(s.in.w[s.i])
	}
	return z
}

// learn changes the weights by a gradient of the loss by the log-odds, and its
// curvature.
func (e *example) learn(gradient, curvature float64) {
	spread := 0.0 // variance of the log-odds
	for i := range e.slots[:e.n] {
		spread += e.slots[i].variance()
	}
	share := 1 / (1 + curvature*spread)
	for i := range e.slots[:e.n] {
		s := &e.slots[i]
		variance := s.variance()
		others := max(spread-variance, 0)
		w, n := &s.in.w[s.i], &s.in.n[s.i]
		step := within(gradient*variance*share, maxStep)
		*w = float32(within(float64(*w)-step, maxWeight))
		*n = min(*n+float32(curvature/(1+curvature*others)), maxMemory)
		s.in.kind[s.i] = s.kind
		s.in.published = nil
	}
}

func (s *slot) variance() float64 { return 1 / float64(s.lambda+s.in.n[s.i]) }

// within holds x between -bound and bound; what is no number is 0.
func within(x, bound float64) float64 {
	switch { // faster than min and max, which mind signed zeros
	case x > bound:
		return bound
	case x < -bound:
		return -bound
	case x != x:
		return 0
	}
	return x
}

// publish returns weights as they are. Pages that have not changed since the last time
// are the same.
func publish(from []*cells, to []*page, none *page) {
	for i, c := range from {
		to[i] = none
		if c != nil {
			to[i] = c.publish()
		}
	}
}

func (c *cells) publish() *page {
	if c.published == nil {
		p := new(page)
		for i, w := range c.w {
			p[i] = int16(math.RoundToEven(float64(w) * weightUnit))
		}
		c.published = p
	}
	return c.published
}
