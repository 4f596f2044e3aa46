package openrtb

func (c *cursor) regs(r *Request) {
	g := &r.Regs
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "coppa":
			c.flag(&g.COPPA)
		case "gdpr":
			c.applies(&g.GDPR)
		case "us_privacy":
			c.str(&g.USPrivacy)
		case "gpp":
			c.str(&g.GPP)
		case "gpp_sid":
			c.ints(&g.GPPSID)
		case "dsa":
			c.dsa(&g.DSA)
		case "ext":
			c.regsExt(r)
		default:
			c.skip()
		}
	}
}

func (c *cursor) regsExt(r *Request) {
	o := &r.old
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "gdpr":
			c.applies(&o.gdpr)
		case "us_privacy":
			c.str(&o.usPrivacy)
		case "gpp":
			c.str(&o.gpp)
		case "gpp_sid":
			c.ints(&o.gppSID)
		case "dsa":
			c.dsa(&r.Regs.DSA)
		default:
			c.skip()
		}
	}
}

// applies reads a flag that knows a third state: -1 for not said.
func (c *cursor) applies(dst *int8) {
	var n int32
	if !c.int(&n) {
		return
	}
	*dst = -1
	if n == 0 || n == 1 {
		*dst = int8(n)
	}
}

func (c *cursor) dsa(d *DSA) {
	if c.peek() == '{' {
		d.Present = true
	}
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "dsarequired":
			c.int(&d.Required)
		case "pubrender":
			c.int(&d.PubRender)
		case "datatopub":
			c.int(&d.DataToPub)
		case "transparency":
			d.Transparency = 0
			for ok := c.list(); ok; ok = c.more() {
				c.skip()
				d.Transparency++
			}
		default:
			c.skip()
		}
	}
}

func (c *cursor) source(r *Request) {
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "tid":
			c.str(&r.Source.TID)
		case "fd":
			c.int(&r.Source.FD)
		case "schain":
			c.schain(&r.Source)
		case "ext":
			for key := c.object(); key != nil; key = c.next() {
				if string(key) == "schain" {
					c.schain(&r.old.source)
				} else {
					c.skip()
				}
			}
		default:
			c.skip()
		}
	}
}

// schain reads a supply chain. A node that says nothing still counts as one: an
// unknown seller.
func (c *cursor) schain(s *Source) {
	if c.peek() == '{' {
		s.HasChain = true
	}
	for key := c.object(); key != nil; key = c.next() {
		switch string(key) {
		case "complete":
			c.flag(&s.Complete)
		case "nodes":
			c.nodes(s)
		default:
			c.skip()
		}
	}
}

func (c *cursor) nodes(s *Source) {
	if c.peek() != '[' {
		c.skip()
		return
	}
	m := c.mem
	from := len(m.nodes)
	for ok := c.list(); ok; ok = c.more() {
		var n ChainNode
		for key := c.object(); key != nil; key = c.next() {
			switch string(key) {
			case "asi":
				c.str(&n.ASI)
			case "sid":
				c.str(&n.SID)
			case "hp":
				c.flag(&n.HP)
			default:
				c.skip()
			}
		}
		m.nodes = put(m, m.nodes, n, maxNodes)
	}
	s.Chain = since(m.nodes, from)
}
