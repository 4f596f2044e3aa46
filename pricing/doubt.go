package pricing

import (
	"maps"
	"math"
	"slices"

	"bidwell/ad"
)

// Whether the prices that an exchange tells are those that win is seen by what becomes of
// bids. Bids are held against others in the same segment only: from one to another prices
// differ, and bids follow them.

// claim is what is known in one cell of a segment, in the longest memory.
type claim struct {
	at         cell
	price, bid float64 // prices here that were told of bids that won, and such bids here
	won, lost  float64 // all bids here
}

// follow is how far the prices told of bids that won go with these bids, from one such bid
// to the next, so that it does not matter where a market moves: sums in the longest memory.
type follow struct {
	n           float64
	bid2, over2 float64 // squared differences of logarithms: of bids, and of bids as multiples of the price

	bid, over float64 // logarithms of the last one
}

// witness notes what an observation says of the prices that are told.
func (n *node) witness(o *Observation, weight float64) {
	b, _ := cellOf(o.Bid)
	if !o.Won {
		n.claim(b).lost += weight
		return
	}
	n.claim(b).won += weight
	if o.Least <= 0 || o.Least >= o.Bid {
		return
	}
	p, _ := cellOf(o.Least)
	n.claim(p).price += weight
	n.claim(b).bid += weight
	n.follow.add(math.Log(float64(o.Bid)), math.Log(float64(o.Bid)/float64(o.Least)), weight)
}

func (f *follow) add(bid, over, weight float64) {
	if f.bid > 0 {
		f.n += weight
		f.bid2 += weight * (bid - f.bid) * (bid - f.bid)
		f.over2 += weight * (over - f.over) * (over - f.over)
	}
	f.bid, f.over = bid, over
}

func (f *follow) fields() [5]*float64 {
	return [...]*float64{&f.n, &f.bid2, &f.over2, &f.bid, &f.over}
}

// claim returns what is known in a cell. It is valid until the next call.
func (n *node) claim(c cell) *claim {
	i, ok := slices.BinarySearchFunc(n.claims, c, func(x claim, c cell) int { return int(x.at) - int(c) })
	if !ok {
		n.claims = slices.Insert(n.claims, i, claim{at: c})
	}
	return &n.claims[i]
}

// forget multiplies what witnesses have said by f.
func (n *node) forget(f float64) {
	for i := range n.claims {
		c := &n.claims[i]
		c.price, c.bid, c.won, c.lost = c.price*f, c.bid*f, c.won*f, c.lost*f
	}
	n.claims = slices.DeleteFunc(n.claims, func(c claim) bool { return c.price+c.won+c.lost < leastMass })
	n.follow.n, n.follow.bid2, n.follow.over2 = n.follow.n*f, n.follow.bid2*f, n.follow.over2*f
}

// doubt is what speaks against the prices of an exchange, of all its segments.
type doubt struct {
	cells map[cell]*odds // by wide cell
	bids  float64

	n, bid2, over2 float64 // as in follow
}

// odds are bids, how many of them have won, and how many would have to by the prices that
// were told of higher ones.
type odds struct{ n, won, expect float64 }

const (
	mostRefuted = 0.1  // part of the prices told that outcomes may refute
	mostWrong   = 0.04 // see wrong
	grossly     = 0.5  // of the wins that there would have to be: fewer are not chance, nor what makes bids differ

	leastAbove = 5  // higher bids in the segment that it takes to expect anything of a bid
	leastWins  = 10 // wins to be expected of bids in a cell, for their absence to tell

	// Prices are made of the bids if they go with them so much more closely than these go
	// with each other.
	followVariance = 0.1
	leastVariance  = 0.03 * 0.03
)

// doubts adds up what speaks against the prices of each exchange.
func (r *Rates) doubts(keys []key, scale float64) map[ad.ID]*doubt {
	all := make(map[ad.ID]*doubt)
	for _, k := range keys {
		n := r.nodes[k]
		if k.exchange == 0 || len(n.claims) == 0 {
			continue
		}
		d := all[k.exchange]
		if d == nil {
			d = &doubt{cells: make(map[cell]*odds)}
			all[k.exchange] = d
		}
		d.add(n, scale)
	}
	return all
}

// add takes one segment.
func (d *doubt) add(n *node, scale float64) {
	above := 0.0 // auctions in which more was bid, and the price is told or the bid lost
	for i := range n.claims {
		above += n.claims[i].bid + n.claims[i].lost
	}
	claimed := 0.0 // of these, those that a bid here would have won by the price told
	for i := range n.claims {
		c := &n.claims[i]
		above -= c.bid + c.lost
		claimed += c.price - c.bid
		bids := (c.won + c.lost) / scale
		d.bids += bids
		if bids == 0 || above/scale < leastAbove {
			continue
		}
		o := d.cells[c.at.wide()]
		if o == nil {
			o = new(odds)
			d.cells[c.at.wide()] = o
		}
		o.n += bids
		o.won += c.won / scale
		o.expect += bids * min(1, max(0, claimed)/(above+2*scale))
	}
	d.n += n.follow.n / scale
	d.bid2 += n.follow.bid2 / scale
	d.over2 += n.follow.over2 / scale
}

// lies reports whether the prices that an exchange tells are not those that win: too many
// were refuted by the outcome, or they are made of our own bids, or lower bids win much
// less often than they would have to. Then outcomes are learned from only.
func (n *node) lies(d *doubt, scale float64) bool {
	if n.told/scale < leastSeen || d == nil {
		return false
	}
	return n.refuted > mostRefuted*n.told || d.follows() || d.wrong(n.unit()) > mostWrong
}

// follows reports whether the prices told of bids that won are nearly the same share of
// all these bids.
func (d *doubt) follows() bool {
	return d.n >= leastSeen && d.bid2 > leastVariance*d.n && d.over2 < followVariance*d.bid2
}

// wrong returns how much likelier outcomes are by the wins that there were than by those
// that there would have to be, less what chance makes of it: nats a bid. One observation
// stands for so many. Only cells count where bids win grossly less often: less often they
// do win where rivals are dearer for what is worth less to us.
func (d *doubt) wrong(unit float64) float64 {
	off := 0.0
	for _, c := range slices.Sorted(maps.Keys(d.cells)) { // for the same sum each time
		if o := d.cells[c]; o.expect >= leastWins*unit && o.won < grossly*o.expect {
			off += max(0, surprise(o.won, o.expect)+surprise(o.n-o.won, o.n-o.expect)-2*unit)
		}
	}
	return off / max(d.bids, 1)
}

// surprise returns a part of the logarithm of how much less likely it was to see so
// many where so many were expected.
func surprise(seen, expected float64) float64 {
	if !(seen > 0) {
		return 0
	}
	return seen * math.Log(seen/max(expected, 1e-3*seen))
}
