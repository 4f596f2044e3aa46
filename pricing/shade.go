package pricing

import "bidwell/ad"

// Shade returns the bid from least to u that gains most of a willingness to pay u at
// first price, (u − bid) × the chance to win, and that chance. Where nothing is known
// well enough, and where u is below least, it returns u, with a chance of NaN if none
// is known. It does not allocate.
func (c *Curve) Shade(u, least ad.Money) (bid ad.Money, win float64) {
	if !c.known || u <= least {
		return u, c.Win(u)
	}
	i := c.choice(u)
	if i < 0 {
		return u, c.Win(u)
	}
	if c.best[i].bid >= least {
		return c.best[i].bid, c.best[i].win
	}
	// The best bid is not allowed: it is the lowest one then, or the next that gains
	// more wherever it is above.
	bid, win = least, c.Win(least)
	for i++; i < len(c.best) && c.best[i].bid < u; i++ {
		if b := &c.best[i]; b.bid >= least {
			if b.gain(u) > float64(u-bid)*win {
				return b.bid, b.win
			}
			break
		}
	}
	return bid, win
}

func (b *choice) gain(u ad.Money) float64 { return float64(u-b.bid) * b.win }

// choice returns the index of the best choice for u, -1 if u is below all prices.
func (c *Curve) choice(u ad.Money) int {
	low, high := 0, len(c.best)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if c.best[mid].from <= u {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

const (
	exploring = 15 // of 1000 bids
	wider     = 8  // where nothing is known, bids from u/wider on are tried
)

// Explore returns another bid than the shaded one, for 1.5 % of bids, and what trying
// it costs: what it is expected to gain less than bid, 0 if that is not known. It
// is spread evenly, on a logarithmic scale, from half the shaded bid, at least least,
// to u. The same seed gives the same answer. It returns false if bid stays. It does
// not allocate.
func (c *Curve) Explore(u, bid, least ad.Money, seed uint64) (other, cost ad.Money, ok bool) {
	seed = mix(seed + 0x9e3779b97f4a7c15)
	if seed%1000 >= exploring {
		return bid, 0, false
	}
	low := bid / 2
	if !c.known {
		low = u / wider
	}
	low = max(low, least, 1)
	if low >= u {
		return bid, 0, false
	}
	other = between(low, u, float64(mix(seed)>>11)/(1<<53))
	if c.known {
		cost = max(0, moneyOf(float64(u-bid)*c.Win(bid)-float64(u-other)*c.Win(other)))
	}
	return other, cost, true
}
