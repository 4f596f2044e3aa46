package campaign

import (
	"bidwell/ad"
	"bidwell/audience"
)

// Reach is what a search looks at before it looks at a line item. There are few
// bytes of it, in one slice, because most candidates are beaten: to see that of
// a line item itself would cost a cache miss each.
type Reach struct {
	Most     ad.Money     // the most that the line item could bid, house currency
	Unraised ad.Money     // the most if Raise does not hold
	Raise    audience.Ref // condition of the modifier that raises the bid most, NoRef if none does
	Audience audience.Ref // NoRef if the line item is for everybody
}

// NoRef stands for no rule.
const NoRef audience.Ref = -1

// reaches returns the reach of every line item.
func reaches(lines []Line) []Reach {
	list := make([]Reach, len(lines))
	for i := range lines {
		list[i] = lines[i].reach()
	}
	return list
}

func (l *Line) reach() Reach {
	r := Reach{Most: l.MaxBid, Unraised: l.MaxBid, Raise: NoRef, Audience: NoRef}
	if l.HasAudience {
		r.Audience = l.Audience
	}
	raise, most := -1, 1.0
	for i := range l.Adjust {
		if l.Adjust[i].Factor > most {
			raise, most = i, l.Adjust[i].Factor
		}
	}
	l.raiseAll, l.raiseLess = l.raise(-1), l.raise(raise)
	if raise >= 0 {
		r.Raise, r.Unraised = l.Adjust[raise].If, l.raised(raise)
	}
	return r
}
