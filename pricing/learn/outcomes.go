package learn

import (
	"time"

	"bidwell/ad"
	"bidwell/pricing"
)

// Outcomes is what a campaign got for its money, since its goal is known or was last
// changed. It only grows.
type Outcomes struct {
	Cost     ad.Money // paid for its impressions, in house currency
	Events   float64  // what it pays for that has come so far
	Expected float64  // chances of the impressions that were shown, as the models had them then
	Due      float64  // the part of Expected that would have come by now
}

// outcome is how a campaign's outcomes are counted.
type outcome struct {
	goal  pricing.Goal
	since int64    // unix seconds of the newest bid for the goal whose impression has come
	total Outcomes // Due is of hours that are not in recent

	// recent is what was expected of the last hours, the oldest first, where what is
	// paid for comes late.
	recent []hourly
}

type hourly struct {
	hour     int64 // since 1970
	expected float64
}

const hourMS = int64(time.Hour / time.Millisecond)

// follow begins anew if the goal of an impression is a newer one. It returns false if
// it is an older one.
func (o *outcome) follow(g pricing.Goal, e *ad.Event) bool {
	o.since = min(o.since, e.Time/1000) // the clock may have been set back
	switch {
	case o.goal == g:
	case e.BidTime > o.since:
		*o = outcome{goal: g, since: o.since}
	default:
		return false
	}
	o.since = max(o.since, e.BidTime)
	return true
}

// expect counts an impression.
func (o *outcome) expect(chance float64, now int64) {
	o.total.Expected += chance
	if o.goal != pricing.PerAcquisition {
		o.total.Due += chance
		return
	}
	hour := now / hourMS
	if n := len(o.recent); n > 0 && o.recent[n-1].hour >= hour {
		last := &o.recent[n-1]
		last.expected += chance
		if last.hour > hour+1 { // the clock has been set back
			last.hour = hour
		}
		return
	}
	o.recent = append(o.recent, hourly{hour, chance})
	if len(o.recent) > mostHours {
		o.total.Due += o.recent[0].expected
		o.recent = append(o.recent[:0], o.recent[1:]...)
	}
}

// mostHours is for how long conversions are waited for.
var mostHours = int(afterClick[len(afterClick)-1] / time.Hour)

// outcomes returns the sums as of now.
func (o *outcome) outcomes(now int64, d *delays) Outcomes {
	out, shares := o.total, d.shares()
	for _, h := range o.recent {
		age := max(now-h.hour*hourMS, 0)
		out.Due += h.expected * d.stages.by(age-min(age, hourMS)/2, &shares) // the hour's middle, of what has passed of it
	}
	return out
}
