package campaign

import (
	"fmt"
	"strings"
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
	List  []Brand
	index map[string]uint32

	groups     [][]uint32        // brands that share a word, each once
	byDomain   map[string]uint32 // index into groups, of a domain and every one above it
	byCat      map[string]uint32 // of a category in lower case, and its parent
	byBundle   map[string]uint32 // of a bundle in lower case
	categories [][]category      // by brand
}

// category is the groups of a category and its parent, the same if it has none.
type category struct{ self, parent uint32 }

func newBrands() *Brands {
	return &Brands{
		index:    map[string]uint32{},
		byDomain: map[string]uint32{},
		byCat:    map[string]uint32{},
		byBundle: map[string]uint32{},
	}
}

// add returns the index of a brand, new or known.
func (b *Brands) add(br Brand) uint32 {
	key := fmt.Sprintf("%q %q %d %q", br.Domains, br.Categories, br.CatTax, br.Bundle)
	if i, ok := b.index[key]; ok {
		return i
	}
	i := uint32(len(b.List))
	b.index[key] = i
	b.List = append(b.List, br)
	for _, d := range br.Domains {
		for d := []byte(normalDomain(d)); len(d) > 0; d = above(d) {
			b.join(b.byDomain, string(d), i)
		}
	}
	var categories []category
	for _, name := range br.Categories {
		parent, _, _ := strings.Cut(fold(name), "-")
		categories = append(categories, category{b.join(b.byCat, fold(name), i), b.join(b.byCat, parent, i)})
	}
	b.categories = append(b.categories, categories)
	if br.Bundle != "" {
		b.join(b.byBundle, fold(br.Bundle), i)
	}
	return i
}

// join adds a brand, the newest, to the group of a word, and returns the group.
func (b *Brands) join(groups map[string]uint32, word string, brand uint32) uint32 {
	g, ok := groups[word]
	if !ok {
		g = uint32(len(b.groups))
		groups[word] = g
		b.groups = append(b.groups, nil)
	}
	if list := b.groups[g]; len(list) == 0 || list[len(list)-1] != brand {
		b.groups[g] = append(list, brand)
	}
	return g
}

func normalDomain(d string) string { return strings.TrimPrefix(fold(d), "www.") }
