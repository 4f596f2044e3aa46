package campaign

import (
	"bytes"

	"bidwell/openrtb"
)

// Facts are what targeting needs to know of a request, worked out once. They
// hold views into the request and are reused.
type Facts struct {
	Country [3]byte // ISO 3166 alpha-3, zero if not said
	Device  DeviceKind
	Domain  []byte // of the site or app, lower case, without www.; empty if not said

	buf []byte
}

// DeviceKind is a kind of device that campaigns target.
type DeviceKind uint8

// The kinds of devices.
const (
	OtherDevice DeviceKind = iota
	Phone
	Tablet
	Desktop
	TV
	numDevices
)

var deviceNames = [numDevices]string{"other", "phone", "tablet", "desktop", "tv"}

// String returns the name that campaign files use.
func (d DeviceKind) String() string { return deviceNames[d] }

// Reset works the facts of a request out.
func (f *Facts) Reset(req *openrtb.Request) {
	f.Country = [3]byte{}
	if c, ok := openrtb.Alpha3(req.Device.Geo.Country); ok {
		f.Country = c
	} else if c, ok := openrtb.Alpha3(req.User.Geo.Country); ok {
		f.Country = c
	}
	f.Device = deviceKind(&req.Device)
	d := host(req.Site.Domain)
	if len(d) == 0 {
		d = host(req.Site.Page)
	}
	if len(d) > maxDomain {
		d = nil // no domain, and each of its labels would be looked up
	}
	f.buf = lower(f.buf[:0], d)
	f.Domain = bytes.TrimPrefix(f.buf, www)
}

// maxDomain is the length of the longest domain that there can be.
const maxDomain = 253

var (
	www    = []byte("www.")
	scheme = []byte("//")
)

// host returns the host of a URL, or of what was sent in place of one, without
// user, port and the dot of the root.
func host(url []byte) []byte {
	url = bytes.TrimSpace(url)
	// The first slashes are those after the scheme, unless they are further on.
	if i := bytes.Index(url, scheme); i >= 0 && (i == 0 || url[i-1] == ':') && !bytes.ContainsAny(url[:i], "/?#.") {
		url = url[i+2:]
	}
	if i := bytes.IndexAny(url, "/?#"); i >= 0 {
		url = url[:i]
	}
	if i := bytes.LastIndexByte(url, '@'); i >= 0 {
		url = url[i+1:]
	}
	if i := bytes.IndexByte(url, ':'); i >= 0 && url[0] != '[' {
		url = url[:i]
	}
	return bytes.TrimSuffix(url, []byte("."))
}

// plainHost reports whether a word is a host as host and lower would return it,
// as nearly all words of block lists are.
func plainHost(word []byte) bool {
	for _, c := range word {
		if !hostBytes[c] {
			return false
		}
	}
	return len(word) > 0 && word[len(word)-1] != '.'
}

var hostBytes = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-.") {
		t[c] = true
	}
	return t
}()

// deviceKind goes by AdCOM's device type, else by the user agent.
func deviceKind(d *openrtb.Device) DeviceKind {
	switch d.Type {
	case 2:
		return Desktop
	case 3, 7:
		return TV
	case 4:
		return Phone
	case 5:
		return Tablet
	case 6, 8:
		return OtherDevice
	}
	return userAgentKind(d)
}

// The words by which user agents tell what they run on. Those of a television
// come before "Android", of which many run it.
var (
	tvWords      = [][]byte{[]byte("TV"), []byte("Roku"), []byte("CrKey"), []byte("BRAVIA"), []byte("Web0S"), []byte("; AFT")}
	phoneWords   = [][]byte{[]byte("iPhone"), []byte("Mobile")}
	tabletWords  = [][]byte{[]byte("iPad"), []byte("Tablet")}
	desktopWords = [][]byte{[]byte("Windows NT"), []byte("Macintosh"), []byte("X11"), []byte("CrOS")}
	android      = []byte("Android")
)

// userAgentKind tells devices apart by the words that browsers agree on. Device
// type 1 ("mobile or tablet") and absent types end here.
func userAgentKind(d *openrtb.Device) DeviceKind {
	switch {
	case hasAny(d.UA, tabletWords):
		return Tablet
	case hasAny(d.UA, phoneWords), d.SUAMobile == 1:
		return Phone
	case hasAny(d.UA, tvWords):
		return TV
	case bytes.Contains(d.UA, android):
		return Tablet // a phone says Mobile
	case d.Type == 1:
		return Phone
	case hasAny(d.UA, desktopWords):
		return Desktop
	}
	return OtherDevice
}

func hasAny(text []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(text, w) {
			return true
		}
	}
	return false
}
