package audience

import (
	"bytes"
	"strings"

	"bidwell/ad"
	"bidwell/openrtb"
)

// matching is how the values of a request field are compared.
type matching uint8

const (
	matchText     matching = iota // capitals do not matter; * at either end
	matchExact                    // capitals matter; * at either end
	matchDomain                   // subdomains included; * at either end
	matchCategory                 // subcategories included
	matchLanguage                 // regional forms included
	matchCountry                  // two or three letters
	matchEnum                     // one of the field's own names
	matchKeyword                  // one of a comma-separated list
)

type request = openrtb.Request

// field is one field of the request that rules may name.
type field struct {
	name  string
	match matching
	scope ad.Inventory // the only kind of inventory that has it, or NoInventory
	text  func(r *request) []byte
	lists func(r *request) [3][][]byte
	enum  func(r *request) (value int32, known bool)
	names []enumName

	personal bool // of the person, not of the place: not without permission
}

type enumName struct {
	name   string
	values []int32
}

// deviceTypes are AdCOM's device types in the words of campaigns.
var deviceTypes = []enumName{
	{"phone", []int32{1, 4}},
	{"tablet", []int32{5}},
	{"desktop", []int32{2}},
	{"tv", []int32{3, 7}}, // a set or its set-top box
	{"connected-device", []int32{6}},
	{"ooh", []int32{8}},
}

var inventories = []enumName{
	{ad.Site.String(), []int32{int32(ad.Site)}},
	{ad.App.String(), []int32{int32(ad.App)}},
	{ad.DOOH.String(), []int32{int32(ad.DOOH)}},
}

// fields are all request fields, in the order in which they are documented.
var fields = []field{
	{name: "inventory", match: matchEnum, names: inventories, enum: func(r *request) (int32, bool) {
		return int32(r.Inventory), r.Inventory != ad.NoInventory
	}},
	{name: "site.domain", match: matchDomain, scope: ad.Site, text: siteDomain},
	{name: "site.id", match: matchExact, scope: ad.Site, text: func(r *request) []byte { return r.Site.ID }},
	{name: "site.name", scope: ad.Site, text: func(r *request) []byte { return r.Site.Name }},
	{name: "site.cat", match: matchCategory, scope: ad.Site, lists: categories},
	{name: "site.keyword", match: matchKeyword, scope: ad.Site, text: func(r *request) []byte { return r.Site.Keywords }},
	{name: "page.path", match: matchExact, scope: ad.Site, text: func(r *request) []byte { return pathOf(r.Site.Page) }},
	{name: "page.url", match: matchExact, scope: ad.Site, text: func(r *request) []byte { return r.Site.Page }},
	{name: "page.referrer", match: matchExact, scope: ad.Site, text: func(r *request) []byte { return r.Site.Ref }},
	{name: "app.bundle", scope: ad.App, text: func(r *request) []byte { return r.Site.Bundle }},
	{name: "app.id", match: matchExact, scope: ad.App, text: func(r *request) []byte { return r.Site.ID }},
	{name: "app.name", scope: ad.App, text: func(r *request) []byte { return r.Site.Name }},
	{name: "app.domain", match: matchDomain, scope: ad.App, text: func(r *request) []byte { return r.Site.Domain }},
	{name: "app.cat", match: matchCategory, scope: ad.App, lists: categories},
	{name: "app.keyword", match: matchKeyword, scope: ad.App, text: func(r *request) []byte { return r.Site.Keywords }},
	{name: "publisher.id", match: matchExact, text: func(r *request) []byte { return r.Site.PublisherID }},
	{name: "publisher.name", text: func(r *request) []byte { return r.Site.PublisherName }},
	{name: "publisher.domain", match: matchDomain, text: func(r *request) []byte { return r.Site.PublisherDomain }},
	{name: "content.title", text: func(r *request) []byte { return r.Site.Content.Title }},
	{name: "content.series", text: func(r *request) []byte { return r.Site.Content.Series }},
	{name: "content.genre", text: func(r *request) []byte { return r.Site.Content.Genre }},
	{name: "content.rating", text: func(r *request) []byte { return r.Site.Content.Rating }},
	{name: "content.language", match: matchLanguage, text: func(r *request) []byte { return r.Site.Content.Language }},
	{name: "content.cat", match: matchCategory, lists: func(r *request) [3][][]byte { return [3][][]byte{r.Site.Content.Cat} }},
	{name: "device.type", match: matchEnum, names: deviceTypes, enum: func(r *request) (int32, bool) {
		return r.Device.Type, r.Device.Type != 0
	}},
	{name: "device.make", text: func(r *request) []byte { return r.Device.Make }},
	{name: "device.model", text: func(r *request) []byte { return r.Device.Model }},
	{name: "device.os", text: func(r *request) []byte { return r.Device.OS }},
	{name: "device.osv", text: func(r *request) []byte { return r.Device.OSV }},
	{name: "device.carrier", text: func(r *request) []byte { return r.Device.Carrier }},
	{name: "language", match: matchLanguage, text: func(r *request) []byte { return r.Device.Language }},
	{name: "geo.country", match: matchCountry, text: country},
	{name: "geo.region", text: func(r *request) []byte { return either(r.Device.Geo.Region, r.User.Geo.Region) }},
	{name: "geo.city", text: func(r *request) []byte { return either(r.Device.Geo.City, r.User.Geo.City) }},
	{name: "geo.zip", text: func(r *request) []byte { return either(r.Device.Geo.Zip, r.User.Geo.Zip) }},
	{name: "geo.metro", text: func(r *request) []byte { return either(r.Device.Geo.Metro, r.User.Geo.Metro) }},
	{name: "user.gender", personal: true, text: func(r *request) []byte { return r.User.Gender }},
	{name: "user.keyword", personal: true, match: matchKeyword, text: func(r *request) []byte { return r.User.Keywords }},
}

