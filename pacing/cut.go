package pacing

import "bidwell/ad"

// leastCut is one divided by the smallest part of a bid that is still worth making.
const leastCut = 10

// Cut returns what to bid where only so much room is left in the budgets: the whole
// bid if it fits, else what is left, for less may still win. It returns zero where
// that is less than a tenth of the bid: next to nothing is won with it, and as long
// as its notice is awaited, it takes the room that a better bid could have.
func Cut(bid, room ad.Money) ad.Money {
	switch {
	case bid <= room:
		return bid
	case room < bid/leastCut:
		return 0
	}
	return max(0, room)
}
