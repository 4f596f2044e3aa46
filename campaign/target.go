package campaign

import (
	"bytes"
	"slices"
	"strings"

	"bidwell/ad"
	"bidwell/openrtb"
)

// Target is the part of a line item's `where` that the index does not answer.
// Its zero value restricts nothing.
type Target struct {
	any           bool // false: nothing is restricted
	regions       set
	cities        set
	zips          set
	zipPrefixes   set
	zipLengths    []int // of the prefixes, each once
	os            set
	notDomains    set
	notApps       set
	categories    []string
	notCategories []string
	positions     uint32 // bit n: AdCOM placement position n; 0: any
	interstitial  int8   // 1 only, 0 none, -1 either
	rewarded      int8
	viewability   float64
	completeChain bool
	notSellers    set
	maxNodes      int // of the supply chain; 0: any number
}

// restricts works out Target.any.
func (t *Target) restricts() bool {
	return t.regions != nil || t.cities != nil || t.zips != nil || t.zipPrefixes != nil || t.os != nil ||
		t.notDomains != nil || t.notApps != nil || t.categories != nil || t.notCategories != nil ||
		t.positions != 0 || t.interstitial >= 0 || t.rewarded >= 0 || t.viewability > 0 ||
		t.completeChain || t.notSellers != nil || t.maxNodes > 0
}

// AsksZip reports whether any line item or audience looks at postcodes of requests.
func (s *Snapshot) AsksZip() bool {
	return s.Audiences.Asks("geo.zip") || slices.ContainsFunc(s.Lines, func(l Line) bool {
		return l.Target.zips != nil || l.Target.zipPrefixes != nil
	})
}

// set holds words as fold returns them.
type set map[string]struct{}

func newSet(words []string) set {
	if len(words) == 0 {
		return nil
	}
	s := make(set, len(words))
	for _, w := range words {
		s[fold(w)] = struct{}{}
	}
	return s
}

// fold makes words alike that differ in case only.
func fold(word string) string { return string(lower(nil, []byte(strings.TrimSpace(word)))) }

// maxWord is the length of the longest word that is looked up, in bytes.
const maxWord = 128

// has looks a word up without regard to case. Words longer than maxWord are not
// found.
func (s set) has(word []byte) bool {
	var buf [maxWord]byte
	if word = bytes.TrimSpace(word); len(word) > len(buf) {
		return false
	}
	_, ok := s[string(lower(buf[:0], word))]
	return ok
}

// hasDomain reports whether a lower-case domain, or one that it is below, is in
// the set.
func (s set) hasDomain(domain []byte) bool {
	for d := domain; len(d) > 0; d = above(d) {
		if _, ok := s[string(d)]; ok {
			return true
		}
	}
	return false
}

// above returns the domain that a domain is directly below, or nil.
func above(domain []byte) []byte {
	dot := bytes.IndexByte(domain, '.')
	if dot < 0 {
		return nil
	}
	return domain[dot+1:]
}

