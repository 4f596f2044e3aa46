package campaign

import (
	"bytes"

	"bidwell/openrtb"
)

// Facts are what targeting needs to know of a request, worked out once. They
// hold views into the request.
type Facts struct {
	Country [3]byte // ISO 3166 alpha-3, zero if not said
	Device  DeviceKind
	Domain  []byte // of the site or app, lower case, without www.

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
	d := req.Site.Domain
	if len(d) == 0 {
		d = host(req.Site.Page)
	}
	f.buf = lower(f.buf[:0], host(d))
	f.Domain = bytes.TrimPrefix(f.buf, www)
}

// host returns the host of a URL, or of what was sent in place of one.
func host(url []byte) []byte {
	if i := bytes.Index(url, []byte("://")); i >= 0 {
		url = url[i+3:]
	}
	if i := bytes.IndexAny(url, "/?#:"); i >= 0 {
		url = url[:i]
	}
	return url
}

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

// userAgentKind tells mobile from desktop by the words that browsers agree on.
// Device type 1 ("mobile or tablet") and absent types end here.
func userAgentKind(d *openrtb.Device) DeviceKind {
	has := func(word string) bool { return bytes.Contains(d.UA, []byte(word)) }
	switch {
	case has("iPad"), has("Tablet"), has("Android") && !has("Mobile") && !has("TV"):
		return Tablet
	case has("iPhone"), has("Mobile"), d.SUAMobile == 1:
		return Phone
	case has("TV"), has("Roku"):
		return TV
	case d.Type == 1:
		return Phone
	case has("Windows NT"), has("Macintosh"), has("X11"), has("CrOS"):
		return Desktop
	}
	return OtherDevice
}
