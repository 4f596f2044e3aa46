package openrtb

import (
	"errors"
	"fmt"

	"bidwell/ad"
)

// What a DecodeError wraps.
var (
	ErrNotJSON = errors.New("not valid JSON")
	ErrTooDeep = errors.New("objects and lists nested too deeply")
	ErrNoID    = errors.New("no request id")
	ErrNoImp   = errors.New("no impression with an id")
)

// DecodeError says why a body is no usable bid request.
type DecodeError struct {
	Err    error // ErrNotJSON, ErrTooDeep, ErrNoID or ErrNoImp
	Offset int   // of the byte that is wrong; the length of the body for what is missing
}

func (e *DecodeError) Error() string {
	if e.Err == ErrNotJSON || e.Err == ErrTooDeep {
		return fmt.Sprintf("bid request: %v at byte %d", e.Err, e.Offset)
	}
	return "bid request: " + e.Err.Error()
}

func (e *DecodeError) Unwrap() error { return e.Err }

// legacy holds what OpenRTB 2.6 and 2.5 put in different places, where both may
// be in one request; the places of 2.6 win.
type legacy struct {
	wlangb    [][]byte
	consent   []byte
	eids      []EID
	gdpr      int8
	usPrivacy []byte
	gpp       []byte
	gppSID    []int32
	source    Source // only the chain
}

// Decode reads a bid request into r, whose previous content it discards and
// whose memory it uses again. Afterwards r refers to body, which must not
// change while r is in use.
//
// Only a body that is not valid JSON, is nested more than 64 deep, has no id or
// has no impression with an id is refused, by a *DecodeError; r is then not to
// be used. Of a key that occurs twice the last value counts, and objects merge.
// Keys match in any case.
func (r *Request) Decode(body []byte) error {
	r.reset()
	c := cursor{b: body, mem: &r.mem}
	c.space()
	c.request(r)
	if c.space() != 0 || c.i < len(body) {
		c.fail(c.i, notJSON)
	}
	r.Truncated = r.mem.over
	switch {
	case c.fault == tooDeep:
		return &DecodeError{ErrTooDeep, c.at}
	case c.fault == notJSON:
		return &DecodeError{ErrNotJSON, c.at}
	case len(r.ID) == 0:
		return &DecodeError{ErrNoID, len(body)}
	case len(r.Imps) == 0:
		return &DecodeError{ErrNoImp, len(body)}
	}
	r.settle()
	return nil
}

func (r *Request) reset() {
	imps, mem := r.Imps[:0], r.mem
	*r = Request{}
	mem.reset()
	r.Imps, r.mem = imps, mem
	r.Device.SUAMobile = -1
	r.Regs.GDPR = -1
	r.old.gdpr = -1
}

// settle fills what is missing from the places of version 2.5.
func (r *Request) settle() {
	o := &r.old
	if len(o.wlangb) > 0 {
		from := len(r.mem.strs)
		r.mem.strs = append(append(r.mem.strs, r.WLang...), o.wlangb...)
		r.WLang = since(r.mem.strs, from)
	}
	if len(r.User.Consent) == 0 {
		r.User.Consent = o.consent
	}
	if len(r.User.EIDs) == 0 {
		r.User.EIDs = o.eids
	}
	if r.Regs.GDPR < 0 {
		r.Regs.GDPR = o.gdpr
	}
	if len(r.Regs.USPrivacy) == 0 {
		r.Regs.USPrivacy = o.usPrivacy
	}
	if len(r.Regs.GPP) == 0 {
		r.Regs.GPP = o.gpp
	}
	if len(r.Regs.GPPSID) == 0 {
		r.Regs.GPPSID = o.gppSID
	}
	if !r.Source.HasChain {
		r.Source.HasChain, r.Source.Complete, r.Source.Chain = o.source.HasChain, o.source.Complete, o.source.Chain
	}
}

func (c *cursor) request(r *Request) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			r.IDIsNumber = c.peek() == '-' || isDigit(c.peek())
			c.str(&r.ID)
		case "imp":
			c.imps(r)
		case "site":
			c.inventory(r, ad.Site)
		case "app":
			c.inventory(r, ad.App)
		case "dooh":
			c.inventory(r, ad.DOOH)
		case "device":
			c.device(&r.Device)
		case "user":
			c.user(r)
		case "regs":
			c.regs(r)
		case "source":
			c.source(r)
		case "at":
			c.int(&r.At)
		case "tmax":
			c.int(&r.TMaxMS)
		case "test":
			c.flag(&r.Test)
		case "allimps":
			c.flag(&r.AllImps)
		case "cattax":
			c.int(&r.CatTax)
		case "cur":
			c.strs(&r.Cur)
		case "wseat":
			c.strs(&r.WSeat)
		case "bseat":
			c.strs(&r.BSeat)
		case "wlang":
			c.strs(&r.WLang)
		case "wlangb":
			c.strs(&r.old.wlangb)
		case "bcat":
			c.strs(&r.BCat)
		case "acat":
			c.strs(&r.ACat)
		case "badv":
			c.strs(&r.BAdv)
		case "bapp":
			c.strs(&r.BApp)
		default:
			c.skip()
		}
	}
}
