package campaign

import (
	"slices"
	"strings"

	"bidwell/openrtb"
)

// target checks the inventory of a line item and compiles what the index does
// not answer.
func (c *compiler) target(w *WhereSpec) Target {
	c.exchanges(w)
	c.geography(w)
	c.places(w)
	c.contentCategories(w)
	c.contradictions(w)
	t := Target{
		regions: newSet(regionCodes(w.Region)), cities: newSet(w.City), os: newSet(w.OS),
		notDomains: newSet(normalDomains(w.NotDomains)), notApps: newSet(w.NotApps), notSellers: newSet(w.NotSellers),
		categories: w.Categories, notCategories: w.NotCategories,
		interstitial: flag(w.Interstitial), rewarded: flag(w.Rewarded),
		viewability: w.Viewability, completeChain: w.CompleteChain, maxNodes: w.MostNodes,
		positions: positionBits(w.Position),
	}
	if v := w.Viewability; v < 0 || v > 1 || v == 0 && w.Has("viewability_at_least") && !c.fileUnread {
		c.ps.Errorf(w.At("viewability_at_least"), "write a share above 0 and up to 1, such as 0.5", "%v is no viewability", w.Viewability)
	}
	c.bounds(w.Located, "intermediaries_at_most", w.MostNodes, 1, 64)
	c.postcodes(w, &t)
	t.any = t.restricts()
	return t
}

func (c *compiler) exchanges(w *WhereSpec) {
	repeated(c, w.Located, "exchange", w.Exchange)
	for i, name := range w.Exchange {
		if name != "" && !c.processUnread && !slices.Contains(c.exchangeNames, name) {
			c.unknown(w.EntryAt("exchange", i), "exchange", name, c.exchangeNames)
		}
	}
}

func (c *compiler) geography(w *WhereSpec) {
	seen := map[[3]byte]bool{}
	for i, name := range w.Country {
		code, ok := openrtb.Alpha3([]byte(name))
		switch {
		case name == "": // reported
		case !ok || !c.isCountry(code):
			c.ps.Errorf(w.EntryAt("country", i), "write an ISO 3166 code such as DEU or DE", "there is no country %q", name)
		case seen[code]:
			c.ps.Warnf(w.EntryAt("country", i), "", "%s is listed twice", name)
		}
		seen[code] = true
	}
	repeated(c, w.Located, "region", folded(w.Region))
	repeated(c, w.Located, "city", folded(w.City))
	repeated(c, w.Located, "zip", folded(w.Zip))
}

// isCountry reports whether ISO 3166 knows an alpha-3 code.
func (c *compiler) isCountry(code [3]byte) bool {
	if c.countries == nil {
		c.countries = map[[3]byte]bool{}
		for a := byte('A'); a <= 'Z'; a++ {
			for b := byte('A'); b <= 'Z'; b++ {
				if known, ok := openrtb.Alpha3([]byte{a, b}); ok {
					c.countries[known] = true
				}
			}
		}
	}
	return c.countries[code]
}

// hasCountry reports whether the code of a region begins with its country's, as
// DE-BY does.
func hasCountry(region string) bool { return len(region) > 3 && region[2] == '-' }

func regionCodes(regions []string) []string {
	out := make([]string, len(regions))
	for i, r := range regions {
		out[i] = r
		if hasCountry(r) {
			out[i] = r[3:]
		}
	}
	return out
}

// postcodes splits postcodes from prefixes such as 10*.
func (c *compiler) postcodes(w *WhereSpec, t *Target) {
	var exact, prefixes []string
	for i, z := range folded(w.Zip) {
		p, prefix := strings.CutSuffix(z, "*")
		switch {
		case strings.Contains(p, "*"):
			c.ps.Errorf(w.EntryAt("zip", i), "", "a * may stand only at the end of a postcode")
		case prefix && p == "":
			c.ps.Errorf(w.EntryAt("zip", i), "leave zip out for all postcodes", "%q is every postcode", z)
		case prefix:
			prefixes = append(prefixes, p)
			if !slices.Contains(t.zipLengths, len(p)) && len(p) <= maxWord {
				t.zipLengths = append(t.zipLengths, len(p))
			}
		default:
			exact = append(exact, z)
		}
	}
	t.zips, t.zipPrefixes = newSet(exact), newSet(prefixes)
}

