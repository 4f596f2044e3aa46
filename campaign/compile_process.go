package campaign

import (
	"net/url"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/identity"
	"bidwell/internal/conf"
)

// process compiles bidwell.yaml. It reports whether the rest can be compiled.
func (c *compiler) process() bool {
	p := new(ProcessFile)
	if !c.read(ProcessFileName, p) {
		return false
	}
	c.snap.Process = p
	c.rates(p)
	c.urls(&p.URLs)
	for i := range p.Exchanges {
		e := &p.Exchanges[i]
		c.exchange(e.Key, e.Pos, &e.Value)
	}
	if len(c.snap.Exchanges) == 0 {
		c.ps.Errorf(p.At("exchanges"), "write exchanges: {example: {}}", "no exchange is configured, so nobody can send bid requests")
	}
	if p.Seat == "" {
		p.Seat = "bidwell"
	}
	for _, e := range c.snap.Exchanges {
		if e.Seat == "" {
			e.Seat = p.Seat
		}
	}
	return c.snap.Rates != nil
}

func (c *compiler) rates(p *ProcessFile) {
	base := ad.USD
	if p.Currency != "" {
		code, ok := ad.CurrencyOf(p.Currency)
		if !ok {
			c.ps.Errorf(p.At("currency"), "write a code such as EUR", "%q is no ISO 4217 currency code", p.Currency)
			return
		}
		base = code
	}
	worth := map[ad.Currency]float64{}
	for name, v := range p.Rates {
		code, ok := ad.CurrencyOf(name)
		switch {
		case !ok:
			c.ps.Errorf(p.At("rates"), "write codes such as USD", "%q is no ISO 4217 currency code", name)
		case !finite(v) || v <= 0 || v > 1e9:
			c.ps.Errorf(p.At("rates"), "write what one "+name+" is worth in "+base.String(), "%v is no rate for %s", v, name)
		case code == base && v != 1:
			c.ps.Errorf(p.At("rates"), "leave it out", "%s is the house currency and worth 1 of itself", name)
		default:
			worth[code] = v
		}
	}
	c.snap.Rates = ad.NewRates(base, worth)
}

func (c *compiler) urls(u *URLSpec) {
	u.Public = c.baseURL(u.Public, u.At("public"), true)
	u.Notices = c.baseURL(u.Notices, u.At("notices"), false)
}

// baseURL checks the base of our own URLs and returns it without a slash at its
// end.
func (c *compiler) baseURL(s string, at conf.Pos, secure bool) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "":
		c.ps.Errorf(at, "write a URL such as https://bid.example", "%q is no base URL", s)
	case secure && u.Scheme != "https":
		c.ps.Errorf(at, "put a proxy that ends TLS in front and write its https URL", "markup must be https")
	case strings.ContainsAny(s, "\"'<>\\ "):
		c.ps.Errorf(at, "", "%q holds a character that a URL must not hold", s)
	}
	return strings.TrimRight(s, "/")
}

func (c *compiler) exchange(name string, at conf.Pos, s *ExchangeSpec) {
	if name == "" || strings.ContainsAny(name, "/?#% \\\"") || len(name) > 64 {
		c.ps.Errorf(at, "use letters, digits, - and _", "%q cannot be the name of an exchange: it is part of a URL", name)
		return
	}
	e := &Exchange{
		ID: ad.IDOf("exchange", name), Index: len(c.snap.Exchanges), Name: name,
		Seat: s.Seat, QPS: s.QPS, Debug: s.Debug,
		Window: orDefault(s.Window, 100*time.Millisecond), Network: orDefault(s.Network, 10*time.Millisecond),
		NoticeWindow: orDefault(s.NoticeWindow, time.Hour),
	}
	if s.Credential != "" {
		e.Credential = []byte(s.Credential)
	}
	if s.QPS < 0 || !finite(s.QPS) {
		c.ps.Errorf(s.At("qps"), "write requests per second, or 0 for no limit", "%v is no limit", s.QPS)
	}
	if e.Network >= e.Window {
		c.ps.Errorf(s.At("network"), "", "the network takes the whole window of %v", e.Window)
	}
	switch s.Auction {
	case "", "request":
	case "first":
		e.Auction = 1
	case "second":
		e.Auction = 2
	default:
		c.unknownWord(s.At("auction"), "auction", s.Auction, []string{"request", "first", "second"})
	}
	switch s.SettleOn {
	case "", "billing":
		e.SettleOn = ad.Billing
	case "win":
		e.SettleOn = ad.Win
	case "impression":
		e.SettleOn = ad.Impression
	default:
		c.unknownWord(s.At("settle_on"), "event to settle on", s.SettleOn, []string{"billing", "win", "impression"})
	}
	e.Identity = c.identity(name, s)
	c.snap.Exchanges = append(c.snap.Exchanges, e)
	c.snap.exchanges[name] = e
}

func (c *compiler) unknownWord(at conf.Pos, what, got string, known []string) {
	hint := "write one of " + strings.Join(known, ", ")
	if s := conf.Suggest(got, known); s != "" {
		hint = "did you mean " + s + "?"
	}
	c.ps.Errorf(at, hint, "there is no %s %q", what, got)
}

func orDefault(d conf.Duration, def time.Duration) time.Duration {
	if d > 0 {
		return d.Std()
	}
	return def
}

var assumptions = map[string]identity.UnknownGDPR{
	"": identity.ByContext, "by-context": identity.ByContext,
	"always": identity.AssumeGDPR, "never": identity.AssumeNone,
}

// identity compiles how an exchange's people are recognised and what may be done
// with what is known of them.
func (c *compiler) identity(name string, s *ExchangeSpec) *identity.Resolver {
	p := &c.snap.Process.Privacy
	unknown, ok := assumptions[p.AssumeGDPR]
	if !ok {
		c.unknownWord(p.At("assume_gdpr"), "assumption", p.AssumeGDPR, []string{"by-context", "always", "never"})
	}
	r, err := identity.New(identity.Config{
		Exchange: name, Order: s.IDs, Vendor: p.VendorID,
		Read: p.ReadPurposes, Write: p.WritePurposes, Emit: p.EmitPurposes, Interest: p.Interest,
		UnknownGDPR: unknown,
	})
	if err != nil {
		at := s.At("ids")
		if len(s.IDs) == 0 {
			at = c.snap.Process.At("privacy")
		}
		c.ps.Errorf(at, "", "%v", err)
	}
	return r
}
