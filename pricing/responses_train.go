package pricing

import (
	"math"

	"bidwell/ad"
)

// Example is what happened to one impression, as far as one task is concerned.
//
// A response may come late: examples without it are learned when they are due, in
// parts if the response is likely later on, and one with it takes back the parts.
type Example struct {
	Task    Task
	Context *Context
	Subject *Subject
	Yes     bool    // there is a response
	Weight  float64 // of this part; of a response, of all the example
	Taken   float64 // of a response: the weight of the parts without it that were learned before
	Sampled float64 // how many others the example stands for, itself among them, where a sample is kept; its weight says so too. 0 is 1
	Day     int64   // days since 1970-01-01 of the example
}

// maxExample is the most weight that an example can have.
const maxExample = 4096

// Trainer teaches response models. It is for one goroutine.
type Trainer struct {
	models    [NumTasks]*regression // nil until there is an example
	crosses   [NumTasks]*cross
	rates     rates
	house     [NumTasks]progress
	campaigns map[ad.ID]*record
	credits   map[creativeKey]*credit
	date      int64 // of the examples, and
	day       int64 // how many days there have been with examples: what has had none for many of them is forgotten

	example example // reused
}

// NewTrainer returns a trainer that knows nothing.
func NewTrainer() *Trainer {
	return &Trainer{rates: newRates(), campaigns: map[ad.ID]*record{}, credits: map[creativeKey]*credit{}}
}

// Learn learns an example. It ignores what cannot be one.
func (t *Trainer) Learn(e *Example) {
	if !e.valid() {
		return
	}
	t.turn(e.Day)
	m := t.model(e.Task)
	n, y := e.Weight, 0.0
	if e.Yes {
		n, y = e.Weight-e.Taken, e.Weight
	}
	prior := t.rates.rate(e.Task, e.Subject.Advertiser, e.Subject.Campaign, e.Subject.Line, 0)
	m.gather(e.Task, e.Context, e.Subject, &t.example)
	sums := t.example.sums()
	scaled := sigmoid(logit(prior) + m.scale.of(sums))
	t.score(e, n, y, scaled, prior)
	of := max(e.Sampled, 1)
	m.scale.learn(sums, (n*scaled-y)/of, max(n, 0)/of*scaled*(1-scaled))
	p := sigmoid(logit(prior) + sums[0] + sums[1])
	t.example.learn(n*p-y, max(n, 0)*p*(1-p))
	m.reckon()
	t.rates.add(e.Task, e.Subject, n, y, t.day)
}

// model returns a task's, made if there is none yet.
func (t *Trainer) model(task Task) *regression {
	m, of := t.models[task], crossOf(task)
	if m != nil {
		return m
	}
	if t.crosses[of] == nil {
		t.crosses[of] = &cross{strength: newCrossStrength()}
	}
	m = &regression{strength: newMainStrength(), cross: t.crosses[of], scale: newScale()}
	t.models[task] = m
	return m
}

func (e *Example) valid() bool {
	return e.Task < NumTasks && e.Weight > 0 && e.Weight <= maxExample && e.Taken >= 0 && e.Taken <= maxExample && e.Sampled >= 0 && (e.Yes || e.Taken == 0)
}

// score counts how good the model's chance was, before it learns.
func (t *Trainer) score(e *Example, n, y, raw, prior float64) {
	c := t.campaign(e.Subject)
	if c == nil {
		return
	}
	q := c.progress[e.Task]
	if q == nil {
		q = new(progress)
		c.progress[e.Task] = q
	}
	p := bounded(raw*q.factor(), prior/maxRatio, min(prior*maxRatio, maxRate))
	q.add(n, y, raw, p, prior)
	t.house[e.Task].add(n, y, raw, p, prior)
	if k := t.credit(e.Subject); k != nil {
		k.add(e.Task, y, n*raw*math.Exp(-t.creativeWeight(e)))
	}
}

