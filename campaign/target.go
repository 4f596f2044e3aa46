package campaign

import (
	"bytes"
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
	zipPrefixes   []string
	os            set
	notDomains    set
	notApps       set
	categories    []string
	notCategories []string
	positions     uint32 // bit n: AdCOM placement position n
	interstitial  int8   // 1 only, 0 none, -1 either
	rewarded      int8
	viewability   float64
	completeChain bool
	notSellers    set
	maxNodes      int
}

// set holds lower-case words.
type set map[string]struct{}

func newSet(words []string) set {
	if len(words) == 0 {
		return nil
	}
	s := make(set, len(words))
	for _, w := range words {
		s[strings.ToLower(strings.TrimSpace(w))] = struct{}{}
	}
	return s
}

// has looks a word up without regard to case. Words longer than any that make
// sense are not found.
func (s set) has(word []byte) bool {
	var buf [128]byte
	if len(word) > len(buf) {
		return false
	}
	_, ok := s[string(lower(buf[:0], word))]
	return ok
}

// hasDomain reports whether a lower-case domain, or one that it is below, is in
// the set.
func (s set) hasDomain(domain []byte) bool {
	for d := domain; len(d) > 0; {
		if _, ok := s[string(d)]; ok {
			return true
		}
		dot := bytes.IndexByte(d, '.')
		if dot < 0 {
			return false
		}
		d = d[dot+1:]
	}
	return false
}

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
	if t.regions != nil && !t.regions.has(geo.Region) || t.cities != nil && !t.cities.has(geo.City) || !t.allowsZip(geo.Zip) {
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
	if t.positions != 0 && t.positions&(1<<(uint32(position(imp))&31)) == 0 ||
		!matches(t.interstitial, imp.Instl) || !matches(t.rewarded, imp.Rewarded) {
		return ad.PlacementNotWanted
	}
	if t.viewability > 0 && imp.Viewability < t.viewability {
		return ad.ViewabilityTooLow
	}
	return ad.OK
}

// position returns the placement position of whichever medium says it.
func position(imp *openrtb.Imp) int32 {
	for _, p := range [...]int32{imp.Banner.Pos, imp.Video.Pos, imp.Audio.Pos} {
		if p > 0 {
			return p
		}
	}
	return 0
}

func matches(want int8, got bool) bool { return want < 0 || (want == 1) == got }

func (t *Target) allowsZip(zip []byte) bool {
	if t.zips == nil && t.zipPrefixes == nil {
		return true
	}
	for _, p := range t.zipPrefixes {
		if len(zip) >= len(p) && string(zip[:len(p)]) == p {
			return true
		}
	}
	return t.zips.has(zip)
}

func (t *Target) allowsCategories(p *openrtb.Place) ad.Reason {
	for _, not := range t.notCategories {
		if placeWithin(p, not) {
			return ad.CategoryNotWanted
		}
	}
	if len(t.categories) == 0 {
		return ad.OK
	}
	for _, c := range t.categories {
		if placeWithin(p, c) {
			return ad.OK
		}
	}
	return ad.CategoryNotWanted
}

func placeWithin(p *openrtb.Place, parent string) bool {
	for _, list := range [...][][]byte{p.Cat, p.SectionCat, p.PageCat, p.Content.Cat} {
		for _, c := range list {
			if CategoryWithin(c, parent) {
				return true
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
