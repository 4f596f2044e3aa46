package learn

import "bidwell/ad"

// A person who clicks more often than people do is not one. From then on nothing is
// learned of what they see, until the next day.
const (
	mostClicks  = 10      // of a person in a day
	mostPersons = 1 << 16 // whose clicks are counted
)

// floods counts clicks of a day by person.
type floods struct {
	day    int64
	clicks map[ad.PersonID]uint8
}

// click counts a click.
func (f *floods) click(p ad.PersonID, day int64) {
	if p.IsZero() {
		return
	}
	if day != f.day || len(f.clicks) >= mostPersons && f.clicks[p] == 0 {
		f.day = day
		clear(f.clicks)
	}
	f.clicks[p] = min(f.clicks[p]+1, mostClicks+1)
}

// flooded reports whether a person clicks too often.
func (f *floods) flooded(p ad.PersonID) bool { return f.clicks[p] > mostClicks }
