package loadtest

// imps writes the impressions on offer: one to four on a web page, one in an
// app, a single spot or a whole break on television.
func (c *composer) imps() {
	c.s(`,"imp":[`)
	switch c.screen {
	case Web:
		n := 1
		if c.chance(0.3) {
			n += 1 + c.r.IntN(3)
		}
		for i := range n {
			c.imp(i, c.webImp)
		}
	case App:
		c.imp(0, c.appImp)
	default:
		c.television()
	}
	c.s(`]`)
}

// imp writes one impression; media writes what it offers and returns how much
// more than a plain banner it is worth.
func (c *composer) imp(i int, media func() float64) {
	if i > 0 {
		c.s(`,`)
	}
	c.s(`{"id":"`)
	c.int(i + 1)
	c.s(`"`)
	worth := media() * c.place.worth
	c.s(`,"tagid":"/21700/`)
	c.s(c.place.domain)
	c.s(`/slot-`)
	c.int(i + 1)
	c.s(`","secure":1`)
	floor := c.t.opts.BidFloor * worth * (0.25 + 1.5*c.r.Float64())
	if c.chance(0.9) {
		c.s(`,"bidfloor":`)
		c.float(floor, 3)
		c.s(`,"bidfloorcur":"`)
		c.s(c.c.currency)
		c.s(`"`)
	}
	c.deals(floor)
	if c.screen == Web && c.chance(0.5) {
		c.s(`,"metric":[{"type":"viewability","value":`)
		c.float(0.3+0.6*c.r.Float64(), 2)
		c.s(`,"vendor":"EXCHANGE"}]`)
	}
	c.s(`,"exp":`)
	c.int([]int{300, 900, 3600}[c.r.IntN(3)])
	c.s(`,"ext":{"gpid":"/21700/`)
	c.s(c.place.domain)
	c.s(`#slot-`)
	c.int(i + 1)
	if c.chance(0.7) {
		c.s(`","tid":`)
		c.uuid()
		c.s(`}}`)
		return
	}
	c.s(`"}}`)
}

func (c *composer) deals(floor float64) {
	if len(c.t.opts.Deals) == 0 || !c.chance(0.12) {
		return
	}
	c.s(`,"pmp":{"private_auction":`)
	c.int(b2i(c.chance(0.2)))
	c.s(`,"deals":[`)
	for i := range 1 + c.r.IntN(2) {
		if i > 0 {
			c.s(`,`)
		}
		if i == 0 {
			c.s(`{"id":`)
			c.str(pick(c.r, c.t.opts.Deals))
		} else {
			c.s(`{"id":"deal-`)
			c.int(c.r.IntN(100000))
			c.s(`"`)
		}
		c.s(`,"bidfloor":`)
		c.float(floor*1.5, 2)
		c.s(`,"bidfloorcur":"`)
		c.s(c.c.currency)
		c.s(`","at":`)
		c.int(1 + 2*b2i(c.chance(0.3)))
		c.s(`}`)
	}
	c.s(`]}`)
}

func (c *composer) webImp() float64 {
	switch n := c.r.IntN(100); {
	case n < 66:
		c.webBanner()
		return 1
	case n < 80:
		c.video(1, 640, 360)
		return 4
	case n < 92:
		c.native()
		return 1.2
	case n < 97:
		c.webBanner()
		c.video(2, 640, 480)
		return 1.5
	}
	c.audio()
	return 2
}

func (c *composer) appImp() float64 {
	if c.place.music && c.chance(0.5) {
		c.audio()
		return 2.5
	}
	switch n := c.r.IntN(100); {
	case n < 40:
		c.banner([][2]int{{320, 50}, {320, 100}})
		return 0.7
	case n < 55:
		c.banner([][2]int{{300, 250}})
		return 1
	case n < 70:
		c.s(`,"instl":1`)
		c.banner([][2]int{{320, 480}, {300, 250}})
		return 2
	case n < 82:
		c.native()
		return 1.2
	}
	c.s(`,"rwdd":1,"instl":1`)
	c.video(1, 320, 480)
	return 6
}

func (c *composer) webBanner() {
	if c.device.kind == 4 {
		c.banner([][][2]int{{{320, 50}, {320, 100}}, {{300, 250}, {320, 480}}, {{300, 250}}}[c.r.IntN(3)])
		return
	}
	c.banner([][][2]int{
		{{300, 250}, {336, 280}}, {{300, 250}}, {{728, 90}}, {{970, 250}, {970, 90}, {728, 90}},
		{{300, 600}, {160, 600}, {300, 250}}, {{160, 600}},
	}[c.r.IntN(6)])
}

