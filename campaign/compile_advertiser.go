package campaign

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bidwell/creative"
	"bidwell/exposure"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

// advertiser is what the files before said of an advertiser.
type advertiser struct {
	index   int // into Snapshot.Advertisers
	first   conf.Pos
	budget  conf.Pos // where its budget stands, if it has one
	capped  conf.Pos // where its frequency caps stand, if it has any
	caps    []exposure.Cap
	shown   []exposure.Shown // its campaigns
	domains []string
}

var domainForm = regexp.MustCompile(`^([a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?\.)+[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$`)

// isDomain reports whether s is a domain that a request could name.
func isDomain(s string) bool { return len(s) <= maxDomain && domainForm.MatchString(s) }

// advertiser checks what a campaign says of its advertiser, and files the
// budget that it may give it.
func (c *compiler) advertiser(camp *Campaign) {
	a := &camp.File.Advertiser
	budget := c.budget(&a.Budget)
	caps := c.caps(a.Frequency, exposure.Advertiser, 0, camp)
	c.name(a.At("name"), a.Name, "advertiser")
	repeated(c, a.Located, "domains", a.Domains)
	for i, d := range a.Domains {
		if d != "" && !isDomain(d) {
			c.ps.Errorf(a.EntryAt("domains", i), "write it without https:// and path, such as motors.example", "%q is no domain", d)
		}
	}
	if a.Has("category_taxonomy") && (a.CatTax < 1 || a.CatTax > maxTaxonomy && a.CatTax < 500 || a.CatTax > 9999) {
		c.ps.Errorf(a.At("category_taxonomy"), "", "there is no category taxonomy %d in the AdCOM list", a.CatTax)
	}
	repeated(c, a.Located, "categories", a.Categories)
	for i, cat := range a.Categories {
		c.category(a.EntryAt("categories", i), cat, a.CatTax)
	}
	if a.Name == "" {
		return // reported
	}
	known := c.known(camp, a)
	known.shown = append(known.shown, camp.shown())
	switch {
	case len(caps) == 0:
	case known.capped.Line > 0:
		c.ps.Errorf(a.At("frequency"), "keep one of them", "the frequency caps of advertiser %q are already given at %s", a.Name, known.capped)
	default:
		known.capped, known.caps = a.At("frequency"), caps
	}
	switch {
	case !budget.Limited():
	case known.budget.Line > 0:
		c.ps.Errorf(a.At("budget"), "keep one of them", "the budget of advertiser %q is already given at %s", a.Name, known.budget)
	default:
		known.budget = a.At("budget")
		o := &c.snap.Advertisers[known.index]
		o.Budget, o.Zone = budget, camp.Zone
	}
}

// advertiserDays reports campaigns whose days are not those of their advertiser, where
// that has a budget for the day: a bid counts on one day, for all its budgets.
func (c *compiler) advertiserDays() {
	for _, camp := range c.snap.Campaigns {
		a := c.advertisers[camp.Advertiser]
		if a == nil {
			continue
		}
		of := &c.snap.Advertisers[a.index]
		if of.Budget.Daily <= 0 && of.Budget.DailyImpressions <= 0 || camp.Zone == of.Zone {
			continue
		}
		at := firstOf(camp.File.Flight.Located, camp.File.Pos(), "timezone")
		c.ps.Errorf(at, "give all of its campaigns the same timezone, or each a daily budget of its own",
			"the daily budget of advertiser %q, at %s, is of days in %s, and this campaign's are of %s",
			camp.Advertiser, a.budget, c.snap.Zones[of.Zone], c.snap.Zones[camp.Zone])
	}
}

// known returns the advertiser of a campaign, and warns if another campaign
// says other domains of it.
func (c *compiler) known(camp *Campaign, a *AdvertiserSpec) *advertiser {
	domains := make([]string, len(a.Domains))
	for i, d := range a.Domains {
		domains[i] = normalDomain(d)
	}
	slices.Sort(domains)
	known := c.advertisers[a.Name]
	if known == nil {
		known = &advertiser{index: len(c.snap.Advertisers), first: a.At("domains"), domains: domains}
		c.advertisers[a.Name] = known
		c.snap.Advertisers = append(c.snap.Advertisers, Advertiser{ID: camp.AdvertiserID, Name: a.Name, Zone: camp.Zone})
	}
	if !slices.Equal(known.domains, domains) && len(domains) > 0 && len(known.domains) > 0 {
		c.ps.Warnf(a.At("domains"), "", "advertiser %q has other domains at %s", a.Name, known.first)
	}
	return known
}

