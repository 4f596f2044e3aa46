package learn

import (
	"bidwell/ad"
	"bidwell/pricing"
)

// waits returns of each campaign what is younger than the window and so teaches
// nothing yet. It goes through all of that.
func (l *Learner) waits() map[ad.ID]*pricing.Waiting {
	out := map[ad.ID]*pricing.Waiting{}
	add := func(it *item, t pricing.Task, response flags) {
		w := out[it.subject.Campaign]
		if w == nil {
			w = new(pricing.Waiting)
			out[it.subject.Campaign] = w
		}
		w.Goal = it.subject.Goal
		w.Trials[t] += float64(it.weight)
		if it.flags&response != 0 {
			w.Responses[t] += float64(it.weight)
		}
	}
	for n := l.resolved; n < l.shown.next; n++ {
		it := l.shown.at(n)
		add(it, pricing.Viewing, viewed)
		add(it, pricing.Clicking, clicked)
		if it.flags&played != 0 {
			add(it, pricing.Completing, completed)
		}
		if it.flags&clicked == 0 && it.subject.Conversion != 0 {
			add(it, pricing.ViewConverting, converted)
		}
	}
	for n := max(l.waiting[ofClicks][0], l.clicks.first); n < l.clicks.next; n++ {
		add(l.clicks.at(n), pricing.ClickConverting, converted)
	}
	return out
}
