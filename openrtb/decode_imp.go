package openrtb

import (
	"bytes"

	"bidwell/ad"
)

// imps reads the first maxImps impressions. One without an id cannot be bid on
// and is left out.
func (c *cursor) imps(r *Request) {
	if c.peek() == '[' {
		r.Imps = r.Imps[:0]
	}
	seen := 0
	for ok := c.list(); ok; ok = c.more() {
		if seen++; seen > maxImps {
			c.mem.over = true
			c.skip()
			continue
		}
		n := len(r.Imps)
		if n < cap(r.Imps) {
			r.Imps = r.Imps[:n+1]
			r.Imps[n] = Imp{}
		} else {
			r.Imps = append(r.Imps, Imp{})
		}
		c.imp(&r.Imps[n])
		if len(r.Imps[n].ID) == 0 {
			r.Imps = r.Imps[:n]
		}
	}
}

func (c *cursor) imp(imp *Imp) {
	imp.Viewability = -1
	inExt := false
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "id":
			c.str(&imp.ID)
		case "banner":
			c.banner(imp)
		case "video":
			c.video(imp, ad.Video, &imp.Video)
		case "audio":
			c.video(imp, ad.Audio, &imp.Audio)
		case "native":
			c.native(imp)
		case "tagid":
			c.str(&imp.TagID)
		case "instl":
			c.flag(&imp.Instl)
		case "rwdd":
			c.flag(&imp.Rewarded)
		case "secure":
			c.flag(&imp.Secure)
		case "bidfloor":
			c.float(&imp.BidFloor)
		case "bidfloorcur":
			c.str(&imp.BidFloorCur)
		case "exp":
			c.int(&imp.ExpS)
		case "pmp":
			c.pmp(imp)
		case "qty":
			c.qty(imp)
		case "metric":
			c.metrics(imp)
		case "ext":
			c.impExt(&inExt)
		default:
			c.skip()
		}
	}
	imp.Rewarded = imp.Rewarded || inExt
}

// impExt reads where rewarded placements were marked before imp.rwdd was.
func (c *cursor) impExt(rewarded *bool) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "rwdd", "rewarded", "is_rewarded_inventory":
			c.flag(rewarded)
		case "prebid":
			c.impExt(rewarded)
		default:
			c.skip()
		}
	}
}

func (c *cursor) pmp(imp *Imp) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "private_auction":
			c.flag(&imp.PrivateAuction)
		case "deals":
			c.deals(imp)
		default:
			c.skip()
		}
	}
}

// deals reads a list of deals. One without an id cannot be answered and is
// left out.
func (c *cursor) deals(imp *Imp) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.deals)
	for ok := c.list(); ok; ok = c.more() {
		var d Deal
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "id":
				c.str(&d.ID)
			case "bidfloor":
				c.float(&d.BidFloor)
			case "bidfloorcur":
				c.str(&d.BidFloorCur)
			case "at":
				c.int(&d.At)
			case "wseat":
				c.strs(&d.WSeat)
			case "wadomain":
				c.strs(&d.WADomain)
			default:
				c.skip()
			}
		}
		if len(d.ID) > 0 {
			m.deals = put(m, m.deals, d, maxDeals)
		}
	}
	imp.Deals = since(m.deals, from)
}

func (c *cursor) qty(imp *Imp) {
	for key := c.object(); key != nil; key = c.next() {
		if string(key) == "multiplier" {
			c.float(&imp.Qty)
		} else {
			c.skip()
		}
	}
}

// metrics looks for the viewability among the metrics.
func (c *cursor) metrics(imp *Imp) {
	for ok := c.list(); ok; ok = c.more() {
		var kind []byte
		value := -1.0
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "type":
				c.str(&kind)
			case "value":
				c.float(&value)
			default:
				c.skip()
			}
		}
		if value >= 0 && value <= 1 && bytes.EqualFold(kind, viewability) {
			imp.Viewability = value
		}
	}
}

var viewability = []byte("viewability")

func (c *cursor) banner(imp *Imp) {
	b := &imp.Banner
	switch c.peek() {
	case 'n': // null
		imp.Has[ad.Banner], *b = false, Banner{}
	case '{':
		imp.Has[ad.Banner] = true
	}
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "format":
			c.formats(b)
		case "w":
			c.int(&b.W)
		case "h":
			c.int(&b.H)
		case "wmin":
			c.int(&b.WMin)
		case "wmax":
			c.int(&b.WMax)
		case "hmin":
			c.int(&b.HMin)
		case "hmax":
			c.int(&b.HMax)
		case "pos":
			c.int(&b.Pos)
		case "btype":
			c.ints(&b.BType)
		case "battr":
			c.ints(&b.BAttr)
		case "api":
			c.ints(&b.API)
		case "mimes":
			c.strs(&b.Mimes)
		case "expdir":
			c.ints(&b.ExpDir)
		case "topframe":
			c.flag(&b.TopFrame)
		default:
			c.skip()
		}
	}
	b.W, b.H = max(b.W, 0), max(b.H, 0)
}

// formats reads the sizes of a banner and leaves out those that say none.
func (c *cursor) formats(b *Banner) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.sizes)
	for ok := c.list(); ok; ok = c.more() {
		var s Size
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "w":
				c.int(&s.W)
			case "h":
				c.int(&s.H)
			case "wratio":
				c.int(&s.WRatio)
			case "hratio":
				c.int(&s.HRatio)
			case "wmin":
				c.int(&s.WMin)
			default:
				c.skip()
			}
		}
		if s.W > 0 && s.H > 0 || s.WRatio > 0 && s.HRatio > 0 {
			m.sizes = put(m, m.sizes, s, maxSizes)
		}
	}
	b.Sizes = since(m.sizes, from)
}