// maxTaxonomy is the last category taxonomy of AdCOM's list.
const maxTaxonomy = 9

var categoryForm = regexp.MustCompile(`^IAB(\d{1,2})(-\d{1,2})?$`)

// category checks a category of a taxonomy; 0 stands for taxonomy 1, whose are
// written IAB1 to IAB26. Those of others are numbers, or what was agreed on.
func (c *compiler) category(at conf.Pos, cat string, taxonomy int) {
	if cat == "" {
		return // reported
	}
	if taxonomy > 1 {
		if strings.ContainsAny(cat, " ,") || strings.HasPrefix(cat, "IAB") && taxonomy <= maxTaxonomy {
			c.ps.Errorf(at, "write the number that it has there, such as 596", "%q is no category of taxonomy %d", cat, taxonomy)
		}
		return
	}
	m := categoryForm.FindStringSubmatch(cat)
	if m != nil {
		if n, _ := strconv.Atoi(m[1]); 1 <= n && n <= 26 {
			return
		}
	}
	c.ps.Errorf(at, "write a category such as IAB2 or IAB2-2", "%q is no category of the IAB taxonomy 1.0", cat)
}

// branded adds what a bid says of a creative beside its markup.
func (c *compiler) branded(camp *Campaign, s *creative.Spec, compiled *creative.Creative) *Creative {
	a := &camp.File.Advertiser
	brand := Brand{
		Domains: orList(compiled.Domains, a.Domains), Categories: orList(compiled.Categories, a.Categories),
		CatTax: int32(a.CatTax), Bundle: cmp.Or(compiled.Bundle, camp.File.Bundle),
	}
	for _, cat := range s.Categories {
		c.category(cat.Pos, cat.Value, a.CatTax)
	}
	static := openrtb.StaticFields{
		CID: camp.Name, CRID: compiled.CRID,
		ADomain: brand.Domains, Cat: brand.Categories, CatTax: a.CatTax, Bundle: brand.Bundle,
		Attr: ints(compiled.Attr), Language: compiled.Language, Media: compiled.Media,
	}
	return &Creative{
		Creative: compiled, Campaign: camp, Brand: c.snap.Brands.add(brand),
		Static: openrtb.AppendStatic(nil, &static), Landing: s.Click,
	}
}

func ints(list []int32) []int {
	out := make([]int, len(list))
	for i, v := range list {
		out[i] = int(v)
	}
	return out
}

func orList(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}

// dsa renders the transparency part of a bid.
func (c *compiler) dsa(s *DSASpec) *DSA {
	if s == nil {
		return nil
	}
	type transparency struct {
		Domain string `json:"domain"`
		Params []int  `json:"dsaparams"`
	}
	v := struct {
		Behalf       string         `json:"behalf"`
		Paid         string         `json:"paid"`
		Transparency []transparency `json:"transparency,omitempty"`
		AdRender     int            `json:"adrender"`
	}{Behalf: s.Behalf, Paid: s.Paid}
	if s.Rendered {
		v.AdRender = 1
	}
	for i := range s.Transparency {
		t := &s.Transparency[i]
		if t.Domain != "" && !isDomain(t.Domain) {
			c.ps.Errorf(t.At("domain"), "write it without https:// and path", "%q is no domain", t.Domain)
		}
		repeated(c, t.Located, "params", t.Params)
		for k, p := range t.Params {
			if p < 1 || p > 3 {
				c.ps.Errorf(t.EntryAt("params", k), "they are 1 profiling, 2 basic advertising, 3 precise geolocation", "there is no parameter %d", p)
			}
		}
		v.Transparency = append(v.Transparency, transparency{t.Domain, t.Params})
	}
	b, _ := json.Marshal(v) // strings and numbers always marshal
	return &DSA{Rendered: s.Rendered, JSON: b}
}
