package learn

import (
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

// settle learns from everything whose time has come.
func (l *Learner) settle() {
	for l.resolved < l.shown.next && l.over(l.shown.at(l.resolved).at, window) {
		l.resolve()
	}
	for l.shown.len() > 0 && l.shown.first < l.resolved && l.over(l.shown.at(l.shown.first).at, late) {
		l.dropShown()
	}
	l.age(ofClicks, l.clicks)
	l.age(ofViews, l.views)
	l.auctions.silent(l.over, func(o *pricing.Observation) {
		l.rates.Observe(o)
	})
}

// over reports whether some time has passed since another. If that is in the future,
// the clock has been set back, and nobody waits for it.
func (l *Learner) over(since int64, after time.Duration) bool {
	return since+after.Milliseconds() <= l.now || since > l.now+hourMS
}

// resolve learns from the first impression whose window has not been closed yet.
func (l *Learner) resolve() {
	it := l.shown.at(l.resolved)
	l.resolved++
	it.flags |= due
	l.unlast(ofShown, it.conversion, it.bid)
	if l.floods.flooded(it.person) {
		return
	}
	w := float64(it.weight)
	l.teach(it, pricing.Viewing, it.flags&viewed != 0, w, 0)
	l.teach(it, pricing.Clicking, it.flags&clicked != 0, w, 0)
	if it.flags&played != 0 {
		l.teach(it, pricing.Completing, it.flags&completed != 0, w, 0)
	}
	switch {
	case it.subject.Conversion == 0:
	case it.flags&clicked == 0:
		l.view(it)
	case it.flags&converted != 0: // before its click: of views with a click nothing is learned, whatever became of them
		l.countView(it)
	}
}

// countView counts the conversion of a view that was clicked after it. If the click has
// one too, now or later, both are one acquisition.
func (l *Learner) countView(it *item) {
	c := l.clicks.find(it.bid)
	if c != nil && c.flags&converted != 0 {
		l.counts.Repeated++
		return
	}
	l.count(it)
	if c != nil {
		c.flags |= bought
	}
}

// dropShown forgets the oldest impression.
func (l *Learner) dropShown() {
	if l.resolved == l.shown.first {
		l.resolve()
	}
	l.shown.pop()
}

// unlast forgets that an item was a person's last.
func (l *Learner) unlast(of int, key uint64, bid ad.BidID) {
	if key != 0 && l.last[of][key] == bid {
		delete(l.last[of], key)
	}
}

// click lets a click wait for its conversion.
func (l *Learner) click(it *item) {
	if it.subject.Conversion == 0 || l.clicks.find(it.bid) != nil {
		return
	}
	weight, ok := thin(keyOf(it.bid)>>32, l.clicks.len(), mostClicked)
	if !ok {
		return
	}
	c := *it
	c.at, c.flags, c.taken = l.now, clicked, 0
	c.weight = float32(max(weight, float64(it.weight)))
	if c.conversion != 0 {
		l.last[ofClicks][c.conversion] = c.bid
	}
	l.clicks.push(&c)
}

// view lets an impression without a click wait for its conversion. Where there are many,
// it does so of some people only, with all that they see.
func (l *Learner) view(it *item) {
	hash := keyOf(it.bid) >> 32
	if !it.person.IsZero() {
		hash = keyOf(ad.BidID(it.person)) >> 32
	}
	weight, ok := thin(hash, l.views.len(), mostViewed)
	if !ok || l.views.find(it.bid) != nil {
		if it.flags&converted != 0 {
			l.convertView(it.conversion, it.at/1000)
		}
		return
	}
	v := *it
	v.taken = 0
	v.weight = min(it.weight*float32(weight), 1<<mostThin)
	l.views.push(&v)
	if v.conversion != 0 {
		l.last[ofViews][v.conversion] = v.bid
	}
	if v.flags&converted != 0 { // before its window ended
		added := l.views.at(l.views.next - 1)
		added.flags &^= converted
		l.convert(added)
	}
}

// conversionTasks predict conversions after clicks, and after views.
var conversionTasks = [...]pricing.Task{ofClicks: pricing.ClickConverting, ofViews: pricing.ViewConverting}

// age learns parts of what waits for conversions as it gets older, and drops what has
// waited long enough.
func (l *Learner) age(of int, q *queue) {
	d := &l.delays[of]
	var shares [mostStages]float64
	for i, end := range d.stages {
		n := &l.waiting[of][i]
		for *n = max(*n, q.first); *n < q.next && l.over(q.at(*n).at, end); *n++ {
			if shares[0] == 0 {
				shares = d.shares()
			}
			l.part(of, i, q.at(*n), sum(shares[:i+1]))
		}
	}
	for q.len() > 0 && q.first < l.waiting[of][len(d.stages)-1] {
		it := q.at(q.first)
		l.unlast(of, it.conversion, it.bid)
		q.pop()
	}
}

func sum(of []float64) (s float64) {
	for _, x := range of {
		s += x
	}
	return s
}

// part learns from an item that has come to the end of a stage: that a conversion came
// in it, or else, in part, that none did, so that the parts come to the share of
// conversions which come until then. A conversion is no earlier learned than that others
// of its age had none, or each campaign would begin with nothing but successes.
func (l *Learner) part(of, stage int, it *item, share float64) {
	d := &l.delays[of]
	d.passed[stage]++
	told := it.flags&held != 0
	it.flags &^= held
	switch {
	case l.floods.flooded(it.person):
		return
	case told:
		d.convert[stage]++
		l.teach(it, conversionTasks[of], true, float64(it.weight), float64(it.taken))
		return
	case it.flags&converted != 0:
		return
	}
	weight := max(0, float64(it.weight)*share-float64(it.taken))
	it.taken += float32(weight)
	l.teach(it, conversionTasks[of], false, weight, 0)
}

// conversion takes one: it belongs to the click that caused it, else to the person's
// last click that could have, else to the last impression.
func (l *Learner) conversion(e *ad.Event) {
	key := conversionKey(e.Person, e.Advertiser, pricing.ConversionOf(e.Topic))
	bid, told := e.Cause, e.Cause != ad.BidID{}
	if !told && !e.Person.IsZero() {
		bid = l.last[ofClicks][key]
	}
	if it := l.clicks.find(bid); it != nil && it.subject.Conversion == pricing.ConversionOf(e.Topic) && it.subject.Advertiser == e.Advertiser &&
		(it.by(e.BidTime) || told && it.by(e.BidTime+int64(ad.ClocksDiffer/time.Second))) {
		l.convert(it)
		return
	}
	if told || e.Person.IsZero() {
		l.counts.Unmatched++
		return
	}
	switch it := l.shown.find(l.last[ofShown][key]); {
	case it == nil || !it.by(e.BidTime):
		l.convertView(key, e.BidTime)
	case it.flags&clicked != 0 && !l.clickedAfter(it.bid, e.BidTime):
		l.counts.Unmatched++ // its click is not in the sample
	case it.flags&converted != 0:
		l.counts.Repeated++
	default:
		it.flags |= converted // learned, or counted, when its window ends
	}
}

// clickedAfter reports whether the click of a bid waits, and is later than a moment.
func (l *Learner) clickedAfter(bid ad.BidID, second int64) bool {
	c := l.clicks.find(bid)
	return c != nil && !c.by(second)
}

// by reports whether an item is no later than a moment, unix seconds: a conversion may be
// told of long after it was.
func (it *item) by(second int64) bool { return it.at/1000 <= second }

// convertView takes a conversion of a moment for the last impression that waits for one.
func (l *Learner) convertView(key uint64, second int64) {
	if it := l.views.find(l.last[ofViews][key]); it != nil && it.by(second) {
		l.convert(it)
		return
	}
	l.counts.Unmatched++
}

// convert notes that a conversion has come. It is learned at the end of the stage that
// the item is in. Another one of the same click or view, as of somebody who orders
// again, is no other acquisition: the chance is that of at least one.
func (l *Learner) convert(it *item) {
	if it.flags&converted != 0 {
		l.counts.Repeated++
		return
	}
	if it.flags&bought != 0 {
		l.counts.Repeated++
	} else {
		l.count(it)
	}
	it.flags |= converted | held
}

// count counts a conversion, as one for each that its item stands for.
func (l *Learner) count(it *item) {
	l.counts.Conversions++
	if o := l.outcomes[it.subject.Campaign]; o != nil && o.goal == pricing.PerAcquisition {
		o.total.Events += float64(it.weight)
	}
}
