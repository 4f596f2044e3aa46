package campaign

import (
	"bytes"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Blocks is what one request's block lists mean for the brands of a snapshot.
// It is reused from request to request and then allocates nothing.
type Blocks struct {
	brands  *Brands
	listed  bool        // the request lists the categories that it allows
	reason  []ad.Reason // by brand; OK for most
	allowed []bool      // by brand; only where listed
	marked  []uint32    // brands of which reason or allowed is set
	seen    []bool      // by group of brands: a list names it
	named   []uint32    // groups that are seen
	buf     []byte
}

// Reset looks the request's lists up. What a list names twice is looked at once,
// so that no list makes more work than there are brands.
func (bl *Blocks) Reset(b *Brands, req *openrtb.Request) {
	bl.clear(b)
	for _, d := range req.BAdv {
		if !plainHost(d) {
			bl.buf = lower(bl.buf[:0], host(d))
			d = bl.buf
		}
		bl.block(b.byDomain, bytes.TrimPrefix(d, www), ad.AdvertiserBlocked)
	}
	for _, c := range req.BCat {
		if g, ok := bl.group(b.byCat, bl.fold(c)); ok {
			bl.blockCategory(g, req.CatTax)
		}
	}
	for _, a := range req.BApp {
		bl.block(b.byBundle, bl.fold(a), ad.AppBlocked)
	}
	if bl.listed = len(req.ACat) > 0; bl.listed {
		bl.allow(req)
	}
}

// clear forgets the last request.
func (bl *Blocks) clear(b *Brands) {
	if bl.brands != b {
		*bl = Blocks{
			brands: b, reason: make([]ad.Reason, len(b.List)), allowed: make([]bool, len(b.List)),
			seen: make([]bool, len(b.groups)), buf: bl.buf,
		}
	}
	for _, i := range bl.marked {
		bl.reason[i], bl.allowed[i] = ad.OK, false
	}
	bl.marked = bl.marked[:0]
	bl.forget()
}

// forget makes every group count as not seen.
func (bl *Blocks) forget() {
	for _, g := range bl.named {
		bl.seen[g] = false
	}
	bl.named = bl.named[:0]
}

// fold returns a word in lower case, valid until the next call.
func (bl *Blocks) fold(word []byte) []byte {
	bl.buf = lower(bl.buf[:0], bytes.TrimSpace(word))
	return bl.buf
}

// group finds the brands that share a word, and reports false if there are none
// or they were seen before.
func (bl *Blocks) group(groups map[string]uint32, word []byte) (g uint32, ok bool) {
	g, ok = groups[string(word)]
	if !ok || bl.seen[g] {
		return 0, false
	}
	bl.seen[g] = true
	bl.named = append(bl.named, g)
	return g, true
}

func (bl *Blocks) block(groups map[string]uint32, word []byte, r ad.Reason) {
	g, ok := bl.group(groups, word)
	if !ok {
		return
	}
	for _, i := range bl.brands.groups[g] {
		bl.mark(i, r)
	}
}

func (bl *Blocks) mark(brand uint32, r ad.Reason) {
	if bl.reason[brand] == ad.OK {
		bl.reason[brand] = r
		bl.marked = append(bl.marked, brand)
	}
}

// blockCategory blocks the brands of a group whose categories are of the
// request's taxonomy.
func (bl *Blocks) blockCategory(g uint32, taxonomy int32) {
	for _, i := range bl.brands.groups[g] {
		if sameTaxonomy(bl.brands.List[i].CatTax, taxonomy) {
			bl.mark(i, ad.CategoryBlocked)
		}
	}
}

// allow finds the brands of which every category is allowed, itself or with its
// parent.
func (bl *Blocks) allow(req *openrtb.Request) {
	b := bl.brands
	bl.forget()
	for _, c := range req.ACat {
		bl.group(b.byCat, bl.fold(c))
	}
	for _, g := range bl.named {
		for _, i := range b.groups[g] {
			if !bl.allowed[i] && sameTaxonomy(b.List[i].CatTax, req.CatTax) && bl.covers(b.categories[i]) {
				bl.allowed[i] = true
				bl.marked = append(bl.marked, i)
			}
		}
	}
}

// covers reports whether each of the categories, or its parent, was seen.
func (bl *Blocks) covers(categories []category) bool {
	for _, c := range categories {
		if !bl.seen[c.self] && !bl.seen[c.parent] {
			return false
		}
	}
	return true
}

// sameTaxonomy compares two taxonomies, where 0 stands for the default, 1.
func sameTaxonomy(a, b int32) bool { return max(a, 1) == max(b, 1) }

// Why returns why a brand is blocked on the request, or OK.
func (bl *Blocks) Why(brand uint32) ad.Reason {
	if bl.listed && bl.reason[brand] == ad.OK && !bl.allowed[brand] {
		return ad.CategoryNotAllowed
	}
	return bl.reason[brand]
}
