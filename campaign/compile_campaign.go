package campaign

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/creative"
	"bidwell/internal/conf"
	"bidwell/openrtb"
)

func (c *compiler) campaigns() {
	for _, name := range c.files("campaigns", ".yaml", ".yml") {
		f := new(CampaignFile)
		if c.read(name, f) {
			c.campaign(f)
		}
	}
}

// campaign compiles one file.
func (c *compiler) campaign(f *CampaignFile) {
	id := ad.IDOf("campaign", f.Campaign)
	if !c.claim(id, f.At("campaign"), "campaign %q", f.Campaign) {
		return
	}
	loc := f.Flight.TimeZone.Location
	if loc == nil {
		loc = time.UTC
	}
	camp := &Campaign{
		ID: id, AdvertiserID: ad.IDOf("advertiser", f.Advertiser.Name),
		Name: f.Campaign, Advertiser: f.Advertiser.Name, File: f,
		Zone: c.zone(loc),
		DSA:  c.dsa(f.Advertiser.DSA),
	}
	c.flight(camp, loc)
	camp.Total, camp.Daily = c.budget(&f.Budget)
	if camp.Total == 0 && camp.Daily == 0 {
		c.ps.Errorf(f.At("budget"), "write {total: 1000 EUR} or {daily: 100 EUR}", "the campaign has no budget")
	}
	c.advertiser(camp)
	creatives := c.creatives(camp, f)
	used := map[string]bool{}
	for i := range f.LineItems {
		c.line(camp, &f.LineItems[i], creatives, used)
	}
	for _, s := range f.Creatives {
		if s != nil && !used[s.Name] && s.Name != "" {
			c.ps.Warnf(s.Pos(), "", "no line item shows creative %q", s.Name)
		}
	}
	c.snap.Campaigns = append(c.snap.Campaigns, camp)
}

func (c *compiler) zone(loc *time.Location) int {
	i := slices.IndexFunc(c.snap.Zones, func(l *time.Location) bool { return l.String() == loc.String() })
	if i < 0 {
		i = len(c.snap.Zones)
		c.snap.Zones = append(c.snap.Zones, loc)
	}
	return i
}

func (c *compiler) flight(camp *Campaign, loc *time.Location) {
	fl := &camp.File.Flight
	if !fl.Start.IsZero() {
		camp.Start = fl.Start.In(loc).Unix()
	}
	if fl.End.IsZero() {
		return
	}
	camp.End = fl.End.In(loc).Unix()
	switch {
	case camp.End <= camp.Start:
		c.ps.Errorf(fl.At("end"), "the end must be after the start", "the flight ends before it begins")
	case camp.End <= c.now.Unix():
		c.ps.Warnf(fl.At("end"), "", "the flight has ended; the campaign does not bid")
	}
}

func (c *compiler) budget(b *BudgetSpec) (total, daily ad.Money) {
	if !b.Total.IsZero() {
		total = c.money(b.Total, b.At("total"))
	}
	if !b.Daily.IsZero() {
		daily = c.money(b.Daily, b.At("daily"))
	}
	if total > 0 && daily > total {
		c.ps.Errorf(b.At("daily"), "", "the daily budget is above the total budget")
	}
	return total, daily
}

var (
	domainForm   = regexp.MustCompile(`^([a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?\.)+[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]$`)
	categoryForm = regexp.MustCompile(`^IAB\d{1,2}(-\d{1,2})?$`)
)

// advertiser checks what a campaign says of its advertiser, and files the
// budget that it may give it.
func (c *compiler) advertiser(camp *Campaign) {
	a := &camp.File.Advertiser
	total, daily := c.budget(&a.Budget)
	known := slices.IndexFunc(c.snap.Advertisers, func(o Advertiser) bool { return o.ID == camp.AdvertiserID })
	if known < 0 {
		known = len(c.snap.Advertisers)
		c.snap.Advertisers = append(c.snap.Advertisers, Advertiser{ID: camp.AdvertiserID, Name: a.Name, Zone: camp.Zone})
	}
	if total > 0 || daily > 0 {
		if c.claim(ad.IDOf("advertiser budget", a.Name), a.At("budget"), "the budget of advertiser %q", a.Name) {
			o := &c.snap.Advertisers[known]
			o.Total, o.Daily, o.Zone = total, daily, camp.Zone
		}
	}
	for _, d := range a.Domains {
		if !domainForm.MatchString(d) {
			c.ps.Errorf(a.At("domains"), "write it without https:// and path, such as motors.example", "%q is no domain", d)
		}
	}
	if len(a.Domains) == 0 {
		c.ps.Errorf(a.At("domains"), "exchanges reject bids without one", "the advertiser has no domain")
	}
	c.categories(a.At("categories"), a.Categories, a.CatTax)
}

