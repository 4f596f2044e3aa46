package loadtest

// The ids of those who do not want to be followed.
const noIFA = "00000000-0000-0000-0000-000000000000"

func (c *composer) deviceObject() {
	d, home := c.device, c.traits.home
	c.s(`,"device":{"ua":"`)
	c.s(d.ua)
	c.s(`","ip":"198.51.100.`) // a block kept for examples
	c.int(c.r.IntN(256))
	c.s(`","devicetype":`)
	c.int(d.kind)
	if d.make != "" {
		c.s(`,"make":"`)
		c.s(d.make)
		c.s(`","model":"`)
		c.s(d.model)
		c.s(`"`)
	}
	c.s(`,"os":"`)
	c.s(d.os)
	c.s(`"`)
	if d.osv != "" {
		c.s(`,"osv":"`)
		c.s(d.osv)
		c.s(`"`)
	}
	c.s(`,"h":`)
	c.int(d.h)
	c.s(`,"w":`)
	c.int(d.w)
	c.s(`,"pxratio":`)
	c.s(d.ratio)
	c.s(`,"js":1,"language":"`)
	c.s(c.c.language)
	c.s(`","dnt":0,"lmt":`)
	c.int(b2i(c.hidden))
	if c.screen == App || c.device.kind == 4 {
		c.s(`,"carrier":"`)
		c.s(c.c.carrier)
		c.s(`","mccmnc":"`)
		c.s(c.c.mccmnc)
		c.s(`"`)
	}
	c.s(`,"connectiontype":`)
	c.int(2 + 4*b2i(c.device.kind == 4 && c.chance(0.5)))
	c.ifa()
	c.s(`,"geo":{"lat":`)
	c.float(home.Lat, 2)
	c.s(`,"lon":`)
	c.float(home.Lon, 2)
	c.s(`,"type":2,"country":"`)
	c.s(home.Country)
	c.s(`","region":"`)
	c.s(home.Region)
	c.s(`","city":"`)
	c.s(home.City)
	c.s(`","zip":"`)
	c.s(home.Zip)
	c.s(`","utcoffset":`)
	c.int(c.c.utcOffsetMin)
	c.s(`}`)
	if c.new && c.screen == Web && c.device.platform != "" {
		c.s(`,"sua":{"browsers":[{"brand":"Chromium","version":["141"]},{"brand":"Not?A_Brand","version":["8"]}],"platform":{"brand":"`)
		c.s(c.device.platform)
		c.s(`"},"mobile":`)
		c.int(b2i(c.device.kind == 4))
		c.s(`,"source":1}`)
	}
	c.s(`}`)
}

func (c *composer) ifa() {
	if c.screen == Web {
		return
	}
	c.s(`,"ifa":"`)
	if c.hidden {
		c.s(noIFA)
	} else {
		c.marks.person = len(c.dst)
		c.dst = c.t.opts.People.AppendID(c.dst, c.who)
	}
	c.s(`"`)
}

func (c *composer) user() {
	c.s(`,"user":{"id":"`)
	c.dst = append(c.dst, "u-0000000000000000"...)
	id := c.r.Uint64()
	if !c.hidden {
		id = mix(c.t.opts.People.Seed^0x510E527FADE682D1, uint64(c.who))
	}
	putHex(c.dst[len(c.dst)-16:], id)
	c.s(`"`)
	if c.screen == Web {
		c.s(`,"buyeruid":"`)
		c.marks.person = len(c.dst)
		c.dst = c.t.opts.People.AppendID(c.dst, c.who)
		c.s(`"`)
	}
	if c.chance(0.3) {
		c.s(`,"yob":`)
		c.int(1945 + c.r.IntN(60))
		c.s(`,"gender":"`)
		c.s(pick(c.r, []string{"F", "M", "O"}))
		c.s(`"`)
	}
	c.data()
	asked := c.c.gdpr && c.chance(0.97)
	eids := c.screen == Web && c.traits.consent == allowed && c.chance(0.6)
	open := false // the ext object
	if c.new {
		if asked {
			c.s(`,"consent":"`)
			c.consent()
			c.s(`"`)
		}
		if eids {
			c.s(`,"eids":`)
			c.eids()
		}
	} else if asked || eids {
		open = true
		c.s(`,"ext":{`)
		if asked {
			c.s(`"consent":"`)
			c.consent()
			c.s(`"`)
		}
		if eids {
			if asked {
				c.s(`,`)
			}
			c.s(`"eids":`)
			c.eids()
		}
	}
	if open {
		c.s(`}`)
	}
	c.s(`}`)
}

