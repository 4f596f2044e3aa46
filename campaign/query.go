package campaign

import (
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
	deals     choice
	places    choice
	regions   choice
	topics    choice // categories of the content
}

// The most media and sizes that a query holds. An impression that lists more
// sizes is answered as if it took any, which eligibility sorts out.
const maxMediaRows = 24

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
	q.places.reset(ix.nowhere, ix.words)
	for d := f.Domain; len(d) > 0 && len(ix.domain) > 0; d = above(d) {
		q.places.add(ix.domain[string(d)])
	}
	q.places.add(ix.word(ix.app, req.Site.Bundle))
	q.regions.reset(ix.everyRegion, ix.words)
	region := req.Device.Geo.Region
	q.regions.add(ix.word(ix.region, region))
	if hasCountry(string(region)) {
		q.regions.add(ix.word(ix.region, region[3:]))
	}
	q.forContent(&req.Site)
}

// forContent asks for the categories of the content. Content of too many is of
// none that a line item names.
func (q *Query) forContent(p *openrtb.Place) {
	q.topics.reset(q.ix.everyTopic, q.ix.words)
	if len(q.ix.topic) == 0 || manyCategories(p) {
		return
	}
	for _, list := range [...][][]byte{p.Cat, p.SectionCat, p.PageCat, p.Content.Cat} {
		for _, c := range list {
			for i, b := range c {
				if b == '-' {
					q.topics.add(q.ix.topic[string(c[:i])])
				}
			}
			q.topics.add(q.ix.topic[string(c)])
		}
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
	q.deals.reset(ix.open, ix.words)
	if imp.PrivateAuction {
		q.deals.reset(ix.none, ix.words)
	}
	for i := range imp.Deals {
		q.deals.add(ix.deal[string(imp.Deals[i].ID)])
	}
	if len(imp.Deals) > 0 {
		q.deals.add(posting{row: ix.anyDeal})
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
	return acc & media & q.deals.word(w) & q.places.word(w) & q.regions.word(w) & q.topics.word(w)
}

// Has reports whether a line item is a candidate.
func (q *Query) Has(line int) bool { return q.Word(line>>6)>>(line&63)&1 == 1 }

// Nearest returns, for an impression that has no candidate, why the line item
// that came nearest is none. It costs about as much as the search.
func (q *Query) Nearest(imp *openrtb.Imp, req *openrtb.Request) ad.Reason {
	stage, line := -1, 0
	for w := range q.ix.words {
		left := ^uint64(0)
		for i, bits := range [...]uint64{q.exchange[w], q.country[w], q.device[w], q.inventory[w], q.deals.word(w), q.places.word(w), q.regions.word(w), q.topics.word(w)} {
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
	case q.deals.word(w)&bit == 0 && imp.PrivateAuction && q.ix.open.has(line):
		return ad.DealNotOffered
	case q.deals.word(w)&bit == 0:
		return ad.NotThisDeal
	case q.places.word(w)&bit == 0 && req.Inventory == ad.App:
		return ad.BundleNotWanted
	case q.places.word(w)&bit == 0:
		return ad.DomainNotWanted
	case q.regions.word(w)&bit == 0:
		return ad.RegionNotWanted
	case q.topics.word(w)&bit == 0:
		return ad.CategoryNotWanted
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