func (c *compiler) categories(at conf.Pos, cats []string, taxonomy int) {
	for _, cat := range cats {
		if taxonomy <= 1 && !categoryForm.MatchString(cat) {
			c.ps.Errorf(at, "write a category such as IAB2 or IAB2-2", "%q is no category of the IAB taxonomy 1.0", cat)
		}
	}
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
	for i, t := range s.Transparency {
		if !domainForm.MatchString(t.Domain) {
			c.ps.Errorf(s.Transparency[i].At("domain"), "write it without https:// and path", "%q is no domain", t.Domain)
		}
		v.Transparency = append(v.Transparency, transparency{t.Domain, t.Params})
	}
	b, _ := json.Marshal(v) // strings and numbers always marshal
	return &DSA{Rendered: s.Rendered, JSON: b}
}

// creatives compiles the creatives of a campaign, by name.
func (c *compiler) creatives(camp *Campaign, f *CampaignFile) map[string]*Creative {
	byName := map[string]*Creative{}
	for _, s := range f.Creatives {
		if s == nil {
			continue
		}
		id := ad.IDOf("creative", camp.Name, s.Name)
		if !c.claim(id, s.Pos(), "creative %q", s.Name) {
			continue
		}
		compiled := creative.Compile(s, creative.CompileContext{
			ID: id, CRID: camp.Name + "/" + s.Name, Advertiser: camp.Advertiser, Files: c.fsys,
		}, c.ps)
		if compiled == nil {
			byName[s.Name] = nil // its problems are reported; references to it are good
			continue
		}
		cr := c.branded(camp, s, compiled)
		byName[s.Name] = cr
		c.snap.Creatives = append(c.snap.Creatives, cr)
		c.snap.creatives[cr.ID] = cr
	}
	return byName
}

