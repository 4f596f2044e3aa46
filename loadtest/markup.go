package loadtest

import (
	"encoding/json"
	"html"
	"strings"
)

// trackers are the URLs that a browser or player would call for an ad.
type trackers struct {
	shown    []string    // when the ad is shown
	viewable []string    // when it was seen as long as counts as seen
	played   [5][]string // when a video or audio ad begins, at each quarter, and at its end
	click    []string    // when somebody clicks; the last one is where they land
}

// trackersOf finds the URLs in an ad's markup: a native response, VAST, or
// HTML, whichever it looks like. It knows the forms that ad servers write, and
// is no browser: URLs that a script puts together are not found.
func trackersOf(adm string) trackers {
	switch s := strings.TrimSpace(adm); {
	case strings.HasPrefix(s, "{"):
		return nativeTrackers(s)
	case strings.Contains(s, "<VAST"):
		return vastTrackers(s)
	default:
		return htmlTrackers(s)
	}
}

// nativeAd is a native response, wrapped or bare.
type nativeAd struct {
	Native        *nativeAd `json:"native"`
	ImpTrackers   []string  `json:"imptrackers"`
	EventTrackers []struct {
		Event, Method int
		URL           string
	} `json:"eventtrackers"`
	Link struct {
		URL           string   `json:"url"`
		ClickTrackers []string `json:"clicktrackers"`
	} `json:"link"`
}

func nativeTrackers(adm string) (t trackers) {
	var ad nativeAd
	if json.Unmarshal([]byte(adm), &ad) != nil {
		return t
	}
	if ad.Native != nil {
		ad = *ad.Native
	}
	t.shown = ad.ImpTrackers
	for _, e := range ad.EventTrackers {
		switch {
		case e.Event == 1 && e.Method == 1:
			t.shown = append(t.shown, e.URL)
		case e.Event == 2 && e.Method == 1:
			t.viewable = append(t.viewable, e.URL)
		}
	}
	t.click = ad.Link.ClickTrackers
	if ad.Link.URL != "" {
		t.click = append(t.click, ad.Link.URL)
	}
	return t
}

// playEvents are the events of VAST that trackers.played holds.
var playEvents = [5]string{"start", "firstQuartile", "midpoint", "thirdQuartile", "complete"}

func vastTrackers(adm string) (t trackers) {
	t.shown = elements(adm, "Impression", "")
	t.viewable = elements(adm, "Viewable", "")
	t.click = append(elements(adm, "ClickTracking", ""), elements(adm, "ClickThrough", "")...)
	for i, event := range playEvents {
		t.played[i] = elements(adm, "Tracking", event)
	}
	return t
}

// elements returns the texts of all XML elements of a name; with an event, only
// of those with this attribute.
func elements(s, name, event string) (texts []string) {
	for {
		_, rest, ok := strings.Cut(s, "<"+name)
		if !ok {
			return texts
		}
		s = rest
		if s == "" || !strings.ContainsRune(" \t\r\n>", rune(s[0])) {
			continue // a longer name
		}
		head, body, opened := strings.Cut(s, ">")
		text, rest, closed := strings.Cut(body, "</"+name)
		if !opened || !closed {
			return texts
		}
		s = rest
		if event != "" && attribute(head, "event") != event {
			continue
		}
		text = strings.TrimSpace(text)
		if inner, ok := strings.CutPrefix(text, "<![CDATA["); ok {
			text = strings.TrimSpace(strings.TrimSuffix(inner, "]]>"))
		} else {
			text = html.UnescapeString(text)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
}

func htmlTrackers(adm string) (t trackers) {
	t.shown = attributes(adm, "<img", "src")
	t.click = attributes(adm, "<a", "href")
	if len(t.click) > 1 {
		t.click = t.click[:1] // a person clicks once
	}
	return t
}

// attributes returns the values of one attribute of all HTML tags that begin
// with tag, such as "<img".
func attributes(s, tag, name string) (values []string) {
	for {
		_, rest, ok := strings.Cut(s, tag)
		if !ok {
			return values
		}
		s = rest
		if s == "" || !strings.ContainsRune(" \t\r\n", rune(s[0])) {
			continue
		}
		head, rest, _ := strings.Cut(s, ">")
		s = rest
		if v := attribute(head, name); v != "" {
			values = append(values, html.UnescapeString(v))
		}
	}
}

// attribute returns the quoted value of an attribute within a tag.
func attribute(head, name string) string {
	for {
		before, after, ok := strings.Cut(head, name)
		if !ok {
			return ""
		}
		head = after
		value, ok := strings.CutPrefix(strings.TrimLeft(after, " \t\r\n"), "=")
		if before == "" || !strings.ContainsRune(" \t\r\n\"'", rune(before[len(before)-1])) || !ok {
			continue
		}
		value = strings.TrimLeft(value, " \t\r\n")
		if value == "" || value[0] != '"' && value[0] != '\'' {
			return ""
		}
		value, _, _ = strings.Cut(value[1:], value[:1])
		return value
	}
}
