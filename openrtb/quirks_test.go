package openrtb

import (
	"fmt"
	"strings"
	"testing"

	"bidwell/ad"
)

// show renders lists and views so that cases can be written as text.
func show(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case [][]byte:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = string(s)
		}
		return strings.Join(parts, "|")
	}
	return fmt.Sprint(v)
}

// line renders values with a space between them.
func line(values ...any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = show(v)
	}
	return strings.Join(parts, " ")
}

// TestQuirks puts one oddity into a request and looks at the field it is about.
func TestQuirks(t *testing.T) {
	imp := func(r *Request) *Imp { return &r.Imps[0] }
	cases := []struct {
		name string
		top  string // members of the request
		imp  string // members of the impression
		get  func(r *Request) any
		want string
	}{
		{"integer as float", `"tmax":86.0`, ``, func(r *Request) any { return r.TMaxMS }, "86"},
		{"integer with fraction", `"tmax":933.3333333333334`, ``, func(r *Request) any { return r.TMaxMS }, "933"},
		{"integer with exponent", `"tmax":1.2e2`, ``, func(r *Request) any { return r.TMaxMS }, "120"},
		{"integer as string", `"tmax":"500"`, ``, func(r *Request) any { return r.TMaxMS }, "500"},
		{"integer as padded string", `"tmax":" 500 "`, ``, func(r *Request) any { return r.TMaxMS }, "500"},
		{"integer as float in a string", `"tmax":"500.0"`, ``, func(r *Request) any { return r.TMaxMS }, "500"},
		{"integer as empty string", `"tmax":""`, ``, func(r *Request) any { return r.TMaxMS }, "0"},
		{"integer as words", `"tmax":"soon"`, ``, func(r *Request) any { return r.TMaxMS }, "0"},
		{"integer as null", `"tmax":null`, ``, func(r *Request) any { return r.TMaxMS }, "0"},
		{"integer as object", `"tmax":{"ms":[1,{"a":null}]}`, ``, func(r *Request) any { return r.TMaxMS }, "0"},
		{"integer too large", `"tmax":99999999999`, ``, func(r *Request) any { return r.TMaxMS }, "2147483647"},
		{"integer far too small", `"tmax":-1e300`, ``, func(r *Request) any { return r.TMaxMS }, "-2147483648"},
		{"integer beyond floats", `"tmax":1e999`, ``, func(r *Request) any { return r.TMaxMS }, "0"},
		{"integer with white space behind", `"tmax":120 ,"at" : 2 `, ``, func(r *Request) any { return line(r.TMaxMS, r.At) }, "120 2"},
		{"test as true", `"test":true`, ``, func(r *Request) any { return r.Test }, "true"},
		{"test as 1", `"test":1`, ``, func(r *Request) any { return r.Test }, "true"},
		{"test as 1.0", `"test":1.0`, ``, func(r *Request) any { return r.Test }, "true"},
		{"test as 10", `"test":10`, ``, func(r *Request) any { return r.Test }, "true"},
		{"test as 0", `"test":0`, ``, func(r *Request) any { return r.Test }, "false"},
		{"test as string true", `"test":"true"`, ``, func(r *Request) any { return r.Test }, "true"},
		{"test as string false", `"test":"false"`, ``, func(r *Request) any { return r.Test }, "false"},
		{"test as string 1", `"test":"1"`, ``, func(r *Request) any { return r.Test }, "true"},
		{"secure as empty string", ``, `"secure":""`, func(r *Request) any { return imp(r).Secure }, "false"},
		{"secure as string", ``, `"secure":"1"`, func(r *Request) any { return imp(r).Secure }, "true"},

		{"string as number", `"device":{"carrier":70092}`, ``, func(r *Request) any { return r.Device.Carrier }, "70092"},
		{"string as fraction", `"device":{"osv":10.3}`, ``, func(r *Request) any { return r.Device.OSV }, "10.3"},
		{"string as boolean", `"device":{"osv":true}`, ``, func(r *Request) any { return r.Device.OSV }, ""},
		{"string as list", `"device":{"osv":["10"],"os":"x"}`, ``, func(r *Request) any { return show(r.Device.OSV) + show(r.Device.OS) }, "x"},
		{"list of numbers", `"bcat":[13423,19,4]`, ``, func(r *Request) any { return r.BCat }, "13423|19|4"},
		{"list with what is none", `"bcat":["IAB1",null,{},[],"",true,"IAB2"]`, ``, func(r *Request) any { return r.BCat }, "IAB1|IAB2"},
		{"string for a list", `"cur":"EUR"`, ``, func(r *Request) any { return r.Cur }, "EUR"},
		{"empty string for a list", `"cur":""`, ``, func(r *Request) any { return r.Cur }, ""},
		{"null for a list", `"cur":null`, ``, func(r *Request) any { return r.Cur }, ""},
		{"object for a list", `"cur":{"a":1}`, ``, func(r *Request) any { return r.Cur }, ""},
		{"integers as floats in a list", ``, `"banner":{"battr":[1.0,"3",44.0,null,true]}`, func(r *Request) any { return imp(r).Banner.BAttr }, "[1 3 44 1]"},
		{"integer for a list", ``, `"banner":{"battr":8}`, func(r *Request) any { return imp(r).Banner.BAttr }, "[8]"},
		{"languages of both fields", `"wlangb":["de-CH"],"wlang":["de","en"]`, ``, func(r *Request) any { return r.WLang }, "de|en|de-CH"},

		{"keywords as list", `"user":{"keywords":["m_gender:m","m_age:23"]}`, ``, func(r *Request) any { return r.User.Keywords }, "m_gender:m,m_age:23"},
		{"keywords as list with escapes", `"user":{"keywords":["a\u0062",7]}`, ``, func(r *Request) any { return r.User.Keywords }, "ab,7"},
		{"keywords as empty list", `"user":{"keywords":[]}`, ``, func(r *Request) any { return r.User.Keywords }, ""},
		{"kwarray", `"site":{"kwarray":["a","b"]}`, ``, func(r *Request) any { return r.Site.Keywords }, "a,b"},
		{"keywords before kwarray", `"site":{"keywords":"k","kwarray":["a","b"]}`, ``, func(r *Request) any { return r.Site.Keywords }, "k"},

		{"camel case", `"device":{"deviceType":4,"connectionType":2,"UA":"x"}`, ``, func(r *Request) any {
			return line(r.Device.Type, r.Device.ConnectionType, show(r.Device.UA))
		}, "4 2 x"},
		{"escaped key", `"\u0074max":5`, ``, func(r *Request) any { return r.TMaxMS }, "5"},
		{"key with Kelvin sign and long s", "\"device\":{\"ma\u212ae\":\"m\",\"o\u017f\":\"o\"}", ``, func(r *Request) any {
			return show(r.Device.Make) + show(r.Device.OS)
		}, "mo"},
		{"empty key", `"":5,"tmax":6`, ``, func(r *Request) any { return r.TMaxMS }, "6"},
		{"unknown fields", `"Xid":"123","@timestamp":"x","beat":{},"tmax":6`, ``, func(r *Request) any { return r.TMaxMS }, "6"},
		{"escaped slashes", `"site":{"page":"https:\/\/example.com\/\u00fc"}`, ``, func(r *Request) any { return r.Site.Page }, "https://example.com/ü"},
		{"surrogates", `"site":{"page":"\ud83d\ude97 \ud83d \ude97 \ud83d\u0041"}`, ``, func(r *Request) any { return r.Site.Page }, "🚗 \ufffd \ufffd \ufffdA"},
		{"invalid UTF-8", "\"site\":{\"page\":\"a\xff\xc3b\"}", ``, func(r *Request) any { return r.Site.Page }, "a\ufffd\ufffdb"},

		{"banner of no size", ``, `"banner":{"w":0,"h":0}`, func(r *Request) any { b := imp(r).Banner; return line(b.W, b.H, imp(r).Has[ad.Banner]) }, "0 0 true"},
		{"fluid banner", ``, `"banner":{"w":-1,"h":250}`, func(r *Request) any { b := imp(r).Banner; return line(b.W, b.H) }, "0 250"},
		{"banner size as strings", ``, `"banner":{"w":"728","h":"90"}`, func(r *Request) any { b := imp(r).Banner; return line(b.W, b.H) }, "728 90"},
		{"formats that say nothing", ``, `"banner":{"format":[{},null,{"w":300,"h":250},{"w":300},"x"]}`, func(r *Request) any { return imp(r).Banner.Sizes }, "[{300 250 0 0 0}]"},
		{"flex format", ``, `"banner":{"format":[{"wratio":16,"hratio":9,"wmin":200}]}`, func(r *Request) any { return imp(r).Banner.Sizes }, "[{0 0 16 9 200}]"},
		{"media that are null", ``, `"banner":{"w":1},"video":null,"native":null,"audio":null,"pmp":null,"ext":null`, func(r *Request) any { return imp(r).Has }, "[false true false false false]"},
		{"banner taken back", ``, `"banner":{"w":1},"banner":null`, func(r *Request) any { return line(imp(r).Has, imp(r).Banner.W) }, "[false false false false false] 0"},
		{"banner of a wrong shape", ``, `"banner":[{"w":1}],"video":{"w":1}`, func(r *Request) any { return imp(r).Has }, "[false false true false false]"},
		{"old protocol", ``, `"video":{"protocol":2}`, func(r *Request) any { return imp(r).Video.Protocols }, "[2]"},
		{"old protocol as list", ``, `"video":{"protocol":[2,3]}`, func(r *Request) any { return imp(r).Video.Protocols }, "[2 3]"},
		{"old protocol beside protocols", ``, `"video":{"protocol":2,"protocols":[3,2]}`, func(r *Request) any { return imp(r).Video.Protocols }, "[3 2]"},
		{"old protocol added to protocols", ``, `"video":{"protocol":7,"protocols":[3,2]}`, func(r *Request) any { return imp(r).Video.Protocols }, "[3 2 7]"},
		{"both placements", ``, `"video":{"placement":3,"plcmt":4}`, func(r *Request) any { return line(imp(r).Video.Placement, imp(r).Video.Plcmt) }, "3 4"},
		{"start delay of 0", ``, `"video":{"startdelay":0}`, func(r *Request) any { return imp(r).Video.HasStartDelay }, "true"},
		{"start delay of null", ``, `"video":{"startdelay":null}`, func(r *Request) any { return imp(r).Video.HasStartDelay }, "false"},
		{"rewarded in ext", ``, `"ext":{"rewarded":1}`, func(r *Request) any { return imp(r).Rewarded }, "true"},
		{"rewarded in ext before 0 in the imp", ``, `"ext":{"prebid":{"is_rewarded_inventory":1}},"rwdd":0`, func(r *Request) any { return imp(r).Rewarded }, "true"},
		{"viewability", ``, `"metric":[{"type":"ctr","value":0.1},{"value":"0.7","type":"Viewability"},null]`, func(r *Request) any { return imp(r).Viewability }, "0.7"},
		{"viewability beyond reason", ``, `"metric":[{"type":"viewability","value":70}]`, func(r *Request) any { return imp(r).Viewability }, "-1"},
		{"no metric", ``, ``, func(r *Request) any { return imp(r).Viewability }, "-1"},

		{"floor with exponent", ``, `"bidfloor":1e-1`, func(r *Request) any { return imp(r).BidFloor }, "0.1"},
		{"floor as string", ``, `"bidfloor":"0.1"`, func(r *Request) any { return imp(r).BidFloor }, "0.1"},
		{"floor of many digits", ``, `"bidfloor":0.123456789012345678901234567890`, func(r *Request) any { return imp(r).BidFloor }, "0.12345678901234568"},
		{"floor of negative zero", ``, `"bidfloor":-0.0`, func(r *Request) any { return imp(r).BidFloor == 0 }, "true"},
		{"floor beyond floats", ``, `"bidfloor":1e400`, func(r *Request) any { return imp(r).BidFloor }, "0"},
		{"floor as NaN in a string", ``, `"bidfloor":"NaN"`, func(r *Request) any { return imp(r).BidFloor }, "0"},
		{"floor as infinity in a string", ``, `"bidfloor":"Infinity"`, func(r *Request) any { return imp(r).BidFloor }, "0"},
		{"deal of odd types", ``, `"pmp":{"private_auction":true,"deals":[null,{},{"id":77,"bidfloor":"1.5","at":"1","wseat":[1,2]}]}`, func(r *Request) any {
			d := imp(r).Deals
			return line(len(d), show(d[0].ID), d[0].BidFloor, d[0].At, show(d[0].WSeat), imp(r).PrivateAuction)
		}, "1 77 1.5 1 1|2 true"},
		{"deals as null", ``, `"pmp":{"deals":null}`, func(r *Request) any { return len(imp(r).Deals) }, "0"},

		{"gdpr in ext", `"regs":{"ext":{"gdpr":1}}`, ``, func(r *Request) any { return r.Regs.GDPR }, "1"},
		{"gdpr as string", `"regs":{"coppa":"","ext":{"gdpr":"1"}}`, ``, func(r *Request) any { return r.Regs.GDPR }, "1"},
		{"gdpr as true", `"regs":{"ext":{"gdpr":true}}`, ``, func(r *Request) any { return r.Regs.GDPR }, "1"},
		{"gdpr of 2", `"regs":{"gdpr":2}`, ``, func(r *Request) any { return r.Regs.GDPR }, "-1"},
		{"gdpr of neither place", `"regs":{}`, ``, func(r *Request) any { return r.Regs.GDPR }, "-1"},
		{"gdpr of both places", `"regs":{"ext":{"gdpr":1},"gdpr":0}`, ``, func(r *Request) any { return r.Regs.GDPR }, "0"},
		{"privacy strings in ext", `"regs":{"ext":{"us_privacy":"1YNN","gpp":"G","gpp_sid":[7]}}`, ``, func(r *Request) any {
			return line(show(r.Regs.USPrivacy), show(r.Regs.GPP), r.Regs.GPPSID)
		}, "1YNN G [7]"},
		{"privacy strings of 2.6", `"regs":{"ext":{"us_privacy":"o","gpp":"o","gpp_sid":[1]},"us_privacy":"1YNN","gpp":"G","gpp_sid":7}`, ``, func(r *Request) any {
			return line(show(r.Regs.USPrivacy), show(r.Regs.GPP), r.Regs.GPPSID)
		}, "1YNN G [7]"},
		{"consent in ext", `"user":{"ext":{"consent":"C"}}`, ``, func(r *Request) any { return r.User.Consent }, "C"},
		{"consent empty and in ext", `"user":{"consent":"","ext":{"consent":"C"}}`, ``, func(r *Request) any { return r.User.Consent }, "C"},
		{"consent of both places", `"user":{"ext":{"consent":"old"},"consent":"C"}`, ``, func(r *Request) any { return r.User.Consent }, "C"},
		{"consent of null", `"user":{"ext":{"consent":null,"eids":null}}`, ``, func(r *Request) any { return r.User.Consent }, ""},
		{"eids in ext", `"user":{"ext":{"eids":[{"uids":[{"id":5,"atype":"1"},{},null,{"id":"6"}],"source":"x.example"}]}}`, ``, func(r *Request) any {
			e := r.User.EIDs
			return line(len(e), show(e[0].Source), show(e[0].ID), e[0].AType, show(e[1].Source), show(e[1].ID))
		}, "2 x.example 5 1 x.example 6"},
		{"eids of both places", `"user":{"eids":[{"source":"n","uids":[{"id":"1"}]}],"ext":{"eids":[{"source":"o","uids":[{"id":"2"}]}]}}`, ``, func(r *Request) any {
			return line(len(r.User.EIDs), show(r.User.EIDs[0].ID))
		}, "1 1"},
		{"segments of odd types", `"user":{"data":[{"id":1,"segment":[{"id":5444,"value":0.3}]},{"segment":[{}]},{"name":"n","id":"i","segment":[{"name":"s"}]}]}`, ``, func(r *Request) any {
			d := r.User.Data
			return line(len(d), show(d[0].Provider), show(d[0].ID), show(d[0].Value), show(d[1].Provider), show(d[1].Name))
		}, "2 1 5444 0.3 n s"},
		{"chain in ext", `"source":{"ext":{"schain":{"complete":"1","nodes":[{"asi":"a","sid":1,"hp":1.0},null]}}}`, ``, func(r *Request) any {
			s := r.Source
			return line(s.HasChain, s.Complete, len(s.Chain), show(s.Chain[0].ASI), show(s.Chain[0].SID), s.Chain[0].HP)
		}, "true true 2 a 1 true"},
		{"chain of both places", `"source":{"ext":{"schain":{"nodes":[{"asi":"old"}]}},"schain":{"nodes":[{"asi":"new"}]}}`, ``, func(r *Request) any { return r.Source.Chain[0].ASI }, "new"},
		{"source that is text", `"source":"/var/log/requests"`, ``, func(r *Request) any { return r.Source.HasChain }, "false"},
		{"transparency", `"regs":{"ext":{"dsa":{"dsarequired":"3","pubrender":1,"datatopub":2,"transparency":[{},{"domain":"d"}]}}}`, ``, func(r *Request) any { return r.Regs.DSA }, "{true 3 1 2 2}"},
		{"transparency beside ext", `"regs":{"dsa":{"dsarequired":2}}`, ``, func(r *Request) any { return r.Regs.DSA.Required }, "2"},

		{"coordinates as strings", `"device":{"geo":{"lat":"50.5","lon":"4.04"}}`, ``, func(r *Request) any {
			return line(r.Device.Geo.Lat, r.Device.Geo.Lon, r.Device.Geo.HasLatLon)
		}, "50.5 4.04 true"},
		{"half a coordinate", `"device":{"geo":{"lat":50.5}}`, ``, func(r *Request) any { return r.Device.Geo.HasLatLon }, "false"},
		{"long language", `"device":{"language":"en-US"}`, ``, func(r *Request) any { return r.Device.Language }, "en-US"},
		{"language in langb", `"device":{"langb":"de-CH"}`, ``, func(r *Request) any { return r.Device.Language }, "de-CH"},
		{"structured user agent", `"device":{"sua":{"mobile":0,"platform":{"brand":"Windows"},"model":null}}`, ``, func(r *Request) any {
			return line(r.Device.SUAMobile, show(r.Device.SUAPlatform))
		}, "0 Windows"},
		{"no structured user agent", ``, ``, func(r *Request) any { return r.Device.SUAMobile }, "-1"},
		{"nulls for objects", `"user":null,"regs":null,"source":null,"ext":null,"device":null,"site":null`, ``, func(r *Request) any { return r.Inventory }, "none"},
		{"empty objects", `"user":{},"regs":{},"source":{},"ext":{},"device":{"geo":{}},"site":{}`, ``, func(r *Request) any { return r.Inventory }, "site"},
		{"site that is null, then app", `"site":null,"app":{"id":"a"}`, ``, func(r *Request) any { return line(r.Inventory, show(r.Site.ID)) }, "app a"},
		{"site that is empty, then app", `"site":{},"app":{"id":"a"}`, ``, func(r *Request) any { return line(r.Inventory, show(r.Site.ID)) }, "app a"},
		{"site and app", `"site":{"id":"s"},"app":{"id":"a"}`, ``, func(r *Request) any { return line(r.Inventory, show(r.Site.ID)) }, "site s"},
		{"venue type as text", `"dooh":{"venuetype":"transit"}`, ``, func(r *Request) any { return line(r.Inventory, show(r.Site.VenueType)) }, "dooh transit"},

		{"scalar twice", `"tmax":1,"tmax":2`, ``, func(r *Request) any { return r.TMaxMS }, "2"},
		{"scalar twice, then null", `"tmax":1,"tmax":null`, ``, func(r *Request) any { return r.TMaxMS }, "1"},
		{"list twice", `"cur":["EUR","USD"],"cur":["GBP"]`, ``, func(r *Request) any { return r.Cur }, "GBP"},
		{"object twice", `"device":{"w":1,"h":2},"device":{"h":3}`, ``, func(r *Request) any { return line(r.Device.W, r.Device.H) }, "1 3"},
		{"eids twice", `"user":{"eids":[{"source":"a","uids":[{"id":"1"}],"uids":[{"id":"2"}]}]}`, ``, func(r *Request) any {
			return line(len(r.User.EIDs), show(r.User.EIDs[0].ID))
		}, "1 2"},
		{"imps twice", `"imp":[{"id":"x"}],"imp":[{"id":"y"},{"id":"y"}]`, ``, func(r *Request) any { return line(len(r.Imps), show(r.Imps[0].ID)) }, "2 y"},
		{"imps without use", `"imp":[null,{},{"id":""},[],1,{"id":8}]`, ``, func(r *Request) any { return line(len(r.Imps), show(r.Imps[0].ID)) }, "1 8"},
		{"numeric id", `"id":123`, ``, func(r *Request) any { return line(show(r.ID), r.IDIsNumber) }, "123 true"},
	}
	var r Request
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body := `{"id":"r","imp":[{"id":"1"`
			if c.imp != "" {
				body += "," + c.imp
			}
			body += `}]`
			if c.top != "" {
				body += "," + c.top
			}
			body += `}`
			if err := r.Decode([]byte(body)); err != nil {
				t.Fatalf("Decode(%s): %v", body, err)
			}
			if got := show(c.get(&r)); got != c.want {
				t.Errorf("got %q, want %q from %s", got, c.want, body)
			}
		})
	}
}