// branded adds what a bid says of a creative beside its markup.
func (c *compiler) branded(camp *Campaign, s *creative.Spec, compiled *creative.Creative) *Creative {
	a := &camp.File.Advertiser
	brand := Brand{
		Domains: orList(compiled.Domains, a.Domains), Categories: orList(compiled.Categories, a.Categories),
		CatTax: int32(a.CatTax), Bundle: cmp.Or(compiled.Bundle, camp.File.Bundle),
	}
	c.categories(s.At("categories"), compiled.Categories, a.CatTax)
	static := openrtb.StaticFields{
		CID: camp.Name, CRID: compiled.CRID,
		ADomain: brand.Domains, Cat: brand.Categories, CatTax: a.CatTax, Bundle: brand.Bundle,
		Attr: ints(compiled.Attr), APIs: ints(compiled.API), Language: compiled.Language, Media: compiled.Media,
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

// line compiles one line item.
func (c *compiler) line(camp *Campaign, s *LineSpec, creatives map[string]*Creative, used map[string]bool) {
	id := ad.IDOf("line", camp.Name, s.Name)
	if !c.claim(id, s.At("name"), "line item %q", s.Name) {
		return
	}
	l := Line{
		ID: id, Name: s.Name, Campaign: camp, Spec: s, Start: camp.Start, End: camp.End,
		Target: c.target(&s.Where),
		Spans:  s.When.Spans,
	}
	if s.Audience != "" {
		l.HasAudience, l.Audience = true, c.rules.Audience(s.Audience, s.At("audience"))
	}
	c.bid(&l)
	l.Total, l.Daily = c.budget(&s.Budget)
	c.deals(&l)
	known := make([]string, 0, len(creatives))
	for name := range creatives {
		known = append(known, name)
	}
	slices.Sort(known)
	for _, name := range s.Creatives {
		cr, ok := creatives[name]
		if !ok {
			c.unknownWord(s.At("creatives"), "creative", name, known)
			continue
		}
		used[name] = true
		if cr != nil {
			l.Creatives = append(l.Creatives, cr)
		}
	}
	if len(s.Creatives) == 0 {
		c.ps.Errorf(s.At("creatives"), "name a creative of this file", "the line item has nothing to show")
	}
	c.snap.Lines = append(c.snap.Lines, l)
}

// bid compiles price and modifiers.
func (c *compiler) bid(l *Line) {
	b := &l.Spec.Bid
	l.Price = c.price(b.Price, b.At("price"))
	if l.Price <= 0 && !b.Price.IsZero() {
		c.ps.Errorf(b.At("price"), "", "the price is too small to be paid")
	}
	l.AtMost = ad.MaxMoney
	if !b.AtMost.IsZero() {
		l.AtMost = c.price(b.AtMost, b.At("at_most"))
		if l.AtMost < l.Price {
			c.ps.Errorf(b.At("at_most"), "", "the highest bid is below the price before modifiers")
		}
	}
	most := l.Price
	for i := range l.Spec.Adjust {
		a := &l.Spec.Adjust[i]
		if !finite(a.Multiply) || a.Multiply < 0 || a.Multiply > 1000 {
			c.ps.Errorf(a.At("multiply"), "write a factor from 0 to 1000, such as 1.8", "%v is no bid modifier", a.Multiply)
			continue
		}
		l.Adjust = append(l.Adjust, Adjust{If: c.rules.Condition(&a.If), Factor: a.Multiply, Spec: a})
		if a.Multiply > 1 {
			most = most.Mul(a.Multiply)
		}
	}
	l.MaxBid = min(most, l.AtMost)
}

func (c *compiler) deals(l *Line) {
	d := &l.Spec.Deals
	switch {
	case d.Any:
		l.Deals = AnyDeal
	case len(d.IDs) > 0:
		l.Deals, l.DealIDs = ListedDeals, d.IDs
	case d.Pos.Line > 0:
		c.ps.Errorf(d.Pos, "list deal ids, write any, or leave the key out for the open auction", "the list of deals is empty")
	}
}

// target compiles the inventory, except what the index answers.
func (c *compiler) target(w *WhereSpec) Target {
	c.checkWords(w, "device", w.Device, deviceNames[:])
	c.checkWords(w, "inventory", w.Inventory, []string{"site", "app", "dooh"})
	exchanges := make([]string, len(c.snap.Exchanges))
	for i, e := range c.snap.Exchanges {
		exchanges[i] = e.Name
	}
	c.checkWords(w, "exchange", w.Exchange, exchanges)
	for _, code := range w.Country {
		if _, ok := openrtb.Alpha3([]byte(code)); !ok {
			c.ps.Errorf(w.At("country"), "write an ISO 3166 code such as DEU or DE", "there is no country %q", code)
		}
	}
	for _, d := range slices.Concat(w.Domains, w.NotDomains, w.NotSellers) {
		if !domainForm.MatchString(d) {
			c.ps.Errorf(firstOf(w.Located, "domains", "not_domains", "not_sellers"), "write it without https:// and path", "%q is no domain", d)
		}
	}
	t := Target{
		regions: newSet(w.Region), cities: newSet(w.City), os: newSet(w.OS),
		notDomains: newSet(w.NotDomains), notApps: newSet(w.NotApps), notSellers: newSet(w.NotSellers),
		categories: w.Categories, notCategories: w.NotCategories,
		interstitial: flag(w.Interstitial), rewarded: flag(w.Rewarded),
		viewability: w.Viewability, completeChain: w.CompleteChain, maxNodes: w.MostIntermediary,
	}
	if w.Viewability < 0 || w.Viewability > 1 || !finite(w.Viewability) {
		c.ps.Errorf(w.At("viewability_at_least"), "write a share from 0 to 1, such as 0.5", "%v is no viewability", w.Viewability)
	}
	t.zips, t.zipPrefixes = zipSets(w.Zip)
	t.positions = c.positions(w)
	t.any = len(w.Region)+len(w.City)+len(w.Zip)+len(w.OS)+len(w.NotDomains)+len(w.NotApps)+len(w.NotSellers)+
		len(w.Categories)+len(w.NotCategories)+len(w.Position)+w.MostIntermediary > 0 ||
		w.Interstitial != nil || w.Rewarded != nil || w.Viewability > 0 || w.CompleteChain
	return t
}

func (c *compiler) checkWords(w *WhereSpec, key string, got, known []string) {
	for _, g := range got {
		if !slices.Contains(known, g) {
			c.unknownWord(w.At(key), key, g, known)
		}
	}
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

// zipSets splits postcodes from prefixes such as 10*.
func zipSets(zips []string) (set, []string) {
	var exact, prefixes []string
	for _, z := range zips {
		if p, ok := strings.CutSuffix(z, "*"); ok {
			prefixes = append(prefixes, p)
		} else {
			exact = append(exact, z)
		}
	}
	return newSet(exact), prefixes
}

// placements are AdCOM's placement positions by the names that campaign files use.
var placements = []string{"unknown", "above-fold", "locked", "below-fold", "header", "footer", "sidebar", "fullscreen"}

func (c *compiler) positions(w *WhereSpec) (bits uint32) {
	c.checkWords(w, "position", w.Position, placements)
	for _, p := range w.Position {
		if i := indexOf(placements, p); i >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}
