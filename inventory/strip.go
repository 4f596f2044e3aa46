package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// What stays of a bid request: what says where it is and what is offered. All else
// goes, above all the user, and whatever tells one device from others of its kind:
// identifiers, addresses, exact places. Keys are compared in lower case.
var (
	requestKeys = keys("imp", "site", "app", "dooh", "device", "regs", "source", "at", "tmax", "allimps", "cattax", "cur", "wseat", "bseat",
		"wlang", "wlangb", "bcat", "acat", "badv", "bapp")
	placeKeys = keys("id", "name", "domain", "page", "bundle", "storeurl", "cat", "sectioncat", "pagecat", "cattax", "venuetype", "mobile",
		"keywords", "kwarray", "publisher", "content", "inventorypartnerdomain")
	publisherKeys = keys("id", "name", "domain", "cat")
	contentKeys   = keys("id", "title", "series", "season", "episode", "genre", "url", "language", "langb", "cat", "cattax", "len", "livestream",
		"contentrating")
	deviceKeys = keys("devicetype", "make", "model", "os", "osv", "language", "langb", "carrier", "connectiontype", "geo", "sua")
	suaKeys    = keys("mobile", "model", "platform")
	geoKeys    = keys("country", "region", "city", "metro", "utcoffset")
	zipKeys    = keys("country", "region", "city", "metro", "utcoffset", "zip")
	regsKeys   = keys("dsa", "ext")
	dsaKeys    = keys("dsa")
	sourceKeys = keys("schain", "ext")
	chainKeys  = keys("schain")
	impExtKeys = keys("rwdd", "rewarded", "is_rewarded_inventory", "prebid")
)

func keys(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// Strip returns a bid request without the person. What is not as OpenRTB has it
// goes. The postcode, which beside model, carrier and city can be that of one device
// alone, stays only if zips says so.
func Strip(body []byte, zips bool) (json.RawMessage, error) {
	geoKeys := geoKeys
	if zips {
		geoKeys = zipKeys
	}
	top := only(body, requestKeys)
	if top == nil {
		return nil, fmt.Errorf("a bid request is a JSON object")
	}
	for key, value := range top {
		switch key {
		case "imp":
			top[key] = each(value, func(imp json.RawMessage) json.RawMessage {
				return object(imp, nil, map[string]map[string]bool{"ext": impExtKeys})
			})
		case "site", "app", "dooh":
			top[key] = place(value)
		case "device":
			top[key] = object(value, deviceKeys, map[string]map[string]bool{"geo": geoKeys, "sua": suaKeys})
		case "regs":
			top[key] = object(value, regsKeys, map[string]map[string]bool{"ext": dsaKeys})
		case "source":
			top[key] = object(value, sourceKeys, map[string]map[string]bool{"ext": chainKeys})
		}
	}
	top["id"] = json.RawMessage(`"sampled"`)
	return json.Marshal(top)
}

// only returns the members of an object that have one of some keys, all if allowed
// is nil; nil for what is no object.
func only(value json.RawMessage, allowed map[string]bool) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(value, &all) != nil {
		return nil
	}
	kept := make(map[string]json.RawMessage, len(all))
	for key, v := range all {
		if key = strings.ToLower(key); allowed == nil || allowed[key] {
			kept[key] = v
		}
	}
	return kept
}

// object cuts an object down, and objects within it.
func object(value json.RawMessage, allowed map[string]bool, within map[string]map[string]bool) json.RawMessage {
	m := only(value, allowed)
	for key, allowed := range within {
		if inner, ok := m[key]; ok {
			m[key] = marshal(only(inner, allowed))
		}
	}
	return marshal(m)
}

// place cuts a site, app or screen down. Queries of pages may say who reads them.
func place(value json.RawMessage) json.RawMessage {
	m := only(value, placeKeys)
	cutQuery(m, "page")
	if publisher, ok := m["publisher"]; ok {
		m["publisher"] = object(publisher, publisherKeys, nil)
	}
	if content, ok := m["content"]; ok {
		c := only(content, contentKeys)
		cutQuery(c, "url")
		m["content"] = marshal(c)
	}
	return marshal(m)
}

// cutQuery cuts the query and the fragment off an address.
func cutQuery(m map[string]json.RawMessage, key string) {
	var page string
	if json.Unmarshal(m[key], &page) != nil || page == "" {
		return
	}
	page, _, _ = strings.Cut(page, "?")
	page, _, _ = strings.Cut(page, "#")
	m[key], _ = json.Marshal(page) // a string is always written
}

// each cuts down every element of a list.
func each(value json.RawMessage, cut func(json.RawMessage) json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return json.RawMessage("[]")
	}
	for i := range list {
		list[i] = cut(bytes.Clone(list[i]))
	}
	out, err := json.Marshal(list)
	if err != nil {
		return json.RawMessage("[]")
	}
	return out
}

func marshal(m map[string]json.RawMessage) json.RawMessage {
	if m == nil {
		return json.RawMessage("{}")
	}
	out, err := json.Marshal(m)
	if err != nil { // no value that was read is
		return json.RawMessage("{}")
	}
	return out
}
