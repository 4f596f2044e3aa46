package campaign

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/internal/conf"
)

// process compiles bidwell.yaml. Whatever it holds, the snapshot has rates
// afterwards.
func (c *compiler) process() {
	p := new(ProcessFile)
	c.fileUnread = !c.read(ProcessFileName, p)
	c.processUnread = c.fileUnread
	c.snap.Process = p
	c.rates(p)
	c.ports(p)
	p.URLs.Public = c.baseURL(p.URLs.Public, p.URLs.At("public"), true)
	p.URLs.Notices = c.baseURL(p.URLs.Notices, p.URLs.At("notices"), false)
	c.store(&p.Store)
	c.limits(&p.Limits)
	c.privacy(&p.Privacy)
	c.retention(&p.Privacy.Retention)
	p.Seat = cmp.Or(p.Seat, "bidwell")
	for i := range p.Exchanges {
		e := &p.Exchanges[i]
		c.exchange(e.Key, e.KeyPos, &e.Value)
	}
	if len(p.Exchanges) == 0 && !c.processUnread {
		c.ps.Errorf(p.At("exchanges"), "write exchanges: {example: {}}", "no exchange is configured, so nobody can send bid requests")
	}
}

func (c *compiler) rates(p *ProcessFile) {
	base := ad.USD
	if p.Currency != "" {
		code, ok := ad.CurrencyOf(p.Currency)
		if !ok {
			c.ps.Errorf(p.At("currency"), "write a code such as EUR", "%q is no ISO 4217 currency code", p.Currency)
			c.processUnread = true // rates cannot be told
		}
		base = code
	}
	worth := map[ad.Currency]float64{}
	for _, r := range p.Rates {
		code, ok := ad.CurrencyOf(r.Key)
		_, twice := worth[code]
		switch {
		case !ok:
			c.ps.Errorf(r.KeyPos, "write codes such as USD", "%q is no ISO 4217 currency code", r.Key)
		case r.Value <= 0 || r.Value > 1e9:
			c.ps.Errorf(r.Pos, "write what one "+r.Key+" is worth in the house currency", "%v is no rate for %s", r.Value, r.Key)
		case code == base && r.Value != 1:
			c.ps.Errorf(r.Pos, "leave it out", "%s is the house currency and worth 1 of itself", r.Key)
		case twice:
			c.ps.Errorf(r.KeyPos, "keep one of them", "there are two rates for %s", code)
		default:
			worth[code] = r.Value
		}
	}
	c.snap.Rates = ad.NewRates(base, worth)
}

// ports checks the addresses to listen on.
func (c *compiler) ports(p *ProcessFile) {
	listen := c.address(p.At("listen"), p.Listen)
	admin := c.address(p.At("admin"), p.Admin)
	if listen != "" && listen == admin {
		c.ps.Errorf(p.At("admin"), "give it a port of its own", "both ports are %s", listen)
	}
}

// address checks an address to listen on and returns its port, or "" if that
// does not tell it from others.
func (c *compiler) address(at conf.Pos, s string) (port string) {
	if s == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
		c.ps.Errorf(at, "write host:port, or :port for every interface, such as 127.0.0.1:8081", "%q is no address to listen on", s)
		return ""
	}
	return port
}

// baseURL checks the base of our own URLs and returns it without a slash at its
// end.
func (c *compiler) baseURL(s string, at conf.Pos, secure bool) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		c.ps.Errorf(at, "write a URL such as https://bid.example", "%q is no base URL", s)
	case secure && u.Scheme != "https":
		c.ps.Errorf(at, "put a proxy that ends TLS in front and write its https URL", "markup must be https")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'<>\\", r) }):
		c.ps.Errorf(at, "write it percent-encoded", "%q holds a character that a URL must not hold", s)
	}
	return strings.TrimRight(s, "/")
}

func (c *compiler) store(s *StoreSpec) {
	const terabyte = 1 << 20
	c.bounds(s.Located, "cache_mb", s.CacheMB, 1, terabyte)
	c.bounds(s.Located, "block_mb", s.BlockMB, 1, terabyte)
}

func (c *compiler) limits(l *LimitSpec) {
	c.bounds(l.Located, "body_kb", l.BodyKB, 1, 64<<10)
	c.bounds(l.Located, "connections", l.Connections, 1, 10_000_000)
	c.within(l.Located, "shed_above", l.ShedAbove, time.Millisecond, 10*time.Second)
	c.within(l.Located, "slow_client", l.SlowClient, 10*time.Millisecond, 10*time.Minute)
	c.within(l.Located, "drain", l.Drain, time.Millisecond, time.Hour)
}

// bounds reports a number out of bounds, if it is given and could be read.
func (c *compiler) bounds(l conf.Located, key string, v, least, most int) {
	if l.Has(key) && (v < least || v > most) && (v != 0 || !c.fileUnread) {
		c.ps.Errorf(l.At(key), "", "%s must be from %d to %d", key, least, most)
	}
}

// within reports a length of time out of bounds, if it could be read.
func (c *compiler) within(l conf.Located, key string, v conf.Duration, least, most time.Duration) {
	if v != 0 && (v.Std() < least || v.Std() > most) {
		c.ps.Errorf(l.At(key), "", "%s must be from %s to %s", key, conf.Duration(least), conf.Duration(most))
	}
}

// privacy checks the purposes one by one, so that each is pointed at.
func (c *compiler) privacy(p *PrivacySpec) {
	c.privacyGood = true
	for _, l := range []struct {
		key  string
		list []uint8
	}{
		{"read_purposes", p.ReadPurposes}, {"write_purposes", p.WritePurposes},
		{"emit_purposes", p.EmitPurposes}, {"legitimate_interest", p.Interest},
	} {
		repeated(c, p.Located, l.key, l.list)
		for i, n := range l.list {
			switch {
			case n < 1 || n > maxPurpose:
				c.privacyGood = false
				c.ps.Errorf(p.EntryAt(l.key, i), "they are 1 to 11", "there is no TCF purpose %d", n)
			case l.key == "legitimate_interest" && (n == 1 || 3 <= n && n <= 6):
				c.privacyGood = false
				c.ps.Errorf(p.EntryAt(l.key, i), "", "the TCF admits no legitimate interest for purpose %d", n)
			}
		}
	}
	if p.VendorID == 0 && p.Has("legitimate_interest") {
		c.ps.Warnf(p.At("legitimate_interest"), "add tcf_vendor_id", "nothing is permitted where GDPR applies without a vendor id")
	}
}

// maxPurpose is the last purpose of the TCF 2.2.
const maxPurpose = 11
