package campaign

import (
	"bytes"
	"slices"

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
	words     int             // of a row
	exchange  []row           // by Exchange.Index
	country   map[[3]byte]row // countries that some line item names
	anywhere  row             // line items that name no country
	device    [numDevices]row
	inventory [ad.DOOH + 1]row
	media     [ad.Native + 1]row // line items with any creative of that medium
	size      map[[2]int32]row   // banners of that size, and those of any size
	anySize   row                // banners that fit any size
	open      row                // line items that buy the open auction
	anyDeal   row                // line items that buy every deal
	deal      map[string]posting // line items that buy that deal
	nowhere   row                // line items that name neither domains nor apps
	none      row                // no line item
	domain    map[string]posting // line items that name that domain, lower case, without www.
	app       map[string]posting // line items that name that bundle, lower case

	everyRegion row                // line items that name no region; nil if none does
	region      map[string]posting // line items that name that region, lower case, without its country
	everyTopic  row                // line items that name no category to buy; nil if none does
	topic       map[string]posting // line items that name that category
}

type row []uint64

func (r row) set(i int) { r[i>>6] |= 1 << (i & 63) }

func (r row) has(i int) bool { return r != nil && r[i>>6]&(1<<(i&63)) != 0 }

// BuysAnyDeal reports whether a line item buys every deal that it is offered.
func (ix *Index) BuysAnyDeal(line int) bool { return ix.anyDeal.has(line) }

// BuysNoneOpen reports whether a line item buys listed deals and nothing else.
func (ix *Index) BuysNoneOpen(line int) bool { return !ix.open.has(line) }

// posting is the line items that name a value: a list, or a row when they are
// more than a row's words.
type posting struct {
	list []uint32
	row  row
}

// newIndex files the line items, which must be in their final order.
func newIndex(lines []Line, exchanges []*Exchange) *Index {
	ix := &Index{
		words:   (len(lines) + 63) / 64,
		country: map[[3]byte]row{},
		size:    map[[2]int32]row{},
		deal:    map[string]posting{},
		domain:  map[string]posting{},
		app:     map[string]posting{},
		region:  map[string]posting{},
		topic:   map[string]posting{},
	}
	ix.exchange = make([]row, len(exchanges))
	for _, rows := range [][]row{ix.exchange, ix.device[:], ix.inventory[:], ix.media[:]} {
		for i := range rows {
			rows[i] = ix.newRow()
		}
	}
	for _, r := range []*row{&ix.anywhere, &ix.anySize, &ix.open, &ix.anyDeal, &ix.nowhere, &ix.none, &ix.everyRegion, &ix.everyTopic} {
		*r = ix.newRow()
	}
	for i := range lines {
		ix.fileTarget(i, &lines[i], exchanges)
		ix.fileCreatives(i, &lines[i])
		ix.fileDeals(i, &lines[i])
		ix.filePlaces(i, &lines[i])
		ix.fileContent(i, &lines[i])
	}
	ix.foldWildcards()
	if len(ix.region) == 0 {
		ix.everyRegion = nil
	}
	if len(ix.topic) == 0 {
		ix.everyTopic = nil
	}
	for _, m := range []map[string]posting{ix.deal, ix.domain, ix.app, ix.region, ix.topic} {
		ix.densify(m)
	}
	return ix
}

// word looks a word up without regard to case. Words longer than maxWord are not
// found.
func (ix *Index) word(postings map[string]posting, word []byte) posting {
	if word = bytes.TrimSpace(word); len(postings) == 0 || len(word) == 0 || len(word) > maxWord {
		return posting{}
	}
	var buf [maxWord]byte
	return postings[string(lower(buf[:0], word))]
}

func (ix *Index) newRow() row { return make(row, ix.words) }

// densify makes rows of the lists that are longer than a row.
func (ix *Index) densify(postings map[string]posting) {
	for word, p := range postings {
		if len(p.list) <= ix.words {
			continue
		}
		r := ix.newRow()
		for _, i := range p.list {
			r.set(int(i))
		}
		postings[word] = posting{row: r}
	}
}

func (ix *Index) fileTarget(i int, l *Line, exchanges []*Exchange) {
	w := &l.Spec.Where
	for _, e := range exchanges {
		if len(w.Exchange) == 0 || slices.Contains(w.Exchange, e.Name) {
			ix.exchange[e.Index].set(i)
		}
	}
	for d := range numDevices {
		if len(w.Device) == 0 || slices.Contains(w.Device, d.String()) {
			ix.device[d].set(i)
		}
	}
	for v := ad.NoInventory; v <= ad.DOOH; v++ {
		if len(w.Inventory) == 0 || slices.Contains(w.Inventory, v.String()) {
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
			key := [2]int32{s.W, s.H}
			if ix.size[key] == nil {
				ix.size[key] = ix.newRow()
			}
			ix.size[key].set(i)
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
		file(ix.deal, id, i)
	}
}

func (ix *Index) filePlaces(i int, l *Line) {
	w := &l.Spec.Where
	if len(w.Domains) == 0 && len(w.Apps) == 0 {
		ix.nowhere.set(i)
	}
	for _, d := range w.Domains {
		file(ix.domain, normalDomain(d), i)
	}
	for _, a := range w.Apps {
		file(ix.app, fold(a), i)
	}
}

func (ix *Index) fileContent(i int, l *Line) {
	w := &l.Spec.Where
	if len(w.Region) == 0 {
		ix.everyRegion.set(i)
	}
	for _, r := range regionCodes(w.Region) {
		file(ix.region, fold(r), i)
	}
	if len(w.Categories) == 0 {
		ix.everyTopic.set(i)
	}
	for _, c := range w.Categories {
		file(ix.topic, c, i)
	}
}

// file adds a line item, the last so far, to the posting of a word.
func file(postings map[string]posting, word string, line int) {
	list := postings[word].list
	if n := len(list); n == 0 || list[n-1] != uint32(line) {
		postings[word] = posting{list: append(list, uint32(line))}
	}
}

// foldWildcards sets the line items that do not restrict an attribute in the
// rows of all its values.
func (ix *Index) foldWildcards() {
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
