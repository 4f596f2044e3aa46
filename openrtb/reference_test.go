package openrtb

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"bidwell/ad"

	"github.com/prebid/openrtb/v20/native1/request"
	"github.com/prebid/openrtb/v20/openrtb2"
)

// A differ compares what Decode read with what encoding/json read into the types
// of prebid/openrtb, field by field.
type differ struct {
	t    *testing.T
	path string
}

func (d differ) at(path string) differ { return differ{d.t, d.path + path} }

func same[T comparable](d differ, field string, got, want T) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s%s: got %v, want %v", d.path, field, got, want)
	}
}

func (d differ) str(field string, got []byte, want string) {
	d.t.Helper()
	if string(got) != want {
		d.t.Errorf("%s%s: got %q, want %q", d.path, field, got, want)
	}
}

// strs leaves out the empty strings of want, as Decode does.
func (d differ) strs(field string, got [][]byte, want []string) {
	d.t.Helper()
	w := []string{}
	for _, s := range want {
		if s != "" {
			w = append(w, s)
		}
	}
	g := []string{}
	for _, s := range got {
		g = append(g, string(s))
	}
	if !reflect.DeepEqual(g, w) {
		d.t.Errorf("%s%s: got %q, want %q", d.path, field, g, w)
	}
}

// number is every kind of integer that prebid/openrtb uses.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int
}

func clampInt[N number](n N) int32 {
	return int32(min(max(int64(n), math.MinInt32), math.MaxInt32))
}

func num[N number](d differ, field string, got int32, want N) {
	d.t.Helper()
	same(d, field, got, clampInt(want))
}

func numPtr[N number](d differ, field string, got int32, want *N) {
	d.t.Helper()
	if want == nil {
		same(d, field, got, 0)
		return
	}
	num(d, field, got, *want)
}

// ints leaves out zeros on both sides: encoding/json reads a null as 0 and
// Decode leaves it out.
func ints[N number](d differ, field string, got []int32, want []N) {
	d.t.Helper()
	g, w := []int32{}, []int32{}
	for _, n := range got {
		if n != 0 {
			g = append(g, n)
		}
	}
	for _, n := range want {
		if n != 0 {
			w = append(w, clampInt(n))
		}
	}
	if !reflect.DeepEqual(g, w) {
		d.t.Errorf("%s%s: got %v, want %v", d.path, field, g, w)
	}
}

func set(p *int8) bool { return p != nil && *p != 0 }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// compare checks that r is what encoding/json reads from body. It returns false
// if encoding/json does not accept the body, so that there is nothing to
// compare with.
func compare(t *testing.T, r *Request, body []byte) bool {
	t.Helper()
	var want openrtb2.BidRequest
	if json.Unmarshal(body, &want) != nil {
		return false
	}
	d := differ{t, ""}
	d.str("id", r.ID, want.ID)
	same(d, "at", r.At, clampInt(want.AT))
	num(d, "tmax", r.TMaxMS, want.TMax)
	same(d, "test", r.Test, want.Test != 0)
	same(d, "allimps", r.AllImps, want.AllImps != 0)
	num(d, "cattax", r.CatTax, want.CatTax)
	d.strs("cur", r.Cur, want.Cur)
	d.strs("wseat", r.WSeat, want.WSeat)
	d.strs("bseat", r.BSeat, want.BSeat)
	d.strs("wlang", r.WLang, append(want.WLang[:len(want.WLang):len(want.WLang)], want.WLangB...))
	d.strs("bcat", r.BCat, want.BCat)
	d.strs("acat", r.ACat, want.ACat)
	d.strs("badv", r.BAdv, want.BAdv)
	d.strs("bapp", r.BApp, want.BApp)
	d.imps(r.Imps, want.Imp)
	d.place(r, &want)
	d.at("device.").device(&r.Device, want.Device)
	d.at("user.").user(&r.User, want.User)
	d.at("regs.").regs(&r.Regs, want.Regs)
	d.at("source.").source(&r.Source, want.Source)
	return true
}

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

func (d differ) imps(imps []Imp, want []openrtb2.Imp) {
	var usable []*openrtb2.Imp
	for i := range want[:min(len(want), maxImps)] {
		if want[i].ID != "" {
			usable = append(usable, &want[i])
		}
	}
	same(d, "imps", len(imps), len(usable))
	for i := range min(len(imps), len(usable)) {
		d.at("imp.").imp(&imps[i], usable[i])
	}
}