// places checks domains and bundles.
func (c *compiler) places(w *WhereSpec) {
	for _, l := range []struct {
		key  string
		list []string
	}{{"domains", w.Domains}, {"not_domains", w.NotDomains}, {"not_sellers", w.NotSellers}} {
		repeated(c, w.Located, l.key, normalDomains(l.list))
		for i, d := range l.list {
			if d != "" && !isDomain(d) {
				c.ps.Errorf(w.EntryAt(l.key, i), "write it without https:// and path, such as news.example", "%q is no domain", d)
			}
		}
	}
	for _, l := range []struct {
		key  string
		list []string
	}{{"apps", w.Apps}, {"not_apps", w.NotApps}} {
		repeated(c, w.Located, l.key, folded(l.list))
		for i, a := range l.list {
			if len(a) > maxWord || strings.ContainsAny(a, " /") {
				c.ps.Errorf(w.EntryAt(l.key, i), "write it as in the store's address, such as com.example.app", "%q is no bundle of an app", a)
			}
		}
	}
	repeated(c, w.Located, "os", folded(w.OS))
	repeated(c, w.Located, "device", w.Device)
	repeated(c, w.Located, "inventory", w.Inventory)
	repeated(c, w.Located, "position", w.Position)
}

// contentCategories checks the categories of content. Pages may use other
// taxonomies than the first, whose categories are numbers.
func (c *compiler) contentCategories(w *WhereSpec) {
	for _, l := range []struct {
		key  string
		list []string
	}{{"categories", w.Categories}, {"not_categories", w.NotCategories}} {
		repeated(c, w.Located, l.key, l.list)
		for i, cat := range l.list {
			if strings.Trim(cat, "0123456789") != "" {
				c.category(w.EntryAt(l.key, i), cat, 1)
			}
		}
	}
}

// contradictions reports inventory that there cannot be.
func (c *compiler) contradictions(w *WhereSpec) {
	refuse := func(key string, i int, by string) {
		c.ps.Errorf(w.EntryAt(key, i), "remove it from one of them", "%s, at %s, excludes it", by, w.At(by))
	}
	not := newSet(normalDomains(w.NotDomains))
	for i, d := range normalDomains(w.Domains) {
		if not.hasDomain([]byte(d)) {
			refuse("domains", i, "not_domains")
		}
	}
	notApps := newSet(w.NotApps)
	for i, a := range w.Apps {
		if notApps.has([]byte(a)) {
			refuse("apps", i, "not_apps")
		}
	}
	notCategories := newSet(w.NotCategories)
	for i, cat := range w.Categories {
		parent, _, _ := strings.Cut(cat, "-")
		if notCategories.has([]byte(cat)) || notCategories.has([]byte(parent)) {
			refuse("categories", i, "not_categories")
		}
	}
	if !withoutApps(w) {
		return
	}
	at := w.At("inventory")
	if w.Has("apps") {
		c.ps.Errorf(w.KeyAt("apps"), "add app to inventory, or remove apps", "inventory, at %s, has no app", at)
	}
	if w.Has("not_apps") {
		c.ps.Warnf(w.KeyAt("not_apps"), "", "inventory, at %s, has no app to exclude", at)
	}
}

// withoutApps reports whether the inventory is of other kinds than apps.
func withoutApps(w *WhereSpec) bool {
	apps := func(kind string) bool { return kind != "site" && kind != "dooh" }
	return len(w.Inventory) > 0 && !slices.ContainsFunc(w.Inventory, apps)
}

func flag(b *bool) int8 {
	switch {
	case b == nil:
		return -1
	case *b:
		return 1
	}
	return 0
}

// positions are AdCOM's placement positions by the names that campaign files use.
var positions = []string{"unknown", "above-fold", "locked", "below-fold", "header", "footer", "sidebar", "fullscreen"}

// unknownPosition is the bit of impressions that do not say where they are.
const unknownPosition = 1

// positionBits returns a bit for each position.
func positionBits(names []string) (bits uint32) {
	for _, name := range names {
		if i := slices.Index(positions, name); i >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}

// folded returns words as sets compare them.
func folded(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fold(w)
	}
	return out
}

func normalDomains(domains []string) []string {
	out := make([]string, len(domains))
	for i, d := range domains {
		out[i] = normalDomain(d)
	}
	return out
}
