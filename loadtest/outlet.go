package loadtest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// outlet knows where URLs lead: it rewrites those of the bidder's public
// address to where the bidder listens, as the proxy before it would, and lets
// nothing else leave this machine unless that is allowed.
type outlet struct {
	target string // http://127.0.0.1:8080, without a slash at the end
	public string // https://bid.example, without a slash at the end, or ""
	host   string // bid.example
	remote bool   // other machines may be called
}

func newOutlet(target, public string, remote bool) (*outlet, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("target %q is no URL such as http://127.0.0.1:8080", target)
	}
	if !remote && !loopback(u) {
		return nil, fmt.Errorf("target %s is not on this machine: load goes to loopback addresses unless others are explicitly allowed", target)
	}
	o := &outlet{target: strings.TrimRight(target, "/"), public: strings.TrimRight(public, "/"), remote: remote}
	if public == "" {
		return o, nil
	}
	p, err := url.Parse(public)
	if err != nil || p.Scheme == "" || p.Host == "" {
		return nil, fmt.Errorf("public address %q is no URL such as https://bid.example", public)
	}
	o.host = p.Host
	return o, nil
}

func loopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// resolve returns the URL to call, and the host to name if it is another than
// the URL's. ok is false for what must not be called from here.
func (o *outlet) resolve(raw string) (to, host string, ok bool) {
	if rest, found := strings.CutPrefix(raw, o.public); found && o.public != "" && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) {
		return o.target + rest, o.host, true
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", false
	}
	return raw, "", o.remote || loopback(u)
}
