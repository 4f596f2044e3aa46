package creative

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bidwell/ad"
	"bidwell/openrtb"
)

// node is an element of a VAST document.
type node struct {
	name string
	attr map[string]string
	kids []*node
	text string
}

func (n *node) find(name string) (out []*node) {
	for _, k := range n.kids {
		if k.name == name {
			out = append(out, k)
		}
		out = append(out, k.find(name)...)
	}
	return out
}

// parseXML reads a document strictly.
func parseXML(t testing.TB, s string) *node {
	t.Helper()
	root := &node{}
	open := []*node{root}
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, s)
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: tok.Name.Local, attr: make(map[string]string)}
			for _, a := range tok.Attr {
				n.attr[a.Name.Local] = a.Value
			}
			top.kids = append(top.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(tok)
		}
	}
	if len(root.kids) != 1 || root.kids[0].name != "VAST" {
		t.Fatalf("the root is not one VAST element:\n%s", s)
	}
	return root.kids[0]
}

// content says what an element may hold, in order. A "!" marks what is
// required.
type content map[string]string

var vast2 = content{
	"VAST":         "Ad!",
	"InLine":       "AdSystem! AdTitle! Description Survey Error Impression! Creatives! Extensions",
	"Wrapper":      "AdSystem! VASTAdTagURI! Error Impression! Creatives! Extensions",
	"Creatives":    "Creative!",
	"Creative":     "Linear CompanionAds NonLinearAds",
	"Linear":       "Duration TrackingEvents AdParameters VideoClicks MediaFiles",
	"VideoClicks":  "ClickThrough ClickTracking CustomClick",
	"MediaFiles":   "MediaFile!",
	"CompanionAds": "Companion!",
	"Companion":    "StaticResource! IFrameResource HTMLResource TrackingEvents CompanionClickThrough AltText AdParameters",
}

var vast3 = content{
	"VAST":         "Ad!",
	"InLine":       "AdSystem! AdTitle! Description Advertiser Pricing Survey Error Impression! Creatives! Extensions",
	"Wrapper":      "AdSystem! VASTAdTagURI! Error Impression! Creatives Extensions",
	"Creatives":    "Creative!",
	"Creative":     "Linear CompanionAds NonLinearAds",
	"Linear":       "Icons CreativeExtensions Duration TrackingEvents AdParameters VideoClicks MediaFiles",
	"VideoClicks":  "ClickThrough ClickTracking CustomClick",
	"MediaFiles":   "MediaFile!",
	"CompanionAds": "Companion!",
	"Companion":    "StaticResource! IFrameResource HTMLResource AdParameters AltText CompanionClickThrough CompanionClickTracking TrackingEvents",
}

var vast40 = content{
	"VAST":               "Ad!",
	"InLine":             "AdSystem! Error Extensions Impression! Pricing ViewableImpression AdTitle! AdVerifications Advertiser Category Creatives! Description Survey",
	"Wrapper":            "AdSystem! Error Extensions Impression! Pricing ViewableImpression AdVerifications Creatives VASTAdTagURI!",
	"Creatives":          "Creative!",
	"Creative":           "CompanionAds CreativeExtensions Linear NonLinearAds UniversalAdId",
	"Linear":             "Icons TrackingEvents AdParameters Duration MediaFiles VideoClicks",
	"VideoClicks":        "ClickTracking CustomClick ClickThrough",
	"MediaFiles":         "MediaFile!",
	"CompanionAds":       "Companion!",
	"Companion":          "HTMLResource IFrameResource StaticResource! AdParameters AltText CompanionClickThrough CompanionClickTracking CreativeExtensions TrackingEvents",
	"ViewableImpression": "Viewable! NotViewable ViewUndetermined",
}

func vast41() content {
	c := make(content)
	for k, v := range vast40 {
		c[k] = v
	}
	c["InLine"] = "AdSystem! Error Extensions Impression! Pricing ViewableImpression AdServingId! AdTitle! AdVerifications Advertiser Category Creatives! Description Expires Survey"
	c["Wrapper"] = "AdSystem! Error Extensions Impression! Pricing ViewableImpression AdVerifications BlockedAdCategories Creatives VASTAdTagURI!"
	return c
}

