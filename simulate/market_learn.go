package simulate

import (
	"time"

	"bidwell/ad"
	"bidwell/pacing"
	"bidwell/pricing"
	"bidwell/pricing/learn"
)

// pupil is what the bidder of a market learns from the events of its ledger, as what
// follows a ledger on disk does.
type pupil struct {
	learner *learn.Learner
	events  uint64
	model   *pricing.Model
	made    time.Time // when the model was made
	after   uint64    // so many events
}

// A model is made after learnEvery at the soonest, if there is something new: so many
// events, or part of all events. After learnLatest any will do. What a market is like
// changes little in that time, and models take longer to make than a day's requests.
const (
	learnEvery, learnLatest = 5 * time.Minute, 30 * time.Minute
	learnEvents, learnPart  = 500, 20
)

func newPupil() *pupil { return &pupil{learner: learn.NewLearner(), model: pricing.Nothing()} }

// hear takes the next event.
func (p *pupil) hear(e *ad.Event) {
	p.learner.Apply(p.events, e)
	p.events++
}

// recall makes a new model, if it is time.
func (p *pupil) recall(now time.Time) {
	news, waited := p.events-p.after, now.Sub(p.made)
	if waited >= learnEvery && news >= learnEvents+p.after/learnPart || waited >= learnLatest && news > 0 {
		p.model, p.made, p.after = p.learner.Model(), now, p.events
	}
}

// outcomes returns what a campaign got for its money.
func (p *pupil) outcomes(campaign ad.ID) (pacing.Responses, bool) {
	o := p.learner.Outcomes(campaign)
	return pacing.Responses{Cost: o.Cost, Events: o.Events, Expected: o.Expected, Due: o.Due}, true
}
