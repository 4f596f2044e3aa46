package bidder

import (
	"cmp"

	"bidwell/ad"
	"bidwell/campaign"
	"bidwell/openrtb"
)

// chance returns how likely the impression, if it is shown with the candidate's
// creative, brings what the line item's goal pays for.
func (sc *Scratch) chance(l *campaign.Line, imp *openrtb.Imp, c *candidate) float64 {
	sc.see(imp)
	c.chance = sc.paced.Chance(l, &sc.sight.context, &sc.sight.bases, sc.seeSubject(c))
	return c.chance
}

// keepSight keeps what models saw of the impression of a candidate that becomes a bid,
// packed, until the request is over.
func (sc *Scratch) keepSight(c *candidate) []byte {
	from := len(sc.packed)
	sc.packed = sc.sight.context.Append(sc.packed, sc.seeSubject(c))
	return sc.packed[from:len(sc.packed):len(sc.packed)]
}

// Of more creatives than that all are shown alike.
const mostDrawn = 64

// fitDrawn picks a creative of a line item with a goal: it draws one by how often each
// is to be shown and, as long as none fits, another one of those that are left. So
// those that fit are shown in the proportion of their shares.
func (sc *Scratch) fitDrawn(l *campaign.Line, imp *openrtb.Imp, c *candidate) ad.Reason {
	d := draw{shares: sc.paced.View(l).Shares, chance: mix(sc.seed ^ uint64(l.ID))}
	for nth := range l.Creatives {
		if l.Talk == nil || l.Talk.Shows(c.step, nth) {
			d.add(nth)
		}
	}
	why := ad.OK // of the creative that came farthest
	for nth := d.next(); nth >= 0; nth = d.next() {
		r := sc.fits(l.Creatives[nth], imp, c.fit)
		if r == ad.OK {
			c.creative, c.nth = l.Creatives[nth], nth
			return ad.OK
		}
		why = max(why, r)
	}
	return cmp.Or(why, ad.NoCreativeFits)
}

// draw draws numbers below len(shares), at most mostDrawn, each once, by their shares.
type draw struct {
	shares []float64
	chance uint64
	in     uint64 // bit n: n is not drawn yet
	left   float64
}

func (d *draw) add(n int) {
	d.in |= 1 << n
	d.left += d.shares[n]
}

// next draws one of those that are left. It returns -1 if none is.
func (d *draw) next() int {
	d.chance = mix(d.chance + 0x9E3779B97F4A7C15)
	x, last := float64(d.chance>>11)/(1<<53)*d.left, -1
	for n, share := range d.shares {
		if d.in>>n&1 == 0 {
			continue
		}
		if last = n; x < share {
			break
		}
		x -= share
	}
	if last >= 0 {
		d.in &^= 1 << last
		d.left -= d.shares[last]
	}
	return last
}