func (d differ) imp(imp *Imp, want *openrtb2.Imp) {
	d.str("id", imp.ID, want.ID)
	d.str("tagid", imp.TagID, want.TagID)
	same(d, "instl", imp.Instl, want.Instl != 0)
	if want.Rwdd != 0 || len(want.Ext) == 0 {
		same(d, "rwdd", imp.Rewarded, want.Rwdd != 0)
	}
	same(d, "secure", imp.Secure, set(want.Secure))
	same(d, "bidfloor", imp.BidFloor, want.BidFloor)
	d.str("bidfloorcur", imp.BidFloorCur, want.BidFloorCur)
	num(d, "exp", imp.ExpS, want.Exp)
	qty := 0.0
	if want.Qty != nil {
		qty = want.Qty.Multiplier
	}
	same(d, "qty", imp.Qty, qty)
	pmp := want.PMP
	if pmp == nil {
		pmp = &openrtb2.PMP{}
	}
	same(d, "private_auction", imp.PrivateAuction, pmp.PrivateAuction != 0)
	d.at("deal.").deals(imp.Deals, pmp.Deals)
	same(d, "has banner", imp.Has[ad.Banner], want.Banner != nil)
	same(d, "has video", imp.Has[ad.Video], want.Video != nil)
	same(d, "has audio", imp.Has[ad.Audio], want.Audio != nil)
	if want.Banner != nil {
		d.at("banner.").banner(&imp.Banner, want.Banner)
	}
	if want.Video != nil {
		d.at("video.").video(&imp.Video, want.Video)
	}
	if want.Audio != nil {
		d.at("audio.").audio(&imp.Audio, want.Audio)
	}
	d.at("native.").native(imp, want.Native)
}

func (d differ) deals(deals []Deal, want []openrtb2.Deal) {
	var usable []openrtb2.Deal
	for _, w := range want {
		if w.ID != "" {
			usable = append(usable, w)
		}
	}
	same(d, "count", len(deals), len(usable))
	for i := range min(len(deals), len(usable)) {
		g, w := &deals[i], &usable[i]
		d.str("id", g.ID, w.ID)
		same(d, "bidfloor", g.BidFloor, w.BidFloor)
		d.str("bidfloorcur", g.BidFloorCur, w.BidFloorCur)
		num(d, "at", g.At, w.AT)
		d.strs("wseat", g.WSeat, w.WSeat)
		d.strs("wadomain", g.WADomain, w.WADomain)
	}
}

func (d differ) banner(b *Banner, want *openrtb2.Banner) {
	var sizes []Size
	for _, f := range want.Format {
		if f.W > 0 && f.H > 0 || f.WRatio > 0 && f.HRatio > 0 {
			sizes = append(sizes, Size{clampInt(f.W), clampInt(f.H), clampInt(f.WRatio), clampInt(f.HRatio), clampInt(f.WMin)})
		}
	}
	if len(sizes)+len(b.Sizes) > 0 && !reflect.DeepEqual(b.Sizes, sizes) {
		d.t.Errorf("%sformat: got %v, want %v", d.path, b.Sizes, sizes)
	}
	positive := func(p *int64) int64 {
		if p == nil {
			return 0
		}
		return max(*p, 0)
	}
	num(d, "w", b.W, positive(want.W))
	num(d, "h", b.H, positive(want.H))
	num(d, "wmin", b.WMin, want.WMin)
	num(d, "wmax", b.WMax, want.WMax)
	num(d, "hmin", b.HMin, want.HMin)
	num(d, "hmax", b.HMax, want.HMax)
	numPtr(d, "pos", b.Pos, want.Pos)
	ints(d, "btype", b.BType, want.BType)
	ints(d, "battr", b.BAttr, want.BAttr)
	ints(d, "api", b.API, want.API)
	d.strs("mimes", b.Mimes, want.MIMEs)
	ints(d, "expdir", b.ExpDir, want.ExpDir)
	same(d, "topframe", b.TopFrame, want.TopFrame != 0)
}

