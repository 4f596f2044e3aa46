package loadtest

// Nature is what is true of a person as far as it decides how they respond to
// ads. Most of it can be known from what GeneratePeople writes.
type Nature struct {
	key    uint64 // for what is this person's own
	traits uint16 // a set; see the constants
}

// The traits, as bits of Nature.traits. Those above are of segments.
const (
	isAffluent = 1 << iota
	ownsLuxuryCar
	ownsOtherCar
	ownsOldCar // for more than three years
	isIntender
	hadTestDrive
	firstSegment
)

// Nature returns what is true of person i.
func (p *People) Nature(i int) Nature {
	t := p.traitsOf(i)
	n := Nature{key: mix(p.Seed^0x1F83D9ABFB41BD6B, uint64(i))}
	set := func(trait uint16, is bool) {
		if is {
			n.traits |= trait
		}
	}
	set(isAffluent, t.home.Band == "affluent")
	set(ownsLuxuryCar, t.car == "luxury")
	set(ownsOtherCar, t.car != "" && t.car != "luxury")
	set(ownsOldCar, t.car != "" && t.carAgeDays > 3*365)
	set(isIntender, t.intender)
	set(hadTestDrive, t.tested)
	d := t.dice
	count, first := segmentsOf(&d)
	for k := range count {
		n.traits |= firstSegment << segmentAt(first, k)
	}
	return n
}

// Stranger returns the nature of somebody of whom only an identifier is known,
// such as the people of recorded requests. The same identifier gives the same
// nature; each trait has a chance of a quarter.
func Stranger(id string) Nature {
	d := dice{seed: nameOf(id)}
	n := Nature{key: d.next()}
	for i := range 6 + len(segments) {
		if d.chance(0.25) {
			n.traits |= 1 << i
		}
	}
	return n
}
