package simulate

import (
	"cmp"
	"maps"
	"slices"

	"bidwell/ad"
	"bidwell/notice"
	"bidwell/pricing"
)

// prices are the least bids that would have won, by segment, of auctions at first price.
type prices struct {
	of map[pricing.Segment]*priceSample
}

// priceSample is some of the prices of a segment, the latest ones.
type priceSample struct {
	segment pricing.Segment
	bids    int
	least   []ad.Money
	last    ad.Money
}

// mostLeast is how many prices of a segment are kept.
const mostLeast = 10_000

// see notes the price of an auction in which a bid was made.
func (p *prices) see(t *notice.Token, least ad.Money) {
	if t.Auction != ad.FirstPrice || t.Segment == 0 {
		return
	}
	segment := pricing.Segment(t.Segment)
	s := p.of[segment]
	if s == nil {
		if p.of == nil {
			p.of = map[pricing.Segment]*priceSample{}
		}
		s = &priceSample{segment: segment}
		p.of[segment] = s
	}
	if len(s.least) < mostLeast {
		s.least = append(s.least, least)
	} else {
		s.least[s.bids%mostLeast] = least
	}
	s.bids++
	s.last = least
}

// lastOf returns the price of the last auction of a segment.
func (p *prices) lastOf(segment uint32) (ad.Money, bool) {
	s := p.of[pricing.Segment(segment)]
	if s == nil {
		return 0, false
	}
	return s.last, true
}

// WinCurve is how likely bids win in a part of the market, as it was learned and as it
// was.
type WinCurve struct {
	Segment uint32     `json:"segment"`
	Media   string     `json:"media"`
	Bids    int        `json:"bids"`
	Known   bool       `json:"known"` // enough was seen to shade bids
	Points  []WinPoint `json:"points"`
}

// WinPoint is a price, CPM, with the chance that a bid of it wins.
type WinPoint struct {
	CPM     float64 `json:"cpm"`
	Learned float64 `json:"learned"` // 0 where nothing is known
	Real    float64 `json:"real"`
}

// mostCurves is how many segments are shown.
const mostCurves = 6

// curves compares what was learned of the segments with most bids with what they were.
func (p *prices) curves(exchange ad.ID, m *pricing.Market) (list []WinCurve) {
	all := slices.SortedFunc(maps.Values(p.of), func(a, b *priceSample) int {
		return cmp.Or(cmp.Compare(b.bids, a.bids), cmp.Compare(a.segment, b.segment))
	})
	for _, s := range all[:min(len(all), mostCurves)] {
		list = append(list, s.curve(m.Curve(exchange, s.segment)))
	}
	return list
}

func (s *priceSample) curve(learned *pricing.Curve) WinCurve {
	slices.Sort(s.least)
	c := WinCurve{Segment: uint32(s.segment), Media: s.segment.Media().String(), Bids: s.bids, Known: learned.Known()}
	const points = 40
	last := ad.Money(-1)
	for k := range points {
		i := min((k+1)*len(s.least)/points, len(s.least)) - 1
		if i < 0 || s.least[i] == last {
			continue
		}
		last = s.least[i]
		at, _ := slices.BinarySearch(s.least, last+1)
		p := WinPoint{CPM: last.CPM(), Real: float64(at) / float64(len(s.least))}
		if learned.Known() {
			p.Learned = learned.Win(last)
		}
		c.Points = append(c.Points, p)
	}
	return c
}