func TestNative(t *testing.T) {
	const assets = `"assets":[{"id":1,"required":1,"title":{"len":50}}]`
	quote := func(s string) string { return string(AppendString(nil, s)) }
	cases := []struct {
		name, native string
		want         string // offered, wrapped, version, assets
	}{
		{"bare", `{"ver":"1.2","request":` + quote(`{`+assets+`}`) + `}`, "true false 1.2 1"},
		{"wrapped", `{"request":` + quote(`{"native":{"ver":"1.1",`+assets+`}}`) + `}`, "true true 1.1 1"},
		{"object", `{"ver":1,"request":{` + assets + `}}`, "true false 1 1"},
		{"wrapped object", `{"request":{"native":{` + assets + `}}}`, "true true  1"},
		{"encoded twice", `{"request":` + quote(quote(`{`+assets+`}`)) + `}`, "true false  1"},
		{"encoded three times", `{"request":` + quote(quote(quote(`{`+assets+`}`))) + `}`, "true false  1"},
		{"encoded too often", `{"request":` + quote(quote(quote(quote(quote(`{`+assets+`}`))))) + `}`, "false false  0"},
		{"wrapped text", `{"request":{"native":` + quote(`{`+assets+`}`) + `}}`, "true true  1"},
		{"version as number", `{"request":` + quote(`{"ver":1.1,`+assets+`}`) + `}`, "true false 1.1 1"},
		{"white space", `{"request":` + quote(" \n{"+assets+"} \t") + `}`, "true false  1"},
		{"empty", `{"ver":"1.1","request":""}`, "false false  0"},
		{"absent", `{"ver":"1.1"}`, "false false  0"},
		{"null", `{"request":null}`, "false false  0"},
		{"number", `{"request":1}`, "false false  0"},
		{"placeholder", `{"request":"{json_encoded}"}`, "false false  0"},
		{"ellipsis", `{"request":` + quote(`{"native":{"ver":"1.0","assets":[ ... ]}}`) + `}`, "false false  0"},
		{"cut off", `{"request":` + quote(`{`+assets) + `}`, "false false  0"},
		{"trailing text", `{"request":` + quote(`{`+assets+`}}`) + `}`, "false false  0"},
		{"no assets", `{"request":` + quote(`{"assets":[]}`) + `}`, "false false  0"},
		{"assets of wrong shapes", `{"request":` + quote(`{"assets":[null,1,"x",{"id":"7","title":[],"img":{"w":"80"}}]}`) + `}`, "true false  1"},
	}
	var r Request
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body := `{"id":"r","imp":[{"native":` + c.native + `,"banner":{"w":300,"h":250},"id":"1"}]}`
			if err := r.Decode([]byte(body)); err != nil {
				t.Fatalf("Decode(%s): %v", body, err)
			}
			imp := &r.Imps[0]
			n := &imp.Native
			if got := line(imp.Has[ad.Native], n.Wrapped, n.Ver, len(n.Assets)); got != c.want {
				t.Errorf("got %q, want %q from %s", got, c.want, body)
			}
			if !imp.Has[ad.Banner] || imp.Banner.W != 300 {
				t.Errorf("the banner was lost: %+v", imp.Banner)
			}
		})
	}
}

