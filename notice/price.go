package notice

import (
	"strconv"

	"bidwell/ad"
)

// ParsePrice reads the clearing price that an exchange put in place of
// ${AUCTION_PRICE}: a CPM as a decimal number, such as 2.5, .5 or 1.25e-1. It
// returns the price of one impression. It returns false for what is no price:
// nothing, a macro that was not replaced, text, signs, infinities, and more than
// a price can be. A price of zero is a price.
func ParsePrice(text []byte) (ad.Money, bool) {
	const longest = 32 // no price needs more; it also keeps the conversion off the heap
	if len(text) == 0 || len(text) > longest {
		return 0, false
	}
	if c := text[0]; c != '.' && (c < '0' || c > '9') {
		return 0, false
	}
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9', c == '.', c == 'e', c == 'E':
		case (c == '+' || c == '-') && text[i-1]|0x20 == 'e':
		default:
			return 0, false
		}
	}
	cpm, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false
	}
	return ad.FromCPM(cpm)
}