// lower appends src with the letters A to Z in lower case. Other letters are
// compared as they are.
func lower(dst, src []byte) []byte {
	for _, c := range src {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// CategoryWithin reports whether an IAB category is the given one or a child of
// it: IAB2-2 is within IAB2.
func CategoryWithin(cat []byte, parent string) bool {
	return len(cat) >= len(parent) && string(cat[:len(parent)]) == parent &&
		(len(cat) == len(parent) || cat[len(parent)] == '-')
}

// Allows tests what the request says of place and person, the same for all of
// its impressions.
func (t *Target) Allows(f *Facts, req *openrtb.Request) ad.Reason {
	if !t.any {
		return ad.OK
	}
	geo := &req.Device.Geo
	if !t.allowsRegion(geo.Region) || t.cities != nil && !t.cities.has(geo.City) || !t.allowsZip(geo.Zip) {
		return ad.RegionNotWanted
	}
	if t.os != nil && !t.os.has(req.Device.OS) {
		return ad.NotThisDevice
	}
	if t.notDomains != nil && t.notDomains.hasDomain(f.Domain) {
		return ad.DomainNotWanted
	}
	if t.notApps != nil && t.notApps.has(req.Site.Bundle) {
		return ad.BundleNotWanted
	}
	if r := t.allowsCategories(&req.Site); r != ad.OK {
		return r
	}
	return t.allowsChain(&req.Source)
}

// AllowsImp tests what an impression says of its placement.
func (t *Target) AllowsImp(imp *openrtb.Imp) ad.Reason {
	if !t.any {
		return ad.OK
	}
	if t.positions != 0 && t.positions&positionBit(imp) == 0 ||
		!matches(t.interstitial, imp.Instl) || !matches(t.rewarded, imp.Rewarded) {
		return ad.PlacementNotWanted
	}
	if t.viewability > 0 && imp.Viewability < t.viewability {
		return ad.ViewabilityTooLow
	}
	return ad.OK
}

// positionBit returns the bit of the placement position that the first medium
// with one says, 0 for one that is not in AdCOM's list.
func positionBit(imp *openrtb.Imp) uint32 {
	for _, p := range [...]int32{imp.Banner.Pos, imp.Video.Pos, imp.Audio.Pos} {
		if p > 0 && p < 32 {
			return 1 << p
		}
		if p >= 32 {
			return 0
		}
	}
	return unknownPosition
}

func matches(want int8, got bool) bool { return want < 0 || (want == 1) == got }

// allowsRegion takes a region's code with and without its country's.
func (t *Target) allowsRegion(region []byte) bool {
	if t.regions == nil || t.regions.has(region) {
		return true
	}
	return len(region) > 3 && region[2] == '-' && t.regions.has(region[3:])
}

func (t *Target) allowsZip(zip []byte) bool {
	if t.zips == nil && t.zipPrefixes == nil {
		return true
	}
	var buf [maxWord]byte
	if zip = bytes.TrimSpace(zip); len(zip) > len(buf) {
		return false
	}
	z := lower(buf[:0], zip)
	for _, n := range t.zipLengths {
		if len(z) < n {
			continue
		}
		if _, ok := t.zipPrefixes[string(z[:n])]; ok {
			return true
		}
	}
	_, ok := t.zips[string(z)]
	return ok
}

// maxCategories bounds the work that a request can make. A page that is of more
// categories than this is not of the wanted ones, and not without unwanted ones.
const maxCategories = 128

func manyCategories(p *openrtb.Place) bool {
	return len(p.Cat)+len(p.SectionCat)+len(p.PageCat)+len(p.Content.Cat) > maxCategories
}

func (t *Target) allowsCategories(p *openrtb.Place) ad.Reason {
	if t.categories == nil && t.notCategories == nil {
		return ad.OK
	}
	if manyCategories(p) {
		return ad.CategoryNotWanted
	}
	if placeWithin(p, t.notCategories) || t.categories != nil && !placeWithin(p, t.categories) {
		return ad.CategoryNotWanted
	}
	return ad.OK
}

// placeWithin reports whether a place is of one of the categories.
func placeWithin(p *openrtb.Place, parents []string) bool {
	for _, parent := range parents {
		for _, list := range [...][][]byte{p.Cat, p.SectionCat, p.PageCat, p.Content.Cat} {
			for _, c := range list {
				if CategoryWithin(c, parent) {
					return true
				}
			}
		}
	}
	return false
}

func (t *Target) allowsChain(s *openrtb.Source) ad.Reason {
	if t.completeChain && !(s.HasChain && s.Complete) {
		return ad.SellerNotAuthorized
	}
	if t.maxNodes > 0 && len(s.Chain) > t.maxNodes {
		return ad.SellerNotAuthorized
	}
	if t.notSellers != nil {
		for i := range s.Chain {
			if t.notSellers.has(s.Chain[i].ASI) {
				return ad.SellerNotAuthorized
			}
		}
	}
	return ad.OK
}