func TestNativeAssets(t *testing.T) {
	var r Request
	err := r.Decode([]byte(`{"id":"r","imp":[{"id":"1","native":{"api":[3],"battr":5,"request":{
		"context":2,"plcmttype":4,"plcmtcnt":3,"privacy":1,
		"eventtrackers":[{"event":1,"methods":[1,2]},{},{"event":"2","methods":1}],
		"assets":[
			{"id":0,"required":1,"title":{"len":25}},
			{"required":"1","img":{"type":3,"w":1200,"h":627,"wmin":600,"hmin":300,"mimes":"image/png"}},
			{"id":2,"data":{"type":12,"len":15}},
			{"id":3,"video":{"mimes":["video/mp4"],"minduration":5,"maxduration":30,"protocols":[2,7]}},
			{"id":4,"title":{"len":9},"data":{"type":1}},
			{"id":5,"title":null}]}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	n := &r.Imps[0].Native
	got := fmt.Sprint(n.Context, n.PlcmtType, n.PlcmtCnt, n.Privacy, n.API, n.BAttr, n.EventTrackers)
	if want := "2 4 3 true [3] [5] [{1 [1 2]} {2 [1]}]"; got != want {
		t.Errorf("native: got %s, want %s", got, want)
	}
	want := []string{
		"{0 true true 1 0 25 0 0 0 0 [] 0 0 []}",
		"{0 false true 2 3 0 1200 627 600 300 [image/png] 0 0 []}",
		"{2 true false 4 12 15 0 0 0 0 [] 0 0 []}",
		"{3 true false 3 0 0 0 0 0 0 [video/mp4] 5 30 [2 7]}",
		"{4 true false 4 1 0 0 0 0 0 [] 0 0 []}",
		"{5 true false 0 0 0 0 0 0 0 [] 0 0 []}",
	}
	if len(n.Assets) != len(want) {
		t.Fatalf("got %d assets, want %d", len(n.Assets), len(want))
	}
	for i, a := range n.Assets {
		if got := strings.Replace(fmt.Sprint(a), fmt.Sprint(a.Mimes), "["+show(a.Mimes)+"]", 1); got != want[i] {
			t.Errorf("asset %d: got %s, want %s", i, got, want[i])
		}
	}
}

func TestAlpha3(t *testing.T) {
	for in, want := range map[string]string{"DE": "DEU", "de": "DEU", "deu": "DEU", "USA": "USA", "us": "USA", "UK": "GBR",
		"AF": "AFG", "ZW": "ZWE", "xk": "XKX", "AA": "", "ZZ": "", "": "", "D": "", "Germany": "", "D1": "", "1-2": "", "\xc4\xc5": ""} {
		c, ok := Alpha3([]byte(in))
		if ok != (want != "") || ok && string(c[:]) != want {
			t.Errorf("Alpha3(%q): got %q, %v, want %q", in, c, ok, want)
		}
	}
	if n := len(countries) / 6; n != 251 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1, XK and UK", n)
	}
	for i := 6; i < len(countries); i += 6 {
		if countries[i-6:i] >= countries[i:i+6] {
			t.Errorf("%q is not in order", countries[i:i+6])
		}
	}
	code := []byte("pl")
	if n := testing.AllocsPerRun(100, func() { Alpha3(code) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
