package campaign

import (
	"bytes"
	"strings"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Brand is what publishers block by: the advertiser's domains, the categories
// of what is advertised and, for app campaigns, the app.
type Brand struct {
	Domains    []string
	Categories []string
	CatTax     int32
	Bundle     string
}

// Brands are the distinct brands of a snapshot. Creatives refer to them by
// index, so that a publisher's block lists are looked through once per request
// and not once per candidate.
type Brands struct {
	List     []Brand
	index    map[string]uint32
	byDomain map[string][]uint32 // and every domain above it
	byCat    map[string][]uint32 // and its parent
	byBundle map[string][]uint32
}

func newBrands() *Brands {
	return &Brands{
		index:    map[string]uint32{},
		byDomain: map[string][]uint32{},
		byCat:    map[string][]uint32{},
		byBundle: map[string][]uint32{},
	}
}

// add returns the index of a brand, new or known.
func (b *Brands) add(br Brand) uint32 {
	key := strings.Join(br.Domains, ",") + "|" + strings.Join(br.Categories, ",") + "|" + br.Bundle + "|" + string(rune(br.CatTax))
	if i, ok := b.index[key]; ok {
		return i
	}
	i := uint32(len(b.List))
	b.index[key] = i
	b.List = append(b.List, br)
	for _, d := range br.Domains {
		for d = normalDomain(d); d != ""; _, d, _ = strings.Cut(d, ".") {
			b.byDomain[d] = append(b.byDomain[d], i)
		}
	}
	for _, c := range br.Categories {
		b.byCat[c] = append(b.byCat[c], i)
		if parent, _, ok := strings.Cut(c, "-"); ok {
			b.byCat[parent] = append(b.byCat[parent], i)
		}
	}
	if br.Bundle != "" {
		b.byBundle[br.Bundle] = append(b.byBundle[br.Bundle], i)
	}
	return i
}

func normalDomain(d string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(d)), "www.")
}

// Blocks is what one request's block lists mean for the brands of a snapshot.
// It is reused from request to request.
type Blocks struct {
	reason  []ad.Reason // by brand; OK for most
	touched []uint32
	allowed []bool // by brand, if the request has a list of allowed categories
	listed  bool
	buf     []byte
}

// Reset looks the request's lists up.
func (bl *Blocks) Reset(b *Brands, req *openrtb.Request) {
	if len(bl.reason) < len(b.List) {
		bl.reason = make([]ad.Reason, len(b.List))
		bl.allowed = make([]bool, len(b.List))
		bl.touched = bl.touched[:0]
	}
	for _, i := range bl.touched {
		bl.reason[i], bl.allowed[i] = ad.OK, false
	}
	bl.touched = bl.touched[:0]
	for _, d := range req.BAdv {
		bl.buf = lower(bl.buf[:0], host(d))
		bl.mark(b.byDomain[string(bytes.TrimPrefix(bl.buf, www))], ad.AdvertiserBlocked)
	}
	for _, c := range req.BCat {
		bl.markCategory(b, b.byCat[string(c)], req)
	}
	for _, a := range req.BApp {
		bl.mark(b.byBundle[string(a)], ad.AppBlocked)
	}
	bl.listed = len(req.ACat) > 0
	for _, c := range req.ACat {
		for _, i := range b.byCat[string(c)] {
			bl.allowed[i] = true
			bl.touched = append(bl.touched, i)
		}
	}
}

var www = []byte("www.")

func (bl *Blocks) mark(brands []uint32, r ad.Reason) {
	for _, i := range brands {
		if bl.reason[i] == ad.OK {
			bl.reason[i] = r
			bl.touched = append(bl.touched, i)
		}
	}
}

// markCategory blocks the brands whose categories are of the same taxonomy.
func (bl *Blocks) markCategory(b *Brands, brands []uint32, req *openrtb.Request) {
	for _, i := range brands {
		if sameTaxonomy(b.List[i].CatTax, req.CatTax) && bl.reason[i] == ad.OK {
			bl.reason[i] = ad.CategoryBlocked
			bl.touched = append(bl.touched, i)
		}
	}
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