func (c *composer) banner(sizes [][2]int) {
	c.s(`,"banner":{"w":`)
	c.int(sizes[0][0])
	c.s(`,"h":`)
	c.int(sizes[0][1])
	c.s(`,"format":[`)
	for i, s := range sizes {
		if i > 0 {
			c.s(`,`)
		}
		c.s(`{"w":`)
		c.int(s[0])
		c.s(`,"h":`)
		c.int(s[1])
		c.s(`}`)
	}
	c.s(`],"pos":`)
	c.int([]int{0, 1, 3}[c.r.IntN(3)])
	if c.chance(0.4) {
		c.s(`,"btype":[1],"battr":[1,3,8,9,10,14]`)
	}
	if c.chance(0.4) {
		c.s(`,"api":[5,6,7]`)
	}
	c.s(`,"topframe":`)
	c.int(b2i(c.chance(0.5)))
	c.s(`}`)
}

// video writes a video placement; plcmt 1 is instream, 2 accompanying content.
func (c *composer) video(plcmt, w, h int) {
	c.s(`,"video":{"mimes":["video/mp4","video/webm"],"minduration":5,"maxduration":`)
	c.int([]int{15, 30, 60}[c.r.IntN(3)])
	c.s(`,"protocols":[2,3,5,6,7,8,11,12],"w":`)
	c.int(w)
	c.s(`,"h":`)
	c.int(h)
	c.s(`,"startdelay":0,"linearity":1,"placement":1,"plcmt":`)
	c.int(plcmt)
	c.s(`,"skip":`)
	c.int(b2i(c.chance(0.6)))
	c.s(`,"playbackmethod":[`)
	c.int(1 + c.r.IntN(6))
	c.s(`],"delivery":[2],"pos":1,"api":[7]}`)
}

func (c *composer) audio() {
	c.s(`,"audio":{"mimes":["audio/mpeg","audio/mp4"],"minduration":5,"maxduration":30,"protocols":[9,10,2,3,6],"startdelay":0,"feed":`)
	c.int(1 + c.r.IntN(3))
	c.s(`,"delivery":[1,2]}`)
}

// television offers one spot, or a break of several in one of two ways: one
// impression for each slot, or, in 2.6, a pod that the bidder may fill.
func (c *composer) television() {
	spot := func() float64 { c.tvSpot(""); return 1 }
	switch {
	case c.new && c.chance(0.25):
		c.imp(0, func() float64 {
			c.tvSpot(`,"podid":"pod-1","podseq":1,"poddur":60,"maxseq":4,"mincpmpersec":0.05`)
			return 1
		})
	case c.new && c.chance(0.25):
		slots := []string{`,"podid":"pod-1","podseq":0,"slotinpod":1,"sequence":1`, `,"podid":"pod-1","podseq":0,"slotinpod":0,"sequence":2`}
		for i, s := range slots {
			c.imp(i, func() float64 { c.tvSpot(s); return 1 })
		}
	default:
		c.imp(0, spot)
	}
}

func (c *composer) tvSpot(pod string) {
	c.s(`,"video":{"mimes":["video/mp4"],"minduration":6,"maxduration":30,"protocols":[2,3,5,6,7,8],"w":1920,"h":1080,"startdelay":`)
	c.int([]int{0, -1, 600}[c.r.IntN(3)])
	c.s(`,"linearity":1,"placement":1,"plcmt":1,"skip":0,"playbackmethod":[1],"delivery":[2],"minbitrate":1000,"maxbitrate":8000`)
	c.s(pod)
	c.s(`}`)
}

// native writes a native placement in the form of version 1.1 or 1.2, whose
// request is a string within the JSON.
func (c *composer) native() {
	version := "1.2"
	if !c.new && c.chance(0.3) {
		version = "1.1"
	}
	c.s(`,"native":{"ver":"`)
	c.s(version)
	c.s(`","request":"`)
	wrapped := c.chance(0.3)
	if wrapped {
		c.s(`{\"native\":`)
	}
	c.s(`{\"ver\":\"`)
	c.s(version)
	c.s(`\",\"context\":1,\"plcmttype\":`)
	c.int(1 + c.r.IntN(4))
	c.s(`,\"plcmtcnt\":1,\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":`)
	c.int([]int{90, 140}[c.r.IntN(2)])
	c.s(`}},{\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":157,\"mimes\":[\"image/jpeg\",\"image/png\"]}}`)
	c.s(`,{\"id\":3,\"required\":0,\"img\":{\"type\":1,\"wmin\":50,\"hmin\":50}},{\"id\":4,\"required\":`)
	c.int(b2i(c.chance(0.5)))
	c.s(`,\"data\":{\"type\":1,\"len\":40}},{\"id\":5,\"required\":0,\"data\":{\"type\":2,\"len\":140}},{\"id\":6,\"required\":0,\"data\":{\"type\":12,\"len\":20}}]`)
	if version == "1.2" {
		c.s(`,\"eventtrackers\":[{\"event\":1,\"methods\":[1,2]},{\"event\":2,\"methods\":[1]}],\"privacy\":1`)
	}
	c.s(`}`)
	if wrapped {
		c.s(`}`)
	}
	c.s(`"}`)
}
