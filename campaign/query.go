package campaign

import (
	"bytes"
	mathbits "math/bits"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Query asks the index about one impression. It is reused; it holds views into
// the index, and no view into the request.
type Query struct {
	ix        *Index
	exchange  row
	country   row
	device    row
	inventory row
	media     [maxMediaRows]row
	numMedia  int
	deals     row // line items that buy without a deal
	named     [maxDealRows]row
	numNamed  int
	dealBits  bits
	places    [maxPlaceRows]row
	numPlaces int
	placeBits bits
}

// The most rows of one attribute that a query holds. An impression that lists
// more sizes is answered as if it took any, which eligibility sorts out; of deals
// and places the rest is merged into the query's own row.
const (
	maxMediaRows = 24
	maxDealRows  = 16
	maxPlaceRows = 8
)

// bits is a row of a query's own, of which few words are set. A clean one is all
// zero.
type bits struct {
	row   row
	dirty []uint32 // words that are not zero
	full  bool     // any word may be set
}

func (b *bits) reset(words int) {
	if b.full {
		clear(b.row)
		b.full = false
	}
	for _, w := range b.dirty {
		b.row[w] = 0
	}
	b.dirty = b.dirty[:0]
	if len(b.row) < words {
		b.row = make(row, words)
	}
}

func (b *bits) add(list []uint32) {
	for _, i := range list {
		w := i >> 6
		if b.row[w] == 0 {
			b.dirty = append(b.dirty, w)
		}
		b.row[w] |= 1 << (i & 63)
	}
}

func (b *bits) addRow(r row) {
	b.full = true
	for w, v := range r {
		b.row[w] |= v
	}
}

// ForRequest sets the part of the query that all impressions of a request share.
func (q *Query) ForRequest(ix *Index, e *Exchange, f *Facts, req *openrtb.Request) {
	if q.ix != ix {
		*q = Query{ix: ix}
	}
	q.exchange = ix.exchange[e.Index]
	q.device = ix.device[f.Device]
	q.inventory = ix.inventory[req.Inventory]
	q.country = ix.country[f.Country]
	if q.country == nil {
		q.country = ix.anywhere
	}
	q.placeBits.reset(ix.words)
	q.numPlaces = 0
	for d := f.Domain; len(d) > 0 && len(ix.domain) > 0; d = above(d) {
		q.addPlace(ix.domain[string(d)])
	}
	if b := bytes.TrimSpace(req.Site.Bundle); len(b) > 0 && len(b) <= maxWord && len(ix.app) > 0 {
		var buf [maxWord]byte
		q.addPlace(ix.app[string(lower(buf[:0], b))])
	}
}

func (q *Query) addPlace(p posting) {
	switch {
	case p.row == nil:
		q.placeBits.add(p.list)
	case q.numPlaces < maxPlaceRows:
		q.places[q.numPlaces] = p.row
		q.numPlaces++
	default:
		q.placeBits.addRow(p.row)
	}
}

// ForImp sets the part that is one impression's.
func (q *Query) ForImp(imp *openrtb.Imp) {
	ix := q.ix
	q.numMedia = 0
	if imp.Has[ad.Banner] {
		q.addSizes(&imp.Banner)
	}
	for m := ad.Video; m <= ad.Native; m++ {
		if imp.Has[m] {
			q.addMedia(ix.media[m])
		}
	}
	q.dealBits.reset(ix.words)
	q.numNamed = 0
	q.deals = ix.open
	if imp.PrivateAuction {
		q.deals = ix.none
	}
	for i := range imp.Deals {
		q.addDeal(ix.deal[string(imp.Deals[i].ID)])
	}
	if len(imp.Deals) > 0 {
		q.addDeal(posting{row: ix.anyDeal})
	}
}

func (q *Query) addDeal(p posting) {
	switch {
	case p.row == nil:
		q.dealBits.add(p.list)
	case q.numNamed < maxDealRows:
		q.named[q.numNamed] = p.row
		q.numNamed++
	default:
		q.dealBits.addRow(p.row)
	}
}

func (q *Query) addMedia(r row) {
	if r != nil && q.numMedia < maxMediaRows {
		q.media[q.numMedia] = r
		q.numMedia++
	}
}

// addSizes asks for the sizes on offer, and for all banners where the offer
// leaves the size open or lists more than fit.
func (q *Query) addSizes(b *openrtb.Banner) {
	open := len(b.Sizes) == 0 && (b.W <= 0 || b.H <= 0) || b.WMax > 0 || b.HMax > 0 || b.WMin > 0 || b.HMin > 0
	for i := range b.Sizes {
		open = open || b.Sizes[i].W == 0 || b.Sizes[i].H == 0
	}
	if open || len(b.Sizes) > maxMediaRows-4 {
		q.addMedia(q.ix.media[ad.Banner])
		return
	}
	q.addMedia(q.ix.anySize)
	for i := range b.Sizes {
		q.addMedia(q.ix.size[[2]int32{b.Sizes[i].W, b.Sizes[i].H}])
	}
	if len(b.Sizes) == 0 {
		q.addMedia(q.ix.size[[2]int32{b.W, b.H}])
	}
}

// Words returns the number of 64-line words that Word answers for.
func (q *Query) Words() int { return q.ix.words }

// Word returns the candidates among the line items 64·w to 64·w+63, a bit each.
func (q *Query) Word(w int) uint64 {
	acc := q.exchange[w] & q.country[w] & q.device[w] & q.inventory[w]
	if acc == 0 {
		return 0
	}
	var media uint64
	for _, r := range q.media[:q.numMedia] {
		media |= r[w]
	}
	return acc & media & q.dealWord(w) & q.placeWord(w)
}

func (q *Query) dealWord(w int) uint64 {
	d := q.deals[w] | q.dealBits.row[w]
	for _, r := range q.named[:q.numNamed] {
		d |= r[w]
	}
	return d
}

func (q *Query) placeWord(w int) uint64 {
	p := q.ix.nowhere[w] | q.placeBits.row[w]
	for _, r := range q.places[:q.numPlaces] {
		p |= r[w]
	}
	return p
}

// Nearest returns, for an impression that has no candidate, why the line item
// that came nearest is none. It costs about as much as the search.
func (q *Query) Nearest(imp *openrtb.Imp, req *openrtb.Request) ad.Reason {
	stage, line := -1, 0
	for w := range q.ix.words {
		left := ^uint64(0)
		for i, bits := range [...]uint64{q.exchange[w], q.country[w], q.device[w], q.inventory[w], q.dealWord(w), q.placeWord(w)} {
			if left &= bits; left == 0 {
				break
			}
			if i > stage {
				stage, line = i, w<<6+mathbits.TrailingZeros64(left)
			}
		}
	}
	return q.Miss(line, imp, req)
}

// Miss returns why a line item is no candidate, or OK if it is one. It looks at
// the very rows that Word reads.
func (q *Query) Miss(line int, imp *openrtb.Imp, req *openrtb.Request) ad.Reason {
	w, bit := line>>6, uint64(1)<<(line&63)
	switch {
	case !q.exchange.has(line):
		return ad.NotThisExchange
	case !q.country.has(line):
		return ad.NotThisCountry
	case !q.device.has(line):
		return ad.NotThisDevice
	case !q.inventory.has(line):
		return ad.NotThisInventory
	case q.dealWord(w)&bit == 0 && imp.PrivateAuction && q.ix.open.has(line):
		return ad.DealNotOffered
	case q.dealWord(w)&bit == 0:
		return ad.NotThisDeal
	case q.placeWord(w)&bit == 0 && req.Inventory == ad.App:
		return ad.BundleNotWanted
	case q.placeWord(w)&bit == 0:
		return ad.DomainNotWanted
	}
	for _, r := range q.media[:q.numMedia] {
		if r.has(line) {
			return ad.OK
		}
	}
	if imp.Has[ad.Banner] && q.ix.media[ad.Banner].has(line) {
		return ad.NotThisSize
	}
	return ad.NotThisMedia
}
