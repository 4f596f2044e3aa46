package attack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Target is a bidder's address.
type Target struct {
	URL  string
	host string // as the Host header has it
	name string // of the certificate, for https
	path string
	addr netip.AddrPort
	tls  bool
}

// ParseTarget reads a bidder's URL and looks its host up once, so that no
// request waits for a name. Without remote it must be on this machine.
func ParseTarget(ctx context.Context, raw string, remote bool) (Target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return Target{}, fmt.Errorf("target %q is no URL such as http://127.0.0.1:8080/openrtb2/bid/example", raw)
	}
	t := Target{URL: raw, host: u.Host, name: u.Hostname(), path: u.RequestURI(), tls: u.Scheme == "https"}
	port := 80
	if t.tls {
		port = 443
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return Target{}, fmt.Errorf("target %q: %q is no port", raw, u.Port())
		}
	}
	ip, err := lookUp(ctx, u.Hostname())
	if err != nil {
		return Target{}, fmt.Errorf("target %s: %w", raw, err)
	}
	if !remote && !ip.IsLoopback() {
		return Target{}, fmt.Errorf("target %s is not on this machine: load goes to loopback addresses only, unless --allow-remote is given", raw)
	}
	t.addr = netip.AddrPortFrom(ip, uint16(port))
	return t, nil
}

// lookUp returns an address of a host, one of IPv4 if it has any.
func lookUp(ctx context.Context, host string) (netip.Addr, error) {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, ip := range all {
		if ip = ip.Unmap(); ip.Is4() {
			return ip, nil
		}
	}
	if len(all) == 0 {
		return netip.Addr{}, errors.New("the host has no address")
	}
	return all[0], nil
}

// Head makes the HTTP requests around bodies.
type Head struct {
	start []byte // all but the content's length
	gzip  bool
}

// NewHead returns the head of POST requests to a target. headers are lines
// such as "Authorization: Bearer secret"; one may replace a usual header.
func NewHead(t Target, headers []string, gzip bool) (Head, error) {
	type header struct{ name, value string }
	all := []header{
		{"Host", t.host}, {"User-Agent", "bidwell-loadtest"}, {"Content-Type", "application/json"}, {"X-Openrtb-Version", "2.6"},
	}
	if gzip {
		all = append(all, header{"Content-Encoding", "gzip"})
	}
	for _, line := range headers {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n"):
			return Head{}, fmt.Errorf("header %q is not of the form NAME: VALUE", line)
		case strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") || strings.EqualFold(name, "Content-Encoding") || strings.EqualFold(name, "Expect"):
			return Head{}, fmt.Errorf("header %s cannot be given: it follows from the body", name)
		}
		at := -1
		for i := range all {
			if strings.EqualFold(all[i].name, name) {
				at = i
			}
		}
		if at < 0 {
			all = append(all, header{})
			at = len(all) - 1
		}
		all[at] = header{name, value}
	}
	b := []byte("POST " + t.path + " HTTP/1.1\r\n")
	for _, h := range all {
		b = append(b, h.name+": "+h.value+"\r\n"...)
	}
	return Head{start: append(b, "Content-Length: "...), gzip: gzip}, nil
}

// Wrap appends a whole HTTP request with the given body to dst.
func (h Head) Wrap(dst, body []byte) []byte {
	dst = append(dst, h.start...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, headEnd...)
	return append(dst, body...)
}
