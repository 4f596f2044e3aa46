package learn

import (
	"encoding/binary"
	"iter"
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

const (
	// window is for how long after an impression its click, its view and its end
	// are waited for: then it is learned that there was none. One that comes later
	// corrects that for as long as the impression is remembered.
	window = 10 * time.Minute
	late   = 2 * time.Hour

	mostShown    = 1 << 17 // impressions that are remembered
	mostClicked  = 1 << 16 // clicks that wait for conversions
	mostViewed   = 1 << 17 // impressions without a click that do
	mostEarly    = 1 << 12 // notices that were faster than their impression
	mostOutcomes = 1 << 16 // campaigns whose outcomes are counted
)

// Counts is what a learner has met since the first event.
type Counts struct {
	Impressions uint64 // with a context
	Unreadable  uint64 // of them, those whose context cannot be read
	LeftOut     uint64 // of them, those that were left out because there were many
	Late        uint64 // responses that came after what was waited for
	Conversions uint64 // that belong to an impression that is learned from
	Unmatched   uint64 // conversions that belong to none, or to one that is not in the sample
	Repeated    uint64 // conversions of a click or a view that has one already
	Flooded     uint64 // clicks of people who click too often
}

// Learner learns from events. It is for one goroutine.
type Learner struct {
	position uint64 // number of the first event that has not been seen
	now      int64  // time of the last event, unix milliseconds

	responses *pricing.Trainer
	rates     pricing.Rates
	auctions  auctions

	shown    *queue
	resolved uint64 // number of the first of shown whose window has not ended
	clicks   *queue
	views    *queue
	waiting  [2][mostStages]uint64 // by delays and stage: number of the first item that has not reached its end
	delays   [2]delays
	early    early
	// last is, by key of person, advertiser and conversion, the last click and the last
	// impression that wait, and the last impression whose window has not ended.
	last     [3]map[uint64]ad.BidID
	floods   floods
	outcomes map[ad.ID]*outcome
	counts   Counts
}

// Of what delays and what was last are.
const (
	ofClicks = iota
	ofViews
	ofShown
)

// NewLearner returns a learner that has seen nothing.
func NewLearner() *Learner {
	return &Learner{
		responses: pricing.NewTrainer(), auctions: newAuctions(),
		shown: newQueue(mostShown), clicks: newQueue(mostClicked), views: newQueue(mostViewed),
		delays:   [2]delays{{stages: afterClick, usual: &usualClick}, {stages: afterView, usual: &usualView}},
		early:    newEarly(),
		last:     [3]map[uint64]ad.BidID{{}, {}, {}},
		floods:   floods{clicks: map[ad.PersonID]uint8{}},
		outcomes: map[ad.ID]*outcome{},
	}
}

// Position returns the number of the first event that was not applied.
func (l *Learner) Position() uint64 { return l.position }

// Counts returns what was met.
func (l *Learner) Counts() Counts { return l.counts }

// Model returns what has been learned. Later events do not change it.
func (l *Learner) Model() *pricing.Model {
	return &pricing.Model{Responses: l.responses.Publish(l.waits()), Market: l.rates.Publish()}
}

// Outcomes returns what a campaign got for its money, nothing for one whose goal is
// not known.
func (l *Learner) Outcomes(campaign ad.ID) Outcomes {
	o := l.outcomes[campaign]
	if o == nil {
		return Outcomes{}
	}
	return o.outcomes(l.now, &l.delays[ofClicks])
}

// Apply takes the next event. Those that it has seen already it ignores.
func (l *Learner) Apply(seq uint64, e *ad.Event) {
	if seq < l.position {
		return
	}
	l.position = seq + 1
	l.now = e.Time
	l.settle()
	switch e.Kind {
	case ad.EventBid:
		l.auctions.sampled(e)
	case ad.EventWin, ad.EventBilling, ad.EventLoss:
		if o, ok := l.auctions.tell(e); ok {
			l.rates.Observe(&o)
		}
	case ad.EventImpression:
		l.impression(e)
	case ad.EventView, ad.EventClick:
		l.respond(e)
	case ad.EventConversion:
		l.conversion(e)
	}
	if o := l.outcomes[e.Campaign]; o != nil && e.Price > 0 {
		o.total.Cost += e.Price
	}
}

// impression takes one that was shown.
func (l *Learner) impression(e *ad.Event) {
	if e.Context == "" {
		return
	}
	l.counts.Impressions++
	it := item{bid: e.Bid, person: e.Person, at: e.Time}
	s := &it.subject
	if !pricing.Unpack(e.Context, &it.context, s) {
		l.counts.Unreadable++
		return
	}
	s.Advertiser, s.Campaign, s.Line, s.Creative = e.Advertiser, e.Campaign, e.Line, e.Creative
	if o := l.outcome(s, e); o != nil {
		o.expect(l.responses.Chance(&it.context, s), e.Time)
	}
	it.flags = l.early.said[e.Bid]
	if e.Media == ad.Video || e.Media == ad.Audio {
		it.flags |= played
	}
	if l.show(&it) && it.flags&clicked != 0 {
		l.click(l.shown.find(it.bid))
	}
}

// show remembers an impression, if there is room.
func (l *Learner) show(it *item) bool {
	weight, ok := thin(keyOf(it.bid)>>32, int(l.shown.next-l.resolved), mostShown)
	if !ok || l.shown.find(it.bid) != nil {
		l.counts.LeftOut++
		return false
	}
	it.weight = float32(weight)
	if it.subject.Conversion != 0 && !it.person.IsZero() {
		it.conversion = conversionKey(it.person, it.subject.Advertiser, it.subject.Conversion)
		l.last[ofShown][it.conversion] = it.bid
	}
	if l.shown.full() {
		l.dropShown()
	}
	l.shown.push(it)
	return true
}

// conversionKey names what a person may do for an advertiser.
func conversionKey(p ad.PersonID, advertiser ad.ID, conversion uint32) uint64 {
	h := binary.LittleEndian.Uint64(p[:]) ^ binary.LittleEndian.Uint64(p[8:])*0x9E3779B97F4A7C15
	h ^= uint64(advertiser)*0xBF58476D1CE4E5B9 + uint64(conversion)*0x94D049BB133111EB
	return max(h^h>>29, 1)
}

// respond takes a view or a click.
func (l *Learner) respond(e *ad.Event) {
	f := responseOf(e)
	if f == 0 {
		return
	}
	if f == clicked {
		l.floods.click(e.Person, e.Time/dayMS)
		if l.floods.flooded(e.Person) {
			l.counts.Flooded++
			return
		}
	}
	o := l.outcomes[e.Campaign]
	if o == nil {
		return // nothing is learned of the campaign
	}
	if pays(o.goal, f) {
		o.total.Events++
	}
	it := l.shown.find(e.Bid)
	switch {
	case it == nil:
		l.early.add(e.Bid, f)
		return
	case it.flags&f != 0, f == completed && it.flags&played == 0:
		return
	}
	it.flags |= f
	if it.flags&due != 0 && !l.floods.flooded(it.person) {
		l.counts.Late++
		l.teach(it, f.task(), true, float64(it.weight), float64(it.weight))
	}
	if f == clicked {
		l.click(it)
	}
}

const dayMS = 24 * hourMS

// What a view event tells, by ad.Event.Detail.
const (
	viewable = 1
	complete = 6
)

// responseOf returns what an event says that somebody did.
func responseOf(e *ad.Event) flags {
	switch {
	case e.Kind == ad.EventClick:
		return clicked
	case e.Detail == viewable:
		return viewed
	case e.Detail == complete:
		return completed
	}
	return 0
}

// task returns the task that predicts a response.
func (f flags) task() pricing.Task {
	switch f {
	case viewed:
		return pricing.Viewing
	case completed:
		return pricing.Completing
	}
	return pricing.Clicking
}

// pays reports whether a response is what a goal pays for.
func pays(g pricing.Goal, f flags) bool {
	switch g {
	case pricing.PerViewable:
		return f == viewed
	case pricing.PerClick:
		return f == clicked
	case pricing.PerCompletedView:
		return f == completed
	}
	return false
}

// teach teaches a task of an item.
func (l *Learner) teach(it *item, t pricing.Task, yes bool, weight, taken float64) {
	if !(weight > 0) {
		return
	}
	l.responses.Learn(&pricing.Example{
		Task: t, Context: &it.context, Subject: &it.subject, Yes: yes, Weight: weight, Taken: taken, Sampled: float64(it.weight), Day: l.now / dayMS,
	})
}

// outcome returns the outcomes of a campaign, from its first impression with a goal
// on; nil if there are too many, or the impression comes late from before the goal was
// changed.
func (l *Learner) outcome(s *pricing.Subject, e *ad.Event) *outcome {
	o := l.outcomes[s.Campaign]
	if o == nil {
		if len(l.outcomes) >= mostOutcomes {
			return nil
		}
		o = &outcome{goal: s.Goal}
		l.outcomes[s.Campaign] = o
	}
	if !o.follow(s.Goal, e) {
		return nil
	}
	return o
}

// outcomesOf are the outcomes of all campaigns whose goal is known.
func (l *Learner) outcomesOf() iter.Seq2[ad.ID, Outcomes] {
	return func(yield func(ad.ID, Outcomes) bool) {
		for id := range l.outcomes {
			if !yield(id, l.Outcomes(id)) {
				return
			}
		}
	}
}
