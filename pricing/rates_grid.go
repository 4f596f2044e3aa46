package pricing

import (
	"math/bits"

	"bidwell/ad"
)

// Prices are counted in cells: 128 of equal width for each doubling, so that a cell is
// between 0.4 % and 0.8 % of its price wide. Within its cell a price has a place of 0
// to 255. Rival bids gather at round prices and floors, where a bid a little lower
// wins nothing: a cell keeps the place of the highest price seen in it, and a bid goes
// there and not to the cell's edge.
const (
	octaveBits  = 7
	octaveCells = 1 << octaveBits
	mostPrice   = ad.Money(1)<<42 - 1 // 4,398 currency units for one impression
	noPrice     = cell(36 * octaveCells)
	wideBits    = 4 // 8 wide cells for each doubling, for comparisons that need no more
)

// cell is the number of a price's cell, from 0 to noPrice, which stands for a price
// above all.
type cell uint16

// wide returns the number of the wide cell around c.
func (c cell) wide() cell { return c >> wideBits }

// cellOf returns the cell of a price, and the place within it. Prices out of range
// are taken for the nearest one within.
func cellOf(m ad.Money) (cell, uint8) {
	m = min(max(m, 0), mostPrice)
	if m < 2*octaveCells {
		return cell(m), 0
	}
	e := bits.Len64(uint64(m)) - octaveBits - 1
	c := cell(e<<octaveBits) + cell(m>>e)
	within := uint64(m) & (1<<e - 1)
	if e > 8 {
		return c, uint8(within >> (e - 8))
	}
	return c, uint8(within)
}

// priceAt returns the highest price whose cell and place these are.
func priceAt(c cell, place uint8) ad.Money {
	if c < 2*octaveCells {
		return ad.Money(c)
	}
	if c >= noPrice {
		return ad.MaxMoney
	}
	e := int(c>>octaveBits) - 1
	low := ad.Money(octaveCells|c&(octaveCells-1)) << e
	if e > 8 {
		return low + (ad.Money(place)+1)<<(e-8) - 1
	}
	return low + min(ad.Money(place), 1<<e-1)
}
