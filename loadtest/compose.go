package loadtest

import (
	"math/rand/v2"
	"strconv"
)

// composer writes one bid request. All its strings are plain ASCII without
// anything that JSON would have to escape, names of places apart.
type composer struct {
	t      *Traffic
	r      *rand.Rand
	dst    []byte
	marks  marks
	who    int
	screen Screen
	traits traits
	place  *place
	device *device
	c      *country
	new    bool // fields at their places of OpenRTB 2.6, else of 2.5
	hidden bool // no id of the person is sent
}

func (c *composer) s(s string)   { c.dst = append(c.dst, s...) }
func (c *composer) int(n int)    { c.dst = strconv.AppendInt(c.dst, int64(n), 10) }
func (c *composer) str(s string) { c.dst = strconv.AppendQuote(c.dst, s) }
func (c *composer) float(f float64, digits int) {
	c.dst = strconv.AppendFloat(c.dst, f, 'f', digits, 64)
}

func (c *composer) list(all []string) {
	c.s("[")
	for i, s := range all {
		if i > 0 {
			c.s(",")
		}
		c.str(s)
	}
	c.s("]")
}

func (c *composer) chance(p float64) bool { return c.r.Float64() < p }

// uuid writes a fresh UUID in quotes and returns where it begins.
func (c *composer) uuid() int {
	at := len(c.dst) + 1
	c.s(`"00000000-0000-4000-8000-000000000000"`)
	putUUID(c.dst[at:], c.r.Uint64(), c.r.Uint64())
	return at
}

func (c *composer) request() {
	c.new = c.chance(0.6)
	c.c = countryFacts[c.traits.home.Country]
	c.hidden = c.screen != Web && c.traits.limited
	c.marks = marks{tid: -1, person: -1, screen: c.screen}
	switch c.screen {
	case Web:
		c.place = &c.t.sites[c.t.places.Uint64()]
		c.device = &desktops[c.r.IntN(len(desktops))]
		if c.chance(0.55) {
			c.device = &phones[c.r.IntN(len(phones))]
		}
	case App:
		c.place, c.device = &apps[c.r.IntN(len(apps))], &phones[c.r.IntN(len(phones))]
	default:
		c.place, c.device = &tvApps[c.r.IntN(len(tvApps))], &televisions[c.r.IntN(len(televisions))]
	}

	c.s(`{"id":`)
	c.marks.id = c.uuid()
	c.imps()
	c.where()
	c.deviceObject()
	c.user()
	c.regs()
	c.source()
	c.s(`,"at":`)
	c.int(1 + b2i(c.chance(0.15)))
	c.s(`,"tmax":`)
	c.int(c.t.opts.TMaxMS)
	c.s(`,"cur":["`)
	c.s(c.c.currency)
	c.s(`"]`)
	c.blocks()
	if c.chance(0.05) {
		c.s(`,"wseat":["bidwell","seat-17"]`)
	}
	c.s(`}`)
}

// blocks writes what the publisher does not want.
func (c *composer) blocks() {
	if c.chance(0.7) {
		n := 3 + c.r.IntN(len(blockedCategories)-3)
		c.s(`,"bcat":`)
		c.list(blockedCategories[:n])
	}
	if c.chance(0.5) {
		c.s(`,"badv":[`)
		for i := range 2 + c.r.IntN(18) {
			if i > 0 {
				c.s(",")
			}
			c.s(`"rival-`)
			c.int(c.r.IntN(900))
			c.s(`.example"`)
		}
		c.s(`]`)
	}
	if c.screen == App && c.chance(0.3) {
		c.s(`,"bapp":["example.casino","555000111"]`)
	}
}

func (c *composer) where() {
	p := c.place
	if c.screen == Web {
		c.s(`,"site":{"id":"`)
	} else {
		c.s(`,"app":{"id":"`)
	}
	id := mix(7, uint64(len(p.domain))+uint64(p.domain[0])<<8+uint64(p.domain[len(p.domain)/2])<<16)
	c.dst = strconv.AppendUint(c.dst, id%1_000_000, 10)
	c.s(`","name":`)
	c.str(p.name)
	c.s(`,"domain":"`)
	c.s(p.domain)
	c.s(`","cat":`)
	c.list(p.cats)
	if c.screen == Web {
		c.page()
	} else {
		c.s(`,"bundle":"`)
		c.s(p.bundle)
		c.s(`","storeurl":"`)
		c.s(p.store)
		c.s(`","ver":"4.`)
		c.int(c.r.IntN(20))
		c.s(`"`)
	}
	c.s(`,"publisher":{"id":"pub-`)
	c.dst = strconv.AppendUint(c.dst, id%9000, 10)
	c.s(`","name":`)
	c.str(p.name)
	c.s(`,"domain":"`)
	c.s(p.domain)
	c.s(`"}`)
	c.content()
	c.s(`}`)
}

// page writes the parts that only a site has. A third of the time it is the
// front page.
func (c *composer) page() {
	p := c.place
	c.s(`,"page":"https://`)
	c.s(p.domain)
	c.s("/")
	front := c.chance(0.35) || len(p.sections) == 0
	if !front {
		section := pick(c.r, p.sections)
		c.s(section)
		c.s("/")
		c.int(100000 + c.r.IntN(900000))
		c.s(`.html","sectioncat":["`)
		c.s(p.cats[len(p.cats)-1])
		c.s(`"],"pagecat":["`)
		c.s(p.cats[len(p.cats)-1])
		c.s(`"],"ref":"https://search.example/?q=`)
		c.s(section)
	}
	c.s(`","mobile":`)
	c.int(b2i(c.device.kind != 2))
	c.s(`,"privacypolicy":1,"keywords":"`)
	c.s(p.keywords)
	c.s(`"`)
}

func (c *composer) content() {
	switch {
	case c.screen == TV:
		c.s(`,"content":{"id":"ep-`)
		c.int(c.r.IntN(5000))
		c.s(`","title":"Episode `)
		c.int(1 + c.r.IntN(12))
		c.s(`","series":"Harbour Lights","season":"`)
		c.int(1 + c.r.IntN(5))
		c.s(`","genre":"drama","cat":["IAB1-7"],"len":2700,"livestream":`)
		c.int(b2i(c.chance(0.2)))
		c.s(`,"contentrating":"TV-PG","language":"`)
		c.s(c.c.language)
		c.s(`"}`)
	case c.screen == Web && c.chance(0.4):
		c.s(`,"content":{"language":"`)
		c.s(c.c.language)
		c.s(`","keywords":"`)
		c.s(c.place.keywords)
		c.s(`"}`)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
