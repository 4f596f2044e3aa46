package loadtest

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// The topics that generated people read about.
var topics = []string{"news", "sport", "travel", "technology", "finance", "cooking", "family", "gardening"}

var segments = []string{"frequent-flyer", "new-parent", "home-owner", "sports-fan", "early-adopter", "bargain-hunter", "pet-owner", "student"}

// GeneratePeople writes what is known of the people of p, one line of JSON for
// each: where they live, what they drive, segments, and what they visited.
// Times are relative to the import ("ago"), so that the file never ages.
func GeneratePeople(p People, w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for i := range p.N {
		line = p.AppendFacts(line[:0], i)
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("writing person %d of %d: %w", i+1, p.N, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing people: %w", err)
	}
	return nil
}

// AppendFacts appends what is known of person i as a JSON object.
func (p *People) AppendFacts(dst []byte, i int) []byte {
	t := p.traitsOf(i)
	dst = append(dst, `{"id":{"type":"`...)
	dst = append(dst, p.IDType(i)...)
	dst = append(dst, `","value":"`...)
	dst = p.AppendID(dst, i)
	dst = append(dst, `"},"attributes":{"home.zip":"`...)
	dst = append(dst, t.home.Zip...)
	dst = append(dst, '"')
	if t.car != "" {
		dst = append(dst, `,"owns.car.class":"`...)
		dst = append(dst, t.car...)
		dst = append(dst, `","owns.car.bought":{"ago":"`...)
		dst = strconv.AppendInt(dst, int64(t.carAgeDays), 10)
		dst = append(dst, `d"}`...)
	}
	dst = append(dst, '}')
	d := t.dice
	dst = appendSegments(dst, &d)
	return append(appendBehaviours(dst, &t, &d), '}')
}

func appendSegments(dst []byte, d *dice) []byte {
	n, first := segmentsOf(d)
	if n == 0 {
		return dst
	}
	dst = append(dst, `,"segments":[`...)
	for k := range n {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"name":"`...)
		dst = append(dst, segments[segmentAt(first, k)]...)
		dst = append(dst, `","expires":"`...)
		dst = strconv.AppendInt(dst, int64(30+d.below(150)), 10)
		dst = append(dst, `d"}`...)
	}
	return append(dst, ']')
}

// segmentsOf draws how many segments a person is in, and where they begin.
func segmentsOf(d *dice) (n, first int) {
	if n = d.below(4); n == 0 {
		return 0, 0
	}
	return n, d.below(len(segments))
}

// segmentAt returns the kth segment of those that begin with first.
func segmentAt(first, k int) int { return (first + 3*k) % len(segments) }

// appendBehaviours writes visits, each with its topic and how long ago, and a
// test drive for a few of those who read about cars.
func appendBehaviours(dst []byte, t *traits, d *dice) []byte {
	dst = append(dst, `,"behaviours":[`...)
	n := 0
	add := func(kind, topic string, minutes, count int) {
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = append(dst, `{"kind":"`...)
		dst = append(dst, kind...)
		dst = append(dst, `","topic":"`...)
		dst = append(dst, topic...)
		dst = append(dst, `","ago":"`...)
		dst = appendAgo(dst, minutes)
		dst = append(dst, '"')
		if count > 1 {
			dst = append(dst, `,"count":`...)
			dst = strconv.AppendInt(dst, int64(count), 10)
		}
		dst = append(dst, '}')
	}
	for range d.below(5) {
		add("visit", topics[d.below(len(topics))], d.below(30*minutesPerDay), 1+d.below(4))
	}
	switch {
	case t.intender:
		for range 3 + d.below(4) {
			add("visit", "automotive", d.below(9*minutesPerDay), 1+d.below(3))
		}
	case d.chance(0.15):
		add("visit", "automotive", 5*minutesPerDay+d.below(40*minutesPerDay), 1)
	}
	if t.tested {
		add("conversion", "test-drive", d.below(60*minutesPerDay), 1)
	}
	return append(dst, ']')
}

const minutesPerDay = 24 * 60

// appendAgo appends a length of time of one unit, such as 76h or 12m.
func appendAgo(dst []byte, minutes int) []byte {
	if minutes >= 60 {
		return append(strconv.AppendInt(dst, int64(minutes/60), 10), 'h')
	}
	return append(strconv.AppendInt(dst, int64(max(minutes, 1)), 10), 'm')
}