// Fields returns the names of the request fields that context and lookup know.
func Fields() []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].name
	}
	return names
}

func fieldOf(name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// requestPart reports whether a name begins like a request field: site.domian.
func requestPart(name string) bool {
	part, _, _ := strings.Cut(name, ".")
	switch part {
	case "site", "page", "app", "publisher", "content", "device", "geo":
		return true
	}
	return false
}

// applies reports whether the request can have the field at all.
func (f *field) applies(r *request) bool {
	return f.scope == ad.NoInventory || r.Inventory == ad.NoInventory || r.Inventory == f.scope
}

func categories(r *request) [3][][]byte {
	return [3][][]byte{r.Site.Cat, r.Site.SectionCat, r.Site.PageCat}
}

func either(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// siteDomain returns the site's domain, else the host of its page.
func siteDomain(r *request) []byte {
	if len(r.Site.Domain) > 0 {
		return r.Site.Domain
	}
	i := bytes.Index(r.Site.Page, schemeEnd)
	if i < 0 {
		return nil
	}
	host := r.Site.Page[i+len(schemeEnd):]
	if end := bytes.IndexAny(host, "/?#:"); end >= 0 {
		host = host[:end]
	}
	return host
}

// country returns the device's country if it is one, else the person's.
func country(r *request) []byte {
	if _, ok := openrtb.Alpha3(r.Device.Geo.Country); ok {
		return r.Device.Geo.Country
	}
	return r.User.Geo.Country
}

// pathOf returns the path of an address, "/" if it has none, or nil if it is no
// address.
func pathOf(url []byte) []byte {
	if len(url) == 0 {
		return nil
	}
	if i := bytes.Index(url, schemeEnd); i >= 0 && i < 10 {
		url = url[i+len(schemeEnd):]
		slash := bytes.IndexAny(url, "/?#")
		if slash < 0 {
			return root
		}
		url = url[slash:]
	}
	if end := bytes.IndexAny(url, "?#"); end >= 0 {
		url = url[:end]
	}
	if len(url) == 0 {
		return root
	}
	return url
}

var (
	schemeEnd = []byte("://")
	root      = []byte("/")
)
