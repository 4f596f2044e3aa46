package pricing

import "math"

// block is neighbouring points whose chance to win is the same.
type block struct {
	weight, win float64
	points      int
}

// leastTold is the part of what was seen that has to be prices to go by them.
const leastTold = 0.05

// silent reports whether next to no prices were told, only outcomes.
func (n *node) silent() bool {
	return n.all[0] <= leastTold*n.mass
}

// likeOthers is how many observations the masses that self-consistency found count for
// in each octave, when outcomes are pooled.
const likeOthers = 64.0

// isotonic corrects the masses by one memory where nothing but outcomes is known.
// Self-consistency gets those right in the end, but it takes thousands of rounds. Here
// the chance to win with a bid is that of the bids in its cell and of the masses so
// far, taken together; where it would fall as bids rise, they are pooled (Ayer et
// al. 1955).
func (f *fitter) isotonic(i int, censored []bids, scale float64) {
	f.blocks = f.blocks[:0]
	below, next := 0.0, 0
	last := len(f.points) - 1 // above all prices
	for j := range last {
		below += f.mass[j]
		gap := 1.0
		if j > 0 {
			gap = float64(f.points[j].at - f.points[j-1].at)
		}
		b := block{weight: likeOthers * f.unit * gap / octaveCells, win: min(1, below), points: 1}
		if next < len(f.bids) && int(f.bids[next]) == j {
			won, lost := censored[next].won[i]/scale, censored[next].lost[i]/scale
			b.join(block{weight: won + lost, win: won / max(won+lost, math.SmallestNonzeroFloat64)})
			next++
		}
		f.pool(b)
	}
	below, j := 0.0, 0
	for _, b := range f.blocks {
		f.mass[j] = max(0, b.win-below)
		clear(f.mass[j+1 : j+b.points])
		below, j = max(below, b.win), j+b.points
	}
	f.mass[last] = 1 - below
}

// pool adds a block above all others.
func (f *fitter) pool(b block) {
	for n := len(f.blocks); n > 0 && f.blocks[n-1].win >= b.win; n-- {
		b.join(f.blocks[n-1])
		f.blocks = f.blocks[:n-1]
	}
	f.blocks = append(f.blocks, b)
}

func (b *block) join(o block) {
	if sum := b.weight + o.weight; sum > 0 {
		b.win = (b.weight*b.win + o.weight*o.win) / sum
		b.weight = sum
	}
	b.points += o.points
}

// regress returns the log-logistic distribution that outcomes speak for: a logistic
// regression on the logarithm of the bid, by Newton's method, held near a median at
// the middle of the bids and a width of baseWidth by a few observations' weight.
func regress(list []bids) (center, width float64) {
	var sum, mid float64
	for i := range list {
		w := list[i].won[0] + list[i].lost[0]
		sum += w
		mid += w * list[i].log()
	}
	if !(sum > 0) {
		return 0, baseWidth
	}
	mid /= sum
	const ridge = likeParent
	norm := 1.0
	if sum > 1e6 {
		norm = 1e6 / sum // weights are relative to the mark
	}
	a, b := 0.0, 1/baseWidth // log-odds: a + b × (log bid − mid)
	for range 20 {
		ga, gb := -a*ridge/16, -(b-1/baseWidth)*ridge/16
		haa, hab, hbb := ridge/16.0, 0.0, ridge/16.0
		for i := range list {
			x := list[i].log() - mid
			p := logistic(a + b*x)
			won, lost := list[i].won[0]*norm, list[i].lost[0]*norm
			e, h := won-(won+lost)*p, (won+lost)*p*(1-p)
			ga, gb = ga+e, gb+e*x
			haa, hab, hbb = haa+h, hab+h*x, hbb+h*x*x
		}
		det := haa*hbb - hab*hab
		if !(det > 0) {
			break
		}
		a += clamp((ga*hbb-gb*hab)/det, -1, 1)
		b += clamp((gb*haa-ga*hab)/det, -1, 1)
		b = clamp(b, 0.5, 50)
	}
	return clamp(mid-a/b, mid-baseEdge, mid+baseEdge), 1 / b
}

func (b *bids) log() float64 { return math.Log(float64(max(1, priceAt(b.at, b.top)))) }

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }
