package campaign

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bidwell/ad"
	"bidwell/creative"
	"bidwell/openrtb"
)

// The words of random line items and requests: few, so that they meet.
var (
	somePlaces = []string{
		"example", "news.example", "sport.news.example", "com", "shop.com", "a.shop.com", "b.a.shop.com", "c.b.a.shop.com",
		"d.c.b.a.shop.com", "e.d.c.b.a.shop.com", "f.e.d.c.b.a.shop.com", "g.f.e.d.c.b.a.shop.com", "h.g.f.e.d.c.b.a.shop.com",
		"i.h.g.f.e.d.c.b.a.shop.com", "ews.example", "xshop.com",
	}
	someApps       = []string{"com.game", "com.Game.Two", "284815942"}
	someCountries  = []string{"DEU", "de", "AUT", "FR", "USA"}
	someRegions    = []string{"DE-BY", "BY", "de-be", "NY", "US-CA"}
	someCategories = []string{"IAB2", "IAB2-2", "IAB22", "IAB19-6", "IAB1"}

	someSizes     = []openrtb.Size{{W: 300, H: 250}, {W: 728, H: 90}, {W: 320, H: 50}, {W: 160, H: 600}, {W: 250, H: 300}}
	someExchanges = []*Exchange{{Index: 0, Name: "one"}, {Index: 1, Name: "two"}, {Index: 2, Name: "three"}}
)

func someDeals() []string {
	deals := make([]string, 40)
	for i := range deals {
		deals[i] = fmt.Sprintf("deal-%d", i)
	}
	return deals
}

// draws shortens drawing.
type draws struct{ *rapid.T }

func (d draws) n(lo, hi int) int { return rapid.IntRange(lo, hi).Draw(d.T, "number") }

func (d draws) one(of ...string) string { return rapid.SampledFrom(of).Draw(d.T, "word") }

// some draws nothing in one case of odds, else up to most of the words.
func (d draws) some(odds, most int, of []string) []string {
	if d.n(1, odds) > 1 {
		return nil
	}
	list := make([]string, d.n(1, most))
	for i := range list {
		list[i] = d.one(of...)
	}
	return list
}

func (d draws) line() Line {
	l := Line{Spec: &LineSpec{Where: WhereSpec{
		Exchange:  d.some(4, 2, []string{"one", "two", "three"}),
		Country:   d.some(2, 3, someCountries),
		Device:    d.some(3, 3, deviceNames[:]),
		Inventory: d.some(3, 2, []string{"site", "app", "dooh"}),
		Domains:   d.some(2, 4, somePlaces),
		Apps:      d.some(4, 2, someApps),
		Region:    d.some(3, 3, someRegions),

		Categories: d.some(3, 3, someCategories),
	}}}
	switch d.n(1, 4) {
	case 1:
		l.Deals = AnyDeal
	case 2:
		l.Deals, l.DealIDs = ListedDeals, d.some(1, 20, someDeals())
	}
	for range d.n(0, 3) {
		l.Creatives = append(l.Creatives, d.creative())
	}
	return l
}

func (d draws) creative() *Creative {
	c := &creative.Creative{Media: ad.Media(d.n(int(ad.Banner), int(ad.Native)))}
	if c.Media == ad.Banner {
		c.AnySize = d.n(1, 5) == 1
		for range d.n(1, 3) {
			if !c.AnySize {
				c.Sizes = append(c.Sizes, rapid.SampledFrom(someSizes).Draw(d.T, "size"))
			}
		}
	}
	return &Creative{Creative: c}
}

func (d draws) request() *openrtb.Request {
	req := &openrtb.Request{Inventory: ad.Inventory(d.n(int(ad.NoInventory), int(ad.DOOH)))}
	req.Device.Geo.Country = []byte(d.one("", "DEU", "DE", "aut", "FRA", "ESP", "nowhere"))
	req.Device.Type = int32(d.n(0, 9))
	req.Site.Domain = []byte(d.one(append(somePlaces, "", "WWW.news.Example", "https://shop.com:8080/x", "other.org")...))
	req.Device.Geo.Region = []byte(d.one("", "by", "DE-BY", "BE", "US-NY", "-BY", "xx-", "ZZ-CA"))
	for _, list := range []*[][]byte{&req.Site.Cat, &req.Site.SectionCat, &req.Site.PageCat, &req.Site.Content.Cat} {
		for _, c := range d.some(4, 3, append(someCategories, "IAB2-22", "IAB2-2-1", "", "-", "IAB", "iab2")) {
			*list = append(*list, []byte(c))
		}
	}
	for range d.n(0, 40) / 40 * (maxCategories + 1) {
		req.Site.Cat = append(req.Site.Cat, []byte("IAB2"))
	}
	req.Site.Bundle = []byte(d.one(append(someApps, "", "COM.GAME", "com.other")...))
	return req
}

func (d draws) imp() *openrtb.Imp {
	imp := &openrtb.Imp{PrivateAuction: d.n(1, 4) == 1}
	for m := ad.Banner; m <= ad.Native; m++ {
		imp.Has[m] = d.n(1, 3) == 1
	}
	for range d.n(0, 3) {
		imp.Banner.Sizes = append(imp.Banner.Sizes, rapid.SampledFrom(someSizes).Draw(d.T, "size"))
	}
	switch d.n(1, 8) {
	case 1:
		imp.Banner.Sizes = append(imp.Banner.Sizes, openrtb.Size{WRatio: 16, HRatio: 9})
	case 2:
		imp.Banner.Sizes = nil
	case 3:
		imp.Banner.Sizes, imp.Banner.W, imp.Banner.H = nil, 300, 250
	case 4:
		imp.Banner.W, imp.Banner.H, imp.Banner.WMax = 300, 250, 400
	case 5:
		for range maxMediaRows {
			imp.Banner.Sizes = append(imp.Banner.Sizes, openrtb.Size{W: 1, H: 1})
		}
	}
	for range d.n(0, 3) {
		imp.Deals = append(imp.Deals, openrtb.Deal{ID: []byte(d.one(append(someDeals(), "", "unheard-of")...))})
	}
	if d.n(1, 6) == 1 {
		for _, id := range someDeals() {
			imp.Deals = append(imp.Deals, openrtb.Deal{ID: []byte(id)})
		}
	}
	return imp
}

// TestIndexFindsWhatAScanFinds holds the index against a linear scan of random
// line items, over several requests with the same Query.
func TestIndexFindsWhatAScanFinds(t *testing.T) {
	var q Query
	var f Facts
	rapid.Check(t, func(rt *rapid.T) {
		d := draws{rt}
		kinds := make([]Line, d.n(1, 12))
		for i := range kinds {
			kinds[i] = d.line()
		}
		// Many line items are repetitions, so that rows become dense.
		lines := make([]Line, rapid.SampledFrom([]int{0, 1, 3, 63, 64, 65, 200, 300}).Draw(rt, "line items"))
		for i := range lines {
			lines[i] = kinds[(i*7+i/64)%len(kinds)]
		}
		ix := newIndex(lines, someExchanges)
		for range 4 {
			req, e := d.request(), rapid.SampledFrom(someExchanges).Draw(rt, "exchange")
			f.Reset(req)
			q.ForRequest(ix, e, &f, req)
			for range 2 {
				imp := d.imp()
				q.ForImp(imp)
				agree(rt, &q, lines, e, req, imp)
			}
		}
	})
}

func agree(t *rapid.T, q *Query, lines []Line, e *Exchange, req *openrtb.Request, imp *openrtb.Imp) {
	if want := (len(lines) + 63) / 64; q.Words() != want {
		t.Fatalf("got %d words, want %d", q.Words(), want)
	}
	for w := range q.Words() {
		word := q.Word(w)
		for b := range 64 {
			i, bit := w<<6+b, word>>b&1 == 1
			if i >= len(lines) {
				if bit {
					t.Fatalf("line item %d of %d is a candidate", i, len(lines))
				}
				continue
			}
			why := scan(&lines[i], e, req, imp)
			if bit != (len(why) == 0) {
				t.Fatalf("line item %d: candidate %v, but a scan says %v", i, bit, why)
			}
			miss := q.Miss(i, imp, req)
			if bit != (miss == ad.OK) || !bit && !slices.Contains(why, miss) {
				t.Fatalf("line item %d: missed by %v, candidate %v, a scan says %v", i, miss, bit, why)
			}
		}
	}
}

// scan returns all reasons for which a line item is no candidate, by what its
// configuration says.
func scan(l *Line, e *Exchange, req *openrtb.Request, imp *openrtb.Imp) (why []ad.Reason) {
	w := &l.Spec.Where
	unless := func(ok bool, r ...ad.Reason) {
		if !ok {
			why = append(why, r...)
		}
	}
	unless(w.Exchange == nil || slices.Contains(w.Exchange, e.Name), ad.NotThisExchange)
	country, said := openrtb.Alpha3(req.Device.Geo.Country)
	unless(w.Country == nil || said && slices.ContainsFunc(w.Country, func(c string) bool {
		code, _ := openrtb.Alpha3([]byte(c))
		return code == country
	}), ad.NotThisCountry)
	unless(w.Device == nil || slices.Contains(w.Device, deviceKind(&req.Device).String()), ad.NotThisDevice)
	unless(w.Inventory == nil || slices.Contains(w.Inventory, req.Inventory.String()), ad.NotThisInventory)
	unless(scanPlace(w, req), ad.DomainNotWanted, ad.BundleNotWanted)
	region := strings.ToLower(string(req.Device.Geo.Region))
	unless(w.Region == nil || slices.ContainsFunc(w.Region, func(r string) bool {
		r = strings.ToLower(r)
		if len(r) > 3 && r[2] == '-' {
			r = r[3:]
		}
		return region == r || len(region) > 3 && region[2] == '-' && region[3:] == r
	}), ad.RegionNotWanted)
	cats := slices.Concat(req.Site.Cat, req.Site.SectionCat, req.Site.PageCat, req.Site.Content.Cat)
	unless(w.Categories == nil || len(cats) <= maxCategories && slices.ContainsFunc(w.Categories, func(want string) bool {
		return slices.ContainsFunc(cats, func(c []byte) bool { return string(c) == want || strings.HasPrefix(string(c), want+"-") })
	}), ad.CategoryNotWanted)
	unless(scanDeals(l, imp), ad.NotThisDeal, ad.DealNotOffered)
	unless(scanCreatives(l, imp), ad.NotThisSize, ad.NotThisMedia)
	return why
}

func scanPlace(w *WhereSpec, req *openrtb.Request) bool {
	domain := strings.ToLower(string(req.Site.Domain))
	domain = strings.TrimPrefix(strings.TrimSuffix(domain, ":8080/x"), "https://")
	domain = strings.TrimPrefix(domain, "www.")
	return w.Domains == nil && w.Apps == nil ||
		slices.ContainsFunc(w.Domains, func(d string) bool { return strings.HasSuffix("."+domain, "."+d) && domain != "" }) ||
		slices.ContainsFunc(w.Apps, func(a string) bool { return strings.EqualFold(a, string(req.Site.Bundle)) })
}

func scanDeals(l *Line, imp *openrtb.Imp) bool {
	if l.Deals == AnyDeal && len(imp.Deals) > 0 || l.Deals != ListedDeals && !imp.PrivateAuction {
		return true
	}
	return slices.ContainsFunc(imp.Deals, func(d openrtb.Deal) bool { return slices.Contains(l.DealIDs, string(d.ID)) })
}

func scanCreatives(l *Line, imp *openrtb.Imp) bool {
	b := &imp.Banner
	flexible := len(b.Sizes) > maxMediaRows-4 || b.WMin+b.WMax+b.HMin+b.HMax > 0 || len(b.Sizes) == 0 && (b.W <= 0 || b.H <= 0)
	sizes := b.Sizes
	if len(sizes) == 0 {
		sizes = []openrtb.Size{{W: b.W, H: b.H}}
	}
	for _, s := range sizes {
		flexible = flexible || s.W == 0
	}
	for _, c := range l.Creatives {
		switch {
		case !imp.Has[c.Media]:
		case c.Media != ad.Banner || flexible || c.AnySize:
			return true
		case slices.ContainsFunc(c.Sizes, func(s openrtb.Size) bool { return slices.Contains(sizes, s) }):
			return true
		}
	}
	return false
}

// TestQueryIsBoundedInADomainOfManyLabels demands that a domain which is longer
// than any costs nothing, however many labels it has.
func TestQueryIsBoundedInADomainOfManyLabels(t *testing.T) {
	lines := []Line{{Spec: &LineSpec{Where: WhereSpec{Domains: []string{"a.a"}}}}}
	var f Facts
	var q Query
	for labels, want := range map[int]bool{2: true, 126: true, 127: true, 128: false, 100_000: false} {
		req := &openrtb.Request{Inventory: ad.Site}
		req.Site.Domain = bytes.TrimSuffix(bytes.Repeat([]byte("a."), labels), []byte("."))
		f.Reset(req)
		q.ForRequest(newIndex(lines, someExchanges), someExchanges[0], &f, req)
		if got := q.places.word(0) != 0; got != want {
			t.Errorf("%d labels: found %v, want %v", labels, got, want)
		}
	}
}
