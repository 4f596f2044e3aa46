package campaign

import (
	"bytes"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Index finds the line items that may bid on an impression without touching the
// others. For each value of an attribute it holds a dense row of bits, one bit a
// line item, in which line items that do not restrict the attribute are set too;
// the AND of one row per attribute is the answer, 64 line items a step. Values
// that few line items name (domains, apps, deals) are lists instead.
//
// Line items are numbered in descending order of the most they could bid, so a
// reader of the words in order may stop when nothing left can win.
type Index struct {
	lines     int
	words     int
	exchange  []row              // by Exchange.Index
	country   map[[3]byte]row    // countries that some line item names
	anywhere  row                // line items that name no country
	device    [numDevices]row    //
	inventory [ad.DOOH + 1]row   //
	media     [ad.Native + 1]row // line items with any creative of that medium
	size      map[[2]int32]row   // banners of that size, and those of any size
	anySize   row                // banners that fit any size
	open      row                // line items that buy the open auction
	anyDeal   row                // line items that buy every deal
	deal      map[string]posting // line items that buy that deal
	nowhere   row                // line items that name neither domains nor apps
	none      row                // no line item
	domain    map[string]posting //
	app       map[string]posting // by lower-case bundle
}

type row []uint64

func (r row) set(i int) { r[i>>6] |= 1 << (i & 63) }

func (r row) has(i int) bool { return r != nil && r[i>>6]&(1<<(i&63)) != 0 }

// posting is the line items that name a value: a list, or a row when they are
// more than a row's words.
type posting struct {
	list []uint32
	row  row
}

// newIndex files the line items, which must be in their final order.
func newIndex(lines []Line, exchanges []*Exchange) *Index {
	ix := &Index{
		lines:   len(lines),
		words:   (len(lines) + 63) / 64,
		country: map[[3]byte]row{},
		size:    map[[2]int32]row{},
		deal:    map[string]posting{},
		domain:  map[string]posting{},
		app:     map[string]posting{},
	}
	ix.exchange = make([]row, len(exchanges))
	for _, rows := range [][]row{ix.exchange, ix.device[:], ix.inventory[:], ix.media[:]} {
		for i := range rows {
			rows[i] = ix.newRow()
		}
	}
	for _, r := range []*row{&ix.anywhere, &ix.anySize, &ix.open, &ix.anyDeal, &ix.nowhere, &ix.none} {
		*r = ix.newRow()
	}
	for i := range lines {
		ix.fileTarget(i, &lines[i], exchanges)
		ix.fileCreatives(i, &lines[i])
		ix.fileDeals(i, &lines[i])
		ix.filePlaces(i, &lines[i])
	}
	ix.foldWildcards(lines)
	for _, m := range []map[string]posting{ix.deal, ix.domain, ix.app} {
		for k, p := range m {
			if len(p.list) > ix.words {
				m[k] = posting{row: ix.rowOf(p.list)}
			}
		}
	}
	return ix
}

func (ix *Index) newRow() row { return make(row, ix.words) }

func (ix *Index) rowOf(list []uint32) row {
	r := ix.newRow()
	for _, i := range list {
		r.set(int(i))
	}
	return r
}

func (ix *Index) fileTarget(i int, l *Line, exchanges []*Exchange) {
	w := &l.Spec.Where
	for _, e := range exchanges {
		if len(w.Exchange) == 0 || indexOf(w.Exchange, e.Name) >= 0 {
			ix.exchange[e.Index].set(i)
		}
	}
	for d := range numDevices {
		if len(w.Device) == 0 || indexOf(w.Device, d.String()) >= 0 {
			ix.device[d].set(i)
		}
	}
	for v := ad.NoInventory; v <= ad.DOOH; v++ {
		if len(w.Inventory) == 0 || indexOf(w.Inventory, v.String()) >= 0 {
			ix.inventory[v].set(i)
		}
	}
	if len(w.Country) == 0 {
		ix.anywhere.set(i)
	}
	for _, c := range w.Country {
		code, _ := openrtb.Alpha3([]byte(c))
		if ix.country[code] == nil {
			ix.country[code] = ix.newRow()
		}
		ix.country[code].set(i)
	}
}

func (ix *Index) fileCreatives(i int, l *Line) {
	for _, c := range l.Creatives {
		ix.media[c.Media].set(i)
		if c.Media != ad.Banner {
			continue
		}
		if c.AnySize {
			ix.anySize.set(i)
		}
		for _, s := range c.Sizes {
			if ix.size[sizeOf(s)] == nil {
				ix.size[sizeOf(s)] = ix.newRow()
			}
			ix.size[sizeOf(s)].set(i)
		}
	}
}

func (ix *Index) fileDeals(i int, l *Line) {
	if l.Deals != ListedDeals {
		ix.open.set(i)
	}
	if l.Deals == AnyDeal {
		ix.anyDeal.set(i)
	}
	for _, id := range l.DealIDs {
		ix.deal[id] = posting{list: append(ix.deal[id].list, uint32(i))}
	}
}

func (ix *Index) filePlaces(i int, l *Line) {
	w := &l.Spec.Where
	if len(w.Domains) == 0 && len(w.Apps) == 0 {
		ix.nowhere.set(i)
	}
	for d := range newSet(w.Domains) {
		d = normalDomain(d)
		ix.domain[d] = posting{list: append(ix.domain[d].list, uint32(i))}
	}
	for a := range newSet(w.Apps) {
		ix.app[a] = posting{list: append(ix.app[a].list, uint32(i))}
	}
}

// foldWildcards sets the line items that do not restrict an attribute in the
// rows of all its values.
func (ix *Index) foldWildcards(lines []Line) {
	for _, r := range ix.country {
		for w := range r {
			r[w] |= ix.anywhere[w]
		}
	}
	for _, r := range ix.size {
		for w := range r {
			r[w] |= ix.anySize[w]
		}
	}
}

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

// The most rows of one attribute that an impression can ask for. An impression
// that lists more sizes is answered as if it took any; eligibility sorts it out.
const (
	maxMediaRows = 24
	maxDealRows  = 16
	maxPlaceRows = 8
)

// bits is a sparse addition to a row. A clean one is all zero.
type bits struct {
	row   row
	dirty []uint32
}

func (b *bits) reset(words int) {
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
		b.row[i>>6] |= 1 << (i & 63)
		b.dirty = append(b.dirty, i>>6)
	}
}

func (b *bits) addRow(r row) {
	for w, v := range r {
		b.row[w] |= v
		b.dirty = append(b.dirty, uint32(w))
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
	for d := f.Domain; len(d) > 0 && len(ix.domain) > 0; {
		q.addPlace(ix.domain[string(d)])
		dot := bytes.IndexByte(d, '.')
		if dot < 0 {
			break
		}
		d = d[dot+1:]
	}
	if b := req.Site.Bundle; len(b) > 0 && len(b) <= 128 && len(ix.app) > 0 {
		var buf [128]byte
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
		q.addMedia(q.ix.size[sizeOf(b.Sizes[i])])
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
