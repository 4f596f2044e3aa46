package campaign

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/openrtb"
)

// TestBlocksBlockWhatAScanBlocks holds block lists against a comparison of every
// entry with every brand, over several requests and snapshots.
func TestBlocksBlockWhatAScanBlocks(t *testing.T) {
	var bl Blocks
	cats := []string{"IAB1", "IAB1-2", "IAB2", "IAB2-2", "IAB2-21", "596"}
	rapid.Check(t, func(rt *rapid.T) {
		d := draws{rt}
		b := newBrands()
		for range d.n(1, 20) {
			br := Brand{
				Domains: d.some(1, 2, somePlaces), Categories: d.some(1, 3, cats),
				CatTax: int32(d.n(0, 2)), Bundle: d.one(append(someApps, "")...),
			}
			i := b.add(br)
			if again := b.add(br); again != i {
				t.Fatalf("the same brand is %d and %d", i, again)
			}
		}
		for range 3 {
			req := &openrtb.Request{
				BAdv: byteLists(d.some(2, 2, append(somePlaces, "WWW.News.Example", "https://shop.com/"))),
				BCat: byteLists(d.some(3, 2, append(cats, "iab2", "IAB2-2"))),
				BApp: byteLists(d.some(3, 2, append(someApps, "COM.GAME"))),
				ACat: byteLists(d.some(4, 4, cats)), CatTax: int32(d.n(0, 2)),
			}
			bl.Reset(b, req)
			for i := range b.List {
				if got, want := bl.Why(uint32(i)), scanBlocks(&b.List[i], req); got != want {
					rt.Fatalf("brand %+v: got %v, want %v", b.List[i], got, want)
				}
			}
		}
	})
}

func byteLists(words []string) [][]byte {
	var list [][]byte
	for _, w := range words {
		list = append(list, []byte(w))
	}
	return list
}

func scanBlocks(br *Brand, req *openrtb.Request) ad.Reason {
	within := func(cat string, list [][]byte) bool {
		return slices.ContainsFunc(list, func(c []byte) bool {
			return strings.EqualFold(cat, string(c)) || strings.HasPrefix(strings.ToLower(cat), strings.ToLower(string(c))+"-")
		})
	}
	same := max(1, br.CatTax) == max(1, req.CatTax)
	for _, a := range req.BAdv {
		blocked := strings.TrimPrefix(strings.Trim(strings.TrimPrefix(strings.ToLower(string(a)), "https://"), "/"), "www.")
		for _, d := range br.Domains {
			if strings.HasSuffix("."+d, "."+blocked) {
				return ad.AdvertiserBlocked
			}
		}
	}
	for _, c := range br.Categories {
		if same && within(c, req.BCat) {
			return ad.CategoryBlocked
		}
	}
	for _, a := range req.BApp {
		if br.Bundle != "" && strings.EqualFold(br.Bundle, string(a)) {
			return ad.AppBlocked
		}
	}
	for _, c := range br.Categories {
		if req.ACat != nil && !(same && within(c, req.ACat)) {
			return ad.CategoryNotAllowed
		}
	}
	return ad.OK
}

func TestBrandWithoutCategoryIsNotAmongTheAllowed(t *testing.T) {
	b := newBrands()
	i := b.add(Brand{Domains: []string{"shop.com"}})
	var bl Blocks
	bl.Reset(b, &openrtb.Request{ACat: byteLists([]string{"IAB1"})})
	if got := bl.Why(i); got != ad.CategoryNotAllowed {
		t.Errorf("got %v", got)
	}
}
