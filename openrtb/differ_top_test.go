package openrtb

import (
	"encoding/json"
	"strings"

	"bidwell/ad"

	"github.com/prebid/openrtb/v20/openrtb2"
)

func (d differ) place(r *Request, want *openrtb2.BidRequest) {
	n := 0
	var site openrtb2.Site
	kind := ad.NoInventory
	if s := want.Site; s != nil {
		n, kind, site = n+1, ad.Site, *s
	}
	if a := want.App; a != nil {
		n, kind = n+1, ad.App
		site = openrtb2.Site{ID: a.ID, Name: a.Name, Domain: a.Domain, CatTax: a.CatTax, Cat: a.Cat,
			SectionCat: a.SectionCat, PageCat: a.PageCat, Publisher: a.Publisher, Content: a.Content,
			Keywords: a.Keywords, KwArray: a.KwArray}
		if n == 1 {
			d.str("app.bundle", r.Site.Bundle, a.Bundle)
			d.str("app.storeurl", r.Site.StoreURL, a.StoreURL)
		}
	}
	if o := want.DOOH; o != nil {
		n, kind = n+1, ad.DOOH
		site = openrtb2.Site{ID: o.ID, Name: o.Name, Domain: o.Domain, Publisher: o.Publisher,
			Content: o.Content, Keywords: o.Keywords}
		if n == 1 {
			d.strs("dooh.venuetype", r.Site.VenueType, o.VenueType)
		}
	}
	if n > 1 {
		return // which one counts is tested elsewhere
	}
	same(d, "inventory", r.Inventory, kind)
	d = d.at(kind.String() + ".")
	p := &r.Site
	d.str("id", p.ID, site.ID)
	d.str("name", p.Name, site.Name)
	d.str("domain", p.Domain, site.Domain)
	d.strs("cat", p.Cat, site.Cat)
	d.str("keywords", p.Keywords, or(site.Keywords, words(site.KwArray)))
	if kind == ad.Site {
		d.str("page", p.Page, site.Page)
		d.str("ref", p.Ref, site.Ref)
		same(d, "mobile", p.Mobile, set(site.Mobile))
	}
	if kind != ad.DOOH {
		d.strs("sectioncat", p.SectionCat, site.SectionCat)
		d.strs("pagecat", p.PageCat, site.PageCat)
		num(d, "cattax", p.CatTax, site.CatTax)
	}
	pub := site.Publisher
	if pub == nil {
		pub = &openrtb2.Publisher{}
	}
	d.str("publisher.id", p.PublisherID, pub.ID)
	d.str("publisher.name", p.PublisherName, pub.Name)
	d.str("publisher.domain", p.PublisherDomain, pub.Domain)
	d.at("content.").content(&p.Content, site.Content)
}

func words(list []string) string {
	var w []string
	for _, s := range list {
		if s != "" {
			w = append(w, s)
		}
	}
	return strings.Join(w, ",")
}

func (d differ) content(c *Content, want *openrtb2.Content) {
	if want == nil {
		want = &openrtb2.Content{}
	}
	d.str("id", c.ID, want.ID)
	d.str("title", c.Title, want.Title)
	d.str("series", c.Series, want.Series)
	d.str("season", c.Season, want.Season)
	d.str("genre", c.Genre, want.Genre)
	d.str("url", c.URL, want.URL)
	d.str("language", c.Language, or(want.Language, want.LangB))
	d.strs("cat", c.Cat, want.Cat)
	num(d, "len", c.LenS, want.Len)
	same(d, "livestream", c.Livestream, set(want.LiveStream))
	d.str("contentrating", c.Rating, want.ContentRating)
}

func (d differ) device(v *Device, want *openrtb2.Device) {
	if want == nil {
		want = &openrtb2.Device{}
	}
	d.str("ua", v.UA, want.UA)
	d.str("ip", v.IP, want.IP)
	d.str("ipv6", v.IPv6, want.IPv6)
	num(d, "devicetype", v.Type, want.DeviceType)
	d.str("make", v.Make, want.Make)
	d.str("model", v.Model, want.Model)
	d.str("os", v.OS, want.OS)
	d.str("osv", v.OSV, want.OSV)
	d.str("ifa", v.IFA, want.IFA)
	d.str("language", v.Language, or(want.Language, want.LangB))
	d.str("carrier", v.Carrier, want.Carrier)
	numPtr(d, "connectiontype", v.ConnectionType, want.ConnectionType)
	num(d, "w", v.W, want.W)
	num(d, "h", v.H, want.H)
	same(d, "pxratio", v.PxRatio, want.PxRatio)
	same(d, "dnt", v.DNT, set(want.DNT))
	same(d, "lmt", v.LMT, set(want.Lmt))
	d.at("geo.").geo(&v.Geo, want.Geo)
	sua := want.SUA
	if sua == nil {
		sua = &openrtb2.UserAgent{}
	}
	mobile := int8(-1)
	if sua.Mobile != nil {
		mobile = 0
		if *sua.Mobile != 0 {
			mobile = 1
		}
	}
	same(d, "sua.mobile", v.SUAMobile, mobile)
	d.str("sua.model", v.SUAModel, sua.Model)
	brand := ""
	if sua.Platform != nil {
		brand = sua.Platform.Brand
	}
	d.str("sua.platform", v.SUAPlatform, brand)
}