func (d differ) video(v *Video, want *openrtb2.Video) {
	d.strs("mimes", v.Mimes, want.MIMEs)
	num(d, "minduration", v.MinDurationS, want.MinDuration)
	num(d, "maxduration", v.MaxDurationS, want.MaxDuration)
	ints(d, "rqddurs", v.RqdDursS, want.RqdDurs)
	numPtr(d, "startdelay", v.StartDelay, want.StartDelay)
	same(d, "has startdelay", v.HasStartDelay, want.StartDelay != nil)
	num(d, "maxseq", v.MaxSeq, want.MaxSeq)
	num(d, "poddur", v.PodDurS, want.PodDur)
	protocols := append(want.Protocols[:len(want.Protocols):len(want.Protocols)], want.Protocol)
	for _, p := range want.Protocols {
		if p == want.Protocol {
			protocols = want.Protocols
		}
	}
	ints(d, "protocols", v.Protocols, protocols)
	numPtr(d, "w", v.W, want.W)
	numPtr(d, "h", v.H, want.H)
	d.str("podid", v.PodID, want.PodID)
	num(d, "podseq", v.PodSeq, want.PodSeq)
	num(d, "placement", v.Placement, want.Placement)
	num(d, "plcmt", v.Plcmt, want.Plcmt)
	num(d, "linearity", v.Linearity, want.Linearity)
	same(d, "skip", v.Skip, set(want.Skip))
	num(d, "skipmin", v.SkipMinS, want.SkipMin)
	num(d, "skipafter", v.SkipAfterS, want.SkipAfter)
	num(d, "sequence", v.Sequence, want.Sequence)
	num(d, "slotinpod", v.SlotInPod, want.SlotInPod)
	same(d, "mincpmpersec", v.MinCPMPerSec, want.MinCPMPerSec)
	ints(d, "battr", v.BAttr, want.BAttr)
	num(d, "maxextended", v.MaxExtendedS, want.MaxExtended)
	num(d, "minbitrate", v.MinBitrate, want.MinBitRate)
	num(d, "maxbitrate", v.MaxBitrate, want.MaxBitRate)
	ints(d, "playbackmethod", v.PlaybackMethod, want.PlaybackMethod)
	ints(d, "delivery", v.Delivery, want.Delivery)
	numPtr(d, "pos", v.Pos, want.Pos)
	ints(d, "api", v.API, want.API)
}

func (d differ) audio(v *Video, want *openrtb2.Audio) {
	d.strs("mimes", v.Mimes, want.MIMEs)
	num(d, "minduration", v.MinDurationS, want.MinDuration)
	num(d, "maxduration", v.MaxDurationS, want.MaxDuration)
	ints(d, "rqddurs", v.RqdDursS, want.RqdDurs)
	numPtr(d, "startdelay", v.StartDelay, want.StartDelay)
	same(d, "has startdelay", v.HasStartDelay, want.StartDelay != nil)
	num(d, "maxseq", v.MaxSeq, want.MaxSeq)
	num(d, "poddur", v.PodDurS, want.PodDur)
	d.str("podid", v.PodID, want.PodID)
	num(d, "podseq", v.PodSeq, want.PodSeq)
	num(d, "sequence", v.Sequence, want.Sequence)
	num(d, "slotinpod", v.SlotInPod, want.SlotInPod)
	same(d, "mincpmpersec", v.MinCPMPerSec, want.MinCPMPerSec)
	ints(d, "battr", v.BAttr, want.BAttr)
	num(d, "maxextended", v.MaxExtendedS, want.MaxExtended)
	num(d, "minbitrate", v.MinBitrate, want.MinBitrate)
	num(d, "maxbitrate", v.MaxBitrate, want.MaxBitrate)
	ints(d, "delivery", v.Delivery, want.Delivery)
	ints(d, "api", v.API, want.API)
	num(d, "feed", v.Feed, want.Feed)
}

// native compares with the request that prebid's types read, wrapped or bare.
// Where those do not read it, the quirks have their own test.
func (d differ) native(imp *Imp, want *openrtb2.Native) {
	if want == nil {
		same(d, "offered", imp.Has[ad.Native], false)
		return
	}
	text := []byte(want.Request)
	var wrapper struct{ Native json.RawMessage }
	wrapped := json.Unmarshal(text, &wrapper) == nil && len(wrapper.Native) > 0 && wrapper.Native[0] == '{'
	if wrapped {
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members); len(members) > 1 {
			return // wrapped and bare at once
		}
		text = wrapper.Native
	}
	if !json.Valid([]byte(want.Request)) {
		same(d, "offered", imp.Has[ad.Native], false)
		return
	}
	var w request.Request
	if json.Unmarshal(text, &w) != nil {
		return
	}
	if compareNative(d, &imp.Native, imp.Has[ad.Native], text) {
		same(d, "wrapped", imp.Native.Wrapped, wrapped)
		d.str("ver", imp.Native.Ver, or(want.Ver, w.Ver))
		ints(d, "api", imp.Native.API, want.API)
		ints(d, "battr", imp.Native.BAttr, want.BAttr)
	}
}