// checkVAST checks a document against the schema of its version, as far as what
// we write goes, and returns its root.
func checkVAST(t testing.TB, s string) *node {
	t.Helper()
	root := parseXML(t, s)
	version := root.attr["version"]
	schema := map[string]content{"2.0": vast2, "3.0": vast3, "4.0": vast40, "4.1": vast41(), "4.2": vast41()}[version]
	if schema == nil {
		t.Fatalf("unknown VAST version %q", version)
	}
	checkOrder(t, root, schema)
	for _, n := range root.find("Duration") {
		if !regexp.MustCompile(`^\d\d:[0-5]\d:[0-5]\d$`).MatchString(n.text) {
			t.Errorf("duration %q", n.text)
		}
	}
	for _, n := range root.find("MediaFile") {
		for _, a := range []string{"delivery", "type", "width", "height"} {
			if n.attr[a] == "" {
				t.Errorf("MediaFile lacks %s", a)
			}
		}
	}
	for _, name := range []string{"Impression", "MediaFile", "ClickThrough", "ClickTracking", "Tracking", "VASTAdTagURI", "StaticResource", "Viewable"} {
		for _, n := range root.find(name) {
			if !strings.HasPrefix(n.text, "https://") {
				t.Errorf("%s holds %q, want an https address", name, n.text)
			}
		}
	}
	for _, n := range root.find("InLine") {
		for _, c := range n.find("Creative") {
			ids := c.find("UniversalAdId")
			if len(ids) != map[bool]int{true: 1}[version >= "4"] {
				t.Errorf("version %s: a Creative has %d UniversalAdId", version, len(ids))
			}
			for _, id := range ids {
				if id.attr["idRegistry"] == "" || (id.attr["idValue"] != "") != (version == "4.0") {
					t.Errorf("version %s: UniversalAdId has attributes %v", version, id.attr)
				}
			}
		}
	}
	return root
}

func checkOrder(t testing.TB, n *node, schema content) {
	t.Helper()
	if rule, ok := schema[n.name]; ok {
		last, have := 0, make(map[string]bool)
		names := strings.Fields(strings.ReplaceAll(rule, "!", ""))
		for _, k := range n.kids {
			at := slices.Index(names, k.name)
			if at < last {
				t.Errorf("%s: %s is unknown or out of order (want %s)", n.name, k.name, rule)
			}
			last, have[k.name] = max(at, last), true
		}
		for _, r := range strings.Fields(rule) {
			if name, required := strings.CutSuffix(r, "!"); required && !have[name] {
				t.Errorf("%s lacks %s", n.name, name)
			}
		}
	}
	for _, k := range n.kids {
		checkOrder(t, k, schema)
	}
}

func TestSkipOffset(t *testing.T) {
	c := examples(t)["film"] // 15 s, may be skipped after 5 s
	for after, want := range map[int32]string{0: "00:00:05", 4: "00:00:05", 8: "00:00:08", 60: "00:00:15", -1: "00:00:05"} {
		f := new(Fit)
		i := imp(ad.Video, func(i *openrtb.Imp) { i.Video.SkipAfterS = after })
		if r := c.Fit(&openrtb.Request{}, i, f); r != ad.OK {
			t.Fatalf("skipafter %d: got %v", after, r)
		}
		root := checkVAST(t, adm(t, c, f, testMacros()))
		if got := root.find("Linear")[0].attr["skipoffset"]; got != want {
			t.Errorf("skipafter %d: got skipoffset %s, want %s", after, got, want)
		}
	}
}

func TestAppendClock(t *testing.T) {
	for s, want := range map[int32]string{0: "00:00:00", 59: "00:00:59", 3661: "01:01:01", 86399: "23:59:59"} {
		if got := string(appendClock(nil, s)); got != want {
			t.Errorf("%d s: got %s, want %s", s, got, want)
		}
	}
}

func TestTitleSurvives(t *testing.T) {
	c := examples(t)["film"]
	for i := range vastVersions {
		f := &Fit{version: uint8(i), media: 1}
		root := checkVAST(t, adm(t, c, f, testMacros()))
		const want = `Roadster & "Friends" <15> ]]> – schön`
		if got := root.find("AdTitle")[0].text; got != want {
			t.Errorf("VAST %s: got title %q, want %q", vastVersions[i].name, got, want)
		}
		if got := root.find("ClickThrough")[0].text; got != string(testMacros().ClickURL) {
			t.Errorf("VAST %s: got click-through %q", vastVersions[i].name, got)
		}
		if got, want := root.attr["version"], vastVersions[i].name; got != want {
			t.Errorf("got version %s, want %s", got, want)
		}
	}
}