func (d differ) geo(g *Geo, want *openrtb2.Geo) {
	if want == nil {
		want = &openrtb2.Geo{}
	}
	d.str("country", g.Country, want.Country)
	d.str("region", g.Region, want.Region)
	d.str("city", g.City, want.City)
	d.str("zip", g.Zip, want.ZIP)
	d.str("metro", g.Metro, want.Metro)
	num(d, "utcoffset", g.UTCOffsetMin, want.UTCOffset)
	same(d, "has lat lon", g.HasLatLon, want.Lat != nil && want.Lon != nil)
	if want.Lat != nil {
		same(d, "lat", g.Lat, *want.Lat)
	}
	if want.Lon != nil {
		same(d, "lon", g.Lon, *want.Lon)
	}
}

func (d differ) user(u *User, want *openrtb2.User) {
	if want == nil {
		want = &openrtb2.User{}
	}
	d.str("id", u.ID, want.ID)
	d.str("buyeruid", u.BuyerUID, want.BuyerUID)
	num(d, "yob", u.YOB, want.Yob)
	d.str("gender", u.Gender, want.Gender)
	d.str("keywords", u.Keywords, or(want.Keywords, words(want.KwArray)))
	d.at("geo.").geo(&u.Geo, want.Geo)
	var segments []Segment
	for _, p := range want.Data {
		for _, s := range p.Segment {
			if s.ID+s.Name+s.Value != "" {
				segments = append(segments, Segment{[]byte(or(p.Name, p.ID)), []byte(s.ID), []byte(s.Name), []byte(s.Value)})
			}
		}
	}
	same(d, "segments", len(u.Data), len(segments))
	for i := range min(len(segments), len(u.Data)) {
		d.str("provider", u.Data[i].Provider, string(segments[i].Provider))
		d.str("segment.id", u.Data[i].ID, string(segments[i].ID))
		d.str("segment.name", u.Data[i].Name, string(segments[i].Name))
		d.str("segment.value", u.Data[i].Value, string(segments[i].Value))
	}
	var ext struct {
		Consent string
		EIDs    []openrtb2.EID
	}
	if len(want.Ext) > 0 && json.Unmarshal(want.Ext, &ext) != nil {
		return
	}
	d.str("consent", u.Consent, or(want.Consent, ext.Consent))
	eids := flatten(want.EIDs)
	if len(eids) == 0 {
		eids = flatten(ext.EIDs)
	}
	same(d, "eids", len(u.EIDs), len(eids))
	for i := range min(len(eids), len(u.EIDs)) {
		d.str("eids.source", u.EIDs[i].Source, string(eids[i].Source))
		d.str("eids.id", u.EIDs[i].ID, string(eids[i].ID))
		same(d, "eids.atype", u.EIDs[i].AType, eids[i].AType)
	}
}

func flatten(eids []openrtb2.EID) (list []EID) {
	for _, e := range eids {
		for _, u := range e.UIDs {
			if u.ID != "" {
				list = append(list, EID{[]byte(e.Source), []byte(u.ID), clampInt(u.AType)})
			}
		}
	}
	return list
}

func (d differ) regs(g *Regs, want *openrtb2.Regs) {
	if want == nil {
		want = &openrtb2.Regs{}
	}
	same(d, "coppa", g.COPPA, want.COPPA != 0)
	var ext struct {
		GDPR       *int8
		US_Privacy string
		GPP        string
		GPP_SID    []int32
		DSA        *struct {
			DSARequired, PubRender, DataToPub int32
			Transparency                      []json.RawMessage
		}
	}
	if len(want.Ext) > 0 && json.Unmarshal(want.Ext, &ext) != nil {
		return
	}
	applies := func(p *int8) int8 {
		if p == nil || *p != 0 && *p != 1 {
			return -1
		}
		return *p
	}
	gdpr := applies(want.GDPR)
	if gdpr < 0 {
		gdpr = applies(ext.GDPR)
	}
	same(d, "gdpr", g.GDPR, gdpr)
	d.str("us_privacy", g.USPrivacy, or(want.USPrivacy, ext.US_Privacy))
	d.str("gpp", g.GPP, or(want.GPP, ext.GPP))
	if len(want.GPPSID) > 0 {
		ints(d, "gpp_sid", g.GPPSID, want.GPPSID)
	} else {
		ints(d, "gpp_sid", g.GPPSID, ext.GPP_SID)
	}
	if ext.DSA != nil {
		same(d, "dsa", g.DSA, DSA{true, ext.DSA.DSARequired, ext.DSA.PubRender, ext.DSA.DataToPub, int32(len(ext.DSA.Transparency))})
	}
}

func (d differ) source(s *Source, want *openrtb2.Source) {
	if want == nil {
		want = &openrtb2.Source{}
	}
	d.str("tid", s.TID, want.TID)
	numPtr(d, "fd", s.FD, want.FD)
	chain := want.SChain
	if chain == nil {
		var ext struct{ SChain *openrtb2.SupplyChain }
		if len(want.Ext) > 0 && json.Unmarshal(want.Ext, &ext) != nil {
			return
		}
		chain = ext.SChain
	}
	same(d, "has schain", s.HasChain, chain != nil)
	if chain == nil {
		return
	}
	same(d, "schain.complete", s.Complete, chain.Complete != 0)
	same(d, "schain.nodes", len(s.Chain), min(len(chain.Nodes), maxNodes))
	for i := range min(len(s.Chain), len(chain.Nodes)) {
		d.str("schain.asi", s.Chain[i].ASI, chain.Nodes[i].ASI)
		d.str("schain.sid", s.Chain[i].SID, chain.Nodes[i].SID)
		same(d, "schain.hp", s.Chain[i].HP, set(chain.Nodes[i].HP))
	}
}