// compareNative checks what was read from a native request that is bare. It
// returns false if the placement is rightly not offered.
func compareNative(d differ, n *Native, offered bool, text []byte) bool {
	var w request.Request
	if err := json.Unmarshal(text, &w); err != nil {
		d.t.Fatal(err)
	}
	// null assets are no assets; to prebid's types they are empty ones
	var nulls struct{ Assets, EventTrackers []json.RawMessage }
	if err := json.Unmarshal(text, &nulls); err != nil {
		d.t.Fatal(err)
	}
	var assets []request.Asset
	for i, a := range w.Assets {
		if string(nulls.Assets[i]) != "null" {
			assets = append(assets, a)
		}
	}
	same(d, "offered", offered, len(assets) > 0)
	if !offered || len(assets) == 0 {
		return false
	}
	num(d, "context", n.Context, w.Context)
	num(d, "plcmttype", n.PlcmtType, w.PlcmtType)
	num(d, "plcmtcnt", n.PlcmtCnt, w.PlcmtCnt)
	same(d, "privacy", n.Privacy, w.Privacy != 0)
	same(d, "assets", len(n.Assets), len(assets))
	for i := range min(len(n.Assets), len(assets)) {
		d.at("asset.").asset(&n.Assets[i], &assets[i])
	}
	var trackers []request.EventTracker
	for _, e := range w.EventTrackers {
		if e.Event != 0 {
			trackers = append(trackers, e)
		}
	}
	same(d, "eventtrackers", len(n.EventTrackers), len(trackers))
	for i := range min(len(n.EventTrackers), len(trackers)) {
		num(d, "event", n.EventTrackers[i].Event, trackers[i].Event)
		ints(d, "methods", n.EventTrackers[i].Methods, trackers[i].Methods)
	}
	return true
}

// compareBareNative is compareNative for a text that may be anything.
func compareBareNative(t *testing.T, n *Native, offered bool, text []byte) {
	var members map[string]json.RawMessage
	var w request.Request
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(text, &w) != nil {
		return
	}
	for key := range members {
		if strings.EqualFold(key, "native") {
			return
		}
	}
	compareNative(differ{t, "native."}, n, offered, text)
}

func (d differ) asset(a *Asset, want *request.Asset) {
	num(d, "id", a.ID, want.ID)
	same(d, "required", a.Required, want.Required != 0)
	kinds := 0
	for _, has := range []bool{want.Title != nil, want.Img != nil, want.Video != nil, want.Data != nil} {
		if has {
			kinds++
		}
	}
	if kinds == 0 {
		same(d, "kind", a.Kind, NoAsset)
	}
	if kinds != 1 {
		return
	}
	switch {
	case want.Title != nil:
		same(d, "kind", a.Kind, Title)
		num(d, "len", a.Len, want.Title.Len)
	case want.Data != nil:
		same(d, "kind", a.Kind, Data)
		num(d, "type", a.Type, want.Data.Type)
		num(d, "len", a.Len, want.Data.Len)
	case want.Img != nil:
		same(d, "kind", a.Kind, Image)
		num(d, "type", a.Type, want.Img.Type)
		num(d, "w", a.W, want.Img.W)
		num(d, "h", a.H, want.Img.H)
		num(d, "wmin", a.WMin, want.Img.WMin)
		num(d, "hmin", a.HMin, want.Img.HMin)
		d.strs("mimes", a.Mimes, want.Img.MIMEs)
	case want.Video != nil:
		same(d, "kind", a.Kind, VideoAsset)
		d.strs("mimes", a.Mimes, want.Video.MIMEs)
		num(d, "minduration", a.MinDurationS, want.Video.MinDuration)
		num(d, "maxduration", a.MaxDurationS, want.Video.MaxDuration)
		ints(d, "protocols", a.Protocols, want.Video.Protocols)
	}
}

// TestSameAsEncodingJSON decodes every request of the corpus, into one Request
// so that nothing may be left over from the one before.
func TestSameAsEncodingJSON(t *testing.T) {
	var r Request
	compared := 0
	corpus := allSamples(t)
	for _, s := range corpus {
		t.Run(s.name, func(t *testing.T) {
			err := r.Decode(s.body)
			if errors.Is(err, ErrNoID) || errors.Is(err, ErrNoImp) {
				checkUnusable(t, s.body)
				return
			}
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if compare(t, &r, s.body) {
				compared++
			}
		})
	}
	t.Logf("%d of %d requests compared; encoding/json does not read the others", compared, len(corpus))
	if compared < len(corpus)*8/10 {
		t.Errorf("compared %d requests, want most of %d", compared, len(corpus))
	}
}

// checkUnusable checks that encoding/json finds no id or no impression either.
func checkUnusable(t *testing.T, body []byte) {
	t.Helper()
	var doc struct {
		ID  any
		Imp any
	}
	if json.Unmarshal(body, &doc) != nil || !usableID(doc.ID) {
		return
	}
	imps, _ := doc.Imp.([]any)
	for _, imp := range imps[:min(len(imps), maxImps)] {
		m, _ := imp.(map[string]any)
		if usableID(m["id"]) {
			t.Errorf("refused, yet it has id %v and an imp with id %v: %s", doc.ID, m["id"], body)
		}
	}
}

func usableID(id any) bool {
	_, number := id.(float64)
	return number || id != nil && id != "" && reflect.TypeOf(id).Kind() == reflect.String
}
