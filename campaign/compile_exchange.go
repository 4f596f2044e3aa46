package campaign

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"bidwell/ad"
	"bidwell/identity"
	"bidwell/internal/conf"
	"bidwell/internal/prose"
	"bidwell/notice"
)

// The settings of an exchange that says nothing of them.
const (
	defaultWindow       = 100 * time.Millisecond
	defaultNetwork      = 10 * time.Millisecond
	defaultNoticeWindow = time.Hour
)

// leastCredential is how many characters a credential should have at least.
const leastCredential = 16

// exchange compiles one exchange.
func (c *compiler) exchange(name string, at conf.Pos, s *ExchangeSpec) {
	c.exchangeNames = append(c.exchangeNames, name)
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, notInPath) {
		c.ps.Errorf(at, "use letters, digits, - and _", "%q cannot be the name of an exchange: it is part of a URL", name)
	}
	c.credential(s.At("credential"), "credential", s.Credential)
	if s.QPS < 0 || s.Has("qps") && s.QPS == 0 && !c.fileUnread {
		c.ps.Errorf(s.At("qps"), "write requests per second, or leave the key out for no limit", "%v is no limit", s.QPS)
	}
	e := &Exchange{
		ID: ad.IDOf("exchange", name), Index: len(c.snap.Exchanges), Name: name,
		Seat: cmp.Or(s.Seat, c.snap.Process.Seat), QPS: s.QPS, Debug: s.Debug,
		Window:       cmp.Or(s.Window.Std(), defaultWindow),
		Network:      cmp.Or(s.Network.Std(), defaultNetwork),
		NoticeWindow: cmp.Or(s.NoticeWindow.Std(), defaultNoticeWindow),
		Auction:      map[string]ad.Auction{"first": ad.FirstPrice, "second": ad.SecondPrice}[s.Auction],
		Shade:        s.Shade == nil || *s.Shade,
		SettleOn:     cmp.Or(map[string]ad.Notice{"win": ad.Win, "impression": ad.Impression}[s.SettleOn], ad.Billing),
		Identity:     c.identity(name, s),
		SyncURL:      s.SyncURL,
		Seen:         s.Seen,
	}
	c.syncURL(s)
	if s.Credential != "" {
		e.Credential = []byte(s.Credential)
	}
	if k := &s.PriceKeys; k.Pos().Line > 0 && !c.fileUnread {
		var err error
		if e.PriceKeys, err = notice.NewPriceKeys(k.Encryption, k.Integrity); err != nil {
			c.ps.Errorf(k.Pos(), "write {encryption: …, integrity: …}", "%v", err)
		}
	}
	c.within(s.Located, "window", s.Window, time.Millisecond, 10*time.Second)
	c.within(s.Located, "notice_window", s.NoticeWindow, time.Second, 7*24*time.Hour)
	if e.Network >= e.Window {
		c.ps.Errorf(firstOf(s.Located, at, "network", "window"), "", "the network takes %v, and so the whole window of %v", e.Network, e.Window)
	}
	c.snap.Exchanges = append(c.snap.Exchanges, e)
	c.snap.exchanges[name] = e
}

// syncURL checks where browsers are sent in a cookie match.
func (c *compiler) syncURL(s *ExchangeSpec) {
	u, err := url.Parse(s.SyncURL)
	switch {
	case s.SyncURL == "" || c.fileUnread:
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		c.ps.Errorf(s.At("sync_url"), "write it as in https://match.exchange.example/put?partner=us&uid={id}", "%q is no URL", s.SyncURL)
	case !strings.Contains(u.RawQuery+u.Path, SyncMacro):
		c.ps.Errorf(s.At("sync_url"), "put "+SyncMacro+" where our id goes", "the URL has no place for our id")
	}
}

// notInPath reports whether a character has a meaning in URLs, or is not to be
// seen.
func notInPath(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`/?#%\"<>{}|^`+"`", r)
}

// credential checks a secret that others send us.
func (c *compiler) credential(at conf.Pos, what, secret string) {
	switch {
	case secret == "":
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		c.ps.Errorf(at, "use letters and digits", "the %s holds a character that cannot be sent in a header", what)
	case len(secret) < leastCredential:
		c.ps.Warnf(at, "make one with: openssl rand -hex 16", "a %s of %s can be guessed", what, prose.Count(len(secret), "character"))
	}
}

// identity compiles how an exchange's people are recognised and what may be done
// with what is known of them. It returns nil if that is not well configured.
func (c *compiler) identity(name string, s *ExchangeSpec) *identity.Resolver {
	const mostIDs = 64
	good := c.privacyGood
	if len(s.IDs) > mostIDs {
		c.ps.Errorf(s.At("ids"), "", "there are more than %d kinds of ids", mostIDs)
		return nil
	}
	seen := map[string]bool{}
	for i, id := range s.IDs {
		good = c.idKind(s.EntryAt("ids", i), id, seen[id]) && good
		seen[id] = true
	}
	if !good {
		return nil
	}
	p := &c.snap.Process.Privacy
	assume := map[string]identity.UnknownGDPR{"always": identity.AssumeGDPR, "never": identity.AssumeNone}
	r, err := identity.New(identity.Config{
		Exchange: name, Order: s.IDs, Vendor: p.VendorID,
		Read: p.ReadPurposes, Write: p.WritePurposes, Emit: p.EmitPurposes, Interest: p.Interest,
		UnknownGDPR: assume[p.AssumeGDPR], // by context unless it is one of them
	})
	if err != nil {
		c.ps.Errorf(s.Pos(), "", "%v", err)
	}
	return r
}

// idKind checks one kind of identifier, and reports false if it is none.
func (c *compiler) idKind(at conf.Pos, id string, again bool) bool {
	known := []string{"buyeruid", "ifa", "user", "eid:SOURCE"}
	source, isEID := strings.CutPrefix(id, "eid:")
	switch {
	case again:
		c.ps.Errorf(at, "keep one of them", "%q is listed twice", id)
	case isEID && !domainForm.MatchString(source):
		c.ps.Errorf(at, "write the domain of the source, as in eid:uidapi.com", "%q is no source of ids", source)
	case !isEID && !slices.Contains(known[:3], id):
		c.unknown(at, "kind of id", id, known)
	default:
		return true
	}
	return false
}