// creativeWeight is what the model knows of the example's creative.
func (t *Trainer) creativeWeight(e *Example) float64 {
	at := crossingOf(e.Subject.Campaign)
	m := t.models[e.Task]
	c := m.cross.pages[at.page] // gather has made it
	return m.scale.by[1] * float64(c.w[at.slot(bidderFeature(ofCreative, uint64(e.Subject.Creative)))])
}

// campaign returns the record of a campaign, nil if there are too many.
func (t *Trainer) campaign(s *Subject) *record {
	c := t.campaigns[s.Campaign]
	if c == nil {
		if len(t.campaigns) >= maxKept {
			return nil
		}
		c = new(record)
		t.campaigns[s.Campaign] = c
	}
	c.goal, c.seen = s.Goal, t.day
	return c
}

func (t *Trainer) credit(s *Subject) *credit {
	k := creativeKey{s.Line, s.Creative}
	c := t.credits[k]
	if c == nil {
		if len(t.credits) >= maxCredits {
			return nil
		}
		c = new(credit)
		t.credits[k] = c
	}
	c.seen = t.day
	return c
}

// turn forgets what is old when a day begins. Days are counted as they come, so that
// a clock that jumps ahead wipes out nothing.
func (t *Trainer) turn(date int64) {
	if t.date-1 <= date && date <= t.date {
		return
	}
	t.date = date
	t.day++
	day := t.day
	t.rates.forget(day)
	for id, c := range t.campaigns {
		if c.seen+keptDays < day {
			delete(t.campaigns, id)
		}
	}
	for k, c := range t.credits {
		if c.seen+keptDays < day {
			delete(t.credits, k)
		}
	}
}

// Chance returns what Responses.Chance would for the subject's goal if it were
// published now, but for what campaign managers state.
func (t *Trainer) Chance(x *Context, s *Subject) float64 {
	switch s.Goal {
	case PerImpression:
		return 1
	case PerAcquisition:
		click := t.chance(Clicking, x, s)
		convert := t.chance(ClickConverting, x, s)
		view := t.chance(ViewConverting, x, s)
		return click*convert + (1-click)*view
	}
	return t.chance(s.Goal.Tasks()[0], x, s)
}

// chance returns a task's.
func (t *Trainer) chance(task Task, x *Context, s *Subject) float64 {
	prior := t.rates.rate(task, s.Advertiser, s.Campaign, s.Line, 0)
	m := t.models[task]
	c := t.campaigns[s.Campaign]
	if m == nil || c == nil || !c.progress[task].gate(&t.house[task]) {
		return prior
	}
	m.gather(task, x, s, &t.example)
	raw := sigmoid(logit(prior) + m.scale.of(t.example.sums()))
	return bounded(raw*c.progress[task].factor(), prior/maxRatio, min(prior*maxRatio, maxRate))
}

// Publish returns the models as they are. Later examples do not change them. What waits,
// by campaign, is told to people only; nil is nothing.
func (t *Trainer) Publish(waits map[ad.ID]*Waiting) *Responses {
	r := &Responses{rates: t.rates.clone(), verdicts: make(map[ad.ID]*verdict, len(t.campaigns)), credits: make(map[creativeKey]*credit, len(t.credits))}
	var crosses [NumTasks]*[crossPages]*page
	for i, c := range t.crosses {
		if c != nil {
			crosses[i] = new([crossPages]*page)
			publish(c.pages[:], crosses[i][:], nil)
		}
	}
	for i, m := range t.models {
		if m != nil {
			r.models[i] = &weights{cross: crosses[crossOf(Task(i))], unit: [2]float64{m.scale.by[0] / weightUnit, m.scale.by[1] / weightUnit}}
			publish(m.main[:], r.models[i].main[:], &nothing)
		}
		q := &t.house[i]
		r.house[i].used = q.y >= gateHouseEvents && q.passes()
	}
	for id, c := range t.campaigns {
		r.verdicts[id] = c.verdict(&t.house, waits[id])
	}
	for id, w := range waits {
		if r.verdicts[id] == nil {
			r.verdicts[id] = (&record{goal: w.Goal}).verdict(&t.house, w)
		}
	}
	for k, c := range t.credits {
		copied := *c
		r.credits[k] = &copied
	}
	return r
}