func (c *composer) consent() { c.s(c.t.consents[c.c.language][c.traits.consent]) }

// eids writes what other identity providers know the person by.
func (c *composer) eids() {
	n := uint64(c.who)
	c.s(`[{"source":"pubcid.org","uids":[{"id":`)
	c.uuid()
	c.s(`,"atype":1}]}`)
	for i, source := range [...]string{"id5-sync.com", "uidapi.com", "liveramp.com"} {
		if !c.chance(0.5) {
			continue
		}
		c.s(`,{"source":"`)
		c.s(source)
		c.s(`","uids":[{"id":"`)
		for k := range uint64(3) {
			c.s("0000000000000000")
			putHex(c.dst[len(c.dst)-16:], mix(n+k, uint64(i)))
		}
		c.s(`","atype":`)
		c.int(1 + 2*b2i(i > 0))
		c.s(`}]}`)
	}
	c.s(`]`)
}

// data writes segments of data providers that come with the request.
func (c *composer) data() {
	if !c.chance(0.35) {
		return
	}
	c.s(`,"data":[{"id":"dp-1","name":"data.example","segment":[`)
	for i := range 1 + c.r.IntN(6) {
		if i > 0 {
			c.s(`,`)
		}
		c.s(`{"id":"`)
		c.int(500 + c.r.IntN(400))
		c.s(`"}`)
	}
	c.s(`],"ext":{"segtax":4}}]`)
}

func (c *composer) regs() {
	c.s(`,"regs":{"coppa":0`)
	usa := c.traits.home.Country == "USA"
	privacy, gpp := "1YNN", "DBABLA~BVQqAAAAAgA.QA"
	if c.traits.consent == refused {
		privacy, gpp = "1YYN", "DBABLA~BVQVAAAAAgA.QA"
	}
	if c.new {
		c.s(`,"gdpr":`)
		c.int(b2i(c.c.gdpr))
		if usa {
			c.s(`,"us_privacy":"`)
			c.s(privacy)
			c.s(`","gpp":"`)
			c.s(gpp)
			c.s(`","gpp_sid":[7]`)
		}
		if c.c.currency == "EUR" {
			c.s(`,"ext":{"dsa":{"dsarequired":1,"pubrender":0,"datatopub":1}}`)
		}
	} else {
		c.s(`,"ext":{"gdpr":`)
		c.int(b2i(c.c.gdpr))
		if usa {
			c.s(`,"us_privacy":"`)
			c.s(privacy)
			c.s(`"`)
		}
		c.s(`}`)
	}
	c.s(`}`)
}

func (c *composer) source() {
	c.s(`,"source":{"fd":0`)
	if c.chance(0.7) {
		c.s(`,"tid":`)
		c.marks.tid = c.uuid()
	}
	if !c.new {
		c.s(`,"ext":{"schain":`)
		c.chain()
		c.s(`}`)
	} else {
		c.s(`,"schain":`)
		c.chain()
	}
	c.s(`}`)
}

func (c *composer) chain() {
	c.s(`{"complete":1,"ver":"1.0","nodes":[{"asi":"exchange.example","sid":"`)
	c.int(1000 + c.r.IntN(9000))
	c.s(`","hp":1}`)
	if c.chance(0.3) {
		c.s(`,{"asi":"reseller.example","sid":"r-`)
		c.int(100 + c.r.IntN(900))
		c.s(`","hp":1}`)
	}
	c.s(`]}`)
}
