package bidder

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"bidwell/campaign"
	"bidwell/openrtb"
	"bidwell/profile"
)

// A cookie match says under which id an exchange knows a browser, and tells the
// exchange under which we do. The exchange's page, or one of ours, loads
//
//	GET /sync?exchange=NAME[&uid=ID][&gdpr=1&gdpr_consent=…][&us_privacy=…][&gpp=…&gpp_sid=7,8]
//
// A browser without our cookie gets one and comes again; one that does not bring
// it then is not remembered. If uid is given, it is linked with the cookie as the
// exchange's user. If the exchange has a sync_url, the browser is sent there with
// the cookie's value, which the exchange then sends as buyeruid.

// cookieName is our cookie; its value is cookieBytes at random, in base64url.
const (
	cookieName  = "bidwell"
	cookieBytes = 16
	cookieLife  = 180 * 24 * time.Hour // as long as a link that is not confirmed
)

// syncOutcome is how a cookie match ended.
type syncOutcome uint8

const (
	syncLinked syncOutcome = iota
	syncBegun              // the browser was given a cookie and sent to come again
	syncRefused
	syncNoConsent
	syncNoCookie // the browser keeps none
	syncTooMany
	syncFailed

	numSyncOutcomes
)

var syncOutcomeNames = [numSyncOutcomes]string{"linked", "begun", "refused", "no_consent", "no_cookie", "too_many", "failed"}

// Cookie matches come from anybody's browser and each is a write to the disk:
// more than this are turned away.
const (
	mostSyncs     = 2000 // per second
	mostSyncsOnce = 500
)

// sync answers one cookie match.
func (s *Server) sync(ctx *fasthttp.RequestCtx, now time.Time) {
	e := s.engine
	outcome := s.match(ctx, now)
	e.Metrics.syncs[outcome].Add(1)
	unknown := &e.Metrics.unknown
	switch outcome {
	case syncRefused: // and answered
	case syncTooMany, syncFailed:
		ctx.Response.Header.Set("Retry-After", "5")
		s.refuse(ctx, nil, statusTooMany, "this cannot be recorded now; send it again")
	default:
		ctx.Response.Header.Set("Cache-Control", "no-store")
		if len(ctx.Response.Header.Peek("Location")) > 0 {
			unknown.status[statusFound].Add(1)
			ctx.SetStatusCode(fasthttp.StatusFound)
			return
		}
		unknown.status[statusOK].Add(1)
		ctx.Response.Header.SetContentType("image/gif")
		ctx.SetBody(pixel)
	}
}

func (s *Server) match(ctx *fasthttp.RequestCtx, now time.Time) syncOutcome {
	e, args := s.engine, ctx.QueryArgs()
	snap := e.Snapshot()
	ex := snap.Exchange(args.Peek("exchange"))
	uid := profile.ID{Type: "user:", Value: string(args.Peek("uid"))}
	switch {
	case !ctx.IsGet():
		ctx.Response.Header.Set("Allow", "GET")
		s.refuse(ctx, nil, statusMethodNotAllowed, "cookies are matched with GET")
		return syncRefused
	case ex == nil:
		s.refuse(ctx, nil, statusNotFound, "no exchange of this name is configured")
		return syncRefused
	case uid.Value == "" && ex.SyncURL == "":
		s.refuse(ctx, nil, statusBadRequest, "nothing to match: there is no uid, and the exchange has no sync_url")
		return syncRefused
	}
	uid.Type += ex.Name
	if uid.Value != "" && uid.Check() != nil {
		s.refuse(ctx, nil, statusBadRequest, "the uid cannot be an identifier")
		return syncRefused
	}
	var req openrtb.Request
	readConsent(&req, ctx)
	may, _ := ex.Identity.Permission(&req)
	if !may.Write {
		return syncNoConsent
	}
	cookie := string(ctx.Request.Header.Cookie(cookieName))
	if !validCookie(cookie) {
		return giveCookie(ctx, snap.Process.URLs.Public)
	}
	if !s.syncs.AllowN(now, 1) {
		return syncTooMany
	}
	browser := profile.ID{Type: "cookie", Value: cookie}
	var links []profile.Link
	if uid.Value != "" {
		links = append(links, profile.Link{A: browser, B: uid})
	}
	if ex.SyncURL != "" && may.Emit {
		links = append(links, profile.Link{A: browser, B: profile.ID{Type: "buyeruid:" + ex.Name, Value: cookie}})
		ctx.Response.Header.Set("Location", strings.ReplaceAll(ex.SyncURL, campaign.SyncMacro, url.QueryEscape(cookie)))
	}
	if err := e.Profiles.Link(now, links...); err != nil {
		ctx.Response.Header.Del("Location")
		return syncFailed
	}
	return syncLinked
}

// giveCookie sets a new cookie and sends the browser to come again with it; if it
// has come again already, it keeps none.
func giveCookie(ctx *fasthttp.RequestCtx, public string) syncOutcome {
	args := ctx.QueryArgs()
	if args.Has("again") {
		return syncNoCookie
	}
	value := make([]byte, cookieBytes)
	rand.Read(value) // ends the process rather than fail
	var c fasthttp.Cookie
	c.SetKey(cookieName)
	c.SetValue(base64.RawURLEncoding.EncodeToString(value))
	c.SetPath("/")
	c.SetMaxAge(int(cookieLife / time.Second))
	c.SetHTTPOnly(true)
	if strings.HasPrefix(public, "https://") { // else no browser would take it from a page of another site
		c.SetSecure(true)
		c.SetSameSite(fasthttp.CookieSameSiteNoneMode)
	}
	ctx.Response.Header.SetCookie(&c)
	args.Set("again", "1")
	ctx.Response.Header.Set("Location", string(ctx.Path())+"?"+args.String())
	return syncBegun
}

func validCookie(value string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	return err == nil && len(b) == cookieBytes
}

// readConsent fills in what a URL and the browser's own signals say of privacy.
func readConsent(req *openrtb.Request, ctx *fasthttp.RequestCtx) {
	args, h := ctx.QueryArgs(), &ctx.Request.Header
	req.Regs.GDPR = -1
	switch string(args.Peek("gdpr")) {
	case "0":
		req.Regs.GDPR = 0
	case "":
	default:
		req.Regs.GDPR = 1 // whatever is meant, it is not that it does not apply
	}
	req.User.Consent = args.Peek("gdpr_consent")
	req.Regs.USPrivacy = args.Peek("us_privacy")
	req.Regs.GPP = args.Peek("gpp")
	for part := range bytes.SplitSeq(args.Peek("gpp_sid"), []byte(",")) {
		if n, err := strconv.ParseInt(string(part), 10, 32); err == nil {
			req.Regs.GPPSID = append(req.Regs.GPPSID, int32(n))
		}
	}
	req.Regs.COPPA = string(args.Peek("coppa")) == "1"
	req.Device.DNT = string(h.Peek("Sec-GPC")) == "1" || string(h.Peek("DNT")) == "1"
}
