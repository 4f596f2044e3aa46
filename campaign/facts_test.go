package campaign

import (
	"strings"
	"testing"

	"bidwell/openrtb"
)

func TestFactsOfTheDomain(t *testing.T) {
	var f Facts
	check := func(domain, page, want string) {
		t.Helper()
		req := &openrtb.Request{}
		req.Site.Domain, req.Site.Page = []byte(domain), []byte(page)
		f.Reset(req)
		if got := string(f.Domain); got != want {
			t.Errorf("domain %.40q, page %.40q: got %.40q, want %.40q", domain, page, got, want)
		}
	}
	check("news.example", "https://other.example/", "news.example")
	check("WWW.News.Example", "", "news.example")
	check("https://www.news.example:8443/path?x#y", "", "news.example")
	check("news.example/path", "", "news.example")
	check(" news.example. ", "", "news.example")
	check("", "https://news.example/a//b", "news.example")
	check("", "https://user:secret@news.example/", "news.example")
	check("", "HTTP://NEWS.EXAMPLE?x", "news.example")
	check("", "https://news.example#top", "news.example")
	check("", "https://news.example/r?to=https://other.example/@x", "news.example")
	check("", "//news.example/a", "news.example")
	check("", "news.example//a", "news.example")
	check("", "news.example/r//://x.example", "news.example")
	check("", "https://[2001:db8::1]:80/", "[2001:db8::1]:80")
	check("", "about:blank", "about")
	check("", "https://", "")
	check("", "/only/a/path", "")
	check("", "", "")
	check("://", "", "")
	check("www.", "", "www")
	check("https://", "https://news.example/", "news.example")
	long := strings.Repeat("a.", 126) + "a"
	check(long, "", long)
	check(long+"b", "", "")
}

func TestFactsOfTheCountry(t *testing.T) {
	check := func(device, user, want string) {
		t.Helper()
		var f Facts
		req := &openrtb.Request{}
		req.Device.Geo.Country, req.User.Geo.Country = []byte(device), []byte(user)
		f.Country = [3]byte{'o', 'l', 'd'}
		f.Reset(req)
		if got := strings.Trim(string(f.Country[:]), "\x00"); got != want {
			t.Errorf("device in %q, user in %q: got %q, want %q", device, user, got, want)
		}
	}
	check("DEU", "USA", "DEU")
	check("de", "", "DEU")
	check("", "at", "AUT")
	check("Germany", "FR", "FRA")
	check("", "", "")
}

func TestFactsOfTheDevice(t *testing.T) {
	check := func(kind int32, ua string, want DeviceKind) {
		t.Helper()
		var f Facts
		req := &openrtb.Request{}
		req.Device.Type, req.Device.UA, req.Device.SUAMobile = kind, []byte(ua), -1
		if f.Reset(req); f.Device != want {
			t.Errorf("type %d, %q: got %v, want %v", kind, ua, f.Device, want)
		}
	}
	const (
		iPhone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
		iPad      = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
		pixel     = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
		galaxyTab = "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
		bravia    = "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) AppleWebKit/537.36 Chrome/110.0 Safari/537.36"
		fireTV    = "Mozilla/5.0 (Linux; Android 11; AFTKM Build/RP1A) AppleWebKit/537.36 Chrome/110.0 Safari/537.36"
		tizen     = "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 Safari/537.36"
		roku      = "Roku/DVP-12.5 (12.5.0.4178)"
		windows   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
		mac       = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15"
		linux     = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
	)
	for kind, want := range map[int32]DeviceKind{2: Desktop, 3: TV, 4: Phone, 5: Tablet, 6: OtherDevice, 7: TV, 8: OtherDevice} {
		check(kind, iPhone, want) // what the exchange says goes before the user agent
	}
	for ua, want := range map[string]DeviceKind{
		iPhone: Phone, iPad: Tablet, pixel: Phone, galaxyTab: Tablet, bravia: TV, fireTV: TV, tizen: TV, roku: TV,
		windows: Desktop, mac: Desktop, linux: Desktop, "curl/8.0": OtherDevice, "": OtherDevice,
	} {
		check(0, ua, want)
		check(99, ua, want)
		check(-1, ua, want)
	}
	check(1, iPad, Tablet)
	check(1, pixel, Phone)
	check(1, galaxyTab, Tablet)
	check(1, "", Phone)
	check(1, mac, Phone)
	var f Facts
	req := &openrtb.Request{}
	req.Device.SUAMobile = 1
	if f.Reset(req); f.Device != Phone {
		t.Errorf("the client hint of a phone: got %v", f.Device)
	}
}
